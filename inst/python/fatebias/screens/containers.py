"""Which container a path is: the one list of formats that a screen can be read from."""

from pathlib import Path
from typing import Protocol

from ..base import ScreenError
from .h5ad import H5adFile
from .source import ScreenSource


class Container(Protocol):
    """A format: `recognises` says whether a path is one, calling it opens it."""

    def recognises(self, path: Path) -> bool: ...

    def __call__(self, path: Path) -> ScreenSource: ...


CONTAINERS: list[Container] = [H5adFile]


def open_screen(path: str | Path) -> ScreenSource:
    """Open a screen's file for reading; raises ScreenError where it is in no known format."""
    path = Path(path)
    for container in CONTAINERS:
        if container.recognises(path):
            return container(path)
    if not path.exists():
        raise ScreenError(f"The screen file {path} does not exist.")
    if path.is_file() and path.stat().st_size == 0:
        raise ScreenError(f"The screen file {path} is empty (0 bytes).")
    raise ScreenError(f"{path} is not an .h5ad file (not HDF5). Write it with anndata's write_h5ad().")
