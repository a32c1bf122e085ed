"""Open .zarr stores (version 2 and 3), a folder or a zip of one."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base import ScreenError
from .nodes import FOLLOWED, Node
from .refusals import refusing

_MARKS = (".zgroup", "zarr.json", ".zmetadata")  # one of which lies at the top of a store
_DAMAGED = "it may be damaged or half copied; copy or write it again"


def recognises(path: Path) -> bool:
    """Is this a zarr store?"""
    return bool(_marks_of(path))


def open_root(path: Path) -> tuple[Node, Callable[[], None]]:
    """The root group of a store, and what closes it; raises ScreenError."""
    with refusing(path, "", _DAMAGED):
        import zarr

        if path.is_dir() and not FOLLOWED.get():
            _refuse_elsewhere(path.resolve(), path)
        is_2 = zarr.__version__.startswith("2.")
        if is_2 and "zarr.json" in _marks_of(path):
            raise ScreenError(
                f"{path} is a zarr store of format 3, which zarr {zarr.__version__} cannot open: "
                "pip install 'zarr>=3.1' 'anndata>=0.12'."
            )
        store: Any = zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path)
        as_it_is: dict[str, Any] = (
            {} if is_2 else {"use_consolidated": False}
        )  # a consolidated listing may tell of what is gone
        root = zarr.open_group(store, mode="r", **as_it_is)
        return root, getattr(store, "close", lambda: None)


def _marks_of(path: Path) -> set[str]:
    """The files at the top of a store by which it is known; none where it is no store."""
    if path.is_dir():
        return {mark for mark in _MARKS if (path / mark).is_file()}
    if not path.is_file() or not zipfile.is_zipfile(path):
        return set()
    with zipfile.ZipFile(path) as archive:
        return set(_MARKS).intersection(archive.namelist())


def _refuse_elsewhere(store: Path, path: Path) -> None:
    """Raise ScreenError where something in the folder of a store is a link out of it, or a device or a pipe."""
    folders = [store]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(store):
                    what = f"{path}/{Path(entry.path).relative_to(store)}"
                    raise ScreenError(f"{what} is a link to what lies elsewhere; copy the store with what it links to.")
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif not entry.is_file() and not entry.is_dir():
                    raise ScreenError(f"{entry.path} is no file (a device, a pipe or a broken link); copy the store.")
