"""Preflight of a guide map: columns, rows, controls, and whether its guides are those of the screen."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..base import ScreenError
from ..screens import COLUMNS, control_flags, first_few, problems_in, read_map_table, stripped
from .findings import Report
from .lookalikes import looks_like_control, map_columns

ITEM = "Guide map"
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
# how names of one guide differ between two files: what to say, and what takes the difference away
_SPELLINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("upper and lower case", lambda name: name.strip().lower()),
    ("the signs between their parts", lambda name: re.sub(r"[-_. |]+", "_", name.strip().lower())),
    ("a suffix", lambda name: re.sub(r"[-_.][0-9]+$", "", re.sub(r"[-_. |]+", "_", name.strip().lower()))),
    ("a prefix", lambda name: re.sub(r"^[a-z]+_", "", re.sub(r"[-_. |]+", "_", name.strip().lower()))),
)


def check_map(report: Report, path: Path | None, guides: list[str] | None) -> pd.DataFrame | None:
    """The guide map with the columns COLUMNS where these can be told, else None."""
    if path is None:
        report.warn(ITEM, "not given, so not looked at", "name it: a CSV with the columns " + ", ".join(COLUMNS))
        return None
    with report.refusals(ITEM):
        table = _named(report, _split(report, path), guides or [])
        if table is None:
            return None
        table = stripped(table)
        problems = list(problems_in(table))
        for problem in problems:
            report.problem(ITEM, problem, _controls_hint(table) if "no control" in problem else "")
        if not problems:
            ntc = control_flags(table)
            genes = table["gene_name"][~ntc].nunique()
            report.ok(ITEM, f"{genes:,} genes, {(~ntc).sum():,} guides and {ntc.sum():,} controls")
            _warn_of_hidden_controls(report, table, ntc)
        return table
    return None


def check_match(report: Report, table: pd.DataFrame, guides: list[str]) -> None:
    """Are the guides of the screen those of the map?"""
    item = "Guides in the map"
    known = set(table["guide_name"])
    lacking = [name for name in guides if name not in known]
    if not lacking:
        report.ok(item, f"all {len(guides):,} guides of the screen are in the map")
        return
    found = f"{len(lacking):,} of {len(guides):,} guides of the screen are not in the map: {first_few(lacking)}"
    report.problem(item, found, _spelling_hint(lacking, table))


def _split(report: Report, path: Path) -> pd.DataFrame:
    """The table of a file, whatever separates its columns."""
    table = read_map_table(path)
    for separator, name in _SEPARATORS.items():
        if table.shape[1] == 1 and separator in table.columns[0]:
            fix = f'in R: data.table::fwrite(data.table::fread("{path.name}"), "{path.stem}.csv")'
            report.problem(ITEM, f"its columns are separated by {name}, not commas", fix)
            return read_map_table(path, separator)
    return table


def _named(report: Report, table: pd.DataFrame, guides: list[str]) -> pd.DataFrame | None:
    """The table with the names of COLUMNS; None where a column cannot be told."""
    missing = [name for name in COLUMNS if name not in table.columns]
    if not missing:
        return table
    alike = map_columns(table, guides)
    renamed = {alike[name]: name for name in missing if name in alike}
    fixes = [f"rename {old} to {new}" for old, new in renamed.items()]
    table = table.rename(columns=renamed)
    if "is_ntc" not in table.columns:
        fixes.append("add is_ntc: 1 for a control guide, 0 for any other")
        if "gene_name" in table.columns:
            control = table["gene_name"].map(looks_like_control)
            if control.any():
                names = first_few(table["gene_name"][control].unique())
                fixes[-1] += f" ({control.sum():,} guides look like controls, by gene_name: {names})"
            table = table.assign(is_ntc=np.where(control, "1", "0"))
    still = [name for name in COLUMNS if name not in table.columns]
    fixes += [f"no column looks like {name}: add it" for name in still]
    found = (
        f"no column {', '.join(missing)}; it has {first_few(table.rename(columns={b: a for a, b in renamed.items()}))}"
    )
    report.problem(ITEM, found, "; ".join(fixes))
    return None if still else table


def _controls_hint(table: pd.DataFrame) -> str:
    control = table[["guide_name", "gene_name"]].map(looks_like_control).any(axis=1)
    if not control.any():
        return "no name looks like a control's: a screen without control guides cannot be fitted"
    names = first_few(table["gene_name"][control].unique())
    return f"{control.sum():,} guides look like controls (gene_name {names}): set their is_ntc to 1"


def _warn_of_hidden_controls(report: Report, table: pd.DataFrame, ntc: np.ndarray) -> None:
    hidden = table["gene_name"].map(looks_like_control).to_numpy() & ~ntc
    if hidden.any():
        names = first_few(table["gene_name"][hidden].unique())
        found = f"{hidden.sum():,} guides with is_ntc 0 have a gene_name like a control's: {names}"
        report.warn("Controls", found, "set their is_ntc to 1 if they are controls")


def _spelling_hint(lacking: list[str], table: pd.DataFrame) -> str:
    """How the names differ, where one rule brings most of them together."""
    for what, rule in _SPELLINGS:
        known: dict[str, str] = {}
        for name in table["guide_name"]:
            known.setdefault(rule(name), name)
        pairs = [(name, known[rule(name)]) for name in lacking if rule(name) in known]
        if len(pairs) > len(lacking) / 2:
            mine, its = pairs[0]
            return (
                f"{len(pairs):,} of them differ by {what} only, as {mine!r} in the screen and {its!r} in the map: "
                "write them alike"
            )
    genes = set(table["gene_name"])
    if sum(name in genes for name in lacking) > len(lacking) / 2:
        return "they are names of genes: the screen must hold guides, one column each"
    return "add them to the map"


def read_names(path: Path | None) -> set[str]:
    """Every text of a guide map, to recognise the names of guides by; empty where it cannot be read."""
    try:
        return set() if path is None else set(read_map_table(path).to_numpy().ravel())
    except ScreenError:  # said where the map is checked
        return set()
