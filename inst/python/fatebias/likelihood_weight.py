"""Likelihood weight from the dispersion of the labels (DESIGN section 4).

Soft labels vary less around pi than one multinomial draw a cell would. Their Pearson dispersion phi
is that of a quasi-likelihood fit (Wedderburn 1974; McCullagh & Nelder 1989, section 9.2.4), and the
weight that makes the curvature of the log likelihood right is 1 / phi.
"""

import torch
from torch import Tensor

from .curvature import Curvature, curve_softmax_
from .design import Design

WORDS = ("auto", "auto_by_day")


def pearson_by_day(design: Design, pi: Tensor) -> Tensor:
    """Sum over the cells of a day of (p - pi)' V^-1 (p - pi), V = diag(pi) - pi pi', fates beside the reference: [D]."""
    miss = design.fate_probs - pi
    by_cell = (miss**2 / pi).sum(1) + miss.sum(1) ** 2 / (1 - pi.sum(1))
    return sum_by_day(design, by_cell)


def effective_parameters_by_day(curvature: Curvature, draws: Tensor) -> Tensor:
    """trace(H_lik Sigma) by day: mean over draws x ~ N(0, Sigma), [P, S], of eta' W eta summed over the day's cells: [D]."""
    eta = curvature.design.forward(draws)
    bent = curve_softmax_(eta.clone(), curvature.pi.to(eta.dtype), curvature.weight.to(eta.dtype))
    return sum_by_day(curvature.design, (eta * bent).sum((1, 2)).double()) / draws.shape[1]


def dispersion_by_day(design: Design, pi: Tensor, p_eff: Tensor, pooled: bool) -> Tensor:
    """Pearson dispersion phi of the labels around pi, given effective parameters by day: [D], equal when pooled."""
    pearson = pearson_by_day(design, pi)
    freedom = design.n_fates * torch.bincount(design.day, minlength=design.n_days) - p_eff
    return (pearson.sum() / freedom.sum()).expand(len(pearson)) if pooled else pearson / freedom


def weight_by_day(wanted: float | str, design: Design, pi: Tensor, p_eff: Tensor) -> Tensor:
    """The weight of a cell by day, [D]: the number wanted, or 1 / phi ("auto": one phi, "auto_by_day": one a day)."""
    if wanted not in WORDS:
        return design.nuisance.new_full((design.n_days,), wanted)
    return 1 / dispersion_by_day(design, pi, p_eff, pooled=wanted == "auto")


def sum_by_day(design: Design, by_cell: Tensor) -> Tensor:
    """[N] -> [D]."""
    return torch.bincount(design.day, weights=by_cell, minlength=design.n_days)
