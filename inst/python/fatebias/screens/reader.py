"""Reading a screen from its container: each method knows one key of the settings.

Every finding names the file, the key and the first cells. Errors are ScreenErrors, raised before any fitting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import SILENT, Progress, ScreenError, Settings
from .build import build_screen
from .containers import open_screen
from .contrast import contrast_weights
from .doubts import warn_of_doubts
from .fate_table import (
    PROBABILITY_TOLERANCE,
    lack_probabilities,
    mend_probabilities,
    name_columns,
    names_beside,
    probability_faults,
)
from .guide_map import first_few, read_guide_map
from .screen import ONE_DAY, ONE_REPLICATE, RawCells, Screen
from .source import Element, ScreenSource


def read_screen(path: str | Path, guide_map: str | Path, settings: Settings, progress: Progress = SILENT) -> Screen:
    """Read, check and index a screen; raises ScreenError before any fitting, warns of what is no error (`doubts`)."""
    names = read_guide_map(guide_map)
    screen = build_screen(read_cells(path, settings, progress), names, settings, where=str(path))
    return warn_of_doubts(screen, settings, path)


def read_cells(path: str | Path, settings: Settings, progress: Progress = SILENT) -> RawCells:
    """The cells of a screen as they are in the file; raises ScreenError."""
    with open_screen(path) as source, progress.bar("Reading", 5) as bar:
        reader = Reader(source, settings)
        fates, probs, mended = reader.fate_probs()
        contrast_weights(settings.contrast_fate, fates)
        bar.advance()
        guides, guide_names = reader.guides()
        bar.advance()
        day = reader.days()
        bar.advance()
        replicate = reader.replicates()
        bar.advance()
        covariates, cluster = reader.covariates(), reader.clusters()
        bar.advance()
        reader.check_lengths(guides=guides.shape[0], fate_prob=len(probs), day=len(day), replicate=len(replicate))
    return RawCells(
        guides=guides, guide_names=guide_names, day=day, replicate=replicate, fates=fates, fate_probs=probs,
        covariates=covariates, cluster=cluster, mended=mended,
    )  # fmt: skip


def read_labels(path: str | Path, columns: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Names of the cells of a screen's file, and columns of its obs as texts; raises ScreenError."""
    with open_screen(path) as source:
        reader = Reader(source, Settings.from_mapping())
        if not source.has_table("obs"):
            raise ScreenError(f"{path} has no table obs; it is not an .h5ad file of anndata 0.7 or later.")
        names = np.asarray(source.cell_names(), dtype=object)
        return names, [reader.labels(f"obs['{column}']", "obs", column) for column in columns]


def read_fate_probs(
    path: str | Path, key: str, fates: Sequence[str] | None = None, tolerance: float = PROBABILITY_TOLERANCE
) -> tuple[list[str], np.ndarray]:
    """Names and checked probabilities [cells, fates] of obsm[key], columns as in the file; raises ScreenError.

    fates: names of the columns in order, where the file has none (see `name_columns`). tolerance: of sums around 1.
    """
    with open_screen(path) as source:
        return Reader(source, Settings.from_mapping({"fate_prob_key": key, "fates": fates})).fate_table(tolerance)


def read_covariates(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of obs, numbers or texts, with the names of the cells as index; raises ScreenError."""
    settings = Settings.from_mapping({"covar_key": None, "covariates": list(columns) or None})
    with open_screen(path) as source:
        return Reader(source, settings).covariates().set_axis(source.cell_names(), axis=0)


def covariate_table(settings: Settings) -> str:
    """Where the covariates of cells are: a table in obsm, or obs itself."""
    return "obs" if settings.covar_key is None else f"obsm/{settings.covar_key}"


@dataclass(frozen=True)
class Reader:
    """Reads the named entries of one open container."""

    source: ScreenSource
    settings: Settings

    @property
    def path(self) -> Path:
        return self.source.path

    def element(self, table: str, key: str, label: str) -> Element:
        """The entry key of a table, or an error that lists what the table does have."""
        found = self.source.element(table, key)
        if found is not None:
            return found
        if not self.source.has_table(table):
            top, _, name = table.partition("/")
            has = sorted(self.source.names(top)) if name and self.source.has_table(top) else self.source.tables()
            raise ScreenError(f"{self.path} has no table {table}, so no {label}; there is: {first_few(sorted(has))}.")
        has = sorted(self.source.names(table))
        raise ScreenError(
            f"{self.path} has no {label}; {table} has: {first_few(has) or 'nothing'}. Set the key in the configuration."
        )

    def cell_names(self, rows: np.ndarray) -> str:
        """Row numbers and names of some cells, for messages."""
        shown = np.asarray(rows)[:6].tolist()
        return first_few(f"row {row} ({name})" for row, name in zip(shown, self.source.cell_names(shown)))

    def refuse_cells(self, bad: np.ndarray, label: str, what: str) -> None:
        if bad.any():
            rows = np.flatnonzero(bad)
            raise ScreenError(f"{self.path}: {label}: {len(rows)} cell(s) {what}: {self.cell_names(rows)}.")

    def labels(self, label: str, table: str, key: str) -> np.ndarray:
        """A column of labels as texts; missing labels are refused."""
        values = self.element(table, key, label).read_labels()
        if values is None:
            raise ScreenError(f"{self.path}: {label} must be a column of labels, one a cell.")
        self.refuse_cells(values.isna().to_numpy(), label, "without a label")
        if pd.api.types.is_float_dtype(values) and (values == values.round()).all():
            values = values.astype(np.int64)
        return values.astype(str).to_numpy(dtype=object)

    def days(self) -> np.ndarray:
        """The day of each cell, as a text; without a key all cells are of one."""
        key, one = self.settings.day_key, np.full(self.source.n_cells, ONE_DAY, dtype=object)
        return one if key is None else self.labels(f"obs['{key}']", "obs", key)

    def replicates(self) -> np.ndarray:
        """The replicate of each cell, as a text; without a key all cells are of one."""
        s = self.settings
        if s.rep_key is None:
            return np.full(self.source.n_cells, ONE_REPLICATE, dtype=object)
        table = covariate_table(s)
        return self.labels(f"{_written(table)}['{s.rep_key}']", table, s.rep_key)

    def covariates(self) -> pd.DataFrame:
        """The covariates of each cell: columns of numbers, or of texts; missing and infinite ones are refused."""
        names = self.settings.covariates or ()
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ScreenError(f"`covariates` names a column twice: {first_few(twice)}.")
        columns = {name: self._covariate(name) for name in names}
        return pd.DataFrame(columns, index=range(self.source.n_cells))

    def clusters(self) -> np.ndarray | None:
        """The label of each cell's cluster; None without a key. Cells without a label are refused."""
        key = self.settings.cluster_key
        if key is None:
            return None
        table, label = self._column("cluster_key", key)
        labels = self.labels(label, table, key)
        self.refuse_cells(labels == "", label, "without a label")
        self.check_lengths(**{label: len(labels), "obs": self.source.n_cells})
        return labels

    def _column(self, setting: str, name: str) -> tuple[str, str]:
        """The table that has the column, the covariates before obs, and how messages call it."""
        tables = list(dict.fromkeys([covariate_table(self.settings), "obs"]))
        for table in tables:
            if self.source.element(table, name) is not None:
                return table, f"{_written(table)}['{name}']"
        has = "; ".join(
            f"{_written(table)} has: {first_few(self.source.names(table)) or 'nothing'}"
            for table in tables
            if self.source.has_table(table)
        )
        where = " or ".join(map(_written, tables))
        raise ScreenError(f"{self.path} has no column {name} in {where}, which `{setting}` names; {has}.")

    def _covariate(self, name: str) -> np.ndarray:
        """A column as numbers, or as texts where it holds labels."""
        table, label = self._column("covariates", name)
        values = self.element(table, name, label).read_labels()
        if values is None:
            raise ScreenError(f"{self.path}: {label} must be a column of numbers or labels, one a cell.")
        self.check_lengths(**{label: len(values), "obs": self.source.n_cells})
        self.refuse_cells(values.isna().to_numpy(), label, "without a value")
        if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            return values.astype(str).to_numpy(dtype=object)
        numbers = values.to_numpy(dtype=np.float64)
        self.refuse_cells(~np.isfinite(numbers), label, "with an infinite value")
        return numbers

    def fate_probs(self) -> tuple[tuple[str, ...], np.ndarray, dict[str, int]]:
        """Fates, the reference first, checked probabilities in that order, and counts of cells mended."""
        s = self.settings
        names, probs = self.fate_table()
        self.check_fates(names)
        order = [names.index(s.ref_fate)] + [j for j, name in enumerate(names) if name != s.ref_fate]
        mended, counts = mend_probabilities(probs)
        return tuple(names[j] for j in order), mended[:, order], counts

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
        if self.settings.missing_fates == "error":
            found = "without fate probabilities (`missing_fates: drop` leaves them out)"
            self.refuse_cells(lack_probabilities(probs), self.fate_label, found)
        return names, probs

    def unchecked_fate_table(self) -> tuple[list[str], np.ndarray]:
        """Names and values of the fate probabilities as they stand in the file."""
        label, key = self.fate_label, self.settings.fate_prob_key
        value = self.element("obsm", key, label).read()
        if sp.issparse(value):
            raise ScreenError(
                f"{self.path}: {label} is sparse; fate probabilities are a table or an array, cells x fates."
            )
        probs = np.asarray(value, dtype=np.float64)
        if isinstance(value, pd.DataFrame):
            names = list(map(str, value.columns))
        else:
            what, n_columns = f"{self.path}: {label}", probs.shape[-1] if probs.ndim else 0
            names = name_columns(what, n_columns, self.settings.fates, names_beside(self.source, key))
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
        element = self.element("obsm", s.guide_key, label)
        guides = element.read_presence()
        if element.columns is None:
            names = list(map(str, self.element("uns", s.guide_names_key, f"uns['{s.guide_names_key}']").read()))
        else:
            names = list(element.columns)
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


def _written(table: str) -> str:
    """A table of a container as one writes it in Python."""
    top, _, name = table.partition("/")
    return f"{top}['{name}']" if name else top
