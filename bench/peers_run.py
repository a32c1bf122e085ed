"""Jobs of truth.py and methods.py: methods on the screens of a row, two jobs at a time, and their scores.

What a job has written is kept, so that a second run goes on.
"""

import os
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from peers_methods import FITS, READ_BY_R, fit, test
from peers_score import Score, read_mash, read_tests
from peers_screens import Place, kind_name, settings_of

from fatebias.base import FitWarning, ScreenWarning

PROCESSES = 2


@dataclass(frozen=True, kw_only=True)
class Job:
    """Methods on some screens of a row; without methods the screens are made. mash: whether fits get their table."""

    row: str
    seeds: tuple[int, ...]
    methods: tuple[str, ...] = ()
    mash: bool = True


def run(place: Place, jobs: list[Job], processes: int = PROCESSES) -> None:
    """Make the screens, then work through the jobs; the first error ends it after the jobs at hand."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for stage in (screens_of(jobs), jobs):
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            waiting = {pool.submit(work, place, job): job for job in stage}
            for done, future in enumerate(as_completed(waiting), 1):
                if future.exception():
                    pool.shutdown(cancel_futures=True)
                future.result()
                tell(waiting[future], f"{done}/{len(stage)}")


def tell(job: Job, place_in_line: str) -> None:
    what = ", ".join(job.methods) or "made"
    print(f"{place_in_line} {job.row}: {what}, {len(job.seeds)} screens", file=sys.stderr, flush=True)


def screens_of(jobs: list[Job]) -> list[Job]:
    """Jobs that make the screens of others, each once: two that run side by side share files."""
    wanted = {(kind_name(job.row), seed) for job in jobs for seed in job.seeds}
    return [Job(row=kind, seeds=(seed,)) for kind, seed in sorted(wanted)]


def work(place: Place, job: Job) -> None:
    """Run the methods of a job on each of its screens; mash and methods in R once for all screens."""
    for told in (FitWarning, ScreenWarning):
        warnings.simplefilter("ignore", told)
    row, kind = job.row, kind_name(job.row)
    fits = [method for method in job.methods if method in FITS]
    tests = tuple(method for method in job.methods if method not in FITS)
    for seed in job.seeds:
        files = place.files(kind, seed)
        if not job.methods:
            place.make(kind, seed)
        for method in fits:
            fit(files, place.fit(method, row, seed), FITS[method] | settings_of(row))
        test(files, place.tests(row, seed), tests)
    for method in fits if job.mash else ():
        in_r("mash", [(place.fit(method, row, seed), place.mash_table(method, row, seed)) for seed in job.seeds])
    for method in tests:
        if method in READ_BY_R:
            folders = [place.tests(row, seed) for seed in job.seeds]
            in_r(method, [(folder / f"{READ_BY_R[method]}.csv", folder / f"{method}.csv") for folder in folders])


def in_r(method: str, files: list[tuple[Path, Path]]) -> None:
    """`peers.R` on pairs (what it reads, what it writes); what is there is kept."""
    missing = [pair for pair in files if not pair[1].exists()]
    for _, to in missing:
        to.parent.mkdir(parents=True, exist_ok=True)
    if missing:
        script = Path(__file__).with_name("peers.R")
        paths = [path for pair in missing for path in pair]
        subprocess.run(["Rscript", "--no-save", script, method, *paths], check=True)


@cache
def score(place: Place, row: str, method: str, seeds: tuple[int, ...], rule: str = "lfsr") -> Score:
    """Score of one method on some screens of a row; rule: of calls by mash."""
    found = Score()
    for seed in seeds:
        if method in FITS:
            calls = read_mash(place.mash_table(method, row, seed), rule)
        else:
            calls = read_tests(place.tests(row, seed) / f"{method}.csv")
        found.add(calls, place.truth(kind_name(row), seed))
    return found


def done(place: Place, row: str, method: str, seeds: tuple[int, ...]) -> tuple[int, ...]:
    """Seeds of which a method has what calls rest on: the fit, or the table of tests."""
    if method in FITS:
        return tuple(seed for seed in seeds if (place.fit(method, row, seed) / "fit_manifest.json").exists())
    return tuple(seed for seed in seeds if (place.tests(row, seed) / f"{method}.csv").exists())
