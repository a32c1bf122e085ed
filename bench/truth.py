"""Calls, standard errors and hits against the truth, on screens that no model here wrote and on screens of life.

    python bench/truth.py FOLDER --landscape DIR [--seeds 8] [--first-seed 3001] [--rows base plain] [--write TRUTH.md]

fits every screen by the defaults, runs least squares, limma and a t over guides on it, and fits some of the rows by
the settings of before with each remedy alone. It prints the tables of `TRUTH.md`, or writes them. What FOLDER has is
kept, so that a second run goes on: after a change of the engine take another folder, or delete its `fits` and `mash`;
after a change of mash delete its `mash`. DIR has screens of `landscape.py` (KIND_SEED.h5ad); with --cellrank-python
they are made; without either these rows are left out. It needs R with fatebias and limma.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import truth_tables
from peers_methods import DEFAULT, REMEDIES
from peers_run import Job, run, score
from peers_screens import LANDSCAPE, LIFE, Place, kind_name, kind_of, with_keys
from truth_tables import COMPETITORS

ROWS = with_keys(LANDSCAPE | LIFE)
REMEDY_ROWS = ("base", "null", "replicate", "guide", "clone", "burden", "dispersion", "life", "life_none")


def plan(place: Place, rows: list[str], args: argparse.Namespace) -> Iterator[Job]:
    """All jobs: defaults and competitors first, and clones, whose fits take ten times as long, last among each."""
    rows = sorted(rows, key=lambda row: kind_of(row).clones)
    numbers = {row: args.clone_seeds if kind_of(row).clones else args.seeds for row in rows}
    seeds = {row: tuple(place.seeds(kind_name(row), args.first_seed, numbers[row])) for row in rows}
    first = [(DEFAULT,), COMPETITORS]
    yield from (Job(methods=methods, row=row, seeds=seeds[row]) for row in rows for methods in first if seeds[row])
    some = [row for row in rows if row in REMEDY_ROWS and seeds[row] and args.remedy_seeds]
    yield from (
        Job(methods=(method,), row=row, seeds=seeds[row][: args.remedy_seeds]) for row in some for method in REMEDIES
    )


def scored(place: Place, jobs: list[Job], remedy_seeds: int) -> str:
    """The tables of what jobs have left in their folders."""
    table: truth_tables.Scores = {}
    alone: truth_tables.Scores = {}
    for job in sorted(jobs, key=lambda job: ROWS.index(job.row)):
        rows = (alone if job.methods[0] in REMEDIES else table).setdefault(job.row, {})
        rows.update({method: score(place, job.row, method, job.seeds) for method in job.methods})
    seeds = {job.row: job.seeds for job in jobs if job.methods == (DEFAULT,)}
    for row, methods in alone.items():  # the defaults on the same screens
        methods[DEFAULT] = score(place, row, DEFAULT, seeds[row][:remedy_seeds])
    return truth_tables.page(table, alone, seeds)


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
    jobs = list(plan(place, args.rows or ROWS, args))
    run(place, jobs)
    text = scored(place, jobs, args.remedy_seeds)
    if args.write:
        truth_tables.write_between_marks(args.write, "truth.py", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
