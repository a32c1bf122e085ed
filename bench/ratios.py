"""Speed beside an earlier commit: it is built here, the same work is run with both in turn, and ratios decide.

    python ratios.py FOLDER [--before f62a6c4] [--only ROW ..] [--times 5] [--write README.md]

Each row is whole processes, or the stages of a whole `tar_make()` (`stages.R`), with the defaults of the commit but for
`inference`. Both commits run on this Python, on the same screens, one after the other; medians of --times runs, of
fewer where a run takes long. Wall and CPU seconds. FOLDER keeps builds, screens and the numbers of all rows so far.
The report of f62a6c4 needs the R package reactable.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from measure import Run, run_process
from truth_tables import write_between_marks

HERE = Path(__file__).resolve().parent
NOW, BEFORE = "now", "before"
SCREENS: dict[str, list[str]] = {
    "real": ["--preset", "real"],
    "real500k": ["--preset", "real500k"],
    "genome300k": ["--preset", "genome", "--cells", "300000"],
    "genome500k": ["--preset", "genome", "--cells", "500000"],
    "genome2m": ["--preset", "genome", "--cells", "2000000"],
}
STAGES = {  # of stages.R, with the largest ratio that is wanted
    "real": {"whole, start of R included": 0.4, "mash of genes": None, "mash of guides": None, "report": 0.4},
    "genome300k": {"whole, start of R included": None, "mash of genes": None, "mash of guides": 0.2, "report": 0.25},
}


@dataclass(frozen=True)
class Side:
    """One of the two commits: where its sources and its installed R package lie."""

    name: str
    sources: Path
    r_library: Path

    @property
    def environment(self) -> dict[str, str]:
        libraries = os.pathsep.join([str(self.r_library), *filter(None, [os.environ.get("R_LIBS")])])
        python = {"PYTHONPATH": str(self.sources / "inst" / "python"), "RETICULATE_PYTHON": sys.executable}
        return os.environ | python | {"R_LIBS": libraries}


@dataclass(frozen=True)
class Work:
    """what: in words. command: arguments of `python -m fatebias`, given a screen's folder and one for the output.
    times: at most so many runs. most: largest ratio that is wanted. after: other work whose output is used."""

    what: str
    screen: str
    command: Callable[[Path, Path], list[str]]
    most: float | None
    times: int = 99
    after: str | None = None


def fit(engine: str) -> Callable[[Path, Path], list[str]]:
    def command(screen: Path, out: Path) -> list[str]:
        files = [str(screen / "screen.h5ad"), "--guides", str(screen / "guide_map.csv")]
        return ["fit", *files, "--out", str(out), "--quiet", "--set", f"inference={engine}"]

    return command


WORK = {
    "version": Work("`--version`", "real", lambda screen, out: ["--version"], 0.1),
    "check": Work(
        "`check` of `real`", "real",
        lambda screen, out: ["check", str(screen / "screen.h5ad"), "--guides", str(screen / "guide_map.csv")], 0.25,
    ),
    "laplace": Work("`real`, laplace", "real", fit("laplace"), 0.5),
    "svi": Work("`real`, svi", "real", fit("svi"), 0.4, times=3),
    "real500k": Work("`real500k`, laplace", "real500k", fit("laplace"), 0.6, times=3),
    "genome500k": Work("`genome`, 500,000 cells, laplace", "genome500k", fit("laplace"), 0.5, times=1),
    "genome2m": Work("`genome`, 2 million cells, laplace", "genome2m", fit("laplace"), 0.55, times=1),
    "certificate": Work(
        "certificate of `real`, laplace", "real", lambda screen, out: ["certify", str(out)], 0.5, 1, after="laplace"
    ),
}  # fmt: skip


def sides(folder: Path, before: str) -> list[Side]:
    """Both commits as they are built: this checkout, and the sources of the other in FOLDER."""
    tree = folder / before
    if not tree.exists():
        archive = subprocess.run(["git", "-C", HERE.parent, "archive", before], check=True, capture_output=True).stdout
        tree.mkdir()
        subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
    found = [Side(BEFORE, tree, folder / "lib.before"), Side(NOW, HERE.parent, folder / "lib.now")]
    for side in found:
        if side.name == NOW or not side.r_library.exists():
            side.r_library.mkdir(exist_ok=True)
            options = ["--no-docs", "--no-test-load", f"--library={side.r_library}"]
            run_process(["R", "CMD", "INSTALL", *options, str(side.sources)])
    return found


def screen_of(folder: Path, name: str) -> Path:
    """A simulated screen, made once, with this checkout."""
    where = folder / "screens" / name
    if not where.exists():
        where.parent.mkdir(exist_ok=True)
        asked = [*SCREENS[name], "--seed", "1", "--out", str(where)]
        subprocess.run([sys.executable, "-m", "fatebias", "simulate", *asked], check=True, capture_output=True)
    return where


def run_side(side: Side, command: list[str]) -> Run:
    """One process of a commit."""
    assigned = [f"{name}={value}" for name, value in side.environment.items() if os.environ.get(name) != value]
    return run_process(["/usr/bin/env", *assigned, *command])


def measure_work(folder: Path, name: str, both: list[Side], times: int) -> dict[str, dict[str, list[Run]]]:
    """Runs of one row, in turn."""
    work, runs = WORK[name], {side.name: [] for side in both}
    screen = screen_of(folder, work.screen)
    for k in range(min(times, work.times)):
        for side in both:
            out = folder / "out" / side.name / (work.after or name) / str(k)
            shutil.rmtree(out / "calibration" if work.after else out, ignore_errors=True)
            runs[side.name].append(run_side(side, [sys.executable, "-m", "fatebias", *work.command(screen, out)]))
    return {work.what: runs}


def measure_stages(folder: Path, screen: str, both: list[Side], times: int) -> dict[str, dict[str, list[Run]]]:
    """Stages of `tar_make()`, in turn: wall seconds by stage, and of the whole also CPU seconds and memory."""
    found: dict[str, dict[str, list[Run]]] = {}
    for k in range(times if screen == "real" else 1):
        for side in both:
            project = folder / "out" / side.name / f"pipeline_{screen}" / str(k)
            shutil.rmtree(project, ignore_errors=True)
            project.mkdir(parents=True)
            for file in screen_of(folder, screen).iterdir():
                os.link(file, project / file.name)
            done = subprocess.run(
                ["Rscript", HERE / "stages.R", project],
                env=side.environment,
                check=True,
                capture_output=True,
                text=True,
            )
            rows = dict(line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| "))
            cells = {what.removesuffix(", s"): float(number) for what, number in rows.items() if number != "measured"}
            for stage, seconds in cells.items():
                whole = stage == "whole, start of R included"
                cpu = cells["of all cores"] if whole else float("nan")
                run = Run(seconds, cells["largest process, GB"] if whole else float("nan"), cpu)
                found.setdefault(f"{screen}, {stage}", {one.name: [] for one in both})[side.name].append(run)
    return {what: runs for what, runs in found.items() if what.split(", ", 1)[1] in STAGES[screen]}


def table(numbers: dict[str, dict[str, list[list[float]]]]) -> list[str]:
    """Medians of both, and ratios, as lines of Markdown."""
    wanted = {work.what: work.most for work in WORK.values()}
    wanted |= {f"{screen}, {stage}": most for screen, stages in STAGES.items() for stage, most in stages.items()}
    lines = ["| what | before: s (CPU) | now: s (CPU) | ratio (CPU) | wanted | now: GB |", "|---|---|---|---|---|---|"]
    for what, runs in numbers.items():
        (wall_0, _, cpu_0), (wall_1, gb, cpu_1) = (
            [statistics.median(of) for of in zip(*runs[name], strict=True)] for name in (BEFORE, NOW)
        )
        cells = [
            what, f"{wall_0:.3g}{in_brackets(cpu_0)}", f"{wall_1:.3g}{in_brackets(cpu_1)}",
            f"{wall_1 / wall_0:.2f}{in_brackets(cpu_1 / cpu_0)}", "-" if wanted[what] is None else f"{wanted[what]:g}",
            "" if gb != gb else f"{gb:.2f}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def in_brackets(number: float) -> str:
    return "" if number != number else f" ({number:.2g})"


def main() -> None:
    rows = [*WORK, *(f"pipeline_{name}" for name in STAGES)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--before", default="f62a6c4", help="the commit to compare with (default f62a6c4)")
    parser.add_argument("--only", nargs="+", choices=rows, default=rows, metavar="ROW", help=", ".join(rows))
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--write", type=Path, help="Markdown file that takes the table")
    args = parser.parse_args()
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    both, store = sides(folder, args.before), folder / "numbers.json"
    numbers = json.loads(store.read_text()) if store.exists() else {}
    for row in args.only:
        if row in WORK:
            found = measure_work(folder, row, both, args.times)
        else:
            found = measure_stages(folder, row.removeprefix("pipeline_"), both, args.times)
        for what, runs in found.items():
            numbers[what] = {
                side: [[one.seconds, one.peak_gb, one.cpu_seconds] for one in of] for side, of in runs.items()
            }
        store.write_text(json.dumps(numbers))
        print("\n".join(table({what: numbers[what] for what in found})), flush=True)
    if args.write:
        write_between_marks(args.write, "ratios.py", "\n".join(table(numbers)))


if __name__ == "__main__":
    main()
