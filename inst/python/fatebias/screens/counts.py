"""What is counted over the cells of a screen, in pieces, so that a screen need not be in memory as a whole."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from .contrast import fate_weights
from .places import Places, count_places
from .screen import Screen

CELLS_AT_ONCE = 50_000  # cells that are looked at at a time


@dataclass(frozen=True, kw_only=True)
class Burdens:
    """Guides in the cells of a day. least, most: float [D], of all its cells. controls: int [D], cells that carry a
    control. Those of parts of a screen add up.
    """

    least: np.ndarray
    most: np.ndarray
    controls: np.ndarray

    def __add__(self, other: "Burdens") -> "Burdens":
        return Burdens(
            least=np.minimum(self.least, other.least),
            most=np.maximum(self.most, other.most),
            controls=self.controls + other.controls,
        )

    @property
    def constant(self) -> np.ndarray:
        """float [D]: guides in a cell on days on which all cells carry as many, else NaN."""
        return np.where(self.least == self.most, self.most, np.nan)


def count_burdens(screen: Screen) -> Burdens:
    least, most = np.full(screen.n_days, np.inf), np.zeros(screen.n_days)
    np.minimum.at(least, screen.day, screen.burden)
    np.maximum.at(most, screen.day, screen.burden)
    carries = np.diff(screen.guide_ptr) < screen.burden
    return Burdens(least=least, most=most, controls=np.bincount(screen.day[carries], minlength=screen.n_days))


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Counts of usable cells; those of parts of a screen add up to those of the screen. Sizes as for `Screen`.

    n_cells: their number. carriers: int [G], cells that carry each targeting guide; ntc_cells: int [controls, D], each
    control, by day. burdens: guides in cells. guides_of_gene: int [L, D], guides of a gene in all cells of a day.
    samples: int [D, R], cells. clusters: int, cells of each cluster, none where each cell is alone. sides: float
    [2, L, D], probability of the two sides of the contrast, summed over the cells of a day that carry a gene. lowest,
    highest: float [sets, D, F + 1], of the fate probabilities of a day, by label set. places: where guides lie.
    """

    n_cells: int
    carriers: np.ndarray
    ntc_cells: np.ndarray
    burdens: Burdens
    guides_of_gene: np.ndarray
    samples: np.ndarray
    clusters: np.ndarray
    sides: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    places: Places

    def __add__(self, other: "Counts") -> "Counts":
        n_clusters = max(len(self.clusters), len(other.clusters))
        clusters = np.zeros(n_clusters, dtype=np.int64)
        for one in (self.clusters, other.clusters):
            clusters[: len(one)] += one
        return Counts(
            n_cells=self.n_cells + other.n_cells,
            carriers=self.carriers + other.carriers,
            ntc_cells=self.ntc_cells + other.ntc_cells,
            burdens=self.burdens + other.burdens,
            guides_of_gene=self.guides_of_gene + other.guides_of_gene,
            samples=self.samples + other.samples,
            clusters=clusters,
            sides=self.sides + other.sides,
            lowest=np.minimum(self.lowest, other.lowest),
            highest=np.maximum(self.highest, other.highest),
            places=self.places + other.places,
        )

    @property
    def spread(self) -> np.ndarray:
        """float [D]: by how much the probability of a fate differs between the cells of a day, the most of any fate, in
        the label set where it is least.
        """
        return np.asarray((self.highest - self.lowest).max(2).min(0))

    @property
    def effective(self) -> np.ndarray:
        """float [L, D]: effective cells of a gene on a day, the sum over its cells of the probability of the rarer
        side of the contrast.
        """
        return np.asarray(self.sides.min(0))


def count_cells(screens: Iterable[Screen], contrast: str) -> Counts:
    """Counts of a screen, given as a whole or in parts. contrast: "MES" has the sides MES and the reference,
    "MES - NEU" these two, and a mean of several fates the sum of their probabilities.
    """
    return reduce(lambda one, other: one + other, _counts_of_parts(screens, contrast))


def _counts_of_parts(screens: Iterable[Screen], contrast: str) -> Iterator[Counts]:
    first = 0
    for part in screens:
        yield _count(part, contrast, first)
        first += part.n_cells


def _count(screen: Screen, contrast: str, first: int) -> Counts:
    days = screen.n_days
    of_gene = np.zeros(screen.n_genes * days, dtype=np.int64)
    sides = np.zeros((3, screen.n_genes * days))  # the last: cells that carry the gene
    for start in range(0, screen.n_cells, CELLS_AT_ONCE):
        rows = slice(start, min(start + CELLS_AT_ONCE, screen.n_cells))
        _count_genes(screen, rows, _sides(screen, rows, contrast), of_gene, sides)
    lowest, highest = (np.full((screen.n_sets, days, screen.n_fates), end) for end in (np.inf, -np.inf))
    for day in np.flatnonzero(np.bincount(screen.day, minlength=days)):
        for k, probs in enumerate([screen.fate_probs, *(() if screen.other_probs is None else screen.other_probs)]):
            of_day = probs[screen.day == day]
            lowest[k, day], highest[k, day] = of_day.min(0), of_day.max(0)
    shape = (days, screen.n_replicates)
    return Counts(
        n_cells=screen.n_cells,
        carriers=np.bincount(screen.guide_idx, minlength=screen.n_guides),
        ntc_cells=screen.ntc_cells,
        burdens=count_burdens(screen),
        guides_of_gene=of_gene.reshape(screen.n_genes, days),
        samples=np.bincount(screen.day * shape[1] + screen.replicate, minlength=shape[0] * shape[1]).reshape(shape),
        clusters=np.bincount(screen.cluster) if screen.cluster is not None else np.zeros(0, dtype=np.int64),
        sides=sides[:2].reshape(2, screen.n_genes, days),
        lowest=lowest,
        highest=highest,
        places=count_places(screen, sides[2].reshape(screen.n_genes, days).astype(np.int64), first),
    )


def _sides(screen: Screen, rows: slice, contrast: str) -> list[np.ndarray]:
    """float [cells] each: probability of the two sides of the contrast, and 1."""
    weights = fate_weights(contrast, screen.fates)
    probs = screen.fate_probs[rows]
    return [*(probs[:, side].sum(1) for side in (weights > 0, weights < 0)), np.ones(len(probs))]


def _count_genes(
    screen: Screen, rows: slice, of_cells: list[np.ndarray], of_gene: np.ndarray, sides: np.ndarray
) -> None:
    """Add the genes in some cells to the sums by gene and day. of_cells: what is summed, by cell."""
    ptr = screen.guide_ptr[rows.start : rows.stop + 1]
    cell = np.repeat(np.arange(len(ptr) - 1, dtype=np.int32), np.diff(ptr))
    gene = screen.guide_gene[screen.guide_idx[ptr[0] : ptr[-1]]]
    place = gene * screen.n_days + screen.day[rows][cell]
    of_gene += np.bincount(place, minlength=len(of_gene))
    once = _once_each(cell, gene, screen.n_genes)
    cell, place = cell[once], place[once]
    for total, side in zip(sides, of_cells):
        total += np.bincount(place, weights=side[cell], minlength=len(total))


def _once_each(cell: np.ndarray, gene: np.ndarray, n_genes: int) -> np.ndarray:
    """Which entries name each gene of a cell once: bool, or indices where genes are not in order."""
    pair = cell.astype(np.int64) * n_genes + gene
    step = np.diff(pair, prepend=-1)
    return step > 0 if (step >= 0).all() else np.unique(pair, return_index=True)[1]
