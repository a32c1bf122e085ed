"""Guide counts from a table of texts: one row a cell and guide, or one row a cell with lists of its guides.

Cell Ranger's protospacer_calls_per_cell.csv is one of the second kind. Rows without a guide name cells that carry none.
Posterior probabilities of presence (of a mixture model, say) take the place of UMIs with a threshold of their own.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import ScreenError, first_few
from .guide_counts import GuideCounts
from .map_layouts import plain_name
from .text_table import MISSING, TextTable, read_text_table, text_table_of

_CALLS = ("cell_barcode", "feature_call", "num_umis")  # of Cell Ranger's protospacer_calls_per_cell.csv
_HOW_MANY = "num_features"  # of it too: guides of a cell
_LIST_SIGNS = "|;,"
_PROBABILITIES = re.compile(r"posterior|(?<![a-z])prob(s|ability|abilities)?(?![a-z])", re.I)


def read_guide_table(
    table: str | Path | pd.DataFrame,
    cell: str = "cell",
    guide: str = "guide",
    umi: str | None = "umi",
    min_probability: float | None = None,
) -> GuideCounts:
    """Guide counts from a table, one row a cell and guide, or one row a cell with its guides; raises ScreenError.

    table: a path (.csv, .tsv, .txt, .gz of them), or a DataFrame. cell, guide, umi: its columns; umi None: each row
    is a guide that is present, with a count of 1. The columns of protospacer_calls_per_cell.csv are known. Lists are
    separated by one of the signs | ; and ,. min_probability: a guide is present from this posterior probability on,
    where `umi` is a column of probabilities.
    """
    if isinstance(table, pd.DataFrame):
        text = text_table_of(table, "The table of guides")
        source = text.source
    else:
        text, source = read_text_table(table, "The table"), str(table)
    calls = all(_column(text, name) is not None for name in _CALLS)
    if calls:
        cell, guide, umi = _CALLS
    wanted = [name for name in (cell, guide, umi) if name is not None]
    columns = [_column(text, name) for name in wanted]
    lacking = [name for name, column in zip(wanted, columns) if column is None]
    if lacking:
        raise ScreenError(
            f"{text.source} lacks the column(s) {', '.join(lacking)}; it has {first_few(text.header)}. Name its "
            "columns of cells, guides and UMIs (--columns CELL GUIDE UMI; cell, guide and umi in R)."
        )
    rows, parts = _split(text, [column for column in columns if column is not None], one_a_cell=calls)
    counts, cells, guides = _counts(text, rows, *parts)
    if not guides:
        raise ScreenError(f"{text.source} names no guide in its column {guide}.")
    if min_probability is not None or (umi is not None and _are_probabilities(umi, counts.data)):
        counts = _threshold(text.source, umi, counts, min_probability)
    return GuideCounts(
        counts=counts, cells=cells, guides=guides, source=source,
        present=umi is None or bool(min_probability),
    )  # fmt: skip


def _column(text: TextTable, name: str) -> list[str] | None:
    """A column by its name, or by a name that differs in case and signs only."""
    exact = [j for j, header in enumerate(text.header) if header == name]
    alike = exact or [j for j, header in enumerate(text.header) if plain_name(header) == plain_name(name)]
    if len(alike) > 1:
        raise ScreenError(f"{text.source} has {len(alike)} columns {name}. Keep the right one.")
    return text.columns[alike[0]] if alike else None


def _split(text: TextTable, columns: list[list[str]], one_a_cell: bool) -> tuple[np.ndarray, list[list[str]]]:
    """One row a cell and guide: in which row of the table each stands, and its cell, guide and, if any, UMIs.

    one_a_cell: a cell has one row whether or not there is a list in it.
    """
    cells, *lists = columns
    sign = _list_sign(*columns)
    if sign is not None or one_a_cell:
        again = pd.Series(cells, dtype=object).duplicated(keep=False).to_numpy()
        _refuse(text, again, "that name a cell of another row; are there several samples in it?")
    if sign is None:
        return np.arange(text.n_rows), columns
    pieces = [[_pieces(entry, sign) for entry in column] for column in lists]
    sizes = np.array([[len(one) for one in column] for column in pieces])
    _refuse(text, (sizes != sizes[0]).any(0), "whose lists of guides and of UMIs have unequal lengths")
    declared = _column(text, _HOW_MANY)
    if declared is not None:
        found = [str(sum(one.lower() not in MISSING for one in guides)) for guides in pieces[0]]
        wrong = np.array([number.removesuffix(".0") != n for number, n in zip(declared, found)], dtype=bool)
        _refuse(text, wrong, f"whose {_HOW_MANY} is not the number of its guides")
    rows = np.repeat(np.arange(text.n_rows), sizes[0])
    flat = [[one for entry in column for one in entry] for column in pieces]
    return rows, [[cells[row] for row in rows], *flat]


def _pieces(entry: str, sign: str) -> list[str]:
    return [piece.strip() for piece in entry.split(sign)]


def _list_sign(cells: list[str], guides: list[str], umis: list[str] | None = None) -> str | None:
    """What separates guides within an entry: what separates numbers of UMIs, or the one sign where cells are unique."""
    if umis is None and len(set(cells)) < len(cells):
        return None
    texts = guides if umis is None else umis
    found = [sign for sign in _LIST_SIGNS if any(sign in entry for entry in texts)]
    if umis is not None and not found:  # lists of guides beside one number each are of unequal length
        found = ["|"] if any("|" in entry for entry in guides) else []
    return found[0] if len(found) == 1 else None


def _counts(
    text: TextTable, rows: np.ndarray, cells: list[str], guides: list[str], umis: list[str] | None = None
) -> tuple[sp.csr_matrix, np.ndarray, tuple[str, ...]]:
    """csr [cells, guides] with the names of both, in the order in which they come; raises ScreenError for bad rows.

    Rows without a guide are of cells that carry none: they have no UMIs. umis: None for a 1 in each row.
    """
    cell, guide = pd.Series(cells, dtype=object), pd.Series(guides, dtype=object)
    none = guide.str.lower().isin(MISSING).to_numpy()
    if umis is None:
        number, nothing = np.ones(len(cell)), none
    else:
        number = pd.to_numeric(pd.Series(umis, dtype=object), errors="coerce").to_numpy(np.float64)
        nothing = (number == 0) | np.array([one.lower() in MISSING for one in umis], dtype=bool)
    fine = np.where(none, nothing, np.isfinite(number) & (number >= 0)) & ~cell.str.lower().isin(MISSING)
    _refuse(text, _marked(text, rows[~fine]), "without a cell, a guide, or a UMI count of 0 or more")
    cell_code, cell_names = pd.factorize(cell)
    guide_code, guide_names = pd.factorize(guide[~none])
    twice = pd.DataFrame({"cell": cell_code[~none], "guide": guide_code}).duplicated(keep=False).to_numpy()
    _refuse(text, _marked(text, rows[~none][twice]), "that repeat a cell and guide; sum their UMIs first")
    shape = (len(cell_names), len(guide_names))
    matrix = sp.csr_matrix((number[~none], (cell_code[~none], guide_code)), shape=shape)
    return matrix, np.asarray(cell_names, dtype=object), tuple(guide_names)


def _marked(text: TextTable, rows: np.ndarray) -> np.ndarray:
    marked = np.zeros(text.n_rows, dtype=bool)
    marked[rows] = True
    return marked


def _are_probabilities(umi: str, values: np.ndarray) -> bool:
    """Is the column called so, or does it have fractions of 1?"""
    return bool(_PROBABILITIES.search(umi) or ((values <= 1).all() and (values != values.round()).any()))


def _threshold(source: str, umi: str | None, values: sp.csr_matrix, least: float | None) -> sp.csr_matrix:
    """Ones where a probability reaches the threshold; raises ScreenError without one, or where there are none."""
    if umi is None or values.data.max(initial=0) > 1:
        shown = "it names no column of them" if umi is None else f"{umi} has {values.data.max():g}"
        raise ScreenError(
            f"{source} has no probabilities of 0 to 1: {shown}. Name their column as that of UMIs, or leave "
            "min_probability out where there are counts."
        )
    if least is None:
        shown = values.data[values.data != values.data.round()][:1]
        such = f", such as {shown[0]:g}" if len(shown) else ""
        raise ScreenError(
            f"{source} holds probabilities in its column {umi}{such}, not UMI counts. Say from which on a guide is "
            "present: min_probability (--min-probability 0.8)."
        )
    if not 0 < least <= 1:
        raise ScreenError(f"min_probability must be above 0 and at most 1, not {least}.")
    present = (values >= least).astype(np.float64).tocsr()
    if not present.nnz:
        raise ScreenError(f"{source}: no guide has a probability of {least:g} or more in any cell.")
    return present


def _refuse(text: TextTable, bad: np.ndarray, fault: str) -> None:
    if bad.any():
        raise ScreenError(f"{text.source} has {bad.sum()} row(s) {fault}: {text.rows_named(np.flatnonzero(bad))}.")
