"""Covariances of the effects of each gene, by perturbation: x = A^-1 r with r ~ N(0, A) is N(0, A^-1).

Rao-Blackwell (per gene, B its block of A): Sigma = B^-1 + E[c c'], c = x_b - B^-1 r_b, so that only
the part of the variance that a gene shares with other genes and the nuisance effects is simulated.
"""

import torch
from torch import Tensor

from .curvature import Curvature, gene_columns

_CHUNK = 4096  # cells whose noise stays in the cache
COLUMN_NUMBERS = 64_000_000  # numbers of the linear predictors that are moved at once


def perturbation(curvature: Curvature, seed: int, n_draws: int) -> Tensor:
    """r ~ N(0, A): J' W^(1/2) z + Q^(1/2) z, float32 [P, n_draws]; the same seed gives the same z."""
    design = curvature.design
    generator = torch.Generator(design.day.device).manual_seed(seed)

    def noise(*shape):
        return torch.randn(shape, generator=generator, device=design.day.device)

    e = scale_by_root_(noise(design.n_cells, design.n_fates, n_draws), curvature.pi, curvature.weight)
    return design.transpose(e).add_(curvature.prior.half_precision(design, noise(design.n_effects, n_draws)))


def scale_by_root_(z: Tensor, pi: Tensor, weight: Tensor) -> Tensor:
    """W^(1/2) z for z [N, F, S], in place: the Cholesky factor of a multinomial covariance in closed form.

    Tanabe & Sagae 1992, J. R. Stat. Soc. B 54:211. With q_f = 1 - pi_1 - .. - pi_f the factor has
    sqrt(pi_f q_f / q_{f-1}) on the diagonal and -pi_f sqrt(pi_h / (q_h q_{h-1})) at (f, h), h < f.
    """
    after = (1 - pi.cumsum(1)).clamp(min=torch.finfo(torch.float32).tiny)
    before = torch.cat([torch.ones_like(after[:, :1]), after[:, :-1]], 1)
    root = weight.sqrt().unsqueeze(1)
    diagonal = root * (pi * after / before).sqrt()
    carry = root * (pi / (after * before)).sqrt()
    parts = [values.to(z.dtype).unsqueeze(2).split(_CHUNK) for values in (diagonal, carry, pi)]
    for part, own, on, p in zip(z.split(_CHUNK), *parts):
        carried = (on * part).cumsum(1)
        part.mul_(own)
        part[:, 1:].sub_(p[:, 1:] * carried[:, :-1])
    return z


def shared_moment(curvature: Curvature, draws: Tensor, r: Tensor) -> list[Tensor]:
    """Mean of c c' over draws x [P, S] of perturbations r, by group of genes: [genes, k, k]."""
    out = []
    for group, inverse in zip(curvature.design.groups, curvature.inverses):
        c = gene_columns(draws, group) - inverse.to(r.dtype) @ gene_columns(r, group)
        out.append((c @ c.transpose(1, 2)).double() / draws.shape[1])
    return out


def draws_at_once(curvature: Curvature, n_draws: int) -> int:
    """How many perturbations to solve for together, so that memory does not grow with their number."""
    return max(1, min(n_draws, COLUMN_NUMBERS // (curvature.design.n_cells * curvature.design.n_fates)))
