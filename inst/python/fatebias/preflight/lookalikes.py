"""What in a file looks like the thing that a key should have named: candidates for the preflight, best first.

Names and values are looked at, but only few rows of each entry and never expression. A candidate is a guess, shown
as such.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ..base import ScreenError
from ..containers import Element, Kind, ScreenSource
from ..screens import MOST_LEVELS, named_states

T = TypeVar("T")

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
_NO_NAMES = re.compile(r"colou?r|palette|cmap|membership", re.I)  # entries that belong to fates, and do not name them
_COLOUR = re.compile(r"#[0-9a-f]{6}([0-9a-f]{2})?", re.I)


@dataclass(frozen=True, kw_only=True)
class Lookalike:
    """An entry `key` of a table (obs, obsm, uns, or obsm/<key> for a column of it) and what speaks for it."""

    table: str
    key: str
    why: str
    score: float


@dataclass(frozen=True)
class _Glance:
    """An entry as far as it can be read: what cannot is None, and no fault of a search."""

    element: Element

    @property
    def kind(self) -> Kind:
        return self._try(lambda: self.element.kind) or "other"

    @property
    def width(self) -> int | None:
        return self._try(lambda: self.element.width)

    @property
    def columns(self) -> tuple[str, ...] | None:
        return self._try(lambda: self.element.columns)

    def categories(self, most: int) -> list[Any] | None:
        return self._try(lambda: self.element.categories(most))

    def texts(self, n: int) -> list[str] | None:
        return self._try(lambda: self.element.texts(n))

    def some_rows(self, n: int) -> np.ndarray | None:
        return self._try(lambda: self.element.some_rows(n))

    def some_entries(self, n: int) -> np.ndarray | None:
        return self._try(lambda: self.element.some_entries(n))

    @staticmethod
    def _try(look: Callable[[], T]) -> T | None:
        try:
            return look()
        except ScreenError:  # an odd entry looks like nothing
            return None


def fate_tables(source: ScreenSource) -> list[Lookalike]:
    """Entries of obsm whose rows sum to 1, or to 100."""
    return _best_first(_fate_tables(source))


def guide_tables(source: ScreenSource, guides: Iterable[str] = (), modality: str = "") -> list[Lookalike]:
    """Entries of obsm with small counts in many columns, or with the columns named like `guides`; and layers and X
    where the features are guides. modality: its name, where these are of a modality of their own.
    """
    known = set(guides)
    return _best_first([*_guide_tables(source, known), *_guide_layers(source, known, modality)])


def name_lists(source: ScreenSource, n: int, known: Iterable[str] = ()) -> list[Lookalike]:
    """Lists of n different texts in uns, colours left out; those that hold `known` names first."""
    return _best_first(_name_lists(source, n, set(known)))


def day_columns(source: ScreenSource) -> list[Lookalike]:
    """Columns of obs that are named like a time, or whose labels are times."""
    return _best_first(_day_columns(source))


def replicate_columns(source: ScreenSource) -> list[Lookalike]:
    """Columns named like a replicate, of tables in obsm first, then of obs."""
    return _best_first(_replicate_columns(source))


def state_columns(source: ScreenSource, n: int) -> list[Lookalike]:
    """Categorical columns of obs that are named like states and have n categories, which may name n fates."""
    found = ((name, element) for name, element in _entries(source, "obs") if _STATE_WORDS.search(name))
    named = ((name, named_states(levels_of(element) or ())) for name, element in found if element.kind == "categorical")
    return _best_first(
        Lookalike(table="obs", key=name, why=_shown(levels), score=float("term" in name))
        for name, levels in named
        if len(levels) == n
    )


def levels_of(element: Element | _Glance) -> list[str] | None:
    """Levels of a column of labels; None for one with more than MOST_LEVELS, or that is costly to read."""
    values = element.categories(MOST_LEVELS)
    if values is None or len(values) > MOST_LEVELS:
        return None
    return [str(value) for value in values if not pd.isna(value)]


def _entries(source: ScreenSource, table: str) -> Iterator[tuple[str, _Glance]]:
    return ((name, _Glance(element)) for name, element in source.elements(table))


def _fate_tables(source: ScreenSource) -> Iterator[Lookalike]:
    for name, element in _entries(source, "obsm"):
        rows = None if _NO_NAMES.search(name) else _some_rows(element, 2, MOST_FATES)
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
    for name, element in _entries(source, "obsm"):
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


def _guide_layers(source: ScreenSource, guides: set[str], modality: str) -> Iterator[Lookalike]:
    """X and layers whose features are guides, by their names or those of the layer, the modality, the features."""
    layers = [(f"layers/{name}", element) for name, element in _entries(source, "layers")]
    whole = source.element("", "X")
    for key, element in [*layers, *([("X", _Glance(whole))] if whole is not None else [])]:
        named = 2.0 * bool(_GUIDE_WORDS.search(key)) + bool(_GUIDE_WORDS.search(modality))
        names = source.feature_names() if named or source.has_table("var") else []
        shared = sum(name in guides for name in names) / max(len(names), 1)
        if not named and (shared <= 0.5 or len(names) < LEAST_GUIDES):
            continue
        values = _some_values(element)
        if values is None or not (np.isfinite(values).all() and (values >= 0).all()):
            continue
        kind = "0 or 1" if (values <= 1).all() else f"counts up to {values.max():g}"
        score = named + 3 * shared + float((values <= 1).all())
        yield Lookalike(table="", key=key, why=f"{element.width} features, {kind}", score=score)


def _name_lists(source: ScreenSource, n: int, known: set[str]) -> Iterator[Lookalike]:
    for name, element in _entries(source, "uns"):
        names = None if _NO_NAMES.search(name) else element.texts(n)
        if names and len(set(names)) == n and not all(map(_COLOUR.fullmatch, names)):
            shared = len(known & set(names)) / n
            yield Lookalike(
                table="uns", key=name, why=f"{n} names such as {names[0]}", score=3 * shared + len(name) / 1e3
            )


def _day_columns(source: ScreenSource) -> Iterator[Lookalike]:
    for name, element in _entries(source, "obs"):
        levels = levels_of(element)
        if not levels or len(levels) < 2:
            continue
        labelled = all(_DAY_LABEL.fullmatch(level) for level in levels)
        named = bool(_DAY_WORDS.search(name))
        if named or labelled:
            yield Lookalike(table="obs", key=name, why=_shown(levels), score=2 * named + labelled)


def _replicate_columns(source: ScreenSource) -> Iterator[Lookalike]:
    for table, bonus in [*((f"obsm/{name}", 1.0) for name, element in _entries(source, "obsm")), ("obs", 0.0)]:
        for name, element in _entries(source, table):
            match = _REPLICATE_WORDS.search(name)
            levels = levels_of(element) if match else None
            if match and levels:
                exact = 2.0 * match.group().lower().startswith("rep")
                yield Lookalike(table=table, key=name, why=_shown(levels), score=bonus + exact)


def _best_first(found: Iterable[Lookalike]) -> list[Lookalike]:
    return sorted(found, key=lambda one: -one.score)


def _some_rows(element: _Glance, least: int, most: int) -> np.ndarray | None:
    """Some rows of a dense table or array with so many columns as numbers, or None."""
    if element.kind not in ("table", "array") or not least <= (element.width or 0) <= most:
        return None
    return element.some_rows(ROWS_LOOKED_AT)


def _some_values(element: _Glance) -> np.ndarray | None:
    """Some entries of a dense or sparse matrix, or None where they are no numbers."""
    if element.kind == "sparse":
        return element.some_entries(ROWS_LOOKED_AT)
    rows = _some_rows(element, 1, sys.maxsize)
    return None if rows is None else rows.ravel()


def _near(total: float, whole: float) -> bool:
    return abs(total / whole - 1) <= SUM_TOLERANCE


def _shown(levels: list[str]) -> str:
    return f"{len(levels)} levels: {', '.join(levels[:6])}{', ..' if len(levels) > 6 else ''}"
