"""Objects in memory as a source of a screen: the same checks see them as see a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .source import Kind
from .sparse import entries_of


@dataclass(frozen=True)
class MemoryElement:
    """One object: a DataFrame, an array, a sparse matrix, a Series, a Categorical or a list of texts."""

    value: Any

    @property
    def kind(self) -> Kind:
        if isinstance(self.value, pd.DataFrame):
            return "table"
        if sp.issparse(self.value):
            return "sparse"
        if isinstance(getattr(self.value, "dtype", None), pd.CategoricalDtype):
            return "categorical"
        return {1: "column", 2: "array"}.get(np.ndim(self.value), "other")  # type: ignore[return-value]

    @property
    def width(self) -> int | None:
        return int(self.value.shape[1]) if self.kind in ("table", "sparse", "array") else None

    @property
    def columns(self) -> tuple[str, ...] | None:
        return tuple(map(str, self.value.columns)) if self.kind == "table" else None

    def read(self) -> Any:
        return self.value

    def read_labels(self) -> pd.Series | None:
        return pd.Series(self.value) if self.kind in ("column", "categorical") else None

    def read_entries(self) -> sp.csr_matrix:
        return entries_of("The guides", np.asarray(self.value) if self.kind == "table" else self.value)

    def categories(self, most: int) -> list[Any] | None:
        if self.kind == "categorical":
            found = pd.Series(self.value).cat.categories
            return list(found) if len(found) <= most else None
        return list(pd.unique(pd.Series(self.value))) if self.kind == "column" else None

    def texts(self, n: int) -> list[str] | None:
        is_list = self.kind == "column" and len(self.value) == n and np.asarray(self.value).dtype.kind in "OSU"
        return list(map(str, self.value)) if is_list else None

    def some_rows(self, n: int) -> np.ndarray | None:
        if self.kind not in ("table", "array"):
            return None
        values = np.asarray(self.value)
        return _ends(values, n).astype(float) if values.dtype.kind in "fiub" else None

    def some_entries(self, n: int) -> np.ndarray:
        return _ends(self.value.data, n).astype(float)


class MemorySource:
    """Objects by table and name, as a container has them.

    cells: names of the cells. tables: {"obs": {name: column}, "obsm": {name: DataFrame, array or sparse matrix},
    "uns": {name: list of texts}}. called: how messages call all of it, where they name the path of a file.
    """

    def __init__(self, cells: Sequence[str], tables: Mapping[str, Mapping[str, Any]], called: str = "The screen"):
        self.path = Path(called)
        self._cells = list(cells)
        self._tables = {name: dict(entries) for name, entries in tables.items()}
        for name, value in self._tables.get("obsm", {}).items():
            if isinstance(value, pd.DataFrame):
                self._tables[f"obsm/{name}"] = {str(column): value[column] for column in value}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def tables(self) -> list[str]:
        return [name for name in self._tables if "/" not in name]

    def has_table(self, table: str) -> bool:
        return table in self._tables

    def names(self, table: str) -> list[str]:
        return [name for name in self._tables.get(table, ()) if not name.startswith("_")]

    def element(self, table: str, key: str) -> MemoryElement | None:
        entries = self._tables.get(table, {})
        return MemoryElement(entries[key]) if key in entries else None

    def elements(self, table: str) -> Iterator[tuple[str, MemoryElement]]:
        entries = self._tables.get(table, {})
        return ((name, MemoryElement(entries[name])) for name in self.names(table))

    @property
    def n_cells(self) -> int:
        return len(self._cells)

    def cell_names(self, rows: Sequence[int] | None = None) -> list[str]:
        return list(self._cells) if rows is None else [self._cells[row] for row in rows]

    def feature_names(self) -> list[str]:
        return []  # there is neither X nor a layer

    def doubts(self) -> list[str]:
        return []


def _ends(values: np.ndarray, n: int) -> np.ndarray:
    """The first and the last n rows."""
    first = values[:n]
    return np.concatenate([first, values[max(len(values) - n, len(first)) :]])
