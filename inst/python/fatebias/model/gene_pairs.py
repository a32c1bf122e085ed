"""Guides of one gene that a cell carries together."""

import numpy as np


def pairs_within_gene(cell: np.ndarray, guide: np.ndarray, guide_gene: np.ndarray) -> np.ndarray:
    """Rows (cell, guide, guide), one for every two guides of one gene in one cell. cell: increasing; guide: of each of
    its entries.
    """
    guide = guide[np.lexsort((guide, cell))].astype(np.int64)
    gene, found = guide_gene[guide], []
    for step in range(1, len(guide)):
        at = np.flatnonzero((cell[step:] == cell[:-step]) & (gene[step:] == gene[:-step]))
        if not len(at):  # guides of a gene are neighbours in a cell: no pair at this distance, none beyond
            break
        found.append(np.c_[cell[at], guide[at], guide[at + step]])
    return np.concatenate(found) if found else np.empty((0, 3), dtype=np.int64)
