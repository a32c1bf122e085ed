"""Open .h5ad and .h5mu files (HDF5), gzipped ones too."""

import gzip
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py

from .nodes import Node
from .refusals import refusing

_GZIP = b"\x1f\x8b"
_UNREADABLE = "it may be truncated or in use; copy or write it again"


def recognises(path: Path) -> bool:
    """Is this an HDF5 file, or one that is gzipped?"""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    return bool(h5py.is_hdf5(path)) or (_is_gzipped(path) and path.name.endswith((".h5ad.gz", ".h5mu.gz")))


def open_root(path: Path) -> tuple[Node, Callable[[], None]]:
    """The root group of a file, and what closes it; raises ScreenError. A gzipped file is unpacked for the time."""
    with suppress(ImportError):
        import hdf5plugin  # noqa: F401  (filters of compressed files, where it is installed)
    with refusing(path, "", _UNREADABLE):
        if _is_gzipped(path):
            return _unpacked(path)
        file = h5py.File(path, "r")
        return file, file.close


def _is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def _unpacked(path: Path) -> tuple[Node, Callable[[], None]]:
    copy = tempfile.TemporaryFile()  # noqa: SIM115  (it is closed with the file that is read from it)
    with gzip.open(path) as packed:
        shutil.copyfileobj(packed, copy)
    file = h5py.File(copy, "r")

    def close() -> None:
        file.close()
        copy.close()

    return file, close
