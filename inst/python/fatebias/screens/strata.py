"""Strata of cells that are alike but for their guides: those of one day and replicate with as many guides."""

import numpy as np

from .screen import Screen

LEAST_CELLS = 10  # of a burden bin: rarer burdens of a day and replicate share a bin with the next smaller one


def burden_strata(screen: Screen) -> np.ndarray:
    """int [N]: number of each cell's day x replicate x burden bin, from 0."""
    out = np.empty(screen.n_cells, dtype=np.int64)
    first = 0
    for cells in cells_by_day_replicate(screen):
        binned = _bins(screen.burden[cells].astype(np.int64))
        out[cells] = first + binned
        first += binned.max() + 1
    return out


def day_replicate(screen: Screen) -> np.ndarray:
    """int [N]: number of each cell's day x replicate."""
    return np.asarray(screen.day * screen.n_replicates + screen.replicate)


def cells_by_day_replicate(screen: Screen) -> list[np.ndarray]:
    """Cells of each day x replicate that has any."""
    group = day_replicate(screen)
    return [np.flatnonzero(group == one) for one in np.unique(group)]


def _bins(burden: np.ndarray) -> np.ndarray:
    """Burdens as bins of LEAST_CELLS cells or more, from 0; what is left at the top joins the last bin."""
    counts = np.bincount(burden)
    bin_of, current, filled = np.zeros(len(counts), dtype=np.int64), 0, 0
    for value, count in enumerate(counts):
        if filled >= LEAST_CELLS:
            current, filled = current + 1, 0
        bin_of[value] = current
        filled += count
    if filled < LEAST_CELLS and current > 0:
        bin_of[bin_of == current] = current - 1
    return np.asarray(bin_of[burden])
