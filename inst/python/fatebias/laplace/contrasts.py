"""Theta and contrasts of it out of vectors and blocks of effects, in the screen's order of genes.

L genes, D days, F logits (the fates beside the reference).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..model import Design
from ..screens import Screen


def known_theta(design: Design, x: Tensor, known: np.ndarray) -> np.ndarray:
    """Theta in x [P], genes in the screen's order, NaN where it is not `known` [L, D]: [L, D, F]."""
    theta = design.theta(x).transpose(1, 2).double().cpu().numpy()
    return np.where(known[:, :, None], theta, np.nan)


def known_covariance(design: Design, by_group: Sequence[Tensor], known: np.ndarray) -> np.ndarray:
    """`theta_covariance`, NaN where either day is not `known` [L, D]: [L, D, F, D, F]."""
    both = known[:, :, None, None, None] & known[:, None, None, :, None]
    return np.where(both, theta_covariance(design, by_group), np.nan)


def theta_covariance(design: Design, by_group: Sequence[Tensor]) -> np.ndarray:
    """Covariance of theta over days and logits, genes in the screen's order: [L, D, F, D, F].

    by_group: covariances of each gene's effects, by group of genes [genes, k, k].
    """
    d, f = design.n_days, design.n_logits
    found = design.by_gene([c[:, : d * f, : d * f].reshape(-1, d, f, d, f) for c in by_group])
    return found.cpu().numpy()


def contrast_covariance(covariance: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Covariance between days of the contrast [F] from that of all logits [.., D, F, D, F]: [.., D, D]."""
    return np.asarray(np.einsum("...dfeg,f,g->...de", covariance, contrast, contrast))


def sd_of(covariance: np.ndarray) -> np.ndarray:
    """SDs [L, D] of covariances [L, D, D]."""
    return np.asarray(np.sqrt(np.einsum("ldd->ld", covariance)))


def carried_by_day(screen: Screen, among: np.ndarray | None = None) -> np.ndarray:
    """bool [L, D]: does any cell of the day (`among` [N] only) carry a guide of the gene?"""
    per_cell = np.diff(screen.guide_ptr)
    gene, day = screen.guide_gene[screen.guide_idx], np.repeat(screen.day, per_cell)
    if among is not None:
        counted = np.repeat(among, per_cell)
        gene, day = gene[counted], day[counted]
    out = np.zeros((screen.n_genes, screen.n_days), dtype=bool)
    out[gene, day] = True
    return out


def contrast_theta(design: Design, x: Tensor, contrast: np.ndarray) -> np.ndarray:
    """Contrast of theta in columns x [P, S], genes in the screen's order: [S, L, D]."""
    weights = torch.as_tensor(contrast, dtype=x.dtype, device=x.device)
    return torch.einsum("lfds,f->sld", design.theta(x), weights).double().cpu().numpy()


def mean_vectors(design: Design, weights: np.ndarray) -> Tensor:
    """Vectors a [P, D F] for which a[:, d F + f]' x is the mean over genes, with weights [L, D], of theta on day d for
    logit f.
    """
    d, f = design.n_days, design.n_logits
    out = torch.zeros((design.n_effects, d, f), dtype=torch.float64, device=design.day.device)
    unit = torch.eye(f, dtype=out.dtype, device=out.device)
    for group in design.groups:
        own = torch.as_tensor(weights[design.genes_of(group)], dtype=out.dtype, device=out.device)
        block = design.blocks(out, group)
        for day in range(d):
            block[:, day, :, day] = own[:, day, None, None] * unit
    return out.view(-1, d * f)


def theta_of_columns(design: Design, columns: Tensor) -> np.ndarray:
    """Theta in columns [P, D F], one a day and logit: [L, D, F, D, F], genes in the screen's order."""
    found = design.theta(columns).transpose(1, 2).double().cpu().numpy()
    return np.asarray(found.reshape(*found.shape[:3], design.n_days, design.n_logits))


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
