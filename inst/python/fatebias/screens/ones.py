"""Presence of guides as it may be written: 0 and 1 and nothing else, looked at before any value is cast."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..base import ScreenError, named_rows

_SHOWN = 5  # cells that a message lists
_REMEDY = "Turn counts or probabilities into presence with a threshold first."


def ones_of(guides: Any, guide_names: Sequence[str], cell_names: Sequence[str]) -> sp.csr_matrix:
    """Presence [cells, guides] as int8 ones, without stored zeros; raises ScreenError.

    guides: sparse or dense, of bool or numbers; entries that stand twice are summed first, as numbers of 8 bytes.
    """
    matrix: Any = guides if sp.issparse(guides) else np.asarray(guides)
    if matrix.dtype.kind not in "fiub" or matrix.ndim != 2:
        raise ScreenError(f"The guides are no matrix of numbers (cells x guides) but {matrix.dtype}. {_REMEDY}")
    if matrix.shape != (len(cell_names), len(guide_names)):
        raise ScreenError(
            f"The guides have the shape {matrix.shape}, but {len(cell_names)} cells and {len(guide_names)} guides "
            "are named."
        )
    if sp.issparse(matrix):
        refuse_indices(matrix)
    if matrix.dtype == np.float16:  # scipy has no matrices of it
        matrix = matrix.astype(np.float32)
    wide = sp.csr_matrix(sp.coo_matrix(matrix).astype(np.float64))  # sums what stands twice
    wide.eliminate_zeros()
    bad = np.flatnonzero(wide.data != 1)
    if len(bad):
        raise ScreenError(
            f"The guides must hold presence (0 or 1), but have {_listed(wide, bad, guide_names, cell_names)}"
        )
    return wide.astype(np.int8)


def refuse_indices(matrix: Any) -> None:
    """Raise ScreenError where the parts of a sparse matrix do not fit: compiled code would read foreign memory."""
    fault = None
    if matrix.format in ("csr", "csc"):
        n_major, n_minor = matrix.shape if matrix.format == "csr" else matrix.shape[::-1]
        starts, indices = matrix.indptr, matrix.indices
        if len(starts) != n_major + 1 or starts[0] != 0 or (np.diff(starts) < 0).any() or starts[-1] != len(indices):
            fault = f"its indptr does not go from 0 up to its {len(indices)} entries"
        elif len(indices) != len(matrix.data):
            fault = f"it has {len(indices)} indices, but {len(matrix.data)} values"
        elif len(indices) and (indices.min() < 0 or indices.max() >= n_minor):
            fault = f"an index lies outside its {n_minor} columns or rows"
    if fault:
        raise ScreenError(f"The guides are no sparse matrix: {fault}. Make it again, as scipy.sparse.csr_matrix(..).")


def _listed(wide: sp.csr_matrix, bad: np.ndarray, guide_names: Sequence[str], cell_names: Sequence[str]) -> str:
    """Values with their cells and guides, and what to do."""
    shown = bad[:_SHOWN]
    rows = (np.searchsorted(wide.indptr, shown, side="right") - 1).tolist()
    places = named_rows(rows, [cell_names[row] for row in rows])
    values, guides = wide.data[shown], [guide_names[column] for column in wide.indices[shown]]
    words = [f"{value:g} at {place}, guide {guide}" for value, place, guide in zip(values, places, guides)]
    more = f" and {len(bad) - len(shown)} more" if len(bad) > len(shown) else ""
    return f"{len(bad)} other value(s): {'; '.join(words)}{more}. {_REMEDY}"
