"""The guide map: which gene a guide targets, and which guides are controls.

A CSV with the columns guide_name, gene_name, is_ntc, one row a guide. Non-targeting (and
safe-targeting) controls, is_ntc = 1, form the baseline whose effect is exactly zero.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..base import CONSTANTS, ScreenError

COLUMNS = CONSTANTS.guide_map_columns
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
SHOWN = 5  # offending items that a message lists


@dataclass(frozen=True, kw_only=True)
class GuideMap:
    """A checked guide map, rows in file order.

    guide_names: tuple of str, unique. gene_names: tuple of str, the gene of each guide.
    is_ntc: bool array, True for controls; at least one.
    """

    guide_names: tuple[str, ...]
    gene_names: tuple[str, ...]
    is_ntc: np.ndarray


def first_few(items: Iterable[object], total: int | None = None) -> str:
    """The first few items of a list as text, for messages. total: how many there are, where `items` is cut short."""
    texts = [str(item) for item in items]
    more = (len(texts) if total is None else total) - len(texts[:SHOWN])
    return ", ".join(texts[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def read_guide_map(path: str | Path) -> GuideMap:
    """Read and check a guide map; raises ScreenError with file, lines and what to do."""
    path = Path(path)
    table = read_map_table(path)
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise ScreenError(
            f"The guide map {path} lacks the column(s) {', '.join(missing)}; it has {', '.join(table.columns)}. "
            f"Its header must be {','.join(COLUMNS)}."
        )
    table = stripped(table)
    for problem in problems_in(table):
        raise ScreenError(f"The guide map {path} {problem}")
    return GuideMap(
        guide_names=tuple(table["guide_name"]), gene_names=tuple(table["gene_name"]), is_ntc=control_flags(table)
    )


def read_map_table(path: Path, separator: str = ",") -> pd.DataFrame:
    """A guide map as it stands in its file, all of it texts; raises ScreenError."""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, sep=separator)
    except FileNotFoundError as error:
        raise ScreenError(f"The guide map {path} does not exist.") from error
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors, an empty file too
        raise ScreenError(f"Cannot read the guide map {path} as a CSV file: {error}") from error


def stripped(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of a guide map without spaces around their texts."""
    return pd.DataFrame({name: table[name].str.strip() for name in COLUMNS})


def control_flags(table: pd.DataFrame) -> np.ndarray:
    """is_ntc as a bool array; a flag that cannot be read is False."""
    return table["is_ntc"].str.lower().map(_FLAGS).eq(True).to_numpy()


def problems_in(table: pd.DataFrame) -> Iterator[str]:
    """What is wrong with the rows of a guide map, one sentence each that begins with its verb."""
    if table.empty:
        yield "has a header but no rows."
        return
    genes = table.groupby("guide_name", sort=False)["gene_name"].nunique()
    two = table["guide_name"].isin(genes.index[genes > 1])
    twice = table["guide_name"].duplicated(keep=False)
    yield from _rows_with(table, table["guide_name"] == "", "no guide_name")
    yield from _rows_with(table, table["gene_name"] == "", "no gene_name")
    yield from _rows_with(table, ~table["is_ntc"].str.lower().isin(_FLAGS), "an is_ntc that is neither 0 nor 1")
    yield from _rows_with(table, two, "a guide with two genes; a guide belongs to one gene")
    yield from _rows_with(table, twice & ~two, "a duplicated guide; keep one row a guide")
    if not control_flags(table).any():
        yield (
            "has no control guide (no row with is_ntc = 1). "
            "Non-targeting guides define the zero of every effect; mark them with is_ntc = 1."
        )


def _rows_with(table: pd.DataFrame, bad: pd.Series, what: str) -> Iterator[str]:
    if bad.any():
        rows = np.flatnonzero(bad)
        shown = first_few(f"line {row + 2} ({','.join(table.iloc[row])})" for row in rows)
        yield f"has {len(rows)} row(s) with {what}: {shown}."
