"""Do cells of a group (a clone, a droplet) share noise, and what does it do to standard errors?

Residuals of a fit agree less within groups than independent cells would, since effects were fitted to them:
standardised residuals e have the covariance I - H, H = L' J A^-1 J' L, L L' = W. So the sum over pairs of cells of
one group
    T = sum e_i e_j + sum H_ij
has the mean 0 where cells are independent, and the variance 2 a pair. Where each pair has the correlation rho, so many
cells of one gene and day in one group make the variance of its estimate 1 + rho (cells - 1) times as large.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from ..laplace import perturbation
from .source import Source

DRAWS = 32  # behind H


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Over pairs of cells that share a unit, both orders and all logits: their number, and T."""

    number: float
    total: float


def shared_noise(source: Source, codes: np.ndarray) -> dict[str, Any]:
    """log_ratio: median over genes and days of the log of what SEs should be, by what they are; error: its SD.

    codes [N]: groups from 0. Pairs of one cluster of the fit do not count: its SEs have them.
    """
    residual, fitted = standard_residuals(source), fitted_draws(source)
    found = pairs_within(codes, residual, fitted)
    extra = cells_together(source, codes)
    if source.screen.cluster is not None:
        _, both = np.unique(np.c_[codes, source.screen.cluster], axis=0, return_inverse=True)
        known = pairs_within(both.ravel(), residual, fitted)
        found = Pairs(number=found.number - known.number, total=found.total - known.total)
        extra = extra - cells_together(source, both.ravel())
    left = 1 - absorbed_share(codes, fitted)
    rho = found.total / max(found.number, 1.0) / left
    sd = np.sqrt(2 / max(found.number, 1.0)) / left
    middle = float(np.nanmedian(extra))
    ratio = max(1 + rho * middle, 0.01)
    return {
        "n_groups": int(codes.max()) + 1, "correlation": rho, "correlation_sd": float(sd),
        "log_ratio": float(np.log(ratio) / 2), "error": float(sd * middle / ratio / 2),
    }  # fmt: skip


def pairs_within(codes: np.ndarray, residual: np.ndarray, fitted: np.ndarray) -> Pairs:
    """residual [N, F]; fitted [N, F, S]: draws whose covariance is H."""
    n = np.bincount(codes)
    number = float((n * (n - 1.0)).sum() * residual.shape[1])
    return Pairs(number=number, total=_pair_sum(codes, residual[:, :, None]) + _pair_sum(codes, fitted))


def absorbed_share(codes: np.ndarray, fitted: np.ndarray) -> float:
    """Share of what cells of a group have in common that the effects take up, on average over groups."""
    n = np.bincount(codes)
    summed = _member(codes).T @ fitted.reshape(len(codes), -1)
    share = float((summed**2 / np.maximum(n, 1)[:, None]).sum() / (n > 0).sum() / (fitted.shape[1] * fitted.shape[2]))
    return min(share, 0.95)


def cells_together(source: Source, codes: np.ndarray) -> np.ndarray:
    """Other cells of the same gene, day and group that a cell has, on average: [L, D], NaN without a cell."""
    screen = source.screen
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    row = screen.guide_gene[screen.guide_idx] * screen.n_days + screen.day[cell]
    shape = (screen.n_genes * screen.n_days, int(codes.max()) + 1)
    counts = sp.csr_matrix((np.ones(len(cell)), (row, codes[cell])), shape=shape)
    whole = np.asarray(counts.sum(1)).ravel()
    squares = np.asarray(counts.multiply(counts).sum(1)).ravel()
    together = np.divide(squares, whole, out=np.full(len(whole), np.nan), where=whole > 0) - 1
    return np.asarray(together).reshape(screen.n_genes, screen.n_days)


def standard_residuals(source: Source) -> np.ndarray:
    """Residuals of the fit [N, F], with covariance 1 under the model."""
    solved = source.solved
    eta = solved.design.predictor(solved.effects.x).cpu().numpy()
    raw = solved.design.likelihood.standardised(solved.design.labels.cpu().numpy(), eta)
    return np.asarray(raw * source.baseline.cell_weight.sqrt().cpu().numpy()[:, None])


def fitted_draws(source: Source) -> np.ndarray:
    """Draws [N, F, S] with the covariance H."""
    curvature = source.solved.effects.curvature
    asked = source.options.perturbations
    x = curvature.solve(perturbation(curvature, asked.seed, DRAWS), asked.tolerance).x
    eta = curvature.design.forward(x).double()
    root = torch.linalg.cholesky(curvature.design.likelihood.curvature(curvature.mean, curvature.weight))
    return np.asarray((root.transpose(1, 2) @ eta).cpu().numpy())


def _pair_sum(codes: np.ndarray, values: np.ndarray) -> float:
    """Sum over ordered pairs of different cells of one group of products, mean over draws: values [N, F, S]."""
    flat = values.reshape(len(values), -1)
    summed = _member(codes).T @ flat
    return float(((summed**2).sum() - (flat**2).sum()) / values.shape[2])


def _member(codes: np.ndarray) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)))
