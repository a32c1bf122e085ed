"""Where guides lie among the cells: what cannot be told apart from the labels alone, and what only a prior bounds.

A guide in every cell of a day moves with the day's baseline; guides in the same cells move together; and a guide whose
cells all have one fate, one-hot, has no finite effect. The fit's priors decide then, and that is warned of by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ..base import first_few
from .doubt import Doubt
from .screen import Screen

_ONE_FATE = 1e-6  # of a probability: nearer to 1 it is one-hot
_CHANCE = 0.05  # chance at which one guide of all has cells of one fate alone


@dataclass(frozen=True, kw_only=True)
class Places:
    """Of the cells of a screen; those of parts of it add up. G guides, L genes, D days, F + 1 fates.

    by_day: int [G, D], cells that carry each guide. of_gene: int [L, D], cells that carry each gene. prints: uint64
    [G], sum over a guide's cells of a random number of each cell: equal for guides in the same cells. fates: float
    [G, F + 1], probabilities summed over a guide's cells; of_all, squares: float [F + 1], probabilities and their
    squares summed over all cells.
    """

    by_day: np.ndarray
    of_gene: np.ndarray
    prints: np.ndarray
    fates: np.ndarray
    of_all: np.ndarray
    squares: np.ndarray

    def __add__(self, other: "Places") -> "Places":
        return Places(**{name: value + getattr(other, name) for name, value in vars(self).items()})


def count_places(screen: Screen, of_gene: np.ndarray, first: int) -> Places:
    """of_gene: int [L, D], cells that carry each gene. first: cells of the whole screen before these."""
    g, d = screen.n_guides, screen.n_days
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    by_day = np.bincount(screen.guide_idx.astype(np.int64) * d + screen.day[cell], minlength=g * d)
    prints = np.zeros(g, dtype=np.uint64)
    np.add.at(prints, screen.guide_idx, _mixed(first + np.arange(screen.n_cells, dtype=np.uint64))[cell])
    ones = np.ones(len(screen.guide_idx), dtype=np.int8)
    presence = sp.csr_matrix((ones, screen.guide_idx, screen.guide_ptr), shape=(screen.n_cells, g))
    return Places(
        by_day=by_day.reshape(g, d), of_gene=of_gene, prints=prints, fates=presence.T @ screen.fate_probs,
        of_all=screen.fate_probs.sum(0), squares=(screen.fate_probs**2).sum(0),
    )  # fmt: skip


def doubt_places(screen: Screen, places: Places, cells: np.ndarray) -> list[Doubt]:
    """What the labels cannot tell. screen: for its names alone; cells: int [D], of each day."""
    found = [_in_every_cell(screen, places, cells), _same_cells(screen, places), _one_fate(screen, places)]
    return [doubt for doubt in found if doubt is not None]


def _in_every_cell(screen: Screen, places: Places, cells: np.ndarray) -> Doubt | None:
    names = [
        *_on_days("guide", screen.guide_names, screen, places.by_day == cells),
        *_on_days("gene", screen.gene_names, screen, places.of_gene == cells, _of_several(screen)),
    ]
    if not names:
        return None
    fix = "there its effect cannot be told from the baseline of the day: the prior alone parts them"
    return Doubt(item="Guides in every cell", found=f"{first_few(names)}", fix=fix)


def _on_days(
    kind: str, names: Sequence[str], screen: Screen, every: np.ndarray, shown: np.ndarray | None = None
) -> list[str]:
    """Words for what is in every cell of some days. every: bool [names, D]; shown: bool [names], or all."""
    rows = np.flatnonzero(every.any(1) if shown is None else every.any(1) & shown)
    return [
        f"{kind} {names[row]} on {'every day' if every[row].all() else first_few(_days(screen, every[row]))}"
        for row in rows.tolist()
    ]


def _days(screen: Screen, which: np.ndarray) -> list[str]:
    return [screen.day_labels[day] for day in np.flatnonzero(which)]


def _of_several(screen: Screen) -> np.ndarray:
    """bool [L]: genes of several guides; those of one are named by it."""
    return np.asarray(screen.guides_per_gene > 1)


def _same_cells(screen: Screen, places: Places) -> Doubt | None:
    """Guides that are always together: none has an effect of its own."""
    _, group, size = np.unique(places.prints, return_inverse=True, return_counts=True)
    alike = np.flatnonzero(size > 1)
    if not len(alike):
        return None
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], alike)
    sets = [order[end : end + size[one]] for end, one in zip(ends.tolist(), alike.tolist())]
    sets.sort(key=lambda guides: guides[0])
    shown = first_few([_together(screen, guides) for guides in sets])
    found = f"{int(size[alike].sum()):,} of {screen.n_guides:,} guides lie in the same cells as another: {shown}"
    return Doubt(item="Guides in the same cells", found=found, fix="their effects cannot be told apart")


def _together(screen: Screen, guides: np.ndarray) -> str:
    names = [screen.guide_names[guide] for guide in guides[:3]]
    more = f" and {len(guides) - 3:,} more" if len(guides) > 3 else ""
    return " = ".join(names) + more


def _one_fate(screen: Screen, places: Places) -> Doubt | None:
    """Guides all of whose cells have one fate, one-hot, where that is no chance."""
    n = places.by_day.sum(1)
    share = places.of_all / places.of_all.sum()
    alone = places.fates >= (1 - _ONE_FATE) * np.maximum(n, 1)[:, None]
    with np.errstate(divide="ignore"):
        rare = n[:, None] * np.log(share) + np.log(screen.n_guides) < np.log(_CHANCE)
    rows, fates = np.nonzero(alone & rare)
    if not len(rows):
        return None
    names = [f"{screen.guide_names[row]} ({n[row]:,} cells, {screen.fates[fate]})" for row, fate in zip(rows, fates)]
    found = f"all cells of {len(rows):,} guide{'' if len(rows) == 1 else 's'} have one fate: {first_few(names)}"
    return Doubt(item="Guides of one fate", found=found, fix="the size of their effect is bounded by the prior alone")


def _mixed(number: np.ndarray) -> np.ndarray:
    """A random number of 64 bits for each (splitmix64; Steele, Lea & Flood 2014, OOPSLA 453)."""
    z = (number + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
