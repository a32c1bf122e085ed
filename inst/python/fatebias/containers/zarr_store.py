"""Open .zarr stores (version 2 and 3), a folder or a zip of one."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .nodes import Node
from .refusals import refusing

_MARKS = (".zgroup", "zarr.json", ".zmetadata")  # one of which lies at the top of a store
_DAMAGED = "it may be damaged or half copied; copy or write it again"


def recognises(path: Path) -> bool:
    """Is this a zarr store?"""
    if path.is_dir():
        return any((path / mark).is_file() for mark in _MARKS)
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(mark in archive.namelist() for mark in _MARKS)


def open_root(path: Path) -> tuple[Node, Callable[[], None]]:
    """The root group of a store, and what closes it; raises ScreenError."""
    with refusing(path, "", _DAMAGED):
        import zarr

        store: Any = zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path)
        root = zarr.open_group(store, mode="r", use_consolidated=False)  # its copy may tell of what is gone
        return root, getattr(store, "close", lambda: None)
