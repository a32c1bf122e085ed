"""From what a file holds of guides to their presence: 0 and 1, counts that reach `min_umi`, or probabilities.

Values are looked at as they are stored, before anything is cast.
"""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from ..base import ScreenError, Settings


def presence_of(
    guides: sp.csr_matrix, settings: Settings, what: str, cell_names: Callable[[np.ndarray], str]
) -> sp.csr_matrix:
    """Ones [cells, guides] where a guide is present; raises ScreenError where entries are not what settings say.

    guides: entries as they are stored, without zeros. what: the guides, and cell_names: rows, as messages call them.
    """
    least, fault, fix = _rule(settings)
    wrong = _wrong_entries(guides.data, settings)
    if wrong.any():
        at = np.flatnonzero(wrong)
        rows = np.unique(np.searchsorted(guides.indptr, at, side="right") - 1)
        raise ScreenError(f"{what} {fault}, first {guides.data[at[0]]} at {cell_names(rows)}. {fix}")
    return reaching(guides, least)


def reaching(guides: sp.csr_matrix, least: float) -> sp.csr_matrix:
    """Ones [cells, guides] where an entry is `least` or more."""
    if least <= 1 and guides.data.dtype == np.int8 and (guides.data == 1).all():
        return guides
    present = guides.data >= least
    if present.all():
        return sp.csr_matrix((present.view(np.int8), guides.indices, guides.indptr), shape=guides.shape)
    found = sp.csr_matrix((present.astype(np.int8), guides.indices.copy(), guides.indptr.copy()), shape=guides.shape)
    found.eliminate_zeros()
    return found


def _rule(settings: Settings) -> tuple[float, str, str]:
    """From which value on a guide is present; the fault of an entry that is not of its kind, and what to do."""
    if settings.min_umi is not None and settings.min_probability is not None:
        raise ScreenError("Give `min_umi` or `min_probability`, not both: guides are counts or probabilities.")
    if settings.min_umi is not None:
        fault = "must hold counts of UMIs, since `min_umi` is set, but has other values"
        return settings.min_umi, fault, "Name the raw counts, not logarithms of them."
    if settings.min_probability is not None:
        fault = "must hold probabilities, since `min_probability` is set, but has values outside 0 to 1"
        return settings.min_probability, fault, "For counts set `min_umi`."
    fault = "must hold presence (0 or 1), but has other values"
    fix = "Say from how many UMIs a guide is present with `min_umi`, or from which probability with `min_probability`."
    return 1.0, fault, fix


def _wrong_entries(data: np.ndarray, settings: Settings) -> np.ndarray:
    """bool: entries that are no counts, no probabilities, or not 1."""
    if settings.min_umi is not None:
        with np.errstate(invalid="ignore"):
            return np.asarray(~((data >= 0) & np.isfinite(data) & (data == np.round(data))))
    if settings.min_probability is not None:
        return np.asarray(~((data >= 0) & (data <= 1)))
    return np.asarray(data != 1)
