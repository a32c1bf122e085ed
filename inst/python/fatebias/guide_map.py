"""The guide map: which gene a guide targets, and which guides are controls.

A CSV with the columns guide_name, gene_name, is_ntc, one row a guide. Non-targeting (and
safe-targeting) controls, is_ntc = 1, form the baseline whose effect is exactly zero.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .errors import ScreenError

COLUMNS = ("guide_name", "gene_name", "is_ntc")
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
_SHOWN = 5  # offending rows that a message lists


@dataclass(frozen=True, kw_only=True)
class GuideMap:
    """A checked guide map, rows in file order.

    guide_names: tuple of str, unique. gene_names: tuple of str, the gene of each guide.
    is_ntc: bool array, True for controls; at least one.
    """

    guide_names: tuple[str, ...]
    gene_names: tuple[str, ...]
    is_ntc: np.ndarray


def first_few(items) -> str:
    """The first few items of a list as text, for messages."""
    items = [str(item) for item in items]
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more


def read_guide_map(path: str | Path) -> GuideMap:
    """Read and check a guide map; raises ScreenError with file, lines and what to do."""
    path = Path(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise ScreenError(f"The guide map {path} does not exist.") from error
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors, an empty file too
        raise ScreenError(f"Cannot read the guide map {path} as a CSV file: {error}") from error
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise ScreenError(
            f"The guide map {path} lacks the column(s) {', '.join(missing)}; it has {', '.join(table.columns)}. "
            f"Its header must be {','.join(COLUMNS)}."
        )
    table = table[list(COLUMNS)].apply(lambda column: column.str.strip())
    _check_rows(path, table)
    is_ntc = table["is_ntc"].str.lower().map(_FLAGS).to_numpy(dtype=bool)
    if not is_ntc.any():
        raise ScreenError(
            f"The guide map {path} has no control guide (no row with is_ntc = 1). "
            "Non-targeting guides define the zero of every effect; mark them with is_ntc = 1."
        )
    return GuideMap(guide_names=tuple(table["guide_name"]), gene_names=tuple(table["gene_name"]), is_ntc=is_ntc)


def _check_rows(path: Path, table: pd.DataFrame) -> None:
    """Refuse empty tables, empty names, unknown flags, guides with two genes, duplicated guides."""
    if table.empty:
        raise ScreenError(f"The guide map {path} has a header but no rows.")
    _refuse(path, table, table["guide_name"] == "", "no guide_name")
    _refuse(path, table, table["gene_name"] == "", "no gene_name")
    _refuse(path, table, ~table["is_ntc"].str.lower().isin(_FLAGS), "an is_ntc that is neither 0 nor 1")
    genes = table.groupby("guide_name", sort=False)["gene_name"].nunique()
    two = table["guide_name"].isin(genes.index[genes > 1])
    _refuse(path, table, two, "a guide with two genes; a guide belongs to one gene")
    _refuse(path, table, table["guide_name"].duplicated(keep=False), "a duplicated guide; keep one row a guide")


def _refuse(path: Path, table: pd.DataFrame, bad: pd.Series, what: str) -> None:
    if bad.any():
        rows = np.flatnonzero(bad)
        shown = first_few(f"line {row + 2} ({','.join(table.iloc[row])})" for row in rows)
        raise ScreenError(f"The guide map {path} has {len(rows)} row(s) with {what}: {shown}.")
