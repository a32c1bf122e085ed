"""What in a file looks like the thing that a key should have named: candidates for the preflight, best first.

Names and values are looked at, but only few rows of each entry and never expression. A candidate is a guess, shown
as such.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..screens import MOST_LEVELS, Element, ScreenSource

ROWS_LOOKED_AT = 500  # at the beginning of an entry, and as many at its end
MOST_FATES = 30  # columns; a table with more is no table of fate probabilities
LEAST_GUIDES = 10  # columns; a matrix with fewer is taken for guides by its name only
SUM_TOLERANCE = 0.05  # of rows that look like probabilities

_FATE_WORDS = re.compile(r"lineage|fate|prob|absor|terminal|palantir", re.I)
_STATE_WORDS = re.compile(r"term|state|fate|macro", re.I)
_GUIDE_WORDS = re.compile(r"guide|grna|crispr|perturb|feature.?call", re.I)
_DAY_WORDS = re.compile(r"(?<![a-z])(day|days|time|timepoint|stage|hour|hours|hpi|dpi|age|week)(?![a-z])", re.I)
_DAY_LABEL = re.compile(
    r"\s*(d|day|h|hr|hours?|t|w|week|tp|e)[ _.-]?\d+(\.\d+)?\s*|\s*\d+(\.\d+)?\s*(h|hr|hours?|d|days?)\s*", re.I
)
_REPLICATE_WORDS = re.compile(
    r"(?<![a-z])(rep|replicate|batch|sample|donor|lane|line|plate|gem|well|library)(?![a-z])", re.I
)
_CONTROL_WORDS = re.compile(
    r"(ntc|nt|non[-_ .]?target\w*|safe[-_ .]?\w*|neg(ative)?[-_ .]?(ctrl|control)\w*|control|ctrl|scrambled?)"
    r"([-_ .].*|\d*)",
    re.I,
)
_MAP_WORDS = {
    "guide_name": re.compile(r"guide|grna|barcode|protospacer|^name$|^id$", re.I),
    "gene_name": re.compile(r"gene|target|symbol", re.I),
    "is_ntc": re.compile(r"ntc|control|non.?target|negative", re.I),
}
_FLAG_WORDS = {"0", "1", "0.0", "1.0", "true", "false"}


@dataclass(frozen=True, kw_only=True)
class Lookalike:
    """An entry `key` of a table (obs, obsm, uns, or obsm/<key> for a column of it) and what speaks for it."""

    table: str
    key: str
    why: str
    score: float


def fate_tables(source: ScreenSource) -> list[Lookalike]:
    """Entries of obsm whose rows sum to 1, or to 100."""
    return _best_first(_fate_tables(source))


def guide_tables(source: ScreenSource, guides: Iterable[str] = ()) -> list[Lookalike]:
    """Entries of obsm with small counts in many columns, or with the columns named like `guides`."""
    return _best_first(_guide_tables(source, set(guides)))


def name_lists(source: ScreenSource, n: int, known: Iterable[str] = ()) -> list[Lookalike]:
    """Lists of n different texts in uns; those that hold `known` names first."""
    return _best_first(_name_lists(source, n, set(known)))


def day_columns(source: ScreenSource) -> list[Lookalike]:
    """Columns of obs that are named like a time, or whose labels are times."""
    return _best_first(_day_columns(source))


def replicate_columns(source: ScreenSource) -> list[Lookalike]:
    """Columns named like a replicate, of tables in obsm first, then of obs."""
    return _best_first(_replicate_columns(source))


def state_columns(source: ScreenSource, n: int) -> list[Lookalike]:
    """Categorical columns of obs that are named like states and have n categories, which may name n fates."""
    found = ((name, element) for name, element in source.elements("obs") if _STATE_WORDS.search(name))
    named = ((name, levels_of(element)) for name, element in found if element.kind == "categorical")
    return _best_first(
        Lookalike(table="obs", key=name, why=_shown(levels), score=float("term" in name))
        for name, levels in named
        if levels and len(levels) == n
    )


def map_columns(table: pd.DataFrame, guides: Iterable[str] = ()) -> dict[str, str]:
    """Columns of a guide map that look like guide_name, gene_name and is_ntc, by that name."""
    guides = set(guides)
    found = {wanted: wanted for wanted in _MAP_WORDS if wanted in table.columns}
    for wanted in [name for name in _MAP_WORDS if name not in found]:
        free = [name for name in table.columns if name not in found.values()]
        scores = {name: _map_score(wanted, table[name], guides) for name in free}
        best = max(scores, key=lambda name: scores[name], default=None)
        if best is not None and scores[best] > 0.5:
            found[wanted] = best
    return found


def _map_score(wanted: str, column: pd.Series, guides: set[str]) -> float:
    named = float(bool(_MAP_WORDS[wanted].search(str(column.name))))
    if wanted == "guide_name" and guides:
        return named + 2 * float(column.isin(guides).mean())
    return named * float(_are_flags(column)) if wanted == "is_ntc" else named


def looks_like_control(name: str) -> bool:
    """Is a gene or guide named as controls usually are?"""
    return bool(_CONTROL_WORDS.fullmatch(name.strip()))


def levels_of(element: Element) -> list[str] | None:
    """Levels of a column of labels; None for one with more than MOST_LEVELS, or that is costly to read."""
    values = element.categories(MOST_LEVELS)
    if values is None or len(values) > MOST_LEVELS:
        return None
    return [str(value) for value in values if not pd.isna(value)]


def _fate_tables(source: ScreenSource) -> Iterator[Lookalike]:
    for name, element in source.elements("obsm"):
        rows = _some_rows(element, 2, MOST_FATES)
        if rows is None or not len(rows):
            continue
        known = rows[np.isfinite(rows).all(1)]
        if not len(known) or (known < 0).any():
            continue
        total = np.median(known.sum(1))
        if _near(total, 1.0) or _near(total, 100.0):
            why = f"{rows.shape[1]} columns, rows sum to {total:.3g}"
            soft = ((known > 0) & (known < total)).any()  # columns of 0 and 1 may be groups
            yield Lookalike(table="obsm", key=name, why=why, score=2.0 * bool(_FATE_WORDS.search(name)) + float(soft))


def _guide_tables(source: ScreenSource, guides: set[str]) -> Iterator[Lookalike]:
    for name, element in source.elements("obsm"):
        named = bool(_GUIDE_WORDS.search(name))
        columns = set(element.columns or ())
        shared = len(columns & guides) / max(len(columns), 1)
        n_columns = element.width
        if n_columns is None or not (n_columns >= LEAST_GUIDES or named or shared > 0.5):
            continue
        values = _some_values(element)
        if values is None or not (
            np.isfinite(values).all() and (values >= 0).all() and (values == values.round()).all()
        ):
            continue
        kind = "0 or 1" if (values <= 1).all() else f"counts up to {values.max():g}"
        score = 2 * named + 3 * shared + float((values <= 1).all()) + float(element.kind == "sparse")
        yield Lookalike(table="obsm", key=name, why=f"{n_columns} columns, {kind}", score=score)


def _name_lists(source: ScreenSource, n: int, known: set[str]) -> Iterator[Lookalike]:
    for name, element in source.elements("uns"):
        names = element.texts(n)
        if names and len(set(names)) == n:
            shared = len(known & set(names)) / n
            yield Lookalike(
                table="uns", key=name, why=f"{n} names such as {names[0]}", score=3 * shared + len(name) / 1e3
            )


def _day_columns(source: ScreenSource) -> Iterator[Lookalike]:
    for name, element in source.elements("obs"):
        levels = levels_of(element)
        if not levels or len(levels) < 2:
            continue
        labelled = all(_DAY_LABEL.fullmatch(level) for level in levels)
        named = bool(_DAY_WORDS.search(name))
        if named or labelled:
            yield Lookalike(table="obs", key=name, why=_shown(levels), score=2 * named + labelled)


def _replicate_columns(source: ScreenSource) -> Iterator[Lookalike]:
    for table, bonus in [*((f"obsm/{name}", 1.0) for name, element in source.elements("obsm")), ("obs", 0.0)]:
        for name, element in source.elements(table):
            match = _REPLICATE_WORDS.search(name)
            levels = levels_of(element) if match else None
            if match and levels:
                exact = 2.0 * match.group().lower().startswith("rep")
                yield Lookalike(table=table, key=name, why=_shown(levels), score=bonus + exact)


def _best_first(found: Iterable[Lookalike]) -> list[Lookalike]:
    return sorted(found, key=lambda one: -one.score)


def _some_rows(element: Element, least: int, most: int) -> np.ndarray | None:
    """Some rows of a dense table or array with so many columns as numbers, or None."""
    if element.kind not in ("table", "array") or not least <= (element.width or 0) <= most:
        return None
    return element.some_rows(ROWS_LOOKED_AT)


def _some_values(element: Element) -> np.ndarray | None:
    """Some entries of a dense or sparse matrix, or None where they are no numbers."""
    if element.kind == "sparse":
        return element.some_entries(ROWS_LOOKED_AT)
    rows = _some_rows(element, 1, sys.maxsize)
    return None if rows is None else rows.ravel()


def _are_flags(column: pd.Series) -> bool:
    return set(column.str.strip().str.lower()) <= _FLAG_WORDS


def _near(total: float, whole: float) -> bool:
    return abs(total / whole - 1) <= SUM_TOLERANCE


def _shown(levels: list[str]) -> str:
    return f"{len(levels)} levels: {', '.join(levels[:6])}{', ..' if len(levels) > 6 else ''}"
