"""Cells of several tables matched by name, never by position."""

import dataclasses
import itertools
import re
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..base import ScreenError, ScreenWarning, first_few

# velocyto's "sample:", the barcode, numbers of GEM wells and libraries ("-1", R's ".1", "_1", "-1-0"), velocyto's "x"
_DECORATED = re.compile(r"(?:(?P<sample>[^:]+):)?(?P<rest>.*?[ACGTN]{12,})(?P<numbers>(?:[-._][0-9]+)*)x?")
_NUMBERED = re.compile(r"(?P<rest>.*?)(?P<numbers>-[0-9]+)?")  # a name without a barcode
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


@dataclass(frozen=True)
class _Names:
    """Names of the cells of a table. plain: what cells are matched by; wells: what was taken off, which tells wells."""

    label: str
    full: np.ndarray
    plain: pd.Index
    wells: np.ndarray


def match_cells(
    tables: Mapping[str, Collection[str]], drop_suffix: bool = False, labels: Mapping[str, str] | None = None
) -> CellMatch:
    """Match cells by name; raises ScreenError for names that appear twice and for tables without a common cell.

    tables: names of the cells by table, such as {"cells.h5ad": .., "guides": ..}. drop_suffix: what programs put
    around a barcode does not count, unless it tells the cells of a table apart: numbers behind it ("-1", ".1", "_1",
    "-1-0"), and what velocyto makes of it ("sample:AAACx"). labels: what messages call the tables, if not
    by their keys.
    """
    labels = labels or {table: table for table in tables}
    named = {table: _names(labels[table], names, drop_suffix) for table, names in tables.items()}
    for table in named.values():
        _refuse_twice(table, drop_suffix)
    first, *others = named.values()
    keep = np.logical_and.reduce([np.ones(len(first.plain), bool), *(first.plain.isin(one.plain) for one in others)])
    if not keep.any():
        raise ScreenError(_why_none(list(named.values()), drop_suffix))
    common = first.plain[keep]
    rows = {table: one.plain.get_indexer(common) for table, one in named.items()}
    if drop_suffix:
        _refuse_other_wells(list(named.values()), list(rows.values()))
    if keep.mean() < _FEW:
        _warn_few(list(named.values()), common)
    return CellMatch(
        names=first.full[keep],
        rows=rows,
        unmatched={table: len(one.plain) - len(common) for table, one in named.items()},
    )


def match_rows(tables: Mapping[str, Sequence[str]], drop_suffix: bool = False) -> dict[str, Any]:
    """As match_cells(), as a plain dict (for R)."""
    return dataclasses.asdict(match_cells(tables, drop_suffix))


def _names(label: str, names: Collection[str], drop_suffix: bool) -> _Names:
    full = np.asarray(list(names), dtype=object)
    if not drop_suffix or not len(full):
        return _Names(label, full, pd.Index(full), np.full(len(full), "", dtype=object))
    plain, wells = zip(*map(_taken_apart, map(str, full)))
    return _Names(label, full, pd.Index(np.array(plain, dtype=object)), np.array(wells, dtype=object))


def _taken_apart(name: str) -> tuple[str, str]:
    """A name without its well, and the well: velocyto's sample, or the numbers behind the barcode, joined by "-"."""
    found = _DECORATED.fullmatch(name)
    if found is None:
        found = _NUMBERED.fullmatch(name)
        return (found["rest"], (found["numbers"] or "")[1:]) if found else (name, "")
    return found["rest"], found["sample"] or re.sub("[._]", "-", found["numbers"])[1:]


def _refuse_twice(table: _Names, drop_suffix: bool) -> None:
    if not table.plain.is_unique:
        twice = table.plain[table.plain.duplicated()].unique()
        without = " without their suffix" if drop_suffix else ""
        raise ScreenError(f"{table.label}: {len(twice)} cell name(s) appear twice{without}: {first_few(twice)}.")


def _refuse_other_wells(tables: Sequence[_Names], rows: Sequence[np.ndarray]) -> None:
    """AAAC-1 and AAAC-2 are two cells where wells are told apart; only what all cells of a table share is nothing.

    Wells that are written in another way (a sample's name, "1-0") are the same where they go together one to one.
    """
    if max(len(set(table.wells)) for table in tables) < 2:
        return
    wells = [table.wells[row] for table, row in zip(tables, rows)]
    for one, other in itertools.combinations(wells, 2):
        differ = _other_wells(one, other)
        if differ.any():
            row = np.flatnonzero(differ)[0]
            shown = ", ".join(f"{table.full[at[row]]} ({table.label})" for table, at in zip(tables, rows))
            raise ScreenError(
                f"drop_suffix would take {differ.sum()} cell(s) of different wells for the same, first {shown}. Rename "
                "the cells so that the tables agree; of several samples of guides, number them as the cells do (1=PATH "
                "2=PATH, with cell_name '{barcode}-{sample}')."
            )


def _other_wells(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """bool [cells]: is a cell's well in one table another than in the other?"""
    pairs = pd.DataFrame({"one": one, "other": other})
    if (pairs == "").all().any():  # a table that has no wells at all
        return np.zeros(len(pairs), dtype=bool)
    written_alike = pairs.map(_form).nunique(axis=1).eq(1)
    seen = pairs.drop_duplicates()
    several = seen["one"].isin(seen["one"][seen["one"].duplicated()])
    several |= seen["other"].isin(seen["other"][seen["other"].duplicated()])
    mixed = set(map(tuple, seen[several].to_numpy()))
    in_mixed = np.array([pair in mixed for pair in zip(one, other)], dtype=bool)
    return np.where(written_alike, one != other, in_mixed).astype(bool)


def _form(well: str) -> str:
    """How a well is written: how many numbers, or a name."""
    return str(well.count("-")) if re.fullmatch("[0-9-]+", well) else "name" if well else ""


def _why_none(tables: Sequence[_Names], drop_suffix: bool) -> str:
    """No cell in common: the first names of each table, and what to do where that can be seen."""
    lines = ["No cell name is in all tables:"]
    lines += [f"{table.label} ({len(table.plain)}): {first_few(table.plain) or 'none'}" for table in tables]
    dropped = [_names(table.label, table.full, True) for table in tables]
    shared = _shared(table.plain for table in dropped)
    if not drop_suffix and shared is not None:
        same = ", ".join(f"{table.full[list(table.plain).index(shared)]} ({table.label})" for table in dropped)
        lines += [
            f"The names agree but for what stands around the barcode, as in {same}: use drop_suffix (TRUE; "
            "--drop-suffix)."
        ]
        return "\n".join(lines)
    barcodes = [table.plain.astype(str).str.extract(_BARCODE, expand=False) for table in tables]
    shared = _shared(barcodes)
    if shared is not None:
        found = [table.full[list(codes).index(shared)] for table, codes in zip(tables, barcodes)]
        same = ", ".join(f"{name} ({table.label})" for name, table in zip(found, tables))
        lines += [
            f"The barcodes agree, but not what stands before or behind them, as in {same}. Name the samples of the "
            "guides (NAME=PATH), and say how cells are called with cell_name (--cell-name), as in "
            "'{barcode}-{sample}' or '{sample}_{barcode}'; numbers behind the barcode are dropped by drop_suffix."
        ]
    return "\n".join(lines)


def _shared(keys: Iterable[pd.Index]) -> Any:
    """The first key that all have, or None."""
    first, *others = [key.dropna() for key in keys]
    keep = np.logical_and.reduce([np.ones(len(first), bool), *(first.isin(other) for other in others)])
    return first[keep][0] if keep.any() else None


def _warn_few(tables: Sequence[_Names], common: pd.Index) -> None:
    lines = [f"Only {len(common)} of {len(tables[0].plain)} cells are in all tables. Not matched:"]
    for table in tables:
        rest = table.full[~table.plain.isin(common)]
        lines += [f"{table.label} ({len(rest)}): {first_few(rest)}"] if len(rest) else []
    warnings.warn("\n".join(lines), ScreenWarning, stacklevel=3)
