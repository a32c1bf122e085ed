"""Which cells of a file are usable, and which guides these carry."""

import numpy as np
import scipy.sparse as sp

from .counts import CELLS_AT_ONCE
from .screen import RawCells


def usable_cells(burden: np.ndarray, most: int, lacking: np.ndarray | None = None) -> np.ndarray:
    """bool [cells]: those with a guide, with no more than `most` (`Kmax`), and with fate probabilities.

    burden: guides in each cell. lacking: which cells have no fate probabilities; None: none.
    """
    usable = (burden > 0) & (burden <= most)
    return usable if lacking is None else usable & ~lacking


def count_left_out(burden: np.ndarray, most: int, lacking: np.ndarray | None = None) -> dict[str, int]:
    """Cells that are not usable, by the first reason that holds; arguments as for `usable_cells`."""
    by_guides = usable_cells(burden, most)
    return {
        "no_guide": int((burden == 0).sum()),
        "too_many_guides": int((burden > most).sum()),
        "no_fate_probs": 0 if lacking is None else int((by_guides & lacking).sum()),
    }


def carriers_of(guides: sp.csr_matrix, usable: np.ndarray) -> np.ndarray:
    """int [guides], usable cells that carry each guide. guides: presence [cells, guides]; usable: bool [cells]."""
    cells = np.zeros(guides.shape[1], dtype=np.int64)
    for start in range(0, guides.shape[0], CELLS_AT_ONCE):
        ptr = guides.indptr[start : start + CELLS_AT_ONCE + 1]
        among = np.repeat(usable[start : start + CELLS_AT_ONCE], np.diff(ptr))
        cells += np.bincount(guides.indices[ptr[0] : ptr[-1]][among], minlength=len(cells))
    return cells


def carried_guides(cells: RawCells, most: int) -> set[str]:
    """Names of the guides that usable cells carry. most: guides in a cell (`Kmax`)."""
    carriers = carriers_of(cells.guides, usable_cells(cells.burden, most, cells.lacks_fates))
    return {guide for guide, n in zip(cells.guide_names, carriers) if n}
