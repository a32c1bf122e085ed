"""Cells of several tables matched by name, never by position."""

import dataclasses
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..base import ScreenError, ScreenWarning
from .guide_map import first_few

_SUFFIX = r"-\d+$"  # the number of the GEM well that Cell Ranger puts behind a barcode
_BARCODE = r"([ACGTN]{12,})"
_FEW = 0.5  # below this share of the first table's cells the match is doubtful


@dataclass(frozen=True, kw_only=True)
class CellMatch:
    """Cells that all tables have, in the order of the first.

    names: as the first table has them. rows: int [cells] by table, where each cell stands in it.
    unmatched: by table, the number of its cells that some other table lacks.
    """

    names: np.ndarray
    rows: dict[str, np.ndarray]
    unmatched: dict[str, int]


def match_cells(
    tables: Mapping[str, Collection[str]], drop_suffix: bool = False, labels: Mapping[str, str] | None = None
) -> CellMatch:
    """Match cells by name; raises ScreenError for names that appear twice and for tables without a common cell.

    tables: names of the cells by table, such as {"cells.h5ad": .., "guides": ..}. drop_suffix: "-1" and other
    numbers at the end of a name do not count, unless they tell the cells of a table apart. labels: what messages call
    the tables, if not by their keys.
    """
    labels = labels or {table: table for table in tables}
    indices = {table: _index(labels[table], names, drop_suffix) for table, names in tables.items()}
    first, *others = indices.values()
    keep = np.logical_and.reduce([first.isin(other) for other in others]) if others else np.ones(len(first), bool)
    if not keep.any():
        raise ScreenError(_why_none(indices, drop_suffix, labels))
    common = first[keep]
    rows = {table: index.get_indexer(common) for table, index in indices.items()}
    if drop_suffix:
        _refuse_other_wells(tables, rows, labels)
    match = CellMatch(
        names=np.asarray(list(next(iter(tables.values()))), dtype=object)[keep],
        rows=rows,
        unmatched={table: len(index) - len(common) for table, index in indices.items()},
    )
    if keep.mean() < _FEW:
        _warn_few(indices, common, labels)
    return match


def match_rows(tables: Mapping[str, Sequence[str]], drop_suffix: bool = False) -> dict[str, Any]:
    """As match_cells(), as a plain dict (for R)."""
    return dataclasses.asdict(match_cells(tables, drop_suffix))


def _index(table: str, names: Collection[str], drop_suffix: bool) -> pd.Index:
    index = pd.Index(np.asarray(list(names), dtype=object))
    index = index.str.replace(_SUFFIX, "", regex=True) if drop_suffix and len(index) else index
    if not index.is_unique:
        twice = index[index.duplicated()].unique()
        without = " without their suffix" if drop_suffix else ""
        raise ScreenError(f"{table}: {len(twice)} cell name(s) appear twice{without}: {first_few(twice)}.")
    return index


def _refuse_other_wells(
    tables: Mapping[str, Collection[str]], rows: Mapping[str, np.ndarray], labels: Mapping[str, str]
) -> None:
    """AAAC-1 and AAAC-2 are two cells where numbers tell wells apart; only a number that all cells share is nothing."""
    names = {table: pd.Series(list(names), dtype=object) for table, names in tables.items()}
    suffixes = {table: column.str.extract(f"({_SUFFIX})", expand=False) for table, column in names.items()}
    matched = pd.DataFrame({table: column.to_numpy()[rows[table]] for table, column in suffixes.items()})
    differ = (matched.nunique(axis=1) > 1).to_numpy()
    if differ.any() and max(column.nunique() for column in suffixes.values()) > 1:
        row = np.flatnonzero(differ)[0]
        shown = ", ".join(f"{column.iloc[rows[table][row]]} ({labels[table]})" for table, column in names.items())
        raise ScreenError(
            f"drop_suffix would take {differ.sum()} cell(s) of different wells for the same, first {shown}. Rename the "
            "cells so that the tables agree."
        )


def _why_none(indices: Mapping[str, pd.Index], drop_suffix: bool, labels: Mapping[str, str]) -> str:
    """No cell in common: the first names of each table, and what to do where that can be seen."""
    lines = ["No cell name is in all tables:"]
    lines += [f"{labels[table]} ({len(index)}): {first_few(index) or 'none'}" for table, index in indices.items()]
    if not drop_suffix and _in_common(index.str.replace(_SUFFIX, "", regex=True) for index in indices.values()):
        lines += ["The names agree but for the number at their end: use drop_suffix (TRUE; --drop-suffix)."]
    elif _in_common(index.str.extract(_BARCODE, expand=False) for index in indices.values()):
        lines += [
            "The barcodes agree, but not what stands before or behind them. Name the samples of the guides, and say "
            "how cells are called with cell_name, as in '{barcode}-{sample}' or '{sample}_{barcode}'."
        ]
    return "\n".join(lines)


def _in_common(keys: Iterable[pd.Index]) -> bool:
    sets = [set(key.dropna()) for key in keys]
    return bool(set.intersection(*sets))


def _warn_few(indices: Mapping[str, pd.Index], common: pd.Index, labels: Mapping[str, str]) -> None:
    lines = [f"Only {len(common)} of {len(next(iter(indices.values())))} cells are in all tables. Not matched:"]
    for table, index in indices.items():
        rest = index[~index.isin(common)]
        lines += [f"{labels[table]} ({len(rest)}): {first_few(rest)}"] if len(rest) else []
    warnings.warn("\n".join(lines), ScreenWarning, stacklevel=3)
