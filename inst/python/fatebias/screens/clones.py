"""Clones told by their guides: where cells carry several guides, the list of these is a barcode of the cell that was
transduced, and the cells that share it descend from that one.

Cells of a clone share noise (where they started, what they inherited), so that standard errors for independent cells
are too small. Where no column names the clones (`cluster_key`), cells with the same list are taken for one if more
pairs of cells share their list than chance makes. Several guides of one gene and no other are no barcode: vectors may
carry two guides of a gene. N usable cells.
"""

import numpy as np
import scipy.sparse as sp

from .covariates import LEAST_CLUSTERS

OVER_CHANCE = 5.0  # pairs of cells with the same list, over those that chance makes among lists of this length
LEAST_SHARE = 0.05  # of the cells, that are not alone with their list
MOST_IN_COMMON = (
    0.5  # pairs of cells with all guides in common, of those with one; guides that always come together have more
)


def clones_by_guides(guides: sp.csr_matrix, gene: np.ndarray, replicate: np.ndarray) -> np.ndarray | None:
    """int64 [N], the clone of each cell from 0; None where no more cells share all their guides than chance makes.

    A cell that is alone with its list is a clone of its own, and so is each cell whose list is no barcode. guides:
    presence [N, guides], no cell without one. gene: int [guides], the gene of each, all controls as one. replicate:
    int [N]; no clone is of two.
    """
    n, size, replicate = guides.shape[0], np.diff(guides.indptr), replicate.astype(np.int64)
    _, same = np.unique(_list_numbers(guides, replicate), return_inverse=True)
    barcode = (size == 1) | _of_several_genes(guides, gene)
    barcode &= _telling(guides, size, same, barcode, replicate)[size]
    barcode &= np.bincount(same)[same] > 1
    if barcode.sum() < LEAST_SHARE * n or len(np.unique(same[barcode])) < LEAST_CLUSTERS:
        return None
    _, clone = np.unique(np.where(barcode, same, n + np.arange(n)), return_inverse=True)
    return np.asarray(clone, dtype=np.int64)


def _list_numbers(guides: sp.csr_matrix, replicate: np.ndarray) -> np.ndarray:
    """A number of 64 bits a cell, the same for the same guides and replicate, else different (Zobrist 1970)."""
    rng = np.random.default_rng(0)
    keys, more = (rng.integers(0, 2**64, n, dtype=np.uint64) for n in (guides.shape[1], replicate.max() + 1))
    return np.asarray(np.add.reduceat(keys[guides.indices], guides.indptr[:-1]) + more[replicate])  # sums wrap around


def _of_several_genes(guides: sp.csr_matrix, gene: np.ndarray) -> np.ndarray:
    """bool [N]: cells whose guides are of more than one gene."""
    genes, first = gene[guides.indices], guides.indptr[:-1]
    return np.asarray(np.minimum.reduceat(genes, first) < np.maximum.reduceat(genes, first))


def _telling(
    guides: sp.csr_matrix, size: np.ndarray, same: np.ndarray, barcode: np.ndarray, replicate: np.ndarray
) -> np.ndarray:
    """bool [most guides in a cell + 1]: numbers of guides at which cells with the same list are of one clone.

    Of two cells of a replicate with k guides each, drawn with the shares p that guides have there, chance gives the
    same list to k! (sum p^2)^k.
    """
    cells, k = np.bincount(same[barcode]), np.arange(size.max() + 1)
    length = np.zeros(len(cells), dtype=np.int64)
    length[same[barcode]] = size[barcode]
    found = np.bincount(length, weights=_pairs(cells), minlength=len(k))
    n_guides = guides.shape[1]
    places = np.repeat(replicate, size) * n_guides + guides.indices
    carriers = np.bincount(places, minlength=(replicate.max() + 1) * n_guides).reshape(-1, n_guides)
    p = carriers / np.maximum(carriers.sum(1, keepdims=True), 1)
    with np.errstate(divide="ignore"):  # a replicate without usable cells
        log_chance = np.log(np.maximum(k, 1)).cumsum() + k * np.log((p**2).sum(1, keepdims=True))
    of_length = np.bincount(replicate * len(k) + size, minlength=len(p) * len(k)).reshape(-1, len(k))
    by_chance = np.nansum(_pairs(of_length) * np.exp(np.minimum(log_chance, 0.0)), axis=0)
    telling = found > OVER_CHANCE * by_chance
    in_common = (k * found)[telling].sum()  # each pair of cells once for each of its guides
    return np.asarray(telling & (in_common <= MOST_IN_COMMON * _pairs(carriers).sum()))


def _pairs(n: np.ndarray) -> np.ndarray:
    """Pairs among n."""
    return np.asarray(n * (n - 1.0) / 2)
