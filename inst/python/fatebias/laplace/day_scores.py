"""The statistic of each gene's test on one day, and the pools that it is drawn from where guides lie at random.

T of a gene is the sum over the day's cells of x r: x, how many of its guides a cell carries; r, the cell's score along
the contrast, a' weight (label - mean), with a = H^-1 c / c' H^-1 c, H the day's mean curvature, c the contrast. So T
is the gene's estimate times its information, to first order. The mean is taken without the gene's own effect on the
contrast, for the cells that carry it; the effects on other fates stay. Null: the gene's guides lie in any other cells
of the same stratum (day, replicate, guides in a cell), as many of them. N cells and E entries (cell, guide) of the
day, L genes, F logits (the fates beside the reference).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..model import entries_of
from ..screens import Screen
from .contrasts import contrast_theta
from .curvature import Curvature
from .estimates import SolvedEstimates
from .saddlepoint import Floats, Pools, add_up, spread
from .scatter import LEAST_FREEDOM

N_BINS = 64  # of a pool
NUMBERS_AT_ONCE = 1 << 22  # bins of pools in memory

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class DayScores:
    """Of one day. stratum: [N], from 0. residual: r [N], at the fitted means; information: a' W a [N]. first, step: [S]
    of each stratum's grid of residuals.

    Pairs of a gene and a cell that carries it, by gene: gene, cell [P]; carried, x; null, r without the gene's effect.
    entry_guide, entry_pair: [E], by pair. direction: a [F].
    """

    direction: torch.Tensor
    stratum: Ints
    residual: Floats
    information: Floats
    first: Floats
    step: Floats
    gene: Ints
    cell: Ints
    carried: Ints
    null: Floats
    entry_guide: Ints
    entry_pair: Ints


@dataclass(frozen=True, kw_only=True)
class DayTests:
    """Tests of some genes on a day. genes: [T]; x: the statistics [T]; pools: what they are drawn from.

    pairs: slice of the day's pairs. spare: [pairs], the share of its pool that a pair's gene leaves, 0 where there is
    nothing to exchange.
    """

    genes: Ints
    x: Floats
    pools: Pools
    pairs: slice
    spare: Floats


@dataclass(frozen=True, kw_only=True)
class FittedScores:
    """What all days share, from the fixed effects: curvature; eta [U, F] of the rows; beta [G, D], the contrast
    of each guide's effect; p_eff [D], effective parameters; stratum [N] of each cell; contrast [F].
    """

    screen: Screen
    curvature: Curvature
    eta: torch.Tensor
    beta: Floats
    p_eff: Floats
    stratum: Ints
    contrast: Floats

    @classmethod
    def of(cls, solved: SolvedEstimates, screen: Screen, contrast: Floats, stratum: Ints) -> "FittedScores":
        design, x = solved.design, solved.effects.x
        theta = contrast_theta(design, x.unsqueeze(1), contrast)[0]
        delta = design.delta(x).cpu().numpy() @ contrast
        return cls(
            screen=screen, curvature=solved.effects.curvature, eta=design.predictor(x),
            beta=theta[screen.guide_gene] + delta[:, None], p_eff=solved.p_eff.cpu().numpy(), stratum=stratum,
            contrast=contrast,
        )  # fmt: skip

    def on_day(self, day: int) -> DayScores:
        """Of one day; without a cell that carries a gene it has no pairs."""
        screen, design = self.screen, self.curvature.design
        cells = np.flatnonzero(screen.day == day)
        at = torch.as_tensor(cells, device=self.eta.device)
        rows, labels = design.row_of(at), design.cell_labels[at]
        mean, weight = self.curvature.mean[rows], design.cell_weight(self.curvature.weight)[at]
        by_cell = design.likelihood.curvature(mean, weight)
        a = torch.linalg.solve(by_cell.mean(0), torch.as_tensor(self.contrast, device=at.device))
        a = a / (a @ torch.as_tensor(self.contrast, device=at.device))
        per_cell, entry = entries_of(screen.guide_ptr, cells)
        pairs = self._pairs(per_cell, screen.guide_idx[entry].astype(np.int64), day)
        own = torch.as_tensor(pairs["cell"], device=at.device)
        without = self.eta[rows][own] - torch.as_tensor(pairs.pop("effect"), device=at.device)[:, None] * a
        null = weight[own] * (design.likelihood.score(labels[own], design.likelihood.mean(without)) @ a)
        leverage = self.p_eff[day] / self.contrast.size * per_cell / max(per_cell.sum(), 1)
        score = weight * (design.likelihood.score(labels, mean) @ a)
        residual = score.cpu().numpy() / np.sqrt(np.maximum(1 - leverage, LEAST_FREEDOM))
        _, stratum = np.unique(self.stratum[cells], return_inverse=True)
        found = null.cpu().numpy()
        first, step = _grids(residual, stratum, found, stratum[pairs["cell"]])
        return DayScores(
            direction=a, stratum=stratum, residual=residual, null=found, first=first, step=step, **pairs,
            information=torch.einsum("nfg,f,g->n", by_cell, a, a).cpu().numpy(),
        )  # fmt: skip

    def _pairs(self, per_cell: Ints, guide: Ints, day: int) -> dict[str, NDArray[Any]]:
        """Genes and the cells that carry them, from the guides of cells; effect: of the gene in the cell, on the
        contrast.
        """
        n = len(per_cell)
        cell = np.repeat(np.arange(n), per_cell)
        gene = self.screen.guide_gene[guide]
        key, pair, carried = np.unique(gene * n + cell, return_inverse=True, return_counts=True)
        order = np.argsort(pair, kind="stable")
        return {
            "gene": key // n, "cell": key % n, "carried": carried,
            "entry_guide": guide[order], "entry_pair": pair[order],
            "effect": add_up(pair, self.beta[guide, day], len(key)),
        }  # fmt: skip


def _grids(residual: Floats, stratum: Ints, null: Floats, null_stratum: Ints) -> tuple[Floats, Floats]:
    """First value and step of a grid of N_BINS for each stratum, over all of its residuals and null residuals."""
    n = int(stratum.max()) + 1
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    for values, where in ((residual, stratum), (null, null_stratum)):
        np.minimum.at(low, where, values)
        np.maximum.at(high, where, values)
    return low, np.maximum(high - low, np.finfo(float).tiny) / (N_BINS - 1)


def day_tests(day: DayScores) -> Iterator[DayTests]:
    """All tests of a day, in portions of genes."""
    n_strata = len(day.first)
    whole = spread(day.residual, day.stratum, day.first, day.step, N_BINS)
    per_gene = np.bincount(day.gene)
    at_most = np.cumsum(np.minimum(per_gene, 2 * n_strata) * N_BINS)  # pools of a gene, times bins
    portion = at_most // NUMBERS_AT_ONCE
    starts = np.r_[0, np.flatnonzero(np.diff(portion)) + 1, len(per_gene)]
    for low, high in zip(starts, starts[1:]):
        a, b = np.searchsorted(day.gene, (low, high))
        if b > a:
            yield _tests(day, slice(int(a), int(b)), whole)


def _tests(day: DayScores, pairs: slice, whole: Floats) -> DayTests:
    """whole: [S, B], bins of the strata at the fitted means; the null residuals of a gene's cells take their places."""
    genes, test = np.unique(day.gene[pairs], return_inverse=True)
    n_strata, cell, x, null = len(whole), day.cell[pairs], day.carried[pairs], day.null[pairs]
    stratum = day.stratum[cell]
    key, place = np.unique(test * n_strata + stratum, return_inverse=True)
    of_stratum = key % n_strata
    first, step = day.first[of_stratum], day.step[of_stratum]
    count = whole[of_stratum] + spread(null, place, first, step, N_BINS)
    count = np.maximum(count - spread(day.residual[cell], place, first, step, N_BINS), 0.0)
    size = np.bincount(day.stratum, minlength=n_strata)[of_stratum]
    total, square = (
        np.bincount(day.stratum, day.residual**k, n_strata)[of_stratum]
        + np.bincount(place, null**k - day.residual[cell] ** k, len(key))
        for k in (1, 2)
    )
    variance = np.maximum(square / size - (total / size) ** 2, 0.0)
    several = int(x.max()) + 1
    rows, row, drawn = np.unique(place * several + x, return_inverse=True, return_counts=True)
    share = _of_independent(x, place, size)[rows // several]
    free = drawn < size[rows // several]  # a pool of carriers alone: nothing to exchange
    kept, times = rows[free] // several, rows[free] % several
    pools = Pools(
        test=(key // n_strata)[kept], drawn=drawn[free].astype(float), first=first[kept] * times,
        step=step[kept] * times, count=count[kept],
        variance=variance[kept] * share[free] * times**2,
    )  # fmt: skip
    counted = np.where(free[row], x * null, 0.0)
    return DayTests(
        genes=genes, x=add_up(test, counted, len(genes)), pools=pools, pairs=pairs,
        spare=np.where(free, 1 - drawn / size[rows // several], 0.0)[row],
    )  # fmt: skip


def _of_independent(x: Ints, place: Ints, size: Ints) -> Floats:
    """Variance of sums of x times numbers drawn from pools of that size [R], as a share of what it would be were the
    draws of cells with one guide of the gene, with two, .. independent. place: pool of each x.
    """
    n, total, square = (add_up(place, x.astype(float) ** k, len(size)) for k in range(3))
    apart = square.copy()
    for k in np.unique(x):
        apart -= (k * np.bincount(place[x == k], minlength=len(size))) ** 2 / size
    together = square - total**2 / size
    return np.where((apart > 0) & (n < size), np.maximum(together, 0.0) / np.where(apart > 0, apart, 1.0), 1.0)
