"""UMI counts of guides, as Cell Ranger or a long table gives them, and the threshold that makes them presence.

    read_cellranger(path)     a folder with matrix.mtx, features.tsv, barcodes.tsv (each .gz or not), or a .h5
    read_guide_table(table)   one row a cell and guide; or Cell Ranger's protospacer_calls_per_cell.csv
    join_samples(samples)     several of them, the cells named after their sample

Expression stands in the same files of Cell Ranger as guides do. It passes by in pieces and is never kept.
"""

import gzip
import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import ScreenError
from .guide_map import first_few

FEATURE_TYPE = "CRISPR Guide Capture"  # Cell Ranger's word
MIN_UMI = 5  # the default threshold of sceptre (Barry et al. 2024, Genome Biology 25, 124)
THRESHOLDS = (1, 2, 3, 5, 10, 20)  # what a report on thresholds shows
CELL_NAME = "{barcode}-{sample}"  # as anndata.concat(index_unique="-") names cells
_CALLS = ["cell_barcode", "feature_call", "num_umis"]  # of Cell Ranger's protospacer_calls_per_cell.csv
_ENTRIES_AT_ONCE = 5_000_000  # entries of a matrix in memory at a time


@dataclass(frozen=True, kw_only=True)
class GuideCounts:
    """UMI counts: csr [cells, guides]; names of cells and of guides, each unique. source: for messages."""

    counts: sp.csr_matrix
    cells: np.ndarray
    guides: tuple[str, ...]
    source: str

    def __post_init__(self):
        if self.counts.shape != (len(self.cells), len(self.guides)) or not self.counts.shape[1]:
            shape = f"{self.counts.shape[0]} x {self.counts.shape[1]}"
            raise ScreenError(f"{self.source}: {shape} counts, {len(self.cells)} cells, {len(self.guides)} guides.")
        for what, names in (("cell", pd.Index(self.cells)), ("guide", pd.Index(self.guides))):
            if not names.is_unique:
                twice = names[names.duplicated()].unique()
                raise ScreenError(f"{self.source}: {len(twice)} {what} name(s) appear twice: {first_few(twice)}.")
        if self.counts.nnz and not self.counts.data.min() >= 0:  # NaN is refused as well
            raise ScreenError(f"{self.source} has UMI counts that are negative or missing.")

    def presence(self, min_umi: float = MIN_UMI) -> sp.csr_matrix:
        """Ones [cells, guides] where a cell has min_umi or more UMIs of a guide; raises ScreenError if nowhere."""
        if not min_umi > 0:
            raise ScreenError(f"min_umi must be above 0, not {min_umi}.")
        found = (self.counts >= min_umi).astype(np.int8).tocsr()
        if not found.nnz:
            raise ScreenError(f"{self.source}: no cell has {min_umi:g} UMIs or more of any guide.")
        return found


def count_by_threshold(counts: GuideCounts, thresholds: Iterable[float] = THRESHOLDS) -> list[dict]:
    """For each UMI threshold: cells without a guide, cells with more than one, mean guides a cell, guides found."""
    rows = []
    for min_umi in thresholds:
        found = counts.counts >= min_umi
        burden = np.diff(found.tocsr().indptr)
        rows.append(
            {
                "min_umi": min_umi, "cells_without_guide": int((burden == 0).sum()),
                "cells_with_several": int((burden > 1).sum()), "guides_per_cell_mean": float(burden.mean()),
                "guides_found": len(np.unique(found.nonzero()[1])),
            }
        )  # fmt: skip
    return rows


def read_guides(path: str | Path, **options) -> GuideCounts:
    """Counts from a folder or .h5 of Cell Ranger, or from a long table; options of the function that reads them."""
    path = Path(path)
    if not path.exists():
        raise ScreenError(f"{path} does not exist.")
    is_matrix = path.is_dir() or path.suffix == ".h5"
    read, kind = (read_cellranger, "a matrix of Cell Ranger") if is_matrix else (read_guide_table, "a long table")
    unknown = [name for name in options if name not in inspect.signature(read).parameters]
    if unknown:
        raise ScreenError(f"{path} is read as {kind}, for which there is no option {', '.join(unknown)}.")
    return read(path, **options)


def read_cellranger(path: str | Path, feature_type: str = FEATURE_TYPE, names: str = "id") -> GuideCounts:
    """Guide counts from a feature-barcode matrix of Cell Ranger 3 or later; raises ScreenError.

    path: the folder (filtered_feature_bc_matrix) or the .h5 file. names: "id" or "name", the column of the
    feature reference that names guides, as the guide map does.
    """
    path = Path(path)
    if not path.exists():
        raise ScreenError(f"{path} does not exist.")
    if names not in ("id", "name"):
        raise ScreenError(f"names must be id or name, not {names}.")
    try:
        features, cells, blocks = (_open_folder if path.is_dir() else _open_h5)(path)
        chosen = _chosen(path, features, feature_type)
        column = np.full(len(features), -1)
        column[chosen] = np.arange(len(chosen))
        kept = [_kept(path, column, len(cells), *block) for block in blocks]
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise ScreenError(f"Cannot read {path} as a feature-barcode matrix of Cell Ranger: {error}") from error
    cell, guide, umi = (np.concatenate(part) for part in zip(*kept)) if kept else ([], [], [])
    counts = sp.csr_matrix((umi, (cell, guide)), shape=(len(cells), len(chosen)))
    guides = tuple(features[names].iloc[chosen])
    return GuideCounts(counts=counts, cells=np.asarray(cells, dtype=object), guides=guides, source=str(path))


def _kept(path: Path, column: np.ndarray, n_cells: int, feature, cell, umi) -> tuple[np.ndarray, ...]:
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


def _open_folder(path: Path):
    """Features, cells, and an iterator over blocks of (feature, cell, UMI), counted from 0."""
    table = {"sep": "\t", "header": None, "dtype": str, "keep_default_na": False, "quoting": 3}
    features = pd.read_csv(_one_of(path, "features.tsv"), **table)
    if features.shape[1] < 3:
        raise ScreenError(f"{path}: features.tsv needs three columns (id, name, type); it has {features.shape[1]}.")
    features = features.iloc[:, :3].set_axis(["id", "name", "type"], axis=1)
    cells = pd.read_csv(_one_of(path, "barcodes.tsv"), **table)[0].to_numpy()
    return features, cells, _mtx_blocks(_one_of(path, "matrix.mtx"), (len(features), len(cells)))


def _one_of(path: Path, name: str) -> Path:
    for file in (path / f"{name}.gz", path / name):
        if file.is_file():
            return file
    here = sorted(p.name for p in path.iterdir())
    raise ScreenError(
        f"{path} has no {name}.gz; it has: {first_few(here) or 'nothing'}. Give the folder "
        "filtered_feature_bc_matrix of Cell Ranger 3 or later."
    )


def _mtx_blocks(path: Path, shape: tuple[int, int]):
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        line = file.readline()
        if not line.startswith("%%MatrixMarket matrix coordinate"):
            raise ScreenError(f"{path} is not a sparse matrix in MatrixMarket format.")
        while line.startswith("%"):
            line = file.readline()
        *size, n_entries = map(int, line.split())
        if tuple(size) != shape:
            raise ScreenError(
                f"{path} is {size[0]} x {size[1]}, but there are {shape[0]} features and {shape[1]} cells."
            )
        read = 0
        table = {"sep": " ", "header": None, "chunksize": _ENTRIES_AT_ONCE, "dtype": {0: np.int64, 1: np.int64}}
        for block in pd.read_csv(file, **table) if n_entries else ():
            read += len(block)
            yield block[0].to_numpy() - 1, block[1].to_numpy() - 1, block[2].to_numpy()
        if read != n_entries:
            raise ScreenError(f"{path} has {read} of the {n_entries} entries it names; copy or make it again.")


def _open_h5(path: Path):
    if path.name.endswith((".mtx", ".mtx.gz")):
        raise ScreenError(f"{path} is one file of three: give the folder that holds it.")
    with h5py.File(path, "r") as file:
        if "matrix/features" not in file:
            raise ScreenError(f"{path} has no matrix/features: it is no .h5 matrix of Cell Ranger 3 or later.")
        group = file["matrix/features"]
        columns = {"id": "id", "name": "name", "type": "feature_type"}
        features = pd.DataFrame({name: group[key].asstr()[:] for name, key in columns.items()})
        return features, file["matrix/barcodes"].asstr()[:], _h5_blocks(path)


def _h5_blocks(path: Path):
    with h5py.File(path, "r") as file:
        matrix = file["matrix"]
        starts = matrix["indptr"][:]
        for first in range(0, len(matrix["data"]), _ENTRIES_AT_ONCE):
            piece = slice(first, first + _ENTRIES_AT_ONCE)
            feature, umi = matrix["indices"][piece], matrix["data"][piece]
            yield feature, np.searchsorted(starts, first + np.arange(len(umi)), side="right") - 1, umi


def read_guide_table(
    table: str | Path | pd.DataFrame, cell: str = "cell", guide: str = "guide", umi: str | None = "umi"
) -> GuideCounts:
    """Guide counts from a long table, one row a cell and guide; raises ScreenError.

    table: a path (.csv, .tsv, .txt, .gz of them), or a DataFrame. cell, guide, umi: its columns; umi None: each row
    is a guide that is present, with a count of 1. The columns of protospacer_calls_per_cell.csv are known.
    """
    source = "The table of guides" if isinstance(table, pd.DataFrame) else str(table)
    frame = table if isinstance(table, pd.DataFrame) else _read_text_table(Path(table))
    if set(_CALLS) <= set(frame.columns):
        frame, (cell, guide, umi) = _rows_of_calls(frame[_CALLS]), _CALLS
    lacking = [column for column in (cell, guide, umi) if column is not None and column not in frame.columns]
    if lacking:
        raise ScreenError(
            f"{source} lacks the column(s) {', '.join(lacking)}; it has {first_few(frame.columns)}. Name its columns "
            "of cells, guides and UMIs."
        )
    cells, cell_names = pd.factorize(frame[cell].astype(str))
    guides, guide_names = pd.factorize(frame[guide].astype(str))
    counts = np.ones(len(frame)) if umi is None else pd.to_numeric(frame[umi], errors="coerce").to_numpy(np.float64)
    bad = ~(counts >= 0) | frame[cell].isna().to_numpy() | frame[guide].isna().to_numpy()
    _refuse_rows(source, frame, bad, "without a cell, a guide, or a UMI count of 0 or more")
    twice = pd.DataFrame({"cell": cells, "guide": guides}).duplicated(keep=False).to_numpy()
    _refuse_rows(source, frame, twice, "that repeat a cell and guide; sum their UMIs first")
    matrix = sp.csr_matrix((counts, (cells, guides)), shape=(len(cell_names), len(guide_names)))
    return GuideCounts(
        counts=matrix, cells=np.asarray(cell_names, dtype=object), guides=tuple(guide_names), source=source
    )


def _read_text_table(path: Path) -> pd.DataFrame:
    name = path.name.removesuffix(".gz")
    try:
        return pd.read_csv(path, sep="," if name.endswith(".csv") else "\t", dtype=str, keep_default_na=True)
    except FileNotFoundError as error:
        raise ScreenError(f"The table {path} does not exist.") from error
    except (OSError, EOFError, ValueError) as error:
        raise ScreenError(f"Cannot read the table {path}: {error}") from error


def _rows_of_calls(calls: pd.DataFrame) -> pd.DataFrame:
    """Cell Ranger's calls, guides and UMIs of a cell joined by "|", as one row a cell and guide."""
    parts = calls.assign(**{column: calls[column].astype(str).str.split("|") for column in _CALLS[1:]})
    return parts.explode(_CALLS[1:], ignore_index=True)


def _refuse_rows(source: str, frame: pd.DataFrame, bad: np.ndarray, fault: str) -> None:
    if bad.any():
        shown = first_few(f"row {row + 1} ({', '.join(map(str, frame.iloc[row]))})" for row in np.flatnonzero(bad)[:6])
        raise ScreenError(f"{source} has {bad.sum()} row(s) {fault}: {shown}.")


def join_samples(samples: Mapping[str, GuideCounts], cell_name: str = CELL_NAME) -> GuideCounts:
    """Counts of several samples as one, cells renamed, guides in the order of the first; raises ScreenError.

    cell_name: how the screen names a cell, with {barcode} and {sample}: "{sample}_{barcode}" in a merged Seurat object.
    """
    if not samples or not {"{barcode}", "{sample}"} <= set(re.findall(r"{\w+}", cell_name)):
        raise ScreenError(f"cell_name must hold {{barcode}} and {{sample}}, as in '{CELL_NAME}', not {cell_name!r}.")
    first = next(iter(samples.values()))
    blocks, cells = [], []
    for sample, part in samples.items():
        if set(part.guides) != set(first.guides):
            odd = sorted(set(part.guides) ^ set(first.guides))
            raise ScreenError(f"{first.source} and {part.source} have different guides: {first_few(odd)}.")
        column = pd.Index(part.guides).get_indexer(first.guides)
        blocks.append(part.counts[:, column])
        cells += [cell_name.replace("{barcode}", cell).replace("{sample}", str(sample)) for cell in part.cells]
    return GuideCounts(
        counts=sp.vstack(blocks, format="csr"), cells=np.asarray(cells, dtype=object), guides=first.guides,
        source=", ".join(part.source for part in samples.values()),
    )  # fmt: skip
