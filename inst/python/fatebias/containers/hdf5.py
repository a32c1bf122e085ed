"""Open .h5ad and .h5mu files (HDF5), gzipped ones too."""

import functools
import gzip
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py

from ..base import ScreenError
from .nodes import Node
from .probe import TOO_LARGE
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
        stat = path.stat()
        _probe(path.resolve(), stat.st_mtime_ns, stat.st_size)
        file = h5py.File(path, "r")
        return file, file.close


@functools.lru_cache(maxsize=64)
def _probe(path: Path, changed: int, size: int) -> None:
    """Raise ScreenError where the HDF5 library crashes on a file, never returns or takes all memory.

    changed, size: the state of the file, for each of which this is found out once. Other faults are left to the
    reading, which words them.
    """
    if os.name != "posix" or "python" not in Path(sys.executable).name:
        return
    command = [sys.executable, str(Path(__file__).with_name("probe.py")), str(path)]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=os.environ | one_thread
    )
    if done.returncode < 0 or done.returncode == TOO_LARGE:
        why = "too much memory" if done.returncode == TOO_LARGE else signal.Signals(-done.returncode).name
        raise ScreenError(
            f"{path} is damaged: the HDF5 library does not come back from it ({why}). Copy or write it again."
        )


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
