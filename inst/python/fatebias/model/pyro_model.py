"""The Pyro model of a pooled screen with fate probabilities, and nothing else."""

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from .cells import Cells, Layout
from .effects import beta_from_effects, delta_from_raw, theta_from_raw
from .prior import Priors


def linear_predictor(cells: Cells, beta: Tensor, alpha: Tensor, b: Tensor, gamma: Tensor) -> Tensor:
    """eta [B, F]: day, replicate and burden terms plus the sum of beta [G, F, D] over the guides of each cell.

    Control guides have no row in beta: they add exactly zero.
    """
    table = beta.permute(2, 0, 1).reshape(-1, beta.shape[1])  # row day * G + guide
    guides = embedding_bag(cells.rows, table, cells.ptr, mode="sum", include_last_offset=True)
    return alpha.T[cells.day] + b.T[cells.replicate] + cells.burden_centered.unsqueeze(1) * gamma + guides


def fate_model(cells: Cells, layout: Layout, priors: Priors, likelihood_weight: float | Tensor = 1.0) -> None:
    """Hierarchical random-walk model of fate probabilities.

    alpha[f, d] ~ N(0, s_alpha)        b[f, r] ~ N(0, s_rep)        gamma[f] ~ N(0, s_gamma)
    where the layout has them: gamma_day[f, d] ~ N(0, s_gamma_day), sample[f, s] ~ N(0, s_sample),
    covariate[f, c] ~ N(0, s_covariate)
    tau[f] ~ HalfNormal(s_tau)   sigma_time[f, j] ~ HalfNormal(s_time)   sigma_guide[f] ~ HalfNormal(s_guide)
    z0[l, f], eps[l, f, j], u[g, f] ~ N(0, 1)
    theta, delta, beta = effects of these;   eta = linear predictor
    log likelihood = N / B * sum over the cells of the batch of weight * log likelihood(labels | eta), counted once

    cells: a minibatch of B of the layout's N cells. f: one of F logits, the fates beside the reference.
    likelihood_weight: one number, or a tensor [D], one a day.
    """
    f, like = layout.n_logits, cells.fate_probs

    def normal(name: str, sd: float, *shape: int) -> Tensor:
        prior = dist.Normal(like.new_zeros(shape), like.new_tensor(sd)).to_event(len(shape))
        value: Tensor = pyro.sample(name, prior)
        return value

    def half_normal(name: str, sd: float, *shape: int) -> Tensor:
        value: Tensor = pyro.sample(name, dist.HalfNormal(like.new_full(shape, sd)).to_event(len(shape)))
        return value

    alpha = normal("alpha", priors.s_alpha, f, layout.n_days)
    b = normal("b", priors.s_rep, f, layout.n_replicates)
    gamma = normal("gamma", priors.s_gamma, f)
    extra = [normal(kind, priors.of_nuisance(kind), f, size) for kind, size in layout.extra.items()]
    tau = half_normal("tau", priors.s_tau, f)
    sigma_time = half_normal("sigma_time", priors.s_time, f, layout.n_days - 1)
    sigma_guide = half_normal("sigma_guide", priors.s_guide, f)
    z0 = normal("z0", 1.0, layout.n_genes, f)
    eps = normal("eps", 1.0, layout.n_genes, f, layout.n_days - 1)
    u = normal("u", 1.0, layout.n_guides, f)

    theta = theta_from_raw(z0, eps, tau, sigma_time)
    delta = delta_from_raw(u, sigma_guide, layout.guide_gene, layout.guides_per_gene)
    eta = linear_predictor(cells, beta_from_effects(theta, delta, layout.guide_gene), alpha, b, gamma)
    if extra:
        eta = eta + cells.extra @ torch.cat(extra, 1).T
    weight = torch.as_tensor(likelihood_weight, dtype=like.dtype, device=like.device)
    by_cell = weight[cells.day] if weight.ndim else weight
    by_label = layout.likelihood.log_density(eta, cells.fate_probs)
    # a factor outside any plate: inside a subsampled plate Pyro would scale it again
    pyro.factor("log_likelihood", layout.n_cells / len(cells) * (by_cell * by_label).sum())
