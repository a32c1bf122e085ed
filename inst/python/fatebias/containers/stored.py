"""An entry of a stored table, as anndata of any version, or SeuratDisk, writes it: its kind and its values."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import ScreenError
from .joining import Rows
from .nodes import Node, check_below, child, is_array, is_plain, length_of, named_values, names_of, texts_in
from .refusals import refused
from .source import Kind
from .sparse import Format, numbers_of, read_sparse, tidy
from .values import values_of

_ROWS_AT_ONCE = 20_000  # rows of a dense matrix in memory at a time
_ARRAYS: dict[int, Kind] = {1: "column", 2: "array"}  # what an array is, by its axes
_NULLABLE = "nullable-"


@dataclass(frozen=True)
class StoredElement:
    """An entry of a group of HDF5 or zarr.

    path, label: the file, and the entry as messages call it. rows: which of its rows each cell has, asked for when it
    is read; None: its rows are no cells (uns, var). legacy: the categories of a categorical of anndata < 0.8, which
    lie apart.
    """

    node: Node
    path: Path
    label: str
    rows: Callable[[], Rows] | None = None
    legacy: Node | None = None

    @property
    def what(self) -> str:
        return f"{self.path}: {self.label}"

    @cached_property
    @refused
    def kind(self) -> Kind:
        if is_array(self.node):
            return _ARRAYS.get(len(self.node.shape or ()), "other") if is_plain(self.node) else "other"
        encoding = str(self.node.attrs.get("encoding-type", ""))
        names = set(names_of(self.node))
        if {"indptr", "indices"} <= names:
            return "sparse"
        if encoding == "dataframe" or "_index" in self.node.attrs:
            return "table"
        if {"categories", "codes"} <= names:
            return "categorical"
        return "column" if encoding.startswith(_NULLABLE) else "other"

    @property
    @refused
    def width(self) -> int | None:
        if self.columns is not None:
            return len(self.columns)
        if self.kind == "array":
            return int(self.node.shape[1])
        return self._sparse_shape[1] if self.kind == "sparse" else None

    @cached_property
    @refused
    def columns(self) -> tuple[str, ...] | None:
        if self.kind != "table":
            return None
        order = self.node.attrs.get("column-order")
        index = index_name(self.node)
        found = [name for name in names_of(self.node) if name != index and not name.startswith("__")]
        return tuple(found if order is None else map(str, order))

    @refused
    def read(self) -> Any:
        if self.kind == "table":
            columns = {name: self._column(name).read_values() for name in self._once_each()}
            return pd.DataFrame(columns, copy=False)
        if self.kind == "sparse":
            return self.read_entries()
        check_below(self.node, self.what)
        if self.kind == "array":
            _refuse_complex(self.what, self.node)
        rows = self._rows()
        values = values_of(self.node)
        return values if rows is None else rows.take(np.asarray(values))

    @refused
    def read_values(self) -> pd.Series:
        """A column, one value a cell; its categories, where it has some, with their order."""
        check_below(self.node, self.what)
        rows = self._rows()
        if is_array(self.node):
            _refuse_complex(self.what, self.node)
        named = named_values(self.node) if is_array(self.node) else None
        values: Any = values_of(self.node) if named is None else named
        if getattr(values, "ndim", 0) != 1:
            raise ScreenError(f"{self.what} must be a column, one value a cell.")
        if self.legacy is not None:
            categories = pd.Index(texts_in(self.legacy))
            values = pd.Categorical.from_codes(
                values, categories, ordered=bool(self.legacy.attrs.get("ordered", False))
            )
        column = pd.Series(_texts_of_bytes(values))
        return column if rows is None else rows.take_series(column)

    @refused
    def read_labels(self) -> pd.Series | None:
        return self.read_values() if self.kind in ("column", "categorical") else None

    @refused
    def read_entries(self) -> sp.csr_matrix:
        rows = self._rows()
        check_below(self.node, self.what)
        matrix = self._entries()
        return matrix if rows is None or rows.same else rows.take_sparse(matrix)

    @refused
    def categories(self, most: int) -> list[Any] | None:
        if self.kind in ("categorical", "column"):
            check_below(self.node, self.what)
        if self.kind == "categorical":
            found = self.node["categories"]
            return list(values_of(found)) if (length_of(found) or 0) <= most else None
        if self.kind != "column":
            return None
        if self.legacy is not None:
            return texts_in(self.legacy) if (length_of(self.legacy) or 0) <= most else None
        return list(pd.unique(pd.Series(_texts_of_bytes(values_of(self.node)))))

    @refused
    def texts(self, n: int) -> list[str] | None:
        if self.kind != "column" or length_of(self.node) != n:
            return None
        check_below(self.node, self.what)
        values = values_of(self.node)
        return list(map(str, values)) if pd.api.types.is_string_dtype(pd.Series(values)) else None

    @refused
    def some_rows(self, n: int) -> np.ndarray | None:
        columns = [self.node] if self.columns is None else [self._column(name).node for name in self.columns]
        if not all(is_array(one) and one.dtype.kind in "fiub" for one in columns):
            return None
        ends = [_ends(one, n).astype(float) for one in columns]
        return ends[0] if self.columns is None else np.stack(ends, 1)

    @refused
    def some_entries(self, n: int) -> np.ndarray:
        return _ends(child(self.node, "data", f"{self.what}/data"), n).astype(float)

    def _rows(self) -> Rows | None:
        """Which rows the cells have; an entry of another length than its table is refused before it is read."""
        if self.rows is None:
            return None
        rows, n = self.rows(), self._length
        if n is not None and n != rows.n:
            raise ScreenError(
                f"{self.what} has {n} rows, but there are {rows.n} cells: tables of unequal length. Give it one row a "
                "cell, as anndata does."
            )
        return None if rows.same else rows

    @property
    def _length(self) -> int | None:
        if self.kind == "sparse":
            return self._sparse_shape[0]
        return None if self.kind == "table" else length_of(self.node)

    def _column(self, name: str) -> "StoredElement":
        label = f"{self.label}['{name}']"
        node = child(self.node, name, f"{self.path}: {label}")
        legacy = child(child(self.node, "__categories", label), name, label)
        if node is None:
            raise ScreenError(f"{self.what} names a column {name} that is not there; write the table again.")
        return StoredElement(node, self.path, label, self.rows, legacy)

    def _once_each(self) -> tuple[str, ...]:
        columns = self.columns or ()
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise ScreenError(f"{self.what} has a column twice: {', '.join(twice)}. Rename one.")
        return columns

    @property
    def _sparse_shape(self) -> tuple[int, int]:
        attrs = self.node.attrs
        shape = attrs.get("shape", attrs.get("h5sparse_shape"))
        if shape is None or len(shape) != 2:
            raise ScreenError(f"{self.what} does not say its shape; write it again with the current anndata.")
        return int(shape[0]), int(shape[1])

    @property
    def _layout(self) -> Format:
        attrs = self.node.attrs
        name = str(attrs.get("encoding-type", attrs.get("h5sparse_format", ""))).removesuffix("_matrix")
        if name == "csr":
            return "csr"
        if name == "csc":
            return "csc"
        raise ScreenError(f"{self.what} is of an unknown kind ({name or 'it does not say'}); write it as a CSR matrix.")

    def _entries(self) -> sp.csr_matrix:
        if self.kind == "sparse":
            parts = (self.node[name] for name in ("data", "indices", "indptr"))
            return read_sparse(self.what, self._layout, self._sparse_shape, *parts)
        if self.kind == "table":
            columns = (sp.csc_matrix(self._numbers(name)[:, None]) for name in self._once_each())
            return tidy(sp.hstack(list(columns), format="csr"))
        if self.kind == "array":
            return tidy(sp.vstack(list(self._dense_blocks()), format="csr"))
        raise ScreenError(f"{self.what} is no matrix; give cells x guides, sparse, an array or a table.")

    def _numbers(self, name: str) -> np.ndarray:
        """A column of a table of guides as numbers, in its own order; missing ones as NaN."""
        column = self._column(name)
        values = StoredElement(column.node, self.path, column.label, None, column.legacy).read_values()
        numbers = pd.to_numeric(values.astype(object), errors="coerce") if values.dtype == object else values
        if isinstance(numbers.dtype, pd.CategoricalDtype):
            numbers = pd.to_numeric(numbers.astype(object), errors="coerce")
        return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))

    def _dense_blocks(self) -> Iterator[sp.csr_matrix]:
        n_rows, n_columns = self.node.shape
        for at in range(0, n_rows, _ROWS_AT_ONCE):
            block = np.asarray(self.node[at : at + _ROWS_AT_ONCE])
            yield sp.csr_matrix(numbers_of(self.what, block.ravel()).reshape(-1, n_columns))
        if n_rows == 0:
            yield sp.csr_matrix(np.zeros((0, n_columns), dtype=np.int8))


def index_name(table: Node) -> str:
    """The name of the entry of a table that names its rows."""
    return str(table.attrs.get("_index", "_index"))


def label_of(table: str, key: str) -> str:
    """An entry as one writes it in Python: obsm['covar']['rep']; X for that of the table ""."""
    top, _, name = table.partition("/")
    return (f"{top}['{name}']['{key}']" if name else f"{top}['{key}']") if table else key


def _refuse_complex(what: str, node: Node) -> None:
    if node.dtype.kind == "c":
        raise ScreenError(f"{what} holds complex numbers; give real ones.")


def _texts_of_bytes(values: Any) -> Any:
    """Texts that were kept as bytes."""
    if getattr(values, "dtype", None) is not None and values.dtype.kind == "S":
        return np.array([value.decode("utf-8", "replace") for value in values], dtype=object)
    return values


def _ends(array: Node, n: int) -> np.ndarray:
    """The first and the last n rows of an array."""
    first = np.asarray(array[:n])
    return np.concatenate([first, np.asarray(array[max(array.shape[0] - n, len(first)) :])])
