"""The shift of all genes' effects on a day, which screens hardly tell from the baseline, as the model's prior has it.

What all effects have in common on a day is told from intercepts and burden slopes by the cells with controls alone, so
that it is the least known part of every estimate, and the same error in all of them. The estimates' own prior leaves it
free. The model does not: effects theta_l ~ N(0, Sigma), independent over genes, have a mean over genes m = sum of a_l
theta_l of the covariance T = Sigma sum of a_l^2. With m = 0 + N(0, T) as one more observation (Theil & Goldberger 1961,
Int. Econ. Rev. 2:65), and C_l = Cov(theta_l, m), V = Var(m), K_l = C_l (V + T)^-1 in the model's covariances,

    theta_l - K_l m,    covariance N_l - K_l C_l' - C_l K_l' + K_l (V + T) K_l'

each with C_l and V of the kind of N_l, the model's or the sandwich's. L genes, D days, F logits (the fates beside the
reference).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..model import Design
from .contrasts import known_theta, mean_vectors
from .covariance import COLUMN_NUMBERS
from .curvature import Curvature
from .estimates import SolvedEstimates


@dataclass(frozen=True, kw_only=True)
class SharedShift:
    """theta [L, D, F]: what is taken off the estimates; model, sandwich [L, D, F, D, F]: off their covariances."""

    theta: np.ndarray
    model: np.ndarray
    sandwich: np.ndarray


def shared_shift(solved: SolvedEstimates, weight: np.ndarray, known: np.ndarray, tolerance: float) -> SharedShift:
    """Of fixed effects. weight [L, D]: of genes in their mean on a day, see `mean_weights`; known: bool [L, D], days on
    which a gene is carried; tolerance: of the solves.
    """
    curvature, design = solved.effects.curvature, solved.design
    toward = solve_columns(curvature, mean_vectors(design, weight), tolerance)
    scattered = solve_columns(curvature, _middle(solved, toward), tolerance)
    model, sandwich = (theta_of_columns(design, columns) for columns in (toward, scattered))
    prior = _variance_of_mean(solved.scales, weight)
    d, f = design.n_days, design.n_logits
    of_mean, of_mean_by_scatter = (np.einsum("ld,ldfeg->dfeg", weight, cross) for cross in (model, sandwich))
    gain = model.reshape(-1, d * f, d * f) @ np.linalg.inv((of_mean + prior).reshape(d * f, d * f))
    theta = np.nan_to_num(known_theta(design, solved.effects.x, known))
    mean = np.einsum("ld,ldf->df", weight, theta).ravel()

    def off(cross: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """What goes from covariances, of the model's or the sandwich's Cov(theta, m) and Var(m)."""
        product = gain @ cross.reshape(gain.shape).swapaxes(1, 2)
        whole = gain @ (variance + prior).reshape(d * f, d * f) @ gain.swapaxes(1, 2)
        return np.asarray((product + product.swapaxes(1, 2) - whole).reshape(-1, d, f, d, f))

    return SharedShift(
        theta=(gain @ mean).reshape(-1, d, f), model=off(model, of_mean), sandwich=off(sandwich, of_mean_by_scatter)
    )


def mean_weights(covariance: np.ndarray) -> np.ndarray:
    """Of each gene in the mean over genes by day [L, D], from covariances [L, D, F, D, F]; 0 where there is none.

    Inverse to the mean variance over all fates of the log probabilities less their mean over fates, which does not
    depend on the fate that logits are against.
    """
    by_day = np.einsum("ldfdg->ldfg", covariance)
    fates = by_day.shape[2] + 1
    variance = (np.einsum("ldff->ld", by_day) - by_day.sum((2, 3)) / fates) / fates
    weight = np.where(np.isnan(variance), 0.0, 1 / variance)
    return np.asarray(weight / np.maximum(weight.sum(0), np.finfo(float).tiny))


def solve_columns(curvature: Curvature, columns: Tensor, tolerance: float) -> Tensor:
    """A^-1 of columns [P, S], so many at a time that memory does not grow with S."""
    width = _width(curvature.design)
    return torch.cat([curvature.solve(part, tolerance).x for part in columns.float().split(width, dim=1)], dim=1)


def theta_of_columns(design: Design, columns: Tensor) -> np.ndarray:
    """Theta in columns [P, D F], one a day and logit: [L, D, F, D, F], genes in the screen's order."""
    found = design.theta(columns).transpose(1, 2).double().cpu().numpy()
    return np.asarray(found.reshape(*found.shape[:3], design.n_days, design.n_logits))


def _middle(solved: SolvedEstimates, columns: Tensor) -> Tensor:
    """(M + Q) of columns [P, S], M the scatter of the labels."""
    design, parts = solved.design, []
    for part in columns.split(_width(design), dim=1):
        scattered = solved.scatter.perturb(solved.scatter.along(design.forward(part)))
        parts.append(design.transpose(scattered).add_(solved.effects.problem.prior.precision(design, part)))
    return torch.cat(parts, dim=1)


def _variance_of_mean(scales: Tensor, weight: np.ndarray) -> np.ndarray:
    """T, of the model's random walk over days: [D, F, D, F]. scales [D + 1, F]: tau, sigma_time, sigma_guide."""
    walk = np.cumsum(scales[:-1].cpu().numpy() ** 2, axis=0)  # [D, F], variance of theta by day
    days = np.arange(len(walk))
    earlier = walk[np.minimum(days[:, None], days)] * (weight.T @ weight)[:, :, None]  # [D, D, F]
    return np.asarray(np.einsum("def,fg->dfeg", earlier, np.eye(walk.shape[1])))


def _width(design: Design) -> int:
    return max(1, COLUMN_NUMBERS // (design.n_cells * design.n_logits))
