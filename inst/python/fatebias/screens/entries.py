"""The named entries of a container: each method of `Reader` knows one key of the settings.

Every finding names the file, the key and the first cells. Errors are ScreenErrors, raised before any fitting.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import SHOWN, ScreenError, Settings, first_few, named_rows, refuse_memory, row_word
from ..containers import Element, ScreenSource
from .doubt import Doubt
from .fate_names import name_fates, names_beside
from .fate_table import (
    PROBABILITY_TOLERANCE,
    FateTable,
    as_numbers,
    lack_probabilities,
    mend_probabilities,
    probability_faults,
)
from .levels import declared_order, label_texts, one_level, sort_levels, words_for_none
from .presence import presence_of
from .screen import ONE_DAY, ONE_REPLICATE

_BYTES_A_CELL = 64  # days, replicates, guides and probabilities of a cell at least
_DAY = "day"  # the column of obs where days are usually found


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

    def of_sets(self) -> "list[Reader]":
        """A reader of each label set that the settings name."""
        return [replace(self, settings=replace(self.settings, fate_prob_key=key)) for key in self.settings.label_sets]

    def refuse_empty(self) -> None:
        if self.source.n_cells == 0:
            raise ScreenError(
                f"{self.path}: obs has no rows, so there are no cells. Were all left out before it was written?"
            )
        what = f"{self.path}: obs declares {self.source.n_cells:,} cells; a screen of so many"
        refuse_memory(_BYTES_A_CELL * self.source.n_cells, what, "Is the file whole? Write it again.")

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
        shown = np.asarray(rows)[:SHOWN].tolist()
        return first_few(named_rows(shown, self.source.cell_names(shown)), total=len(rows))

    def refuse_cells(self, bad: np.ndarray, label: str, what: str) -> None:
        if bad.any():
            rows = np.flatnonzero(bad)
            raise ScreenError(f"{self.path}: {label}: {len(rows)} cell(s) {what}: {self.cell_names(rows)}.")

    def labels(self, label: str, table: str, key: str) -> np.ndarray:
        """A column of labels as texts; missing labels are refused."""
        return self.levelled(label, table, key).astype(object).to_numpy()

    def levelled(self, label: str, table: str, key: str) -> pd.Series:
        """A column of labels as a categorical of texts, ordered where the column is; missing labels are refused."""
        values = self.element(table, key, label).read_labels()
        if values is None:
            raise ScreenError(f"{self.path}: {label} must be a column of labels, one a cell.")
        texts = label_texts(values, f"{self.path}: {label}")
        self.refuse_cells(texts.isna().to_numpy(), label, f"without a label{words_for_none(values, texts)}")
        return texts

    def days(self) -> tuple[pd.Categorical, tuple[str, ...] | None]:
        """The day of each cell, as texts, and the order that an ordered categorical declares; without a key all cells
        are of one day.
        """
        key = self.settings.day_key
        if key is None:
            return one_level(ONE_DAY, self.source.n_cells), None
        texts = self.levelled(f"obs['{key}']", "obs", key)
        return pd.Categorical(texts), declared_order(texts)

    def doubt_one_day(self) -> Doubt | None:
        """Does obs have days, of the usual name, though the settings say that there is one?"""
        element = self.source.element("obs", _DAY) if self.settings.day_key is None else None
        values = element.read_labels() if element is not None else None
        levels = sort_levels([] if values is None else values.dropna().astype(str))
        if len(levels) < 2:
            return None
        found = f"all cells are taken as of one day (day_key: null), but obs['{_DAY}'] has {first_few(levels)}"
        return Doubt(item="Days", found=found, fix=f"are these the days? Then set day_key: {_DAY}")

    def replicates(self) -> pd.Categorical:
        """The replicate of each cell, as texts; without a key all cells are of one."""
        s = self.settings
        if s.rep_key is None:
            return one_level(ONE_REPLICATE, self.source.n_cells)
        table = covariate_table(s)
        return pd.Categorical(self.levelled(f"{_written(table)}['{s.rep_key}']", table, s.rep_key))

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
        if (key := self.settings.cluster_key) is None:
            return None
        table, label = self._column("cluster_key", key)
        labels = self.labels(label, table, key)
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

    def fate_probs(self) -> FateTable:
        """Checked and mended probabilities, the reference first."""
        s, table = self.settings, self.fate_table()
        self.check_fates(table.fates)
        order = [table.fates.index(s.ref_fate)] + [j for j, name in enumerate(table.fates) if name != s.ref_fate]
        probs, mended = mend_probabilities(table.probs, order, out=table.probs)
        fates = tuple(table.fates[j] for j in order)
        return replace(table, fates=fates, probs=probs, mended=mended)

    def check_fates(self, names: Sequence[str]) -> None:
        s, label = self.settings, self.fate_label
        if s.ref_fate not in names:
            raise ScreenError(
                f"{self.path}: {label} has no fate {s.ref_fate}; its fates are {first_few(names)}. Set `ref_fate`."
            )
        self.check_given_fates(names)

    def check_given_fates(self, names: Sequence[str]) -> None:
        """Raise ScreenError where the setting `fates` names others than the fates of the file."""
        given = self.settings.fates
        if given and sorted(given) != sorted(names):
            raise ScreenError(
                f"{self.path}: {self.fate_label} has the fates {first_few(names)}, but `fates` names "
                f"{first_few(given)}. Leave it out: the file names its fates."
            )

    @property
    def fate_label(self) -> str:
        return f"obsm['{self.settings.label_sets[0]}']"

    def fate_table(self, tolerance: float = PROBABILITY_TOLERANCE) -> FateTable:
        """Checked probabilities, fates in the order of the file."""
        table = self.unchecked_fate_table()
        for bad, fault in probability_faults(table.probs, tolerance):
            self.refuse_cells(bad, self.fate_label, fault)
        if self.settings.missing_fates == "error":
            found = "without fate probabilities (`missing_fates: drop` leaves them out)"
            self.refuse_cells(lack_probabilities(table.probs), self.fate_label, found)
        return table

    def unchecked_fate_table(self) -> FateTable:
        """The fate probabilities as they stand in the file, with the names of their columns."""
        key = self.settings.label_sets[0]
        value = self.element("obsm", key, self.fate_label).read()
        what = f"{self.path}: {self.fate_label}"
        if sp.issparse(value):
            raise ScreenError(f"{what} is sparse; fate probabilities are a table or an array, cells x fates.")
        probs = as_numbers(value, what)
        if probs.ndim != 2 or probs.shape[1] < 2:
            raise ScreenError(f"{what} has the shape {probs.shape}. It must be cells x fates, two or more.")
        columns = [str(name).strip() for name in value.columns] if isinstance(value, pd.DataFrame) else None
        named = name_fates(what, probs, columns, self.settings.fates, names_beside(self.source, key))
        if len(set(named.names)) < len(named.names):
            raise ScreenError(f"{what} names a fate twice: {first_few(named.names)}.")
        told = (Doubt(item="Fate names", found=text.removeprefix(f"{self.path}: ")) for text in named.doubts)
        return FateTable(fates=tuple(named.names), probs=probs, found=named.found, doubts=tuple(told))

    def guides(self) -> tuple[sp.csr_matrix, list[str]]:
        """Presence of guides as CSR (cells x guides, ones) and their names."""
        guides, names = self.guide_table()
        what = f"{self.path}: {self.guide_place[2]}"
        return presence_of(guides, self.settings, what, self.cell_names), names

    @property
    def guide_place(self) -> tuple[str, str, str]:
        """Table and key of the guides, and how messages call them: an entry of obsm, else X or layers/NAME."""
        key = self.settings.guide_key
        table, _, name = key.rpartition("/")
        if self.source.element("obsm", key) is None and (key == "X" or table == "layers"):
            return (table, name, f"layers['{name}']" if table else "X")
        return "obsm", key, f"obsm['{key}']"

    def refuse_expression(self, known: Collection[str]) -> None:
        """Raise ScreenError where X or a layer is named as the guides, but most of its features are none of the guide
        map: it is expression then, of which nothing is read. known: names of guides.
        """
        table, key, label = self.guide_place
        names = [] if table == "obsm" or self.source.element(table, key) is None else self.source.feature_names()
        others = [name for name in names if name not in known]
        if 2 * len(others) > len(names):
            raise ScreenError(
                f"{self.path}: {label} is not that of the guides: {len(names) - len(others):,} of its {len(names):,} "
                f"features are in the guide map, and not {first_few(others)}. Say where the guides are: guide_key, or "
                "guide_modality in MuData."
            )

    def guide_table(self) -> tuple[sp.csr_matrix, list[str]]:
        """Guides as they stand in the file (cells x guides, CSR) and their names."""
        table, key, label = self.guide_place
        element = self.element(table, key, label)
        names = self._guide_names(table, element)
        if element.width is not None and len(names) != element.width:
            raise ScreenError(f"{self.path}: {label} has {element.width} guides, but {len(names)} names are given.")
        counts = pd.Series(names).value_counts()
        if (counts > 1).any():
            raise ScreenError(f"{self.path}: {label}: duplicated guide(s): {first_few(counts.index[counts > 1])}.")
        return element.read_entries(), names

    def _guide_names(self, table: str, element: Element) -> list[str]:
        if table != "obsm":
            return self.source.feature_names()
        if element.columns is not None:
            return list(element.columns)
        key = self.settings.guide_names_key
        label = f"uns['{key}']"
        found = self.element("uns", key, label)
        values = found.read_labels()
        if values is None:
            raise ScreenError(f"{self.path}: {label} must be a list of names, one a guide.")
        if values.isna().any():
            rows = first_few(map(row_word, np.flatnonzero(values.isna()).tolist()))
            raise ScreenError(f"{self.path}: {label} has {values.isna().sum()} guide(s) without a name: {rows}.")
        return list(map(str, values))

    def check_lengths(self, **rows: int) -> None:
        if len(set(rows.values())) > 1:
            sizes = ", ".join(f"{key} {n}" for key, n in rows.items())
            raise ScreenError(f"{self.path}: tables of unequal length (cells): {sizes}.")


def _written(table: str) -> str:
    """A table of a container as one writes it in Python."""
    top, _, name = table.partition("/")
    return f"{top}['{name}']" if name else top
