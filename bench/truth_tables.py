"""The tables of TRUTH.md."""

import subprocess
from pathlib import Path

import numpy as np
from measure import Row as Must
from peers_methods import DEFAULT, REMEDIES
from peers_score import CURVE, LEVEL, Score
from peers_screens import kind_of, title

import fatebias

COMPETITORS = ("least_squares", "limma", "guide_t")
Scores = dict[str, dict[str, Score]]  # by row and method
TITLES = {
    DEFAULT: "fatebias", "least_squares": "least squares, BH", "limma": "limma, BH", "guide_t": "t over guides, BH",
}  # fmt: skip
# by row: least power that is asked for, the largest false share where that is not LEVEL, and how far the SD of null z
# scores may be from 1 on any day
POWER = {
    "base": 0.72, "replicate": 0.4, "depth": 0.6, "clone": 0.45, "clone+key": 0.45, "guide": 0.3, "guide_sd": 0.8,
    "off_target": 0.78, "replicate_15": 0.6, "replicate_30": 0.2, "replicate_3x20": 0.6, "clone_50": 0.68,
    "clone_50+key": 0.68, "clone_100": 0.45, "clone_100+key": 0.45, "clone_moi1": 0.2, "clone_moi1+key": 0.2,
    "burden": 0.82, "dispersion": 0.83, "day0_flat": 0.65, "rare": 0.2, "life": 0.15,
}  # fmt: skip
FALSE_SHARE = {
    "clone": 0.08, "guide": 0.1, "clone_100": 0.08, "clone_100+key": 0.08, "clone_moi1": 0.08, "clone_moi1+key": 0.08
}  # fmt: skip
Z_MARGIN = {"base": 0.1, "null": 0.1, "depth": 0.1, "replicate": 0.1, "clone": 0.15, "clone+key": 0.15, "guide": 0.15}
COVERAGE = (0.87, 0.97)  # of 90 % intervals


def page(table: Scores, alone: Scores, seeds: dict[str, tuple[int, ...]]) -> str:
    """All tables."""
    numbers = "; ".join(f"{row} {of[0]}-{of[-1]}" for row, of in seeds.items())
    parts = [
        f"fatebias {fatebias.__version__}, commit `{commit()}`. Seeds: {numbers}.",
        "## What must hold", *grid(["what", "must", "measured", ""], musts(table)),
        "## Beside other methods", *grid(["screens", *TITLES.values()], beside(table)),
        "## Remedies, alone and together",
        *grid(["screens", "n", *REMEDIES, "all (the defaults)"], remedies(alone)),
        "## False share against power",
        *grid(["fatebias, lfsr below", *map(str, CURVE)], curves(table)),
        "## Everything", *grid(EVERYTHING, everything(table)),
    ]  # fmt: skip
    return "\n".join(part + "\n" if part and not part.startswith("|") else part for part in parts)


def grid(head: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table, by lines, with an empty line at its end."""
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(cells) + " |" for cells in lines), ""]


def musts(table: Scores) -> list[list[str]]:
    """Each number that is asked for: what, must, measured, verdict."""
    found = []
    for row, methods in table.items():
        if DEFAULT in methods:
            found += row_musts(row, methods[DEFAULT])
    return [[one.what, one.must, short(one.measured), "ok" if one.ok else "**MISSED**"] for one in found]


def row_musts(row: str, score: Score) -> list[Must]:
    what, kind = title(row), kind_of(row)
    if kind.effects:
        calls = [Must(f"{what}: false share of calls", score.false_share, most=FALSE_SHARE.get(row, LEVEL))]
        if row in POWER:
            calls.append(Must(f"{what}: power", score.power, least=POWER[row]))
    else:
        calls = [Must(f"{what}: screens of {score.screens} with a call", score.with_false, most=1)]
    if row == "guide" and score.robust[1]:
        calls.append(Must(f"{what}: false share of robust hits", score.robust[0] / score.robust[1], most=LEVEL))
    if row in Z_MARGIN:
        z, margin = score.z_by_day, Z_MARGIN[row]
        furthest = z[np.nanargmax(np.abs(z - 1))]
        calls.append(Must(f"{what}: null z SD, day furthest from 1", furthest, 1 - margin, 1 + margin))
    return [*calls, Must(f"{what}: coverage of 90 % intervals", score.coverage, *COVERAGE)]


def beside(table: Scores) -> list[list[str]]:
    """Power, false / calls by method. Bold: the largest power of those whose false share is at most LEVEL."""
    rows = []
    for row, methods in table.items():
        scores = [methods.get(method) for method in TITLES]
        able = [s.power for s in scores if s and s.active and s.false_share <= LEVEL]
        best = max(able, default=None)
        rows.append(
            [title(row), *(calls_text(s, s.power == best and s.false_share <= LEVEL) if s else "" for s in scores)]
        )
    return rows


def calls_text(score: Score, bold: bool = False) -> str:
    """Power, false / calls (false share); without effects the calls and the screens that have one."""
    if not score.active:
        return f"{score.false} calls, {score.with_false} of {score.screens} screens"
    power = f"**{short(score.power)}**" if bold else short(score.power)
    return f"{power}, {score.false}/{score.calls} ({short(score.false_share)})"


def remedies(alone: Scores) -> list[list[str]]:
    """Of each row how many screens, and what each remedy gives."""
    order = [*REMEDIES, DEFAULT]
    return [
        [title(row), str(methods[DEFAULT].screens), *(calls_text(methods[method]) for method in order)]
        for row, methods in alone.items()
    ]


def curves(table: Scores) -> list[list[str]]:
    """Power and false share of the defaults at several thresholds, of rows with effects."""
    found = {row: methods[DEFAULT] for row, methods in table.items() if DEFAULT in methods}
    return [
        [title(row)]
        + [f"{short((n - false) / score.active)} ({short(false / max(n, 1))})" for false, n in score.curve.tolist()]
        for row, score in found.items()
        if score.active
    ]


EVERYTHING = [
    "screens", "method", "n", "power", "false / calls", "screens with a false call", "null z SD by day",
    "coverage of 90 % intervals", "false / hits", "false / robust hits",
]  # fmt: skip


def everything(table: Scores) -> list[list[str]]:
    """One line a row and method."""
    return [
        [title(row), TITLES[method], *score_cells(methods[method])]
        for row, methods in table.items()
        for method in (DEFAULT, *COMPETITORS)
        if method in methods
    ]


def score_cells(score: Score) -> list[str]:
    hits = [f"{of[0]}/{of[1]}" if of[1] or score.hits[1] else "-" for of in (score.hits, score.robust)]
    return [
        str(score.screens), short(score.power), f"{score.false}/{score.calls} ({short(score.false_share)})",
        str(score.with_false), " ".join(short(z) for z in score.z_by_day), short(score.coverage), *hits,
    ]  # fmt: skip


def short(number: float) -> str:
    """Two digits without a leading zero; a count as it is."""
    if isinstance(number, int):
        return str(number)
    return "-" if np.isnan(number) else f"{number:.2f}".removeprefix("0")


def commit() -> str:
    here = Path(__file__).parent
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


def marks(script: str) -> tuple[str, str]:
    """The lines of a page between which a script writes."""
    return f"<!-- {script} -->", f"<!-- end of {script} -->"


def write_between_marks(path: Path, script: str, text: str) -> None:
    """Replace what stands between the marks of a script on a page; without a page, write one of the marks alone."""
    start, end = marks(script)
    page_text = path.read_text(encoding="utf-8") if path.exists() else f"{start}\n{end}\n"
    head, rest = page_text.split(start)
    tail = rest.split(end)[1]
    path.write_text(f"{head}{start}\n\n{text}\n{end}{tail}", encoding="utf-8")
