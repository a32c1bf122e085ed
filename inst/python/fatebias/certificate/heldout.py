"""Cells predicted from other cells: is the model better than one without guides, and are like cells independent?

Labels that were smoothed over a graph share their noise between neighbours. A right model of independent
cells leaves residuals of held-out cells that say nothing about those of like cells, cells with nearly the same
fitted probabilities; where neighbours share noise they agree.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import sparse
from scipy.spatial import cKDTree
from torch import Tensor

from ..laplace import Baseline, LaplaceOptions, find_mode
from ..model import Likelihood, Prior
from ..screens import Screen, day_replicate
from .schemes import assign_folds

N_FOLDS = 5
NEIGHBOURS = 20  # like cells of a cell: somewhat fewer than graphs of cells usually have (30)
CANDIDATES = 160  # nearest cells among which they are looked for
NO_EFFECT = 1e-4  # prior SD of effects in the model without guides


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Linear predictors of held-out cells [N, F], F logits (the fates beside the reference).

    Of the model, and of one with nuisance effects only.
    """

    model: Tensor
    nuisance: Tensor


def held_out_statistics(
    screen: Screen, baseline: Baseline, options: LaplaceOptions, rng: np.random.Generator
) -> dict[str, float]:
    """Gain in cross-entropy over the nuisance-only model, and agreement of like cells.

    gain: nats a cell, gain_sd: its sampling SD; gain_noise: the gain if all that was fitted were noise (< 0), and
    gain_noise_sd: its SD. agreement: sum over like cells of products of residuals, less what is expected of
    independent cells, in its SDs; correlation: the mean product itself.
    """
    held_out = predict_held_out(screen, baseline, options, rng)
    design, weight = baseline.design, baseline.cell_weight
    likelihood, labels = design.likelihood, design.labels
    gain = likelihood.log_likelihood(held_out.model, labels) - likelihood.log_likelihood(held_out.nuisance, labels)
    bent = likelihood.quadratic_form(held_out.model - held_out.nuisance, likelihood.mean(held_out.nuisance))
    agreement, correlation = agreement_of_like_cells(
        likelihood, labels.cpu().numpy(), held_out.model.cpu().numpy(), day_replicate(screen), carried_genes(screen)
    )
    n = screen.n_cells
    return {
        "gain": float(gain.mean()), "gain_sd": float(gain.std() / n**0.5),
        "gain_noise": float(-bent.mean() / 2), "gain_noise_sd": float((bent / weight).sum().sqrt() / n),
        "agreement": agreement, "correlation": correlation,
    }  # fmt: skip


def predict_held_out(screen: Screen, baseline: Baseline, options: LaplaceOptions, rng: np.random.Generator) -> HeldOut:
    """Each fold's cells at the mode of the others, at the scales and the weight of the whole fit."""
    model = baseline.posterior_problem(options.priors)
    design, prior = model.design, model.prior
    bare = Prior(
        half_theta=torch.eye(design.n_days, dtype=torch.float64, device=baseline.x.device).expand_as(prior.half_theta)
        / NO_EFFECT,
        sigma_guide=torch.full_like(prior.sigma_guide, NO_EFFECT),
        nuisance_sd=prior.nuisance_sd,
    )
    nuisance = replace(model, prior=bare)
    fold = torch.as_tensor(assign_folds(screen, rng, N_FOLDS), device=baseline.x.device)
    found = HeldOut(model=torch.empty_like(design.labels), nuisance=torch.empty_like(design.labels))
    start = baseline.x.new_zeros(design.n_effects)
    for k in range(N_FOLDS):
        others, out = fold != k, fold == k
        x = find_mode(model.weighted(others), baseline.x, options.tolerances).x
        found.model[out] = design.predictor(x)[out]
        start = find_mode(nuisance.weighted(others), start, options.tolerances).x
        found.nuisance[out] = design.predictor(start)[out]
    return found


def carried_genes(screen: Screen) -> sparse.csr_matrix:
    """1 where a cell carries a guide of a gene: [N, L]."""
    shape = (screen.n_cells, screen.n_genes)
    genes = sparse.csr_matrix(
        (np.ones(len(screen.guide_idx)), screen.guide_gene[screen.guide_idx], screen.guide_ptr), shape=shape
    )  # fmt: skip
    genes.sum_duplicates()
    genes.data[:] = 1
    return genes


def agreement_of_like_cells(
    likelihood: Likelihood, labels: np.ndarray, eta: np.ndarray, group: np.ndarray, genes: sparse.csr_matrix
) -> tuple[float, float]:
    """How far residuals of like cells agree, in SDs of what independent cells show, and their mean product.

    labels [N, F], eta [N, F]: of held-out cells. group [N]: only cells of one group are compared. genes [N, L]: what
    cells carry; two with a gene in common are not compared, since they share the error of its effect. Residuals are
    standardised by the covariance that the model gives the labels, and cleared of trends in eta (quadratic, by group).
    With W the symmetric weights of neighbours and M the projection off the trends, r' W r has mean s2 tr(M W) and
    variance 2 s2^2 tr(W M W M), nearly 2 s2^2 tr(W W) (Cliff & Ord 1981, chapter 8).
    """
    mean, residual = likelihood.mean_of_array(eta), likelihood.standardised(labels, eta)
    excess = variance = product = pairs = 0.0
    for one in np.unique(group):
        cells = np.flatnonzero(group == one)
        trend = _trend(eta[cells])
        if len(cells) <= trend.shape[1] + 1:
            continue
        weights = _neighbour_weights(mean[cells], genes[cells])
        basis, _ = np.linalg.qr(trend)
        r = residual[cells] - basis @ (basis.T @ residual[cells])
        scale = (r**2).sum(0) / (len(cells) - trend.shape[1])
        expected = -np.einsum("ij,ij->", basis, weights @ basis)
        found = (r * (weights @ r)).sum(0) / np.maximum(scale, np.finfo(float).tiny)
        excess += float((found - expected).sum())
        variance += 2 * float(weights.multiply(weights).sum()) * r.shape[1]
        product, pairs = product + float(found.sum()), pairs + float(weights.sum()) * r.shape[1]
    return (excess / variance**0.5, product / pairs) if variance > 0 else (float("nan"), float("nan"))


def _neighbour_weights(points: np.ndarray, genes: sparse.csr_matrix) -> sparse.csr_matrix:
    """Symmetric weights: 1 between mutual neighbours, 1/2 where only one is among the other's nearest.

    A cell's neighbours are the NEIGHBOURS nearest with no gene in common, of its CANDIDATES nearest.
    """
    n = len(points)
    k = min(CANDIDATES, n - 1)
    near = np.asarray(cKDTree(points).query(points, k=k + 1)[1]).reshape(n, k + 1)
    cell, other = np.repeat(np.arange(n), k + 1), near.ravel()
    shared = np.asarray(genes[cell].multiply(genes[other]).sum(1)).ravel() > 0
    apart = (~shared & (cell != other)).reshape(n, k + 1)
    chosen = (apart & (apart.cumsum(1) <= NEIGHBOURS)).ravel()
    one_way = sparse.csr_matrix((np.ones(int(chosen.sum())), (cell[chosen], other[chosen])), shape=(n, n))
    return ((one_way + one_way.T) / 2).tocsr()


def _trend(eta: np.ndarray) -> np.ndarray:
    """1, eta and all products of two of its columns."""
    first, second = np.triu_indices(eta.shape[1])
    return np.asarray(np.c_[np.ones(len(eta)), eta, eta[:, first] * eta[:, second]])
