"""Texts as an array that numpy writes without pickling, and that R reads."""

from collections.abc import Iterable

import numpy as np


def texts(values: Iterable[str]) -> np.ndarray:
    """Texts in an array of one axis."""
    return np.asarray(list(values), dtype=str)
