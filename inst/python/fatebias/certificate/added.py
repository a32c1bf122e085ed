"""Columns that a model lacks: score tests at its effects, and what each would do to the estimates.

A column c of cells, with one slope a logit, is tested without a refit (Rao 1948, Proc. Camb. Philos. Soc. 44:50). With
A = J' W J + Q the curvature, E the column spread over the logits and X = A^-1 J' W E,
    U = E' s,   Var U = (E - J X)' M (E - J X) + X' Q X,   I = E' W E - X' J' W E,
s the scores of the labels at the mode and M their scatter (by clusters where the fit has them); the slopes would be
about I^-1 U, and all effects would move by -X I^-1 U.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..laplace import Curvature, Scatter, contrast_theta
from .source import Source

TOLERANCE = 1e-4  # of the solves
AT_ONCE = 16  # columns of one solve


@dataclass(frozen=True, kw_only=True)
class Added:
    """Of k columns: slopes [k F], column by column, logits innermost, and their covariance [k F, k F].

    shift: how the contrast of theta would move by each slope, [k F, L, D].
    """

    slope: np.ndarray
    covariance: np.ndarray
    shift: np.ndarray

    def of_contrast(self, contrast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slopes of the contrast [k] and their covariance [k, k]."""
        onto = np.kron(np.eye(len(self.slope) // len(contrast)), contrast)
        return onto @ self.slope, onto @ self.covariance @ onto.T

    @property
    def chi_square(self) -> float:
        """Of all slopes together; as many degrees of freedom as there are slopes."""
        return float(self.slope @ np.linalg.solve(self.covariance, self.slope))

    @property
    def moved(self) -> np.ndarray:
        """How the estimates would move, were the columns in the model: [L, D]."""
        return np.asarray(np.tensordot(self.slope, self.shift, 1))


def add_columns(source: Source, columns: np.ndarray) -> Added:
    """Of columns [N, k] that neither the model nor each other can stand for, at the fixed effects. Raises FitError."""
    solved = source.solved
    return added_at(solved.effects.curvature, solved.scatter, source.contrast, columns)


def added_at(curvature: Curvature, scatter: Scatter, contrast: np.ndarray, columns: np.ndarray) -> Added:
    """The same at any mode, by its curvature and the scatter of the labels there."""
    design, f = curvature.design, curvature.design.n_logits
    own = torch.as_tensor(columns, dtype=torch.float64, device=design.day.device)
    bent, response, units = [], [], []
    for part in own.split(AT_ONCE, 1):
        spread = _spread(part, f)
        pulled = design.transpose(design.likelihood.curve_(spread.clone(), curvature.mean, curvature.weight))
        x = curvature.solve(pulled, TOLERANCE).x
        bent.append(pulled)
        response.append(x)
        units.append(_by_unit(scatter, ((spread - design.forward(x)) * scatter.score.unsqueeze(2)).sum(1)))
    pulled, x, of_units = torch.cat(bent, 1), torch.cat(response, 1), torch.cat(units, 1)
    score = curvature.weight.unsqueeze(1) * design.likelihood.score(design.labels, curvature.mean)
    found = (own.T @ score).reshape(-1)
    by_cell = design.likelihood.curvature(curvature.mean, curvature.weight)
    whole = torch.einsum("na,nfg,nb->afbg", own, by_cell, own).reshape(len(found), -1)
    information = whole - x.T @ pulled
    variance = of_units.T @ of_units + x.T @ curvature.prior.precision(design, x)
    inverse = torch.linalg.pinv((information + information.T) / 2, hermitian=True)
    return Added(
        slope=(inverse @ found).cpu().numpy(), covariance=(inverse @ variance @ inverse).cpu().numpy(),
        shift=-contrast_theta(design, x, contrast),
    )  # fmt: skip


def _spread(columns: Tensor, n_logits: int) -> Tensor:
    """Each column in each logit: [N, k] -> [N, F, k F]."""
    unit = torch.eye(n_logits, dtype=columns.dtype, device=columns.device)
    return torch.einsum("nk,fg->nfkg", columns, unit).reshape(len(columns), n_logits, -1)


def _by_unit(scatter: Scatter, by_cell: Tensor) -> Tensor:
    """Sums over the cells that share noise: [N, S] -> [units, S]."""
    cluster = scatter.design.cluster
    if cluster is None:
        return by_cell
    return by_cell.new_zeros((scatter.n_numbers, by_cell.shape[1])).index_add_(0, cluster, by_cell)
