"""Guide counts from a long table, one row a cell and guide; Cell Ranger's protospacer_calls_per_cell.csv is one too."""

from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import ScreenError
from .guide_counts import GuideCounts
from .guide_map import SHOWN, first_few

_CALLS = ["cell_barcode", "feature_call", "num_umis"]  # of Cell Ranger's protospacer_calls_per_cell.csv


def read_guide_table(
    table: str | Path | pd.DataFrame, cell: str = "cell", guide: str = "guide", umi: str | None = "umi"
) -> GuideCounts:
    """Guide counts from a long table, one row a cell and guide; raises ScreenError.

    table: a path (.csv, .tsv, .txt, .gz of them), or a DataFrame. cell, guide, umi: its columns; umi None: each row
    is a guide that is present, with a count of 1. The columns of protospacer_calls_per_cell.csv are known.
    """
    source = "The table of guides" if isinstance(table, pd.DataFrame) else str(table)
    frame = table if isinstance(table, pd.DataFrame) else _read_text_table(Path(table))
    if set(_CALLS) <= set(frame.columns):
        frame, (cell, guide, umi) = _rows_of_calls(frame[_CALLS]), _CALLS
    lacking = [column for column in (cell, guide, umi) if column is not None and column not in frame.columns]
    if lacking:
        raise ScreenError(
            f"{source} lacks the column(s) {', '.join(lacking)}; it has {first_few(frame.columns)}. Name its columns "
            "of cells, guides and UMIs."
        )
    cells, cell_names = pd.factorize(frame[cell].astype(str))
    guides, guide_names = pd.factorize(frame[guide].astype(str))
    counts = np.ones(len(frame)) if umi is None else pd.to_numeric(frame[umi], errors="coerce").to_numpy(np.float64)
    bad = ~(counts >= 0) | frame[cell].isna().to_numpy() | frame[guide].isna().to_numpy()
    _refuse_rows(source, frame, bad, "without a cell, a guide, or a UMI count of 0 or more")
    twice = pd.DataFrame({"cell": cells, "guide": guides}).duplicated(keep=False).to_numpy()
    _refuse_rows(source, frame, twice, "that repeat a cell and guide; sum their UMIs first")
    matrix = sp.csr_matrix((counts, (cells, guides)), shape=(len(cell_names), len(guide_names)))
    return GuideCounts(
        counts=matrix, cells=np.asarray(cell_names, dtype=object), guides=tuple(guide_names), source=source
    )


def _read_text_table(path: Path) -> pd.DataFrame:
    name = path.name.removesuffix(".gz")
    try:
        return pd.read_csv(path, sep="," if name.endswith(".csv") else "\t", dtype=str, keep_default_na=True)
    except FileNotFoundError as error:
        raise ScreenError(f"The table {path} does not exist.") from error
    except (OSError, EOFError, ValueError) as error:
        raise ScreenError(f"Cannot read the table {path}: {error}") from error


def _rows_of_calls(calls: pd.DataFrame) -> pd.DataFrame:
    """Cell Ranger's calls, guides and UMIs of a cell joined by "|", as one row a cell and guide."""
    parts = calls.assign(**{column: calls[column].astype(str).str.split("|") for column in _CALLS[1:]})
    return parts.explode(_CALLS[1:], ignore_index=True)


def _refuse_rows(source: str, frame: pd.DataFrame, bad: np.ndarray, fault: str) -> None:
    if bad.any():
        rows = np.flatnonzero(bad)
        named = [f"row {row + 1} ({', '.join(map(str, frame.iloc[row]))})" for row in rows[:SHOWN]]
        shown = first_few(named, total=len(rows))
        raise ScreenError(f"{source} has {bad.sum()} row(s) {fault}: {shown}.")
