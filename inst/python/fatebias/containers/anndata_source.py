"""A screen that lies as anndata writes it (obs, obsm, uns, ..) in a group of HDF5 or zarr."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from ..base import ScreenError
from .joining import CellIndex, Rows
from .nodes import Node, child, is_array, is_group, length_of, names_of, texts_in
from .refusals import refusing
from .stored import StoredElement, index_name, label_of

_OF_CELLS = (
    "obs",
    "obsm",
    "layers",
    "",
)  # tables whose rows are cells; layers and "" (X) have columns that are features


class AnnDataSource:
    """An open group that anndata wrote. close: what closes it. where: the group, for messages, as "mod/rna/"."""

    def __init__(self, path: Path, root: Node, close: Callable[[], None], where: str = ""):
        self.path, self._root, self._close, self._where = path, root, close, where
        self._told: list[str] = []
        self._joins: dict[str, Rows] = {}  # of tables with names of cells of their own, by label

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def tables(self) -> list[str]:
        with refusing(self.path, ""):
            return names_of(self._root)

    def has_table(self, table: str) -> bool:
        return is_group(self._table(table))

    def names(self, table: str) -> list[str]:
        parent = self._table(table)
        with refusing(self.path, self._where + table):
            if not is_group(parent) or "indptr" in names_of(parent):
                return []
            index = index_name(parent)
            return [name for name in names_of(parent) if not name.startswith("_") and name != index]

    def element(self, table: str, key: str) -> StoredElement | None:
        parent, label = self._table(table), self._label(table, key)
        if parent is None:
            return None
        with refusing(self.path, label):
            node = child(parent, key, f"{self.path}: {label}")
            legacy = child(child(parent, "__categories", label), key, label) if is_array(node) else None
            rows = self._rows_of(table, key, node) if node is not None else None
        return None if node is None else StoredElement(node, self.path, label, rows, legacy)

    def elements(self, table: str) -> Iterator[tuple[str, StoredElement]]:
        return openable(self.names(table), lambda name: self.element(table, name))

    @property
    def n_cells(self) -> int:
        return self.cells.n

    def cell_names(self, rows: Sequence[int] | None = None) -> list[str]:
        with refusing(self.path, f"{self._where}obs"):
            return texts_in(self.cells.node, rows)

    def feature_names(self) -> list[str]:
        with refusing(self.path, f"{self._where}var"):
            return texts_in(self._index_of("var"))

    def doubts(self) -> list[str]:
        return list(dict.fromkeys(self._told))

    @cached_property
    def cells(self) -> CellIndex:
        return CellIndex(self.path, self._index_of("obs"))

    def _index_of(self, table: str) -> Node:
        """The names of the rows of obs or var."""
        parent, label = self._table(table), f"{self._where}{table}"
        if not is_group(parent):
            raise ScreenError(
                f"{self.path} has no table {label}; it is not of anndata 0.7 or later. Read it "
                "with anndata and write it again."
            )
        with refusing(self.path, label):
            node = child(parent, index_name(parent), f"{self.path}: {label}")
            n = length_of(node) if node is not None else None
        if n is None:
            raise ScreenError(
                f"{self.path}: {label} has no names of its rows; write it again with the current anndata."
            )
        return node

    def _table(self, table: str) -> Node | None:
        """The group of a table; for "obsm/covar" that of the table in obsm."""
        node = self._root
        for name in table.split("/", 1) if table else ():
            with refusing(self.path, f"{self._where}{table}"):
                node = child(node, name, f"{self.path}: {self._where}{table}")
        return node

    def _label(self, table: str, key: str) -> str:
        return f"{self._where}{label_of(table, key)}"

    def _rows_of(self, table: str, key: str, node: Node) -> Callable[[], Rows] | None:
        """How the rows of an entry are joined to the cells, when it is read."""
        if table.split("/")[0] not in _OF_CELLS:
            return None
        within = table.partition("/")[2]  # a column of a table in obsm, whose rows have names of their own
        named = self._table(table) if within else node
        if table.startswith("obsm") and _names_its_rows(named):
            label = label_of("obsm", within or key)
            return lambda: self._joined(f"{self._where}{label}", named)
        return lambda: Rows(self.n_cells)

    def _joined(self, label: str, table: Node) -> Rows:
        if label not in self._joins:
            with refusing(self.path, label):
                index = child(table, index_name(table), label)
                self._joins[label] = self.cells.join(label, index, True, self._told.append)
        return self._joins[label]


def openable(
    names: Iterable[str], element: Callable[[str], StoredElement | None]
) -> Iterator[tuple[str, StoredElement]]:
    """Entries with their names, without those that cannot be opened: a broken link hides no other entry, and who asks
    for it by name is told.
    """
    for name in names:
        found = None
        with suppress(ScreenError):
            found = element(name)
        if found is not None:
            yield name, found


def _names_its_rows(node: Node) -> bool:
    """Is an entry a table with an index?"""
    return is_group(node) and index_name(node) in names_of(node) and "indptr" not in names_of(node)
