"""Fate probabilities as a table, cells x fates: what may be wrong with them, and rounding that is mended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..base import CONSTANTS, ScreenError, first_few
from .doubt import Doubt
from .text_table import MISSING, read_text_table

PROBABILITY_TOLERANCE = CONSTANTS.probability_tolerance
_AT_ONCE = 50_000  # cells that are mended at a time
ROUNDED_SUM = 1e-6  # how far the sum of probabilities in single precision is from 1


@dataclass(frozen=True, kw_only=True)
class FateTable:
    """Fate probabilities as they were read.

    fates: name of each column. probs: float [cells, fates], NaN in the whole row of a cell without. found: what
    terminal cells say of the names. doubts: what is no fault, but should be known. mended: cells that were rounded,
    by what was wrong.
    """

    fates: tuple[str, ...]
    probs: np.ndarray
    found: str = ""
    doubts: tuple[Doubt, ...] = ()
    mended: Mapping[str, int] = field(default_factory=dict)


def as_numbers(value: Any, what: str) -> np.ndarray:
    """A table or array as float64; raises ScreenError where it holds anything else than real numbers.

    Texts of numbers are numbers. what: the entry, for messages.
    """
    if isinstance(value, pd.DataFrame):
        numbers = np.empty(value.shape)
        for j, name in enumerate(value):
            numbers[:, j] = _column_as_numbers(value.iloc[:, j], f"{what}: its column {name}")
        return numbers
    return _column_as_numbers(value, what)


def _column_as_numbers(value: Any, what: str) -> np.ndarray:
    values = value if isinstance(value, pd.Series) else np.asarray(value)
    try:
        if values.dtype.kind in "cV":  # complex numbers would lose a part
            raise TypeError
        return np.asarray(values.astype(np.float64))
    except (TypeError, ValueError):
        raise ScreenError(f"{what} must hold probabilities, real numbers, but is of the kind {values.dtype}.") from None


def lack_probabilities(probs: np.ndarray) -> np.ndarray:
    """bool [cells]: cells without fate probabilities, whose whole row [cells, fates] is NaN."""
    return np.asarray(np.isnan(probs).all(1))


def lack_any(probs: np.ndarray, others: np.ndarray | None) -> np.ndarray:
    """bool [cells]: cells without fate probabilities in the first label set [cells, F + 1] or in another [sets, ..]."""
    lacking = lack_probabilities(probs)
    return lacking if others is None else lacking | np.isnan(others).all(2).any(0)


def probability_faults(probs: np.ndarray, tolerance: float = PROBABILITY_TOLERANCE) -> Iterator[tuple[np.ndarray, str]]:
    """What may be wrong with fate probabilities [cells, fates]: which cells (bool), and the fault in words.

    Cells without any (a row of NaN) are no fault, nor are negative ones as small as rounding.
    """
    lacking = lack_probabilities(probs)
    yield (
        ~np.isfinite(probs).all(1) & ~lacking,
        "with NaN or infinite fate probabilities (a cell without any has NaN in its whole row)",
    )
    yield np.asarray((probs < -CONSTANTS.probability_rounding).any(1)), "with negative fate probabilities"
    with np.errstate(invalid="ignore"):  # infinite ones of both signs
        off = np.abs(probs.sum(1) - 1) > tolerance
    yield off, f"whose fate probabilities do not sum to 1 (tolerance {tolerance:g})"


def mend_probabilities(
    probs: np.ndarray, order: Sequence[int] | None = None, out: np.ndarray | None = None
) -> tuple[np.ndarray, dict[str, int]]:
    """Probabilities [cells, fates] without faults, none negative and of sum 1, and the number of cells mended so.

    Rows of NaN stay. "negative_to_zero": a probability was negative by rounding; "sum_to_one": the sum was off by
    more than the rounding of single precision. order: of the columns of what is returned. out: where it is written,
    which may be `probs` itself.
    """
    made = np.empty(probs.shape) if out is None else out
    counts = {"negative_to_zero": 0, "sum_to_one": 0}
    for start in range(0, len(probs), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        mended, negative, off = _mended(probs[rows])
        made[rows] = mended if order is None else mended[:, order]
        counts["negative_to_zero"] += negative
        counts["sum_to_one"] += off
    return made, counts


def count_mended(probs: np.ndarray) -> dict[str, int]:
    """The numbers of cells that `mend_probabilities` mends."""
    parts = [_mended(probs[start : start + _AT_ONCE])[1:] for start in range(0, len(probs), _AT_ONCE)]
    return {"negative_to_zero": sum(part[0] for part in parts), "sum_to_one": sum(part[1] for part in parts)}


def _mended(probs: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Probabilities mended, and the numbers of cells with a negative one and with another sum than 1."""
    with np.errstate(invalid="ignore"):  # the NA of R
        negative = probs < 0
        positive = np.where(negative, 0.0, probs) if negative.any() else probs
        total = positive.sum(1, keepdims=True)
        off = np.abs(total - 1) > ROUNDED_SUM
        return positive / total, int(negative.any(1).sum()), int(off.sum())


def tolerance_of(rescale: bool) -> float:
    """How far sums may be from 1."""
    return CONSTANTS.rescalable if rescale else PROBABILITY_TOLERANCE


def read_fate_table(path: str | Path) -> pd.DataFrame:
    """A table of fate probabilities from a CSV: cell names first, then a column a fate; raises ScreenError."""
    text = read_text_table(path, "The table", row_names=True)  # names such as 001 and NA stay as they are
    columns = dict(enumerate(map(_numbers, text.columns[1:])))
    return pd.DataFrame(columns, index=text.columns[0]).set_axis(list(text.header[1:]), axis=1)


def _numbers(texts: list[str]) -> Any:
    """Numbers, NaN where one is missing; the texts where one is no number."""
    try:
        return np.array(["nan" if text.lower() in MISSING else text for text in texts], dtype=np.float64)
    except ValueError:
        return texts


def _is_real(kind: Any) -> bool:
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)


def check_fate_table(table: pd.DataFrame, where: str, rescale: bool = False) -> pd.DataFrame:
    """The table as numbers; raises ScreenError where it is no table of probabilities. Its index names the cells.

    rescale: rows that sum to 1 within 0.05 are divided by their sum; without it they must within 0.001.
    """
    words = [str(name) for name, kind in table.dtypes.items() if not _is_real(kind)]
    if words:
        raise ScreenError(f"{where}: column(s) that are no numbers: {first_few(words)}. A column is a fate.")
    if table.shape[1] < 2:
        raise ScreenError(f"{where} has {table.shape[1]} column(s) beside the cell names; it needs two fates or more.")
    table = table.astype(np.float64).set_axis(table.columns.astype(str), axis=1).set_axis(table.index.astype(str))
    if not table.columns.is_unique:
        raise ScreenError(f"{where} names a fate twice: {first_few(table.columns)}.")
    for bad, fault in probability_faults(table.to_numpy(), tolerance_of(rescale)):
        if bad.any():
            advice = (
                "" if rescale or "sum" not in fault else " If small ones were cut off (Palantir does), use rescale."
            )
            raise ScreenError(f"{where}: {bad.sum()} cell(s) {fault}: {first_few(table.index[bad])}.{advice}")
    return table.div(table.sum(axis=1), axis=0) if rescale else table
