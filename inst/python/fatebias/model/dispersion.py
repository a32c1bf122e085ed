"""Likelihood weight from the dispersion of the labels.

Soft labels vary less around their mean than one multinomial draw a cell would. Their Pearson dispersion phi
is that of a quasi-likelihood fit (Wedderburn 1974; McCullagh & Nelder 1989, section 9.2.4), and the
weight that makes the curvature of the log likelihood right is 1 / phi.

    X2(x) = sum_i (y_i - mu_i)' V_i^-1 (y_i - mu_i), y labels of F logits, mu and V their mean and covariance
    phi = X2(mode) / (N F - p),   p = weight * (E X2(x) - X2(mode)), x from the posterior

Were eta linear in the data, p would be trace(H_lik Sigma). It is larger for labels near one-hot: X2
depends on the skewness of the labels as well (Farrington 1996, J. R. Stat. Soc. B 58:349), and with
the trace one-hot labels got weights 4 to 6 % too large on 6,000 to 25,000 cells (now: 0 to 1 %).
"""

from typing import NoReturn

import torch
from torch import Tensor

from ..base import FitError, first_few
from .design import Design
from .pooling import shrink_over_days

WEIGHT_RANGE = (1e-3, 1e6)  # one-hot labels have 1, Dirichlet labels their concentration + 1
LEAST_FREEDOM = 0.05  # share of the labels that must be left over by the parameters


def pearson_by_day(design: Design, mean: Tensor) -> Tensor:
    """X2 at means of rows [U, F], summed over the cells of a day: [D]."""
    cells, likelihood = design.cells, design.likelihood
    if cells is None:
        return design.sum_by_day(likelihood.pearson(design.labels, mean))
    return design.sum_by_day(likelihood.pearson_together(cells.squares, cells.count, mean))


def pearson_excess_by_day(design: Design, mean: Tensor, shift: Tensor) -> Tensor:
    """Mean of X2 over draws less X2 at the mode, by day [D]. shift [U, F, S]: eta of the draws less eta at the mode."""
    cells, likelihood = design.cells, design.likelihood
    if cells is None:
        moved = likelihood.pearson_moved(design.labels, mean, shift)
    else:
        moved = likelihood.pearson_moved_together(cells.squares, cells.count, mean, shift)
    return design.sum_by_day(moved) - pearson_by_day(design, mean)


def dispersion_at(design: Design, mean: Tensor, p: Tensor) -> Tensor:
    """phi of each day alone around means [U, F], given parameters p by day [D]: [D], NaN on a day without cells."""
    labels = labels_by_day(design)
    return pearson_by_day(design, mean) / torch.maximum(labels - p, LEAST_FREEDOM * labels)


def dispersion_by_day(design: Design, mean: Tensor, p: Tensor, pooled: bool) -> Tensor:
    """phi of the labels around means [U, F], given parameters p by day [D]: [D], equal when pooled.

    By day, log phi is drawn towards the days' common value by its own uncertainty, that of a mean over cells.
    """
    by_cell = design.likelihood.pearson(design.cell_labels, design.by_cell(mean))
    pearson, squares = (design.sum_by_day(design.row_sums(values)) for values in (by_cell, by_cell**2))
    labels = labels_by_day(design)
    freedom = torch.maximum(labels - p, LEAST_FREEDOM * labels)
    if pooled:
        return (pearson.sum() / freedom.sum()).expand(len(pearson))
    error = (squares / pearson**2 - 1 / design.cells_by_day).clamp(min=0)
    log_phi = (pearson / freedom).log().cpu().numpy()
    return torch.as_tensor(shrink_over_days(log_phi, error.cpu().numpy())[0], device=mean.device).exp()


def labels_by_day(design: Design) -> Tensor:
    """N F of each day: [D]."""
    return design.n_logits * design.cells_by_day


def start_weight(wanted: float | str, design: Design, mean: Tensor) -> Tensor:
    """The weight of a cell by day, [D]: the number wanted, or 1 / phi without counting parameters."""
    if not isinstance(wanted, str):
        return design.nuisance.new_full((design.n_days,), wanted)
    none = mean.new_zeros(design.n_days)
    return 1 / dispersion_by_day(design, mean, none, wanted == "auto")


def next_weight(wanted: str, design: Design, weight: Tensor, mean: Tensor, shift: Tensor) -> Tensor:
    """1 / phi by day [D] after a round at `weight` ("auto": one phi, "auto_by_day": one a day).

    shift: as in `pearson_excess_by_day`. Raises FitError where the labels do not tell their dispersion.
    """
    found = 1 / dispersion_by_day(design, mean, weight * pearson_excess_by_day(design, mean, shift), wanted == "auto")
    if not bool(((found > WEIGHT_RANGE[0]) & (found < WEIGHT_RANGE[1])).all()):
        refuse_weight(wanted, found)
    return found


def final_dispersion(design: Design, mean: Tensor, parameters: Tensor, wanted: float | str) -> Tensor:
    """phi by day [D] at the end of a fit; FitError where an automatic weight has too few degrees of freedom."""
    pooled, labels = wanted != "auto_by_day", labels_by_day(design)
    phi = dispersion_by_day(design, mean, parameters, pooled)
    used = parameters.sum() / labels.sum() if pooled else (parameters / labels).max()
    if isinstance(wanted, str) and float(used) > 1 - LEAST_FREEDOM:
        refuse_weight(wanted, 1 / phi)
    return phi


def refuse_weight(wanted: str, weight: Tensor) -> NoReturn:
    """The error for labels whose dispersion cannot be told."""
    numbers = first_few(f"{value:.3g}" for value in weight.tolist())
    raise FitError(
        f"`likelihood_weight: {wanted}` finds no usable dispersion of the labels (weights by day: {numbers}): "
        "there are too few cells for the genes, guides and days, or the labels are separated. Set a number as "
        "`likelihood_weight`."
    )
