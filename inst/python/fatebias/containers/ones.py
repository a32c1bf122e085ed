"""Presence of guides as it may be written: 0 and 1 and nothing else, looked at before any value is cast."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..base import ScreenError, named_rows
from .sparse import entries_of

_SHOWN = 5  # cells that a message lists
_REMEDY = "Turn counts or probabilities into presence with a threshold first."


def ones_of(guides: Any, guide_names: Sequence[str], cell_names: Sequence[str]) -> sp.csr_matrix:
    """Presence [cells, guides] as int8 ones, without stored zeros; raises ScreenError.

    guides: sparse or dense, of bool or numbers.
    """
    matrix: Any = guides if sp.issparse(guides) else np.asarray(guides)
    if matrix.dtype.kind not in "fiub" or matrix.ndim != 2:
        raise ScreenError(f"The guides are no matrix of numbers (cells x guides) but {matrix.dtype}. {_REMEDY}")
    if matrix.shape != (len(cell_names), len(guide_names)):
        raise ScreenError(
            f"The guides have the shape {matrix.shape}, but {len(cell_names)} cells and {len(guide_names)} guides "
            "are named."
        )
    wide = entries_of("The guides", matrix)
    bad = np.flatnonzero(wide.data != 1)
    if len(bad):
        raise ScreenError(
            f"The guides must hold presence (0 or 1), but have {_listed(wide, bad, guide_names, cell_names)}"
        )
    return wide.astype(np.int8)


def _listed(wide: sp.csr_matrix, bad: np.ndarray, guide_names: Sequence[str], cell_names: Sequence[str]) -> str:
    """Values with their cells and guides, and what to do."""
    shown = bad[:_SHOWN]
    rows = (np.searchsorted(wide.indptr, shown, side="right") - 1).tolist()
    places = named_rows(rows, [cell_names[row] for row in rows])
    values, guides = wide.data[shown], [guide_names[column] for column in wide.indices[shown]]
    words = [f"{value:g} at {place}, guide {guide}" for value, place, guide in zip(values, places, guides)]
    more = f" and {len(bad) - len(shown)} more" if len(bad) > len(shown) else ""
    return f"{len(bad)} other value(s): {'; '.join(words)}{more}. {_REMEDY}"
