"""Which container a path is: the one list of formats that a screen can be read from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..base import ScreenError, from_where
from . import hdf5, zarr_store
from .anndata_source import AnnDataSource
from .mudata_source import MuDataSource, is_mudata, modality_names
from .nodes import FOLLOWED, Node
from .refusals import refusing
from .source import ScreenSource


class Container(Protocol):
    """A format: `recognises` says whether a path is one, `open` opens it (arguments as of `open_screen`)."""

    def recognises(self, path: Path) -> bool: ...

    def open(self, path: Path, modality: str | None, guide_modality: str | None) -> ScreenSource: ...


class Store(Protocol):
    """A way to keep groups and arrays, in which anndata and mudata write."""

    def recognises(self, path: Path) -> bool: ...

    def open_root(self, path: Path) -> tuple[Node, Callable[[], None]]: ...


@dataclass(frozen=True)
class Stored:
    """AnnData or MuData in a store."""

    store: Store

    def recognises(self, path: Path) -> bool:
        return self.store.recognises(path)

    def open(self, path: Path, modality: str | None, guide_modality: str | None) -> ScreenSource:
        root, close = self.store.open_root(path)
        try:
            with refusing(path, ""):
                if is_mudata(root):
                    return MuDataSource(path, root, close, modality, guide_modality)
            if modality or guide_modality:
                raise ScreenError(
                    f"{path} has no modalities: it is no MuData. Leave `modality` and `guide_modality` out."
                )
            return AnnDataSource(path, root, close)
        except ScreenError:
            close()
            raise

    def modalities(self, path: Path) -> list[str]:
        root, close = self.store.open_root(path)
        try:
            with refusing(path, ""):
                return modality_names(root) if is_mudata(root) else []
        finally:
            close()


CONTAINERS: list[Container] = [Stored(hdf5), Stored(zarr_store)]


def open_screen(
    path: str | Path, modality: str | None = None, guide_modality: str | None = None, allow_external: bool = False
) -> ScreenSource:
    """Open a screen's file or folder for reading; raises ScreenError where it is in no known format.

    modality, guide_modality: of MuData, the modalities of the cells and of the guides; None for any other file.
    allow_external: what leads out of the file (links, virtual datasets, values in another file) is followed, until
    another container is opened.
    """
    FOLLOWED.set(allow_external)
    return _container_of(Path(path)).open(Path(path), modality, guide_modality)


def modalities(path: str | Path, allow_external: bool = False) -> list[str]:
    """Names of the modalities of MuData; none for any other container. Raises ScreenError as `open_screen`."""
    FOLLOWED.set(allow_external)
    container = _container_of(Path(path))
    return container.modalities(Path(path)) if isinstance(container, Stored) else []


def is_container(path: str | Path) -> bool:
    """Is a path of one of the formats? Raises ScreenError where it cannot be read."""
    with refusing(Path(path), ""):
        return any(one.recognises(Path(path)) for one in CONTAINERS)


def _container_of(path: Path) -> Container:
    for one in CONTAINERS:
        with refusing(path, ""):
            if one.recognises(path):
                return one
    if not path.exists():
        raise ScreenError(f"The screen file {path} does not exist{from_where(path)}.")
    if path.is_file() and path.stat().st_size == 0:
        raise ScreenError(f"The screen file {path} is empty (0 bytes).")
    if path.is_dir():
        raise ScreenError(f"{path} is a folder and no zarr store. Write the screen with anndata's write_h5ad().")
    if not path.is_file():
        raise ScreenError(f"{path} is no file.")
    raise ScreenError(
        f"{path} is not an .h5ad, .h5mu or .zarr (no HDF5 and no zarr). Write it with anndata's write_h5ad()."
    )
