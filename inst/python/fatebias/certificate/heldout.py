"""Cells predicted from other cells: is the model better than one without guides, and are like cells independent?

Labels that were smoothed over a graph share their noise between neighbours. A right model of independent
cells leaves residuals of held-out cells that say nothing about those of like cells, cells with nearly the same
fitted probabilities; where neighbours share noise they agree.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.spatial import cKDTree
from torch import Tensor

from ..base import Settings
from ..laplace import fate_probabilities
from ..model import Prior
from ..screens import Screen
from .refit import Baseline, mode_at
from .schemes import assign_folds, day_replicate

N_FOLDS = 5
NEIGHBOURS = 20  # like cells of a cell: somewhat fewer than graphs of cells usually have (30)
NO_EFFECT = 1e-4  # prior SD of effects in the model without guides


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Linear predictors of held-out cells [N, F]: of the model, and of one with nuisance effects only."""

    model: Tensor
    nuisance: Tensor


def held_out_statistics(
    screen: Screen, baseline: Baseline, settings: Settings, rng: np.random.Generator
) -> dict[str, float]:
    """Gain in cross-entropy over the nuisance-only model, and agreement of like cells.

    gain: nats a cell, gain_sd: its sampling SD; gain_noise: the gain if all that was fitted were noise (< 0), and
    gain_noise_sd: its SD. agreement: sum over like cells of products of residuals, less what is expected of
    independent cells, in its SDs; correlation: the mean product itself.
    """
    held_out = predict_held_out(screen, baseline, settings, rng)
    design, weight = baseline.design, baseline.cells
    labels = design.fate_probs
    gain = _log_likelihood(labels, held_out.model) - _log_likelihood(labels, held_out.nuisance)
    apart = held_out.model - held_out.nuisance
    pi = fate_probabilities(held_out.nuisance)
    bent = (pi * apart**2).sum(1) - (pi * apart).sum(1) ** 2
    agreement, correlation = agreement_of_like_cells(
        labels.cpu().numpy(), held_out.model.cpu().numpy(), day_replicate(screen)
    )
    n = screen.n_cells
    return {
        "gain": float(gain.mean()), "gain_sd": float(gain.std() / n**0.5),
        "gain_noise": float(-bent.mean() / 2), "gain_noise_sd": float((bent / weight).sum().sqrt() / n),
        "agreement": agreement, "correlation": correlation,
    }  # fmt: skip


def predict_held_out(screen: Screen, baseline: Baseline, settings: Settings, rng: np.random.Generator) -> HeldOut:
    """Each fold's cells at the mode of the others, at the scales and the weight of the whole fit."""
    design, prior = baseline.design, baseline.prior(settings)
    bare = Prior(
        half_theta=torch.eye(design.n_days, dtype=torch.float64, device=baseline.x.device).expand_as(prior.half_theta)
        / NO_EFFECT,
        sigma_guide=torch.full_like(prior.sigma_guide, NO_EFFECT),
        nuisance_sd=prior.nuisance_sd,
    )
    fold = torch.as_tensor(assign_folds(screen, rng, N_FOLDS), device=baseline.x.device)
    found = HeldOut(model=torch.empty_like(design.fate_probs), nuisance=torch.empty_like(design.fate_probs))
    start = baseline.x.new_zeros(design.n_effects)
    for k in range(N_FOLDS):
        cells, out = baseline.cells * (fold != k), fold == k
        found.model[out] = design.predictor(mode_at(design, prior, cells, baseline.x, settings))[out]
        start = mode_at(design, bare, cells, start, settings)
        found.nuisance[out] = design.predictor(start)[out]
    return found


def agreement_of_like_cells(labels: np.ndarray, eta: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """How far residuals of like cells agree, in SDs of what independent cells show, and their mean product.

    labels [N, F], eta [N, F]: of held-out cells. group [N]: only cells of one group are compared. Residuals are
    standardised by the multinomial covariance, and cleared of trends in eta (quadratic, by group). With W the
    symmetric weights of neighbours and M the projection off the trends, r' W r has mean s2 tr(M W) and variance
    2 s2^2 tr(W M W M), nearly 2 s2^2 tr(W W) (Cliff & Ord 1981, chapter 8).
    """
    pi = np.exp(eta) / (1 + np.exp(eta).sum(1, keepdims=True))
    residual = _standardised(labels - pi, pi)
    excess = variance = product = pairs = 0.0
    for one in np.unique(group):
        cells = np.flatnonzero(group == one)
        k, trend = min(NEIGHBOURS, len(cells) - 1), _trend(eta[cells])
        if len(cells) <= trend.shape[1] + 1:
            continue
        weights = _neighbour_weights(pi[cells], k)
        basis, _ = np.linalg.qr(trend)
        r = residual[cells] - basis @ (basis.T @ residual[cells])
        scale = (r**2).sum(0) / (len(cells) - trend.shape[1])
        expected = -np.einsum("ij,ij->", basis, weights @ basis)
        found = (r * (weights @ r)).sum(0) / np.maximum(scale, np.finfo(float).tiny)
        excess += float((found - expected).sum())
        variance += 2 * float(weights.multiply(weights).sum()) * r.shape[1]
        product, pairs = product + float(found.sum()), pairs + float(weights.sum()) * r.shape[1]
    return (excess / variance**0.5, product / pairs) if variance > 0 else (float("nan"), float("nan"))


def _neighbour_weights(points: np.ndarray, k: int) -> sparse.csr_matrix:
    """Symmetric weights: 1 between mutual neighbours, 1/2 where only one is among the other's k nearest."""
    n = len(points)
    _, near = cKDTree(points).query(points, k=k + 1)
    near = near[:, 1:] if near.ndim > 1 else near[:, None][:, 1:]
    one_way = sparse.csr_matrix((np.ones(n * k), (np.repeat(np.arange(n), k), near.ravel())), shape=(n, n))
    one_way.setdiag(0)
    return ((one_way + one_way.T) / 2).tocsr()


def _trend(eta: np.ndarray) -> np.ndarray:
    """1, eta and all products of two of its columns."""
    first, second = np.triu_indices(eta.shape[1])
    return np.c_[np.ones(len(eta)), eta, eta[:, first] * eta[:, second]]


def _standardised(residual: np.ndarray, pi: np.ndarray) -> np.ndarray:
    covariance = pi[:, :, None] * np.eye(pi.shape[1]) - pi[:, :, None] * pi[:, None]
    return np.linalg.solve(np.linalg.cholesky(covariance), residual[:, :, None])[:, :, 0]


def _log_likelihood(labels: Tensor, eta: Tensor) -> Tensor:
    """Cross-entropy of each cell, negative: [N]."""
    total = torch.logsumexp(torch.cat([torch.zeros_like(eta[:, :1]), eta], 1), 1)
    return (labels * eta).sum(1) - total
