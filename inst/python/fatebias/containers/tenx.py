"""The matrix in an .h5 file of Cell Ranger 3 or later."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from ..base import ScreenError
from .nodes import FOLLOWED, check_below, child, is_group


@contextmanager
def open_matrix(path: Path) -> Iterator[Any]:
    """The group `matrix` of a file (features, barcodes, data, ..); raises ScreenError where it has none."""
    FOLLOWED.set(False)
    with h5py.File(path, "r") as file:
        matrix = child(file, "matrix", f"{path}: matrix")
        if not is_group(matrix):
            raise ScreenError(f"{path} has no matrix/features: it is no .h5 matrix of Cell Ranger 3 or later.")
        check_below(matrix, f"{path}: matrix")
        yield matrix
