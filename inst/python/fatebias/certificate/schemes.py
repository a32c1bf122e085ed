"""Screens and cell weights under which the truth is known: guides shuffled, cells resampled, cells held out.

What each scheme keeps: shuffling moves whole guide lists between cells of one day, replicate and burden, so
that labels, burden and the lists stay what they are and no gene has an effect; resampling draws the cells of
each day and replicate anew (Davison & Hinkley 1997, section 2.4); folds split them evenly.
"""

import dataclasses

import numpy as np

from ..screens import Screen, burden_strata, cells_by_day_replicate


def shuffle_guides(screen: Screen, rng: np.random.Generator) -> Screen:
    """The screen with whole guide lists (and the burden that goes with them) shuffled within strata."""
    source = shuffle_within(burden_strata(screen), rng)
    length = np.diff(screen.guide_ptr)[source]
    ptr = np.r_[0, np.cumsum(length)]
    entry = np.repeat(screen.guide_ptr[source] - ptr[:-1], length) + np.arange(ptr[-1])
    return dataclasses.replace(
        screen, guide_ptr=ptr, guide_idx=screen.guide_idx[entry], burden=screen.burden[source]
    )  # fmt: skip


def regroup_guides(screen: Screen, rng: np.random.Generator) -> Screen:
    """The screen with guides handed to other genes, each gene with as many as it had."""
    place = rng.permutation(screen.n_guides)  # of each guide, among guides sorted by gene
    moved = place[screen.guide_idx]
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    names = np.empty(screen.n_guides, dtype=object)
    names[place] = screen.guide_names
    return dataclasses.replace(
        screen, guide_idx=moved[np.lexsort((moved, cell))].astype(np.int32), guide_names=tuple(names)
    )  # fmt: skip


def shuffle_within(stratum: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """int [N]: a permutation of cells that moves none to another stratum."""
    source = np.empty(len(stratum), dtype=np.int64)
    source[np.argsort(stratum, kind="stable")] = np.lexsort((rng.random(len(stratum)), stratum))
    return source


def resample_cells(screen: Screen, rng: np.random.Generator) -> np.ndarray:
    """int [N]: how often each cell is drawn when every day x replicate is drawn anew with replacement.

    Cells of a cluster are drawn together, within their day and replicate.
    """
    counts = np.zeros(screen.n_cells, dtype=np.int64)
    for cells in cells_by_day_replicate(screen):
        unit = np.arange(len(cells))
        if screen.cluster is not None:
            _, unit = np.unique(screen.cluster[cells], return_inverse=True)
        n = int(unit.max()) + 1
        counts[cells] = np.bincount(rng.integers(n, size=n), minlength=n)[unit]
    return counts


def assign_folds(screen: Screen, rng: np.random.Generator, n_folds: int) -> np.ndarray:
    """int [N]: fold of each cell, evenly within day x replicate."""
    fold = np.empty(screen.n_cells, dtype=np.int64)
    for cells in cells_by_day_replicate(screen):
        fold[cells] = rng.permutation(np.arange(len(cells)) % n_folds)
    return fold
