"""The tables of METHODS.md."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from peers_methods import DEFAULT, FIRST, GUIDES
from peers_score import Score
from peers_screens import kind_of, title
from truth_tables import commit, grid, short

import fatebias

KEPT = 0.06  # the largest false share of a method that counts as keeping it
MARGIN = 0.02  # more power than this is more


@dataclass(frozen=True, kw_only=True)
class Column:
    """A method and, of fits, the rule that calls. ours: whether it is one of the rules of `call_rule`."""

    method: str
    rule: str = ""
    ours: bool = False


COLUMNS = {
    "fatebias, `lfsr`": Column(method=DEFAULT, rule="lfsr", ours=True),
    "fatebias, `svalue`": Column(method=DEFAULT, rule="svalue", ours=True),
    "fatebias, `either`": Column(method=DEFAULT, rule="either", ours=True),
    "fatebias, BH": Column(method=DEFAULT, rule="bh"),
    "of these guides, `either`": Column(method=GUIDES, rule="either"),
    "AutoNormal, weight 1": Column(method=FIRST, rule="lfsr"),
    "least squares": Column(method="least_squares"),
    "limma": Column(method="limma"),
    "t over guides": Column(method="guide_t"),
    "rank-sum": Column(method="rank_sums"),
    "sceptre-like": Column(method="resampling"),
    "Dirichlet regression": Column(method="dirichlet"),
}
HEADS = ["screens", "best rule of fatebias", "of these guides, `either`", "more power"]
WITHOUT_INTERVALS = ("resampling", "rank_sums")
ALL = {column: column for column in COLUMNS}
OURS = [column for column, of in COLUMNS.items() if of.ours]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One column on one row. score: on all screens that it has; ours: of each rule of OURS on the same screens."""

    score: Score
    ours: dict[str, Score]


Results = dict[str, dict[str, Cell]]  # by row and column


def page(results: Results, seeds: dict[str, tuple[int, ...]]) -> str:
    """All tables; a row has the same columns whether they were run or not."""
    found, counted = ahead(results)
    numbers = "; ".join(f"{row} {of[0]}-{of[-1]}" for row, of in seeds.items() if row in results)
    most = max((cells[OURS[0]].score.screens for cells in results.values() if OURS[0] in cells), default=0)
    parts = [
        f"fatebias {fatebias.__version__}, commit `{commit()}`. {most} screens a row, seeds: {numbers}.",
        "## Where another method has more power",
        f"{len({line[0] for line in found})} of {counted} rows with effects.",
        *(grid(HEADS, found) if found else []),
        "## Power and false calls", *table(results, ALL, [True], most, calls_text),
        "## Calls where nothing is, and in how many screens", *table(results, ALL, [False], most, screens_text),
        "## All rows together", *grid(["", *COLUMNS], sums(results)),
        "## What z scores hold, whatever the rule", *table(results, by_method(), [True], most, signal_text),
        "## Coverage of 90 % intervals",
        *table(results, by_method(WITHOUT_INTERVALS), [True, False], most, coverage_text),
    ]  # fmt: skip
    return "\n".join(part + "\n" if part and not part.startswith("|") else part for part in parts)


def table(
    results: Results, columns: dict[str, str], effects: list[bool], most: int, text: Callable[[Score], str]
) -> list[str]:
    """One line a row whose kind has effects or has none. columns: of COLUMNS, by their heads."""
    rows = [row for row in results if kind_of(row).effects in effects]
    cells = [[cell_text(results[row].get(column), most, text) for column in columns.values()] for row in rows]
    return grid(["screens", *columns], [[title(row), *line] for row, line in zip(rows, cells)])


def cell_text(cell: Cell | None, most: int, text: Callable[[Score], str]) -> str:
    if cell is None:
        return "not run"
    fewer = f"; {cell.score.screens} screens" if cell.score.screens < most else ""
    return text(cell.score) + fewer


def calls_text(score: Score) -> str:
    """Power, false / calls (false share); bold where the false share is kept."""
    power = f"**{short(score.power)}**" if score.false_share <= KEPT else short(score.power)
    return f"{power}, {score.false}/{score.calls} ({short(score.false_share)})"


def screens_text(score: Score) -> str:
    """Calls, and how many screens have one."""
    return f"{score.calls} in {score.with_false}" if score.calls else "0"


def by_method(without: tuple[str, ...] = ()) -> dict[str, str]:
    """One column a method, by its name: its rules share z scores and intervals."""
    return {column.partition(", ")[0]: column for column, of in COLUMNS.items() if of.method not in without}


def coverage_text(score: Score) -> str:
    return short(score.coverage)


def signal_text(score: Score) -> str:
    """Signal, and the SD of z scores where nothing is."""
    return f"{short(score.signal)} ({short(score.null_sd)})" if np.isfinite(score.null_sd) else "-"


def ahead(results: Results) -> tuple[list[list[str]], int]:
    """Rows where a method that keeps its false share has more power than the best rule of fatebias that does, by more
    than MARGIN on the same screens; and the number of rows with effects. Its BH column is none of the rules."""
    found, rows = [], [row for row in results if kind_of(row).effects]
    for row in rows:
        for column, cell in results[row].items():
            if COLUMNS[column].method in (DEFAULT, GUIDES) or cell.score.false_share > KEPT:
                continue
            rule, power = best_of_ours(cell.ours)
            if cell.score.power > power + MARGIN:
                more = f"{column} {short(cell.score.power)} ({short(cell.score.false_share)})"
                found.append([title(row), f"{rule} {short(power)}", of_guides(results[row]), more])
    return merged(found), len(rows)


def of_guides(cells: dict[str, Cell]) -> str:
    """Power and false share with `estimand: guides`."""
    own = [cells[column].score for column, of in COLUMNS.items() if of.method == GUIDES and column in cells]
    return ", ".join(f"{short(score.power)} ({short(score.false_share)})" for score in own) or "not run"


def merged(found: list[list[str]]) -> list[list[str]]:
    """One line a row of screens, with all methods that are ahead."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for *key, more in found:
        lines.setdefault(tuple(key), []).append(more)
    return [[*key, ", ".join(more)] for key, more in lines.items()]


def best_of_ours(ours: dict[str, Score]) -> tuple[str, float]:
    """The rule with most power among those that keep their false share; ("none", 0) where none does."""
    able = {rule: score.power for rule, score in ours.items() if score.false_share <= KEPT}
    return max(able.items(), key=lambda one: one[1], default=("none", 0.0))


def sums(results: Results) -> list[list[str]]:
    """By column: rows whose false share is kept, false share of all calls on rows with effects, screens with a call
    where nothing is."""
    lines: list[list[str]] = [["rows that keep the false share"], ["false share, pooled"], ["screens without effects"]]
    for column in COLUMNS:
        cells = {row: of[column].score for row, of in results.items() if column in of}
        effects = [score for row, score in cells.items() if kind_of(row).effects]
        nothing = [score for row, score in cells.items() if not kind_of(row).effects]
        calls, false = sum(score.calls for score in effects), sum(score.false for score in effects)
        lines[0].append(f"{sum(score.false_share <= KEPT for score in effects)} of {len(effects)}")
        lines[1].append(short(false / max(calls, 1)))
        lines[2].append(f"{sum(score.with_false for score in nothing)} of {sum(score.screens for score in nothing)}")
    lines[2][0] = "screens with a call where nothing is"
    return lines
