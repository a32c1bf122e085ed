"""HDF5 files that are written on disks that may be full.

HDF5 cannot close a file whose last bytes it cannot write: it stays open, and the process crashes at its end. So HDF5
writes through a file of Python's that takes all of it; the first error is raised when HDF5 has closed.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py


class _Taking(io.FileIO):
    """A file that takes what it is given; error: the first that kept something from being written."""

    error: OSError | None = None

    def write(self, content: Any) -> int:
        rest = memoryview(content).cast("B")
        n = len(rest)
        while len(rest) and self.error is None:  # a disk that is nearly full takes a part of it
            try:
                rest = rest[super().write(rest) :]
            except OSError as error:
                self.error = error
        return n

    def readinto(self, buffer: Any) -> int:
        """Nothing that could not be written is read, but HDF5 asks for as many bytes as it wrote."""
        n, wanted = super().readinto(buffer) or 0, memoryview(buffer).cast("B")
        if self.error is not None and n < len(wanted):
            wanted[n:] = bytes(len(wanted) - n)
            return len(wanted)
        return n

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


@contextmanager
def new_h5(path: Path) -> Iterator[h5py.File]:
    """A new HDF5 file to write to within the block. Raises OSError at its end, where not all was written."""
    with open_h5(path, "w") as file:
        yield file


@contextmanager
def open_h5(path: Path, mode: str) -> Iterator[h5py.File]:
    """The same of a new file (mode "w"), or of one that is there ("r+")."""
    with _Taking(path, "w+" if mode == "w" else mode) as disk:
        with h5py.File(disk, mode) as file:
            yield file
        if disk.error is not None:
            raise disk.error
