"""Reading a screen from .h5ad, group by group, and writing one.

Only the named groups are opened (h5py and anndata's `read_elem`), so expression (X, layers, raw,
obsp) is never loaded, however large. Every finding names the file, the key and the first cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata.io import read_elem, write_elem

from ..base import SILENT, Progress, ScreenError, Settings, whole_file
from .fate_table import PROBABILITY_TOLERANCE, name_columns, names_beside, probability_faults
from .guide_map import first_few, read_guide_map
from .screen import RawCells, Screen, build_screen, contrast_weights

ONE_REPLICATE = "r1"  # the label where the settings name no column of replicates
_ROWS_AT_ONCE = 20_000  # rows of a dense presence matrix in memory at a time


def read_screen(path: str | Path, guide_map: str | Path, settings: Settings, progress: Progress = SILENT) -> Screen:
    """Read, check and index a screen (layout: DESIGN section 2); raises ScreenError before any fitting."""
    names = read_guide_map(guide_map)
    return build_screen(read_cells(path, settings, progress), names, settings, where=str(path))


def read_cells(path: str | Path, settings: Settings, progress: Progress = SILENT) -> RawCells:
    """The cells of a screen as they are in the file; raises ScreenError."""
    path = Path(path)
    with open_file(path) as file, progress.bar("Reading", 4) as bar:
        reader = Reader(path, file, settings)
        fates, probs = reader.fate_probs()
        contrast_weights(settings.contrast_fate, fates)
        bar.advance()
        guides, guide_names = reader.guides()
        bar.advance()
        day = reader.labels(f"obs['{settings.day_key}']", "obs", settings.day_key)
        bar.advance()
        replicate = reader.replicates()
        bar.advance()
        reader.check_lengths(guides=guides.shape[0], fate_prob=len(probs), day=len(day), replicate=len(replicate))
    return RawCells(guides=guides, guide_names=guide_names, day=day, replicate=replicate, fates=fates, fate_probs=probs)


def read_labels(path: str | Path, columns: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Names of the cells of an .h5ad, and columns of its obs as texts; raises ScreenError."""
    with open_file(Path(path)) as file:
        reader = Reader(Path(path), file, Settings.from_mapping())
        obs = file.get("obs")
        if not isinstance(obs, h5py.Group):
            raise ScreenError(f"{path} has no table obs; it is not an .h5ad file of anndata 0.7 or later.")
        names = np.asarray(read_elem(obs[obs.attrs.get("_index", "_index")])).astype(str).astype(object)
        return names, [reader.labels(f"obs['{column}']", "obs", column) for column in columns]


def read_fate_probs(
    path: str | Path, key: str, fates: Sequence[str] | None = None, tolerance: float = PROBABILITY_TOLERANCE
) -> tuple[list[str], np.ndarray]:
    """Names and checked probabilities [cells, fates] of obsm[key], columns as in the file; raises ScreenError.

    fates: names of the columns in order, where the file has none (see `name_columns`). tolerance: of sums around 1.
    """
    with open_file(Path(path)) as file:
        settings = Settings.from_mapping({"fate_prob_key": key, "fates": fates})
        return Reader(Path(path), file, settings).fate_table(tolerance)


def write_screen(path, guides, guide_names, fate_probs, fates, day, replicate, cell_names=None) -> None:
    """Write a screen in the default layout (keys day, covar/rep, guide, guide_names, fateprob), whole or not at all.

    guides: sparse cells x guides. fate_probs: array cells x fates, columns named by `fates`.
    day, replicate: one label a cell. cell_names: one unique name a cell, or None.
    """
    n = guides.shape[0]
    index = pd.Index([f"cell{i}" for i in range(n)] if cell_names is None else list(map(str, cell_names)))
    adata = anndata.AnnData(
        X=sp.csr_matrix((n, 1), dtype=np.float32),
        obs=pd.DataFrame({"day": pd.Categorical(list(map(str, day)))}, index=index),
        obsm={
            "covar": pd.DataFrame({"rep": pd.Categorical(list(map(str, replicate)))}, index=index),
            "guide": sp.csr_matrix(guides, dtype=np.int8),
            "fateprob": pd.DataFrame(np.asarray(fate_probs, dtype=np.float64), columns=list(fates), index=index),
        },
        uns={"guide_names": np.asarray(list(map(str, guide_names)), dtype=object)},
    )
    with whole_file(Path(path)) as part, h5py.File(part, "w") as file:
        write_elem(file, "/", adata)


def open_file(path: Path) -> h5py.File:
    if not path.is_file():
        raise ScreenError(f"The screen file {path} does not exist.")
    if path.stat().st_size == 0:
        raise ScreenError(f"The screen file {path} is empty (0 bytes).")
    if not h5py.is_hdf5(path):
        raise ScreenError(f"{path} is not an .h5ad file (not HDF5). Write it with anndata's write_h5ad().")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ScreenError(
            f"Cannot open {path}: {error}. It may be truncated or in use; copy or write it again."
        ) from error


def covariates(settings: Settings) -> str:
    """Where the covariates of cells are: a table in obsm, or obs itself."""
    return "obs" if settings.covar_key is None else f"obsm/{settings.covar_key}"


@dataclass(frozen=True)
class Reader:
    """Reads the named groups of one open file; each method knows one key."""

    path: Path
    file: h5py.File
    settings: Settings

    def element(self, group: str, key: str, label: str):
        """The HDF5 element group/key, or an error that lists what the group does have."""
        parent = self.file.get(group)
        if isinstance(parent, h5py.Group) and key in parent:
            return parent[key]
        if not isinstance(parent, h5py.Group):
            top, _, name = group.partition("/")
            has = sorted(self.file[top]) if name and top in self.file else sorted(self.file)
            raise ScreenError(f"{self.path} has no table {group}, so no {label}; there is: {first_few(has)}.")
        has = [name for name in sorted(parent) if not name.startswith("_")]
        raise ScreenError(
            f"{self.path} has no {label}; {group} has: {first_few(has) or 'nothing'}. Set the key in the configuration."
        )

    def cell_names(self, rows) -> str:
        """Row numbers and names of some cells, for messages."""
        obs = self.file["obs"]
        names = obs[obs.attrs.get("_index", "_index")]
        return first_few(f"row {row} ({names.asstr()[row]})" for row in np.asarray(rows)[:6].tolist())

    def refuse_cells(self, bad: np.ndarray, label: str, what: str) -> None:
        if bad.any():
            rows = np.flatnonzero(bad)
            raise ScreenError(f"{self.path}: {label}: {len(rows)} cell(s) {what}: {self.cell_names(rows)}.")

    def labels(self, label: str, group: str, key: str) -> np.ndarray:
        """A column of labels as texts; missing labels are refused."""
        values = read_elem(self.element(group, key, label))
        if getattr(values, "ndim", 0) != 1:
            raise ScreenError(f"{self.path}: {label} must be a column of labels, one a cell.")
        values = pd.Series(values)
        legacy = self.file.get(f"{group}/__categories/{key}")  # categoricals of anndata < 0.7
        if legacy is not None:
            values = pd.Series(pd.Categorical.from_codes(values, legacy.asstr()[:]))
        self.refuse_cells(values.isna().to_numpy(), label, "without a label")
        if pd.api.types.is_float_dtype(values) and (values == values.round()).all():
            values = values.astype(np.int64)
        return values.astype(str).to_numpy(dtype=object)

    @property
    def n_cells(self) -> int:
        return self.file["obs"][self.file["obs"].attrs.get("_index", "_index")].shape[0]

    def replicates(self) -> np.ndarray:
        """The replicate of each cell, as a text; without a key all cells are of one."""
        s = self.settings
        if s.rep_key is None:
            return np.full(self.n_cells, ONE_REPLICATE, dtype=object)
        table = "obs" if s.covar_key is None else f"obsm['{s.covar_key}']"
        return self.labels(f"{table}['{s.rep_key}']", covariates(s), s.rep_key)

    def fate_probs(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Fates, the reference first, and checked probabilities in that order."""
        s = self.settings
        names, probs = self.fate_table()
        self.check_fates(names)
        order = [names.index(s.ref_fate)] + [j for j, name in enumerate(names) if name != s.ref_fate]
        return tuple(names[j] for j in order), probs[:, order] / probs.sum(1, keepdims=True)

    def check_fates(self, names: list[str]) -> None:
        s, label = self.settings, self.fate_label
        if s.ref_fate not in names:
            raise ScreenError(
                f"{self.path}: {label} has no fate {s.ref_fate}; its fates are {first_few(names)}. Set `ref_fate`."
            )
        if s.fates and set(s.fates) != set(names):
            raise ScreenError(
                f"{self.path}: {label} has the fates {first_few(names)}, but `fates` names {first_few(s.fates)}."
            )

    @property
    def fate_label(self) -> str:
        return f"obsm['{self.settings.fate_prob_key}']"

    def fate_table(self, tolerance: float = PROBABILITY_TOLERANCE) -> tuple[list[str], np.ndarray]:
        """Names and checked probabilities [cells, fates], in the order of the file."""
        names, probs = self.unchecked_fate_table()
        for bad, fault in probability_faults(probs, tolerance):
            self.refuse_cells(bad, self.fate_label, fault)
        return names, probs

    def unchecked_fate_table(self) -> tuple[list[str], np.ndarray]:
        """Names and values of the fate probabilities as they stand in the file."""
        label = self.fate_label
        value = read_elem(self.element("obsm", self.settings.fate_prob_key, label))
        if sp.issparse(value):
            raise ScreenError(
                f"{self.path}: {label} is sparse; fate probabilities are a table or an array, cells x fates."
            )
        probs, key = np.asarray(value, dtype=np.float64), self.settings.fate_prob_key
        if isinstance(value, pd.DataFrame):
            names = list(map(str, value.columns))
        else:
            what, n_columns = f"{self.path}: {label}", probs.shape[-1] if probs.ndim else 0
            names = name_columns(what, n_columns, self.settings.fates, names_beside(self.file, key))
        if probs.ndim != 2 or probs.shape[1] != len(names) or len(names) < 2:
            raise ScreenError(
                f"{self.path}: {label} has the shape {probs.shape}, but {len(names)} fates are named "
                f"({first_few(names)}). It must be cells x fates, two or more."
            )
        if len(set(names)) < len(names):
            raise ScreenError(f"{self.path}: {label} names a fate twice: {first_few(names)}.")
        return names, probs

    def guides(self) -> tuple[sp.csr_matrix, list[str]]:
        """Presence of guides as CSR (cells x guides, ones) and their names."""
        guides, names = self.guide_table()
        return self._presence(guides, f"obsm['{self.settings.guide_key}']"), names

    def guide_table(self) -> tuple[sp.csr_matrix, list[str]]:
        """Guides as they stand in the file (cells x guides, CSR) and their names."""
        s = self.settings
        label = f"obsm['{s.guide_key}']"
        guides, names = read_guides(self.element("obsm", s.guide_key, label))
        if names is None:
            label_names = f"uns['{s.guide_names_key}']"
            names = list(map(str, read_elem(self.element("uns", s.guide_names_key, label_names))))
        if len(names) != guides.shape[1]:
            raise ScreenError(f"{self.path}: {label} has {guides.shape[1]} guides, but {len(names)} names are given.")
        counts = pd.Series(names).value_counts()
        if (counts > 1).any():
            raise ScreenError(f"{self.path}: {label}: duplicated guide(s): {first_few(counts.index[counts > 1])}.")
        guides.sum_duplicates()
        guides.eliminate_zeros()
        return guides, names

    def _presence(self, guides: sp.csr_matrix, label: str) -> sp.csr_matrix:
        bad = guides.data != 1
        if bad.any():
            rows = np.searchsorted(guides.indptr, np.flatnonzero(bad)[:6], side="right") - 1
            raise ScreenError(
                f"{self.path}: {label} must hold presence (0 or 1), but has other values, first {guides.data[bad][0]} "
                f"at {self.cell_names(np.unique(rows))}. Turn counts into presence with a threshold first."
            )
        return guides

    def check_lengths(self, **rows: int) -> None:
        if len(set(rows.values())) > 1:
            sizes = ", ".join(f"{key} {n}" for key, n in rows.items())
            raise ScreenError(f"{self.path}: tables of unequal length (cells): {sizes}.")


def read_guides(element) -> tuple[sp.csr_matrix, list[str] | None]:
    """An element of obsm as CSR, and the names of its columns where it has them."""
    if isinstance(element, h5py.Dataset):
        parts = [sp.csr_matrix(element[i : i + _ROWS_AT_ONCE]) for i in range(0, len(element), _ROWS_AT_ONCE)]
        return sp.vstack(parts, format="csr") if parts else sp.csr_matrix((0, 0)), None
    if element.attrs.get("encoding-type") == "dataframe":
        names = list(map(str, element.attrs["column-order"]))
        return sp.hstack([sp.csc_matrix(_column(element[name])) for name in names], format="csr"), names
    return sp.csr_matrix(read_elem(element)), None


def _column(element) -> np.ndarray:
    return np.asarray(read_elem(element), dtype=np.float64)[:, None]
