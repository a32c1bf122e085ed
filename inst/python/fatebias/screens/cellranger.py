"""Guide counts from a feature-barcode matrix of Cell Ranger: a folder, or an .h5.

Expression stands in the same files as guides do. It passes by in pieces and is never kept.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import CONSTANTS, ScreenError, first_few, from_where
from ..containers import open_matrix
from .guide_counts import GuideCounts

FEATURE_TYPE = CONSTANTS.feature_type
_ENTRIES_AT_ONCE = 5_000_000  # entries of a matrix in memory at a time
_HEADER = re.compile(r"%%MatrixMarket matrix coordinate (real|integer) general\s*", re.I)
_BROKEN = (  # what gzip, pandas and h5py raise for a file that is damaged, or holds something else
    OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, OverflowError,
    zlib.error, csv.Error,
)  # fmt: skip
Block = tuple[np.ndarray, np.ndarray, np.ndarray]  # features, cells (both from 0) and UMIs of some entries
_NO_ENTRY: Block = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
Opened = tuple[pd.DataFrame, np.ndarray, Iterator[Block]]  # features, names of the cells, all entries


def read_cellranger(path: str | Path, feature_type: str = FEATURE_TYPE, names: str = "id") -> GuideCounts:
    """Guide counts from a feature-barcode matrix of Cell Ranger 3 or later; raises ScreenError.

    path: the folder (filtered_feature_bc_matrix) or the .h5 file. names: "id" or "name", the column of the
    feature reference that names guides, as the guide map does.
    """
    path = Path(path)
    if not path.exists():
        raise ScreenError(f"{path} does not exist{from_where(path)}.")
    if names not in ("id", "name"):
        raise ScreenError(f"names must be id or name, not {names}.")
    try:
        features, cells, blocks = (_open_folder if path.is_dir() else _open_h5)(path)
        chosen = _chosen(path, features, feature_type)
        column = np.full(len(features), -1)
        column[chosen] = np.arange(len(chosen))
        kept = [_kept(path, column, len(cells), *block) for block in blocks] or [_NO_ENTRY]
    except _BROKEN as error:
        raise ScreenError(f"Cannot read {path} as a feature-barcode matrix of Cell Ranger: {error}") from error
    cell, guide, umi = (np.concatenate(part) for part in zip(*kept))
    counts = sp.csr_matrix((umi, (cell, guide)), shape=(len(cells), len(chosen)))
    if counts.nnz < len(umi):  # they would be summed
        raise ScreenError(f"{path} has {len(umi) - counts.nnz} entry(s) of a guide and cell that it names already.")
    guides = tuple(features[names].iloc[chosen])
    return GuideCounts(counts=counts, cells=np.asarray(cells, dtype=object), guides=guides, source=str(path))


def _kept(
    path: Path, column: np.ndarray, n_cells: int, feature: np.ndarray, cell: np.ndarray, umi: np.ndarray
) -> Block:
    """Entries of a block that count guides, as (cell, guide, UMI); an index that is none would take another's place."""
    inside = (feature >= 0) & (feature < len(column)) & (cell >= 0) & (cell < n_cells)
    if not inside.all():
        n = (~inside).sum()
        raise ScreenError(f"{path} has {n} entry(s) outside its {len(column)} features and {n_cells} cells.")
    guide = column[feature]
    return cell[guide >= 0], guide[guide >= 0], umi[guide >= 0]


def _chosen(path: Path, features: pd.DataFrame, feature_type: str) -> np.ndarray:
    chosen = np.flatnonzero(features["type"] == feature_type)
    if not len(chosen):
        there = ", ".join(f"{kind} ({n})" for kind, n in features["type"].value_counts().items())
        raise ScreenError(f"{path} has no feature of the type {feature_type!r}; it has: {there}.")
    return chosen


def _open_folder(path: Path) -> Opened:
    """Features, cells, and an iterator over blocks of (feature, cell, UMI), counted from 0."""
    features = _read_tsv(_one_of(path, "features.tsv"))
    if features.shape[1] < 3:
        raise ScreenError(f"{path}: features.tsv needs three columns (id, name, type); it has {features.shape[1]}.")
    features = features.iloc[:, :3].set_axis(["id", "name", "type"], axis=1)
    cells = _read_tsv(_one_of(path, "barcodes.tsv"))[0].to_numpy()
    return features, cells, _mtx_blocks(_one_of(path, "matrix.mtx"), (len(features), len(cells)))


def _read_tsv(file: Path) -> pd.DataFrame:
    """A table without a header, all of it texts as they stand."""
    return pd.read_csv(file, sep="\t", header=None, dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE)


def _one_of(path: Path, name: str) -> Path:
    for file in (path / f"{name}.gz", path / name):
        if file.is_file():
            return file
    here = sorted(p.name for p in path.iterdir())
    raise ScreenError(
        f"{path} has no {name}.gz; it has: {first_few(here) or 'nothing'}. Give the folder "
        "filtered_feature_bc_matrix of Cell Ranger 3 or later."
    )


def _mtx_blocks(path: Path, shape: tuple[int, int]) -> Iterator[Block]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        line = file.readline()
        if not _HEADER.fullmatch(line):
            raise ScreenError(
                f"{path} is not a sparse matrix of counts in MatrixMarket format: it begins with {line[:80].strip()!r}."
            )
        while line.startswith("%"):
            line = file.readline()
        *size, n_entries = map(int, line.split())
        if tuple(size) != shape:
            raise ScreenError(
                f"{path} is {size[0]} x {size[1]}, but there are {shape[0]} features and {shape[1]} cells."
            )
        read = 0
        for block in _entries(file) if n_entries else ():
            read += len(block)
            if block.shape[1] != 3:
                raise ScreenError(f"{path} has {block.shape[1]} numbers in a line, not three: row, column and count.")
            yield block[0].to_numpy() - 1, block[1].to_numpy() - 1, block[2].to_numpy()
        if read != n_entries:
            raise ScreenError(f"{path} has {read} of the {n_entries} entries it names; copy or make it again.")


def _entries(file: TextIO) -> Iterator[pd.DataFrame]:
    """Feature, cell (both from 1) and UMIs in columns, in pieces."""
    return pd.read_csv(
        file, sep=" ", header=None, chunksize=_ENTRIES_AT_ONCE, dtype={0: np.int64, 1: np.int64, 2: np.float64}
    )


def _open_h5(path: Path) -> Opened:
    if path.name.endswith((".mtx", ".mtx.gz")):
        raise ScreenError(f"{path} is one file of three: give the folder that holds it.")
    columns = {"id": "id", "name": "name", "type": "feature_type"}
    with open_matrix(path) as matrix:
        if "features" not in matrix:
            raise ScreenError(f"{path} has no matrix/features: it is no .h5 matrix of Cell Ranger 3 or later.")
        features = pd.DataFrame({name: matrix["features"][key].asstr()[:] for name, key in columns.items()})
        cells = matrix["barcodes"].asstr()[:]
    return features, cells, _h5_blocks(path, len(cells))


def _h5_blocks(path: Path, n_cells: int) -> Iterator[Block]:
    with open_matrix(path) as matrix:
        starts, n = matrix["indptr"][:], len(matrix["data"])
        _refuse_bad_structure(path, starts, n_cells, matrix["indices"], matrix["data"])
        for first in range(0, n, _ENTRIES_AT_ONCE):
            piece = slice(first, first + _ENTRIES_AT_ONCE)
            feature, umi = matrix["indices"][piece], matrix["data"][piece]
            yield feature, np.searchsorted(starts, first + np.arange(len(umi)), side="right") - 1, umi


def _refuse_bad_structure(path: Path, starts: np.ndarray, n_cells: int, indices: Any, data: Any) -> None:
    """Is it a compressed sparse matrix of whole or real numbers, a column a cell?"""
    kinds = {"indptr": starts.dtype.kind, "indices": indices.dtype.kind, "data": data.dtype.kind}
    for name, kind in kinds.items():
        if kind not in ("iuf" if name == "data" else "iu"):
            raise ScreenError(f"{path}: matrix/{name} holds no {'counts' if name == 'data' else 'whole numbers'}.")
    rising = len(starts) == n_cells + 1 and starts[0] == 0 and starts[-1] == len(data)
    if not rising or len(indices) != len(data) or (starts[1:] < starts[:-1]).any():
        raise ScreenError(
            f"{path}: matrix/indptr, indices and data do not belong together: {len(starts)} starts for {n_cells} "
            f"cells, {len(indices)} indices and {len(data)} counts. Copy or make the file again."
        )
