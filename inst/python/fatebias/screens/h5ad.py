"""An .h5ad file (anndata in HDF5) as a source of a screen, and a screen written as one.

Only the named groups are opened (h5py and anndata's `read_elem`), so expression (X, layers, raw, obsp) is never
loaded, however large.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import anndata
import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from anndata.io import read_elem, write_elem

from ..base import ScreenError, whole_file
from .source import Kind

_ROWS_AT_ONCE = 20_000  # rows of a dense presence matrix in memory at a time
Item: TypeAlias = h5py.Group | h5py.Dataset
_DATASETS: dict[int, Kind] = {1: "column", 2: "array"}  # what a dataset is, by its axes


@dataclass(frozen=True)
class H5Element:
    """An entry of a group. legacy: the categories of a categorical of anndata < 0.7, which lie apart."""

    item: Item
    legacy: h5py.Dataset | None = None

    @property
    def kind(self) -> Kind:
        if isinstance(self.item, h5py.Dataset):
            return _DATASETS.get(self.item.ndim, "other")
        if "indptr" in self.item:
            return "sparse"
        if self.item.attrs.get("encoding-type") == "dataframe":
            return "table"
        return "categorical" if "categories" in self.item and "codes" in self.item else "other"

    @property
    def width(self) -> int | None:
        if self.kind == "table":
            return len(self.item.attrs["column-order"])
        if self.kind == "array":
            return int(self.item.shape[1])
        return int(self.item.attrs["shape"][1]) if self.kind == "sparse" else None

    @property
    def columns(self) -> tuple[str, ...] | None:
        return tuple(map(str, self.item.attrs["column-order"])) if self.kind == "table" else None

    def read(self) -> Any:
        return read_elem(self.item)

    def read_labels(self) -> pd.Series | None:
        values = read_elem(self.item)
        if getattr(values, "ndim", 0) != 1:
            return None
        if self.legacy is not None:
            values = pd.Categorical.from_codes(values, self.legacy.asstr()[:])
        return pd.Series(values)

    def read_presence(self) -> sp.csr_matrix:
        if isinstance(self.item, h5py.Dataset):
            rows = range(0, len(self.item), _ROWS_AT_ONCE)
            parts = [sp.csr_matrix(self.item[i : i + _ROWS_AT_ONCE]) for i in rows]
            return sp.vstack(parts, format="csr") if parts else sp.csr_matrix((0, 0))
        if self.columns is not None:
            columns = (np.asarray(read_elem(self.item[name]), dtype=np.float64) for name in self.columns)
            presence: sp.csr_matrix = sp.hstack([sp.csc_matrix(column[:, None]) for column in columns], format="csr")
            return presence
        return sp.csr_matrix(read_elem(self.item))

    def categories(self, most: int) -> list[Any] | None:
        if self.kind == "categorical":
            found = self.item["categories"]
            return list(read_elem(found)) if found.shape[0] <= most else None
        return list(pd.unique(pd.Series(read_elem(self.item)))) if self.kind == "column" else None

    def texts(self, n: int) -> list[str] | None:
        is_list = isinstance(self.item, h5py.Dataset) and self.item.shape == (n,) and self.item.dtype.kind in "OSU"
        return list(map(str, read_elem(self.item))) if is_list else None

    def some_rows(self, n: int) -> np.ndarray | None:
        columns = [self.item] if self.columns is None else [self.item[name] for name in self.columns]
        if not all(isinstance(one, h5py.Dataset) and one.dtype.kind in "fiub" for one in columns):
            return None
        ends = [_ends(one, n).astype(float) for one in columns]
        return ends[0] if self.columns is None else np.stack(ends, 1)

    def some_entries(self, n: int) -> np.ndarray:
        return _ends(self.item["data"], n).astype(float)


class H5adFile:
    """An open .h5ad file. Raises ScreenError where it cannot be opened."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            raise ScreenError(
                f"Cannot open {path}: {error}. It may be truncated or in use; copy or write it again."
            ) from error

    @staticmethod
    def recognises(path: Path) -> bool:
        """Is this an HDF5 file?"""
        return path.is_file() and path.stat().st_size > 0 and bool(h5py.is_hdf5(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def tables(self) -> list[str]:
        return list(self._file)

    def has_table(self, table: str) -> bool:
        return isinstance(self._file.get(table), h5py.Group)

    def names(self, table: str) -> list[str]:
        return [name for name in self._file.get(table, ()) if not name.startswith("_")]

    def element(self, table: str, key: str) -> H5Element | None:
        parent = self._file.get(table)
        if not isinstance(parent, h5py.Group) or key not in parent:
            return None
        return H5Element(parent[key], self._file.get(f"{table}/__categories/{key}"))

    def elements(self, table: str) -> Iterator[tuple[str, H5Element]]:
        parent = self._file.get(table)
        if isinstance(parent, h5py.Group) and "indptr" not in parent:
            index = parent.attrs.get("_index")
            yield from ((name, H5Element(parent[name])) for name in self.names(table) if name != index)

    @property
    def n_cells(self) -> int:
        return int(self._index.shape[0])

    def cell_names(self, rows: Sequence[int] | None = None) -> list[str]:
        if rows is None:
            return list(np.asarray(read_elem(self._index)).astype(str))
        return [self._index.asstr()[row] for row in rows]

    @property
    def _index(self) -> h5py.Dataset:
        obs = self._file["obs"]
        return obs[obs.attrs.get("_index", "_index")]


def _ends(dataset: h5py.Dataset, n: int) -> np.ndarray:
    """The first and the last n rows of a dataset."""
    first = dataset[:n]
    return np.concatenate([first, dataset[max(len(dataset) - n, len(first)) :]])


def write_screen(
    path: str | Path,
    guides: sp.csr_matrix | sp.csc_matrix,
    guide_names: Iterable[str],
    fate_probs: npt.ArrayLike,
    fates: Iterable[str],
    day: Iterable[object],
    replicate: Iterable[object],
    cell_names: Iterable[str] | None = None,
    covariates: pd.DataFrame | None = None,
    obs: Mapping[str, Iterable[object]] | None = None,
) -> None:
    """Write a screen in the default layout (keys day, covar/rep, guide, guide_names, fateprob), whole or not at all.

    guides: sparse cells x guides. fate_probs: array cells x fates, columns named by `fates`.
    day, replicate: one label a cell; an ordered categorical keeps its order. cell_names: one unique name a cell, or
    None. covariates: further columns of covar, one row a cell, of numbers or texts; none may be called rep. obs:
    further labels of cells, by name.
    """
    n = guides.shape[0]
    index = pd.Index([f"cell{i}" for i in range(n)] if cell_names is None else list(map(str, cell_names)))
    covar = pd.DataFrame({"rep": pd.Categorical(list(map(str, replicate)))}, index=index)
    if covariates is not None:
        if "rep" in covariates:
            raise ScreenError("A covariate cannot be called rep: it is the column of the replicate. Rename it.")
        covar = covar.join(covariates.set_axis(index, axis=0))
    labels = {"day": day, **(obs or {})}
    adata = anndata.AnnData(
        X=sp.csr_matrix((n, 1)).astype(np.float32),
        obs=pd.DataFrame({name: _categorical(of) for name, of in labels.items()}, index=index),
        obsm={
            "covar": covar,
            "guide": sp.csr_matrix(guides, dtype=np.int8),
            "fateprob": pd.DataFrame(np.asarray(fate_probs, dtype=np.float64), columns=list(fates), index=index),
        },
        uns={"guide_names": np.asarray(list(map(str, guide_names)), dtype=object)},
    )
    with whole_file(Path(path)) as part, h5py.File(part, "w") as file:
        write_elem(file, "/", adata)


def _categorical(labels: Iterable[object]) -> pd.Categorical:
    """Labels as texts; an ordered categorical stays one."""
    if isinstance(labels, pd.Categorical) and labels.ordered:
        return labels.rename_categories(str)
    return pd.Categorical(list(map(str, labels)))
