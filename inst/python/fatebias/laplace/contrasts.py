"""The contrast of theta out of vectors and blocks of effects, in the screen's order of genes.

L genes, D days, F logits (the fates beside the reference).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..model import Design
from ..screens import Screen


def known_theta(design: Design, x: Tensor, contrast: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Contrast of theta in x [P], NaN where it is not `known` [L, D]: [L, D]."""
    return np.where(known, contrast_theta(design, x.unsqueeze(1), contrast)[0], np.nan)


def known_covariance(design: Design, by_group: Sequence[Tensor], contrast: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`theta_covariance`, NaN where either day is not `known` [L, D]: [L, D, D]."""
    return np.where(known[:, :, None] & known[:, None, :], theta_covariance(design, by_group, contrast), np.nan)


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


def theta_covariance(design: Design, by_group: Sequence[Tensor], contrast: np.ndarray) -> np.ndarray:
    """Covariance over days of the contrast of theta, genes in the screen's order: [L, D, D].

    by_group: covariances of each gene's effects, by group of genes [genes, k, k].
    """
    d, f = design.n_days, design.n_logits
    weights = torch.as_tensor(contrast, dtype=torch.float64, device=by_group[0].device)
    parts = [c[:, : d * f, : d * f].reshape(-1, d, f, d, f) for c in by_group]
    covariance = design.by_gene([torch.einsum("ldfeg,f,g->lde", part, weights, weights) for part in parts])
    return covariance.cpu().numpy()


def mean_vectors(design: Design, weights: np.ndarray, contrast: np.ndarray) -> Tensor:
    """Vectors a [P, D] for which a[:, d]' x is the mean over genes, with weights [L, D], of the contrast of theta."""
    unit = torch.as_tensor(contrast, dtype=torch.float64, device=design.day.device)
    out = unit.new_zeros((design.n_effects, design.n_days))
    for group in design.groups:
        own = torch.as_tensor(weights[design.genes_of(group)], dtype=unit.dtype, device=unit.device)
        block = design.blocks(out, group)
        for day in range(design.n_days):
            block[:, day, :, day] = own[:, day, None] * unit
    return out
