"""Preflight of days and replicates: the columns, their levels in order, and cells by level."""

from collections import Counter

import numpy as np

from ..screens import ScreenSource, covariate_table, doubt_days, first_few, numbers_in, sort_levels
from .findings import Report, find_key
from .lookalikes import MOST_LEVELS, day_columns, replicate_columns

MOST_SHOWN = 12  # levels in a row of the table
_NO_DAY = 'put it there: adata.obs["day"] = one label a cell; with one time point set day_key: null'
_NO_REPLICATE = "with one replicate: set rep_key: null; with several name their column: rep_key (and covar_key)"


def find_day(report: Report, source: ScreenSource) -> bool:
    """The column of obs with the day; none is looked for where the key is null."""
    if report.settings.day_key is None:
        return True
    return find_key(report, source, "day_key", day_columns(source), _NO_DAY)


def check_days(report: Report, source: ScreenSource, day: np.ndarray, usable: np.ndarray | None) -> None:
    """Days, each with cells, in the order of time; one day is a doubt unless the settings say so."""
    item, given = "Days", report.settings.day_levels
    levels = sort_levels(day)
    if given and set(given) != set(levels):
        found = f"day_levels names {first_few(given)}, but the days are {first_few(levels)}"
        if report.settings.day_key is None:
            fix, mended = "leave day_levels out: with day_key: null there is one day", None
        else:
            fix, mended = f"set day_levels: [{', '.join(levels)}]", tuple(levels)
        report.suggest(item, found, fix, day_levels=mended)
    levels = list(report.settings.day_levels or levels)
    counts = _counts(day, usable)
    shown = " < ".join(f"{level} ({counts.get(level, 0):,} cells)" for level in levels[:MOST_SHOWN])
    few = [level for level in levels if counts.get(level, 0) < 2]
    if few:
        fix = f'leave them out: adata = adata[~adata.obs["{report.settings.day_key}"].astype(str).isin({few})]'
        report.problem(item, f"days with fewer than 2 usable cells: {first_few(few)}; in all {shown}", fix)
    elif len(levels) == 1:
        doubt = doubt_days(_usable(day, usable), source, report.settings)
        if doubt is None:
            report.ok(item, f"one day, as day_key: null says: {shown}")
        else:
            report.warn(doubt.item, doubt.found, doubt.fix)
    elif len(levels) > MOST_LEVELS:
        report.warn(item, f"{len(levels):,} days, such as {first_few(levels)}", "is this the column of the day?")
    else:
        _check_order(report, levels, shown)


def _check_order(report: Report, levels: list[str], shown: str) -> None:
    """Is the order of the days that of time, as far as can be told?"""
    item, given = "Days", report.settings.day_levels
    values = report.settings.day_values or numbers_in(levels)
    if values is None and not given:
        fix = f"set the order of time: day_levels: [{', '.join(levels)}]"
        report.warn(item, f"{shown}: in alphabetical order", fix)
    elif values is None:
        report.ok(item, shown)
    elif len(values) != len(levels):
        report.problem(item, f"day_values has {len(values)} values, but there are {len(levels)} days: {shown}")
    elif list(values) != sorted(values):
        report.warn(item, f"{shown}: not in the order of their numbers", "set the order of time as day_levels")
    else:
        report.ok(item, f"{shown}; at {', '.join(f'{value:g}' for value in values)}")


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


def check_replicates(report: Report, replicate: np.ndarray, usable: np.ndarray | None) -> None:
    item, levels, counts = "Replicates", sort_levels(replicate), _counts(replicate, usable)
    shown = ", ".join(f"{level} ({counts.get(level, 0):,} cells)" for level in levels[:MOST_SHOWN])
    few = [level for level in levels if counts.get(level, 0) < 2]
    if few:
        fix = f"leave them out, or give their cells another label: {first_few(few)}"
        report.problem(item, f"replicates with fewer than 2 usable cells; in all {shown}", fix)
    elif len(levels) > MOST_LEVELS:
        report.warn(
            item, f"{len(levels):,} replicates, such as {first_few(levels)}", "is this the column of the replicate?"
        )
    elif len(levels) == 1:
        report.warn(item, f"one replicate, {shown}: no SE can include how cultures differ")
    else:
        report.ok(item, shown)


def _counts(labels: np.ndarray, usable: np.ndarray | None) -> dict[str, int]:
    """Usable cells by label."""
    return Counter(_usable(labels, usable))


def _usable(labels: np.ndarray, usable: np.ndarray | None) -> np.ndarray:
    """Labels of the usable cells; of all where it is not known which are usable."""
    return labels[usable] if usable is not None and len(usable) == len(labels) else labels
