"""Preflight of days and replicates: the columns, their levels in order, and cells by level."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..containers import ScreenSource
from ..screens import (
    DaysError,
    count_levels,
    covariate_table,
    doubt_days,
    doubt_replicates,
    few_cells,
    labels_of,
    order_days,
    sort_levels,
)
from .findings import Report, find_key
from .lookalikes import day_columns, replicate_columns

MOST_SHOWN = 12  # levels in a row of the table
_NO_DAY = 'put it there: adata.obs["day"] = one label a cell; with one time point set day_key: null'
_NO_REPLICATE = "with one replicate: set rep_key: null; with several name their column: rep_key (and covar_key)"


def find_day(report: Report, source: ScreenSource) -> bool:
    """The column of obs with the day; none is looked for where the key is null."""
    if report.settings.day_key is None:
        return True
    return find_key(report, source, "day_key", lambda: day_columns(source), _NO_DAY)


def check_days(
    report: Report, day: pd.Categorical, usable: np.ndarray | None, declared: Sequence[str] | None = None
) -> None:
    """Days, each with cells, in the order of time. declared: the order of an ordered categorical."""
    item, counts = "Days", _counts(day, usable)
    try:
        days = order_days(labels_of(day), report.settings, declared)
    except DaysError as error:
        if not error.levels:
            report.problem(item, error.found, error.fix)
            return
        report.suggest(item, error.found, error.fix, day_levels=error.levels)
        check_days(report, day, usable)
        return
    key, levels = report.settings.day_key, days.labels
    shown = " < ".join(f"{level} ({counts.get(level, 0):,} cells)" for level in levels[:MOST_SHOWN])
    few = [level for level in levels if counts.get(level, 0) < 2]
    found = few_cells(key or "day_key: null", counts, levels)
    if few:
        fix = f'leave them out: adata = adata[~adata.obs["{key}"].astype(str).isin({few})]'
        report.problem(item, f"{found}; in all {shown}", fix)
    elif key is None:
        report.ok(item, f"one day, as day_key: null says: {shown}")
    elif doubt := doubt_days(levels, days.doubt):
        report.doubt(doubt)
    else:
        times = "" if days.values is None else f"; at {', '.join(f'{value:g}' for value in days.values)}"
        report.ok(item, shown + times)


def find_replicates(report: Report, source: ScreenSource) -> bool:
    """The table of covariates, in obsm or obs itself, and its column; none is looked for where the key is null."""
    item, s = "Replicates", report.settings
    if s.rep_key is None:
        return True
    place = covariate_table(s)
    if source.element(place, s.rep_key) is not None:
        return True
    has = ", ".join(source.names(place))
    found = f"no column {s.rep_key} in {place}" + (f"; it has: {has}" if has else ", nor that table")
    alike = replicate_columns(source)
    if not alike:
        report.suggest(item, found, _NO_REPLICATE, rep_key=None)
        return True
    best = alike[0]
    wanted = {"covar_key": None if best.table == "obs" else best.table.removeprefix("obsm/"), "rep_key": best.key}
    wanted = {key: value for key, value in wanted.items() if getattr(s, key) != value}
    lines = ", ".join(f"{key}: {'null' if value is None else value}" for key, value in wanted.items())
    report.suggest(item, found, f"set {lines} ({best.why})", **wanted)
    return True


def check_replicates(report: Report, replicate: pd.Categorical, usable: np.ndarray | None) -> None:
    item, levels, counts = "Replicates", sort_levels(labels_of(replicate)), _counts(replicate, usable)
    shown = ", ".join(f"{level} ({counts.get(level, 0):,} cells)" for level in levels[:MOST_SHOWN])
    if found := few_cells(report.settings.rep_key or "replicate", counts, levels):
        report.problem(item, f"{found}; in all {shown}", "leave them out, or give their cells another label")
    elif doubt := doubt_replicates(levels, sum(counts.values())):
        report.doubt(doubt)
    else:
        report.ok(item, shown)


def _counts(labels: pd.Categorical, usable: np.ndarray | None) -> dict[str, int]:
    """Usable cells by label; all cells where it is not known which are usable."""
    return count_levels(labels, usable if usable is not None and len(usable) == len(labels) else None)
