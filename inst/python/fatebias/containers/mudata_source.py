"""A screen in MuData (.h5mu, or a zarr store): several modalities, each as anndata writes it, and obs of all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from ..base import ScreenError
from .anndata_source import AnnDataSource, openable
from .joining import Rows
from .nodes import Node, child, is_group, names_of
from .refusals import refusing
from .stored import StoredElement

MODALITIES = "mod"  # the group that holds them
_OF_GUIDES = ("var", "layers", "")  # tables that are asked of the guides' modality


def is_mudata(root: Node) -> bool:
    return is_group(child(root, MODALITIES, MODALITIES))


def modality_names(root: Node) -> list[str]:
    """Names of the modalities of an open MuData; one that cannot be opened is refused when it is asked for."""
    group = root[MODALITIES]
    return [name for name in names_of(group) if _may_be_modality(group, name)]


def _may_be_modality(group: Node, name: str) -> bool:
    try:
        return is_group(child(group, name, name))
    except (KeyError, OSError, ScreenError):  # a link to nothing, or to another file
        return True


class MuDataSource:
    """The cells of one modality (obs, obsm), the guides of another (X, layers, var, obsm), obs, obsm and uns of all.

    modality: of the cells. guide_modality: of the guides; None: the same. Rows of another modality, and of the obs of
    all, are joined to the cells by name; a cell without a row there carries no guide.
    """

    def __init__(
        self, path: Path, root: Node, close: Callable[[], None], modality: str | None, guide_modality: str | None
    ):
        self.path, self._root, self._close = path, root, close
        if modality is None:
            names = ", ".join(modality_names(root)) or "none"
            raise ScreenError(
                f"{path} is MuData with the modalities {names}: name the one whose obs has the days and whose obsm the "
                "fate probabilities as `modality`, and that of the guides as `guide_modality`."
            )
        self._common = AnnDataSource(path, root, lambda: None)
        self._main = self._open(modality, "modality")
        self._guides = self._open(guide_modality, "guide_modality") if guide_modality else self._main
        self._told: list[str] = []

    def _open(self, name: str, setting: str) -> AnnDataSource:
        with refusing(self.path, MODALITIES):
            group = child(self._root[MODALITIES], name, f"{self.path}: modality {name}")
            if not is_group(group):
                known = ", ".join(modality_names(self._root)) or "none"
                raise ScreenError(f"{self.path} has no modality {name}; it has {known}. Set `{setting}`.")
        return AnnDataSource(self.path, group, lambda: None, f"{MODALITIES}['{name}'].")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def tables(self) -> list[str]:
        return self._main.tables()

    def has_table(self, table: str) -> bool:
        return any(source.has_table(table) for source in self._sources(table))

    def names(self, table: str) -> list[str]:
        found = [
            name
            for source in self._sources(table)
            for name in source.names(table)
            if not self._masks(source, table, name)
        ]
        return list(dict.fromkeys(found))

    def element(self, table: str, key: str) -> StoredElement | None:
        for source in self._sources(table):
            found = None if self._masks(source, table, key) else source.element(table, key)
            if found is not None:
                of_cells = source is not self._main and found.rows is not None
                return replace(found, rows=partial(self._joined, source, found)) if of_cells else found
        return None

    def elements(self, table: str) -> Iterator[tuple[str, StoredElement]]:
        return openable(self.names(table), lambda name: self.element(table, name))

    @property
    def n_cells(self) -> int:
        return self._main.n_cells

    def cell_names(self, rows: Sequence[int] | None = None) -> list[str]:
        return self._main.cell_names(rows)

    def feature_names(self) -> list[str]:
        return self._guides.feature_names()

    def doubts(self) -> list[str]:
        return list(dict.fromkeys([*self._main.doubts(), *self._guides.doubts(), *self._told]))

    def _masks(self, source: AnnDataSource, table: str, key: str) -> bool:
        """Is an entry one of mudata's own, which says which cells a modality has?"""
        return source is self._common and table == "obsm" and key in modality_names(self._root)

    def _sources(self, table: str) -> list[AnnDataSource]:
        """Where a table is looked for, in this order."""
        if table in _OF_GUIDES:
            return [self._guides]
        return list(dict.fromkeys([self._main, self._guides, self._common]))

    def _joined(self, source: AnnDataSource, found: StoredElement) -> Rows:
        """The rows of another modality, or of all, for the cells of the main one."""
        own = found.rows() if found.rows is not None else Rows(source.n_cells)
        with refusing(self.path, found.label):
            rows = self._main.cells.join(found.label, source.cells.node, False, self._told.append)
        if own.of_cells is not None:  # a table with names of its own, within that modality
            raise ScreenError(f"{self.path}: {found.label} has its rows in another order than its own modality.")
        return rows
