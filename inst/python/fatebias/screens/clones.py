"""Clones told by their guides: where cells carry several guides, the list of these is a barcode of the cell that was
transduced, and the cells that share it descend from that one.

Cells of a clone share noise (where they started, what they inherited), so that standard errors for independent cells
are too small. Where no column names the clones (`cluster_key`), cells with the same list are taken for one if more
pairs of cells share their list than chance makes. Several guides of one gene and no other are no barcode: vectors may
carry two guides of a gene. N usable cells.
"""

import numpy as np
import scipy.sparse as sp
from scipy.special import gammaln

from .covariates import LEAST_CLUSTERS

OVER_CHANCE = 5.0  # pairs of cells with the same list, over those that chance makes among lists of this length
LEAST_SHARE = 0.05  # of the cells, that are not alone with their list
MOST_IN_COMMON = (
    0.5  # pairs of cells with all guides in common, of those with one; guides that always come together have more
)


def clones_by_guides(guides: sp.csr_matrix, gene: np.ndarray) -> np.ndarray | None:
    """int64 [N], the clone of each cell from 0; None where no more cells share all their guides than chance makes.

    A cell that is alone with its list is a clone of its own, and so is each cell whose list is no barcode. guides:
    presence [N, guides], no cell without one. gene: int [guides], the gene of each, all controls as one.
    """
    n, size = guides.shape[0], np.diff(guides.indptr)
    _, same = np.unique(_list_numbers(guides), return_inverse=True)
    barcode = (size == 1) | _of_several_genes(guides, gene)
    barcode &= _telling(guides, size, same, barcode)[size]
    barcode &= np.bincount(same)[same] > 1
    if barcode.sum() < LEAST_SHARE * n or len(np.unique(same[barcode])) < LEAST_CLUSTERS:
        return None
    _, clone = np.unique(np.where(barcode, same, n + np.arange(n)), return_inverse=True)
    return np.asarray(clone, dtype=np.int64)


def _list_numbers(guides: sp.csr_matrix) -> np.ndarray:
    """A number of 64 bits a cell, the same for the same guides and else different (Zobrist 1970): uint64 [N]."""
    keys = np.random.default_rng(0).integers(0, 2**64, guides.shape[1], dtype=np.uint64)
    return np.asarray(np.add.reduceat(keys[guides.indices], guides.indptr[:-1]))  # sums wrap around


def _of_several_genes(guides: sp.csr_matrix, gene: np.ndarray) -> np.ndarray:
    """bool [N]: cells whose guides are of more than one gene."""
    genes, first = gene[guides.indices], guides.indptr[:-1]
    return np.asarray(np.minimum.reduceat(genes, first) < np.maximum.reduceat(genes, first))


def _telling(guides: sp.csr_matrix, size: np.ndarray, same: np.ndarray, barcode: np.ndarray) -> np.ndarray:
    """bool [most guides in a cell + 1]: numbers of guides at which cells with the same list are of one clone.

    Of two cells with k guides each, drawn with the guides' shares p, chance gives the same list to k! (sum p^2)^k.
    """
    cells = np.bincount(same[barcode])
    length = np.zeros(len(cells), dtype=np.int64)
    length[same[barcode]] = size[barcode]
    found = np.bincount(length, weights=_pairs(cells), minlength=size.max() + 1)
    carriers = np.bincount(guides.indices, minlength=guides.shape[1])
    k, p = np.arange(size.max() + 1), carriers / carriers.sum()
    log_chance = gammaln(k + 1) + k * np.log((p**2).sum())
    by_chance = _pairs(np.bincount(size)) * np.exp(np.minimum(log_chance, 0.0))
    telling = found > OVER_CHANCE * by_chance
    in_common = (k * found)[telling].sum()  # each pair of cells once for each of its guides
    return np.asarray(telling & (in_common <= MOST_IN_COMMON * _pairs(carriers).sum()))


def _pairs(n: np.ndarray) -> np.ndarray:
    """Pairs among n."""
    return np.asarray(n * (n - 1.0) / 2)
