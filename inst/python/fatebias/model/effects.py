"""Effects from the model's raw parameters: pure functions, used by the model and by posterior draws alike.

Every function takes any number of leading (draw) axes. Axes: draw, gene or guide, fate, day.
F logits (the fates beside the reference), L genes, G guides, D days.
"""

import torch
from torch import Tensor


def theta_from_raw(z0: Tensor, eps: Tensor, tau: Tensor, sigma_time: Tensor) -> Tensor:
    """Gene effects [.., L, F, D]: theta_0 = tau z0, theta_d = theta_{d-1} + sigma_time_{d-1} eps_{d-1}.

    z0 [.., L, F]; eps [.., L, F, D - 1]; tau [.., F]; sigma_time [.., F, D - 1].
    """
    start = tau.unsqueeze(-2) * z0
    steps = sigma_time.unsqueeze(-3) * eps
    return torch.cumsum(torch.cat([start.unsqueeze(-1), steps], dim=-1), dim=-1)


def centre_within_gene(u: Tensor, guide_gene: Tensor, guides_per_gene: Tensor) -> Tensor:
    """u [.., G, F] minus its mean over the guides of the same gene; exactly 0 for a gene with one guide."""
    total = u.new_zeros((*u.shape[:-2], len(guides_per_gene), u.shape[-1])).index_add(-2, guide_gene, u)
    mean = total / guides_per_gene.to(u.dtype).unsqueeze(-1)
    return u - mean.index_select(-2, guide_gene)


def delta_from_raw(u: Tensor, sigma_guide: Tensor, guide_gene: Tensor, guides_per_gene: Tensor) -> Tensor:
    """Guide deviations [.., G, F] = sigma_guide times centred u; their mean within a gene is 0.

    u [.., G, F]; sigma_guide [.., F]; guide_gene int [G]; guides_per_gene int [L].
    """
    return sigma_guide.unsqueeze(-2) * centre_within_gene(u, guide_gene, guides_per_gene)


def beta_from_effects(theta: Tensor, delta: Tensor, guide_gene: Tensor) -> Tensor:
    """Guide effects [.., G, F, D]: the gene's theta plus the guide's delta, on every day."""
    return theta.index_select(-3, guide_gene) + delta.unsqueeze(-1)
