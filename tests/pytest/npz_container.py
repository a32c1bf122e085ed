"""A container that fatebias does not know: arrays in one .npz, named `table/key`. It proves what a new format takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp


@dataclass(frozen=True)
class NpzElement:
    array: np.ndarray

    @property
    def kind(self):
        return {1: "column", 2: "array"}.get(self.array.ndim, "other")

    @property
    def width(self):
        return self.array.shape[1] if self.kind == "array" else None

    @property
    def columns(self):
        return None

    def read(self):
        return self.array

    def read_labels(self):
        return pd.Series(self.array) if self.kind == "column" else None

    def read_entries(self):
        return sp.csr_matrix(self.array)

    def categories(self, most):
        return list(pd.unique(pd.Series(self.array))) if self.kind == "column" else None

    def texts(self, n):
        return list(map(str, self.array)) if self.array.shape == (n,) and self.array.dtype.kind == "U" else None

    def some_rows(self, n):
        return self.array[:n].astype(float) if self.array.dtype.kind in "fiub" else None

    def some_entries(self, n):
        raise NotImplementedError("an .npz has no sparse matrices")


class NpzFile:
    def __init__(self, path: Path):
        self.path = path
        self._arrays = dict(np.load(path))

    @staticmethod
    def recognises(path: Path) -> bool:
        return path.suffix == ".npz"

    @classmethod
    def open(cls, path: Path, modality: str | None, guide_modality: str | None) -> "NpzFile":
        return cls(path)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def tables(self) -> list[str]:
        return sorted({name.partition("/")[0] for name in self._arrays})

    def has_table(self, table: str) -> bool:
        return any(name.startswith(f"{table}/") for name in self._arrays)

    def names(self, table: str) -> list[str]:
        found = [name.removeprefix(f"{table}/") for name in self._arrays if name.startswith(f"{table}/")]
        return [name for name in found if not name.startswith("_") and "/" not in name]

    def element(self, table: str, key: str) -> NpzElement | None:
        found = self._arrays.get(f"{table}/{key}")
        return None if found is None else NpzElement(found)

    def elements(self, table: str) -> Iterator[tuple[str, NpzElement]]:
        return ((name, NpzElement(self._arrays[f"{table}/{name}"])) for name in self.names(table))

    @property
    def n_cells(self) -> int:
        return len(self._arrays["obs/_index"])

    def cell_names(self, rows: Sequence[int] | None = None) -> list[str]:
        names = self._arrays["obs/_index"]
        return list(names if rows is None else names[list(rows)])

    def feature_names(self) -> list[str]:
        return []

    def doubts(self) -> list[str]:
        return []
