"""Calls, standard errors and hits against the truth, on screens that no model here wrote and on screens of life.

    python bench/truth.py FOLDER --landscape DIR [--seeds 8] [--first-seed 3001] [--rows base plain] [--write TRUTH.md]

fits every screen by the defaults, runs least squares, limma and a t over guides on it, and fits some of the rows by
the settings of before with each remedy alone. It prints the tables of `TRUTH.md`, or writes them. What FOLDER has is
kept, so that a second run goes on; take another folder, or delete its `fits`, after a change of the engine. DIR has
screens of `landscape.py` (KIND_SEED.h5ad); with --cellrank-python they are made; without either these rows are left
out. It needs R with fatebias and limma.
"""

import argparse
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import truth_tables
from truth_methods import COMPETITORS, DEFAULT, FITS, REMEDIES, compete, fit
from truth_score import Score, read_mash, read_tests
from truth_screens import KINDS, Place

from fatebias.base.errors import FitWarning

PROCESSES = 2
REMEDY_ROWS = ("base", "null", "replicate", "guide", "clone", "burden", "dispersion", "life", "life_none")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Screens of one kind, and settings of the fit on top of the method's."""

    kind: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One method on some screens of a row."""

    method: str
    row: str
    seeds: tuple[int, ...]


def all_rows() -> dict[str, Row]:
    """Rows by name: each kind, and kinds with clones once more with `cluster_key`."""
    rows = {}
    for name, kind in KINDS.items():
        rows[name] = Row(kind=name)
        if kind.clones:
            rows[f"{name}+key"] = Row(kind=name, settings={"cluster_key": "clone"})
    return rows


ROWS = all_rows()


def plan(place: Place, rows: list[str], args: argparse.Namespace) -> Iterator[Job]:
    """All jobs: defaults and competitors first, and clones, whose fits take ten times as long, last among each."""
    rows = sorted(rows, key=lambda row: KINDS[ROWS[row].kind].clones)
    numbers = {row: args.clone_seeds if KINDS[ROWS[row].kind].clones else args.seeds for row in rows}
    seeds = {row: tuple(place.seeds(ROWS[row].kind, args.first_seed, numbers[row])) for row in rows}
    first = [DEFAULT, "competitors"]
    yield from (Job(method=method, row=row, seeds=seeds[row]) for row in rows for method in first if seeds[row])
    some = [row for row in rows if row in REMEDY_ROWS and seeds[row] and args.remedy_seeds]
    yield from (
        Job(method=method, row=row, seeds=seeds[row][: args.remedy_seeds]) for row in some for method in REMEDIES
    )


def where(place: Place, job: Job, seed: int) -> Path:
    """Folder of one method (or of all competitors) on one screen."""
    if job.method in FITS:
        return place.folder / "fits" / job.method / f"{job.row}_{seed}"
    return place.folder / "competitors" / f"{ROWS[job.row].kind}_{seed}"


def work(place: Place, job: Job) -> None:
    """Make the screens of a job, run its method on each, and call."""
    warnings.simplefilter("ignore", FitWarning)
    row, folders = ROWS[job.row], []
    for seed in job.seeds:
        place.make(row.kind, seed)
        folders.append(where(place, job, seed))
        if job.method in FITS:
            fit(place.files(row.kind, seed), folders[-1], FITS[job.method] | row.settings)
        else:
            compete(place.files(row.kind, seed), folders[-1])
    script, what = Path(__file__).with_name("truth.R"), "mash" if job.method in FITS else "units"
    subprocess.run(["Rscript", "--no-save", script, what, *folders], check=True)


def score(place: Place, job: Job) -> dict[str, Score]:
    """Scores of a job by method."""
    scores = {method: Score() for method in ([job.method] if job.method in FITS else COMPETITORS)}
    for seed in job.seeds:
        truth, folder = place.truth(ROWS[job.row].kind, seed), where(place, job, seed)
        for method, of in scores.items():
            of.add(read_mash(folder) if method in FITS else read_tests(folder / f"{method}.csv"), truth)
    return scores


def run(place: Place, jobs: list[Job]) -> None:
    """Work through the jobs, PROCESSES at a time; the first error ends it after the jobs at hand."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(work, place, job): job for job in jobs}
        for done, future in enumerate(as_completed(waiting), 1):
            job = waiting[future]
            if future.exception():
                pool.shutdown(cancel_futures=True)
            future.result()
            print(f"{done}/{len(jobs)} {job.row}: {job.method}, {len(job.seeds)} screens", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--landscape", type=Path, metavar="DIR")
    parser.add_argument("--cellrank-python", metavar="PYTHON")
    parser.add_argument("--seeds", type=int, default=8, metavar="N", help="screens a row")
    parser.add_argument("--clone-seeds", type=int, default=8, metavar="N", help="the same of rows with clones")
    parser.add_argument("--first-seed", type=int, default=3001, metavar="N")
    parser.add_argument("--remedy-seeds", type=int, default=4, metavar="N", help="screens a row of single remedies")
    parser.add_argument("--rows", nargs="+", choices=ROWS, metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables between the marks of this file")
    args = parser.parse_args()
    place = Place(folder=args.folder, landscape=args.landscape, cellrank=args.cellrank_python)
    jobs = list(plan(place, args.rows or list(ROWS), args))
    run(place, jobs)
    table, alone = {}, {}
    for job in sorted(jobs, key=lambda job: list(ROWS).index(job.row)):
        (alone if job.method in REMEDIES else table).setdefault(job.row, {}).update(score(place, job))
    for row in alone:  # the defaults on the same screens
        together = Job(
            method=DEFAULT, row=row, seeds=next(job.seeds for job in jobs if job.row == row)[: args.remedy_seeds]
        )
        alone[row] |= score(place, together)
    text = truth_tables.page(table, alone, {job.row: job.seeds for job in reversed(jobs)})
    if args.write:
        truth_tables.write_between_marks(args.write, text)
    else:
        print(text)


if __name__ == "__main__":
    main()
