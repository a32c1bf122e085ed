"""Conditional randomisation test: a second opinion on a gene that does not rest on the model's noise.

The guides of a gene are handed to other cells of the same day, replicate and burden, again and again; labels and all
other guides stay (Candes et al. 2018, J. R. Stat. Soc. B 80:551; for screens Barry et al. 2021, Genome Biology
22:344). If its guides do nothing, the estimate from the real cells is one of the many. The model serves as yardstick
only: were its noise wrong, the test would lose power, but not its level.

The estimate is one step of Newton from the null: the gene's effects start at 0, where all other effects are their
estimates without the gene (to first order), and only the gene's own block moves, with the curvature of the real
cells. So one resample costs a sum over the gene's cells. Against full refits of moved guides (tests): correlation
above .98; smaller by what a gene shares with the baseline, a factor that cancels in z and p.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import ndtr

from ..base import CONSTANTS, ScreenError, Settings, first_few
from ..laplace import Curvature, FixedEffects, find_fixed_effects
from ..screens import Screen, burden_strata
from .schemes import shuffle_within
from .source import Source
from .store import open_source

RESAMPLES_AT_ONCE = 64
LEAST_BEYOND = 10  # resamples beyond the estimate from which their share is the p-value; else the normal tail
SOLVE_TOLERANCE = 1e-6  # of what the other effects do without a gene
STREAM = 7  # of the random numbers, beside those of the checks


@dataclass(frozen=True, kw_only=True)
class NullGene:
    """A gene at its null. n cells carry it; k = (D + n_guides) F effects, F logits (the fates beside the
    reference).

    cells [n]; columns [n, D + n_guides]: of theta by day and the centred deviations; score [N, F]: weight * (labels -
    their mean without the gene); to_theta [D, k]: from the gene's score to the contrast of theta.
    """

    cells: np.ndarray
    columns: np.ndarray
    score: np.ndarray
    to_theta: np.ndarray

    def estimate(self, sources: np.ndarray) -> np.ndarray:
        """One Newton step where the guides lie in the cells `sources` [S, n] instead: theta [S, D]."""
        moved = np.einsum("nc,snf->scf", self.columns, self.score[sources], optimize=True)
        return np.asarray(moved.reshape(len(sources), -1) @ self.to_theta.T)


def randomise_genes(
    screen_path: str, guide_map: str, settings: Settings, genes: list[str], n_resamples: int
) -> dict[str, list[Any]]:
    """Randomisation test of genes, by day. Returns columns gene, day (from 0), estimate, null_mean, null_sd, z,
    p_value; a day without a cell of the gene has none. Raises ScreenError for a gene that the screen lacks.
    """
    source, _ = open_source(screen_path, guide_map, settings)
    names = list(source.screen.gene_names)
    unknown = [gene for gene in genes if gene not in names]
    if unknown:
        raise ScreenError(
            f"{source.where} has no gene {first_few(unknown)}; the guide map names the {len(names)} that it has."
        )
    effects = find_fixed_effects(source.baseline, source.options)
    nulls = [null_gene(source, effects, names.index(gene)) for gene in genes]
    draws = resample(source, nulls, n_resamples)
    found = [_day_rows(gene, null, own) for gene, null, own in zip(genes, nulls, draws)]
    return {name: [value for rows in found for value in rows[name]] for name in found[0]} if found else {}


def null_gene(source: Source, effects: FixedEffects, gene: int) -> NullGene:
    """A gene (its index in the screen) taken out of the estimates, all others re-estimated to first order."""
    design, x = effects.design, effects.x
    likelihood, rows = design.likelihood, design.rows(gene)
    response = _responses(effects.curvature, rows)
    without = x - response @ torch.linalg.solve(response[rows], x[rows])
    without[rows] = 0
    mean = likelihood.mean(design.predictor(without))
    cells, columns = _gene_columns(source.screen, gene)
    by_cell = likelihood.curvature(mean[cells], source.baseline.cell_weight[cells]).cpu().numpy()
    k, f = columns.shape[1] * design.n_logits, design.n_logits
    gram = np.einsum("nc,nfg,nd->cfdg", columns, by_cell, columns, optimize=True).reshape(k, k)
    prior = effects.curvature.prior.block(columns.shape[1] - design.n_days).cpu().numpy()
    theta = np.linalg.inv(gram + prior).reshape(-1, f, k)[: design.n_days]
    score = source.baseline.cell_weight.unsqueeze(1) * likelihood.score(design.labels, mean)
    to_theta = np.einsum("dfk,f->dk", theta, source.contrast)
    return NullGene(cells=cells, columns=columns, score=score.cpu().numpy(), to_theta=to_theta)


def resample(source: Source, nulls: list[NullGene], n_resamples: int) -> list[np.ndarray]:
    """Estimates of each gene [n_resamples, D] with its guides in other cells of their strata."""
    stratum = burden_strata(source.screen)
    rng = np.random.default_rng([source.settings.seed, STREAM])
    found: list[list[np.ndarray]] = [[] for _ in nulls]
    for first in range(0, n_resamples, RESAMPLES_AT_ONCE):
        n = min(RESAMPLES_AT_ONCE, n_resamples - first)
        shuffled = np.stack([shuffle_within(stratum, rng) for _ in range(n)])
        for own, null in zip(found, nulls):
            own.append(null.estimate(shuffled[:, null.cells]))
    return [np.concatenate(own) for own in found]


def p_values(estimate: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z [D] of an estimate among draws [S, D], and its two-sided p-value.

    That is the share of draws (and the estimate itself) at least as far from their mean; where fewer than
    LEAST_BEYOND draws are, the tail of the normal with their mean and SD, if that is smaller.
    """
    mean, sd = draws.mean(0), draws.std(0, ddof=1)
    z = (estimate - mean) / sd
    least = np.abs(estimate - mean) * (1 - CONSTANTS.same_share)  # a few cells often draw a tie
    beyond = (np.abs(draws - mean) >= least).sum(0)
    share = (beyond + 1) / (len(draws) + 1)
    return z, np.where(beyond < LEAST_BEYOND, np.minimum(share, 2 * ndtr(-np.abs(z))), share)


def _day_rows(gene: str, null: NullGene, draws: np.ndarray) -> dict[str, list[Any]]:
    estimate = null.estimate(null.cells[None])[0]
    known = np.flatnonzero((null.columns[:, : len(estimate)] != 0).any(0))
    z, p = p_values(estimate[known], draws[:, known])
    return {
        "gene": [gene] * len(known), "day": known.tolist(), "estimate": estimate[known].tolist(),
        "null_mean": draws[:, known].mean(0).tolist(), "null_sd": draws[:, known].std(0, ddof=1).tolist(),
        "z": z.tolist(), "p_value": p.tolist(),
    }  # fmt: skip


def _responses(curvature: Curvature, rows: slice) -> torch.Tensor:
    """Columns of the inverse curvature that belong to the rows: how all effects follow a pull at these [P, k]."""
    unit = torch.zeros(
        (curvature.design.n_effects, rows.stop - rows.start), dtype=torch.float64, device=curvature.mean.device
    )
    unit[rows] = torch.eye(unit.shape[1], dtype=unit.dtype, device=unit.device)
    return curvature.solve(unit, SOLVE_TOLERANCE).x


def _gene_columns(screen: Screen, gene: int) -> tuple[np.ndarray, np.ndarray]:
    """Cells that carry the gene [n], and what its theta by day and deviations add to each: [n, D + n_guides]."""
    first = int(np.searchsorted(screen.guide_gene, gene))
    n_guides, d = int(screen.guides_per_gene[gene]), screen.n_days
    entry = np.flatnonzero(screen.guide_gene[screen.guide_idx] == gene)
    cell = np.searchsorted(screen.guide_ptr, entry, side="right") - 1
    cells, row = np.unique(cell, return_inverse=True)
    carried = np.zeros((len(cells), n_guides))
    carried[row, screen.guide_idx[entry] - first] = 1
    count = carried.sum(1)
    columns = np.zeros((len(cells), d + n_guides))
    columns[np.arange(len(cells)), screen.day[cells]] = count
    columns[:, d:] = carried - count[:, None] / n_guides
    return cells, columns
