"""What else a user could do, on the same screens: every method on every row of screens.

    python bench/methods.py work FOLDER --cellrank-python PYTHON [--seeds 8] [--rows life base] [--methods limma]
    python bench/methods.py table FOLDER --landscape FOLDER/landscape [--mash DIR] [--write METHODS.md]

`work` makes the screens, fits them and runs the other methods; what FOLDER has is kept, so that a second run goes on.
`table` gives the fits that are there to mash, applies the rules and prints the tables of `METHODS.md`, or writes them.
The tables of mash are kept in DIR (FOLDER/mash): after a change of mash take another, after one of the engine another
FOLDER. Rows of the landscape need one of --cellrank-python (they are made) and --landscape (they are there). It needs R
with fatebias, limma and DirichletReg.
"""

import argparse
from pathlib import Path

from methods_tables import COLUMNS, OURS, Cell, Results, page
from peers_methods import DEFAULT, FIRST, FITS, GUIDES
from peers_run import Job, done, run, score
from peers_screens import KINDS_OF_LABELS, LANDSCAPE, LIFE, OTHERS, Place, kind_name, with_keys
from truth_tables import write_between_marks

ROWS = with_keys(KINDS_OF_LABELS | {name: LIFE[name] for name in ("life", "life_none")} | LANDSCAPE | OTHERS)
QUICK = (DEFAULT, GUIDES, "least_squares", "limma", "guide_t", "rank_sums", "resampling")
SLOW, SLOW_SEEDS = "dirichlet", 2  # two minutes a screen of `weak`: on few screens of the small rows only
SLOW_ROWS = [row for row in ROWS if row.startswith("weak")] + ["genes_60"]
METHODS = (*QUICK, FIRST, SLOW)


def plan(place: Place, args: argparse.Namespace) -> list[Job]:
    """All jobs: quick methods on all rows first, then the first specification, then Dirichlet regression."""
    jobs = []
    for methods in (QUICK, (FIRST,), (SLOW,)):
        asked = tuple(method for method in methods if method in args.methods)
        for row in args.rows:
            seeds = tuple(place.seeds(kind_name(row), args.first_seed, args.seeds))
            if SLOW in asked:
                seeds = seeds[:SLOW_SEEDS] if row in SLOW_ROWS else ()
            if asked and seeds:
                jobs.append(Job(row=row, seeds=seeds, methods=asked, mash=False))
    return jobs


def results_of(place: Place, jobs: list[Job], processes: int) -> Results:
    """Mash where it is missing, and scores by row and column on the screens that a method has done."""
    ready = [Job(row=j.row, seeds=done(place, j.row, m, j.seeds), methods=(m,)) for j in jobs for m in j.methods]
    ready = [job for job in ready if job.seeds]
    run(place, [job for job in ready if job.methods[0] in FITS], processes)
    results: Results = {}
    for job in ready:
        both = tuple(seed for seed in job.seeds if seed in done(place, job.row, DEFAULT, job.seeds))
        ours = {column: score(place, job.row, DEFAULT, both, COLUMNS[column].rule) for column in OURS}
        for column, of in COLUMNS.items():
            if of.method == job.methods[0]:
                cell = Cell(score=score(place, job.row, of.method, job.seeds, of.rule), ours=ours)
                results.setdefault(job.row, {})[column] = cell
    return {row: results[row] for row in ROWS if row in results}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("work", "table"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--landscape", type=Path, metavar="DIR")
    parser.add_argument("--cellrank-python", metavar="PYTHON")
    parser.add_argument("--seeds", type=int, default=8, metavar="N", help="screens a row")
    parser.add_argument("--first-seed", type=int, default=5001, metavar="N")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS, metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, metavar="METHOD")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="jobs at a time")
    parser.add_argument("--mash", type=Path, metavar="DIR", help="tables of mash (table)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables between the marks of this file")
    args = parser.parse_args()
    place = Place(folder=args.folder, landscape=args.landscape, cellrank=args.cellrank_python, mash=args.mash)
    jobs = plan(place, args)
    if args.what == "work":
        return run(place, jobs, args.processes)
    seeds = {row: tuple(place.seeds(kind_name(row), args.first_seed, args.seeds)) for row in args.rows}
    text = page(results_of(place, jobs, args.processes), seeds)
    return write_between_marks(args.write, "methods.py", text) if args.write else print(text)


if __name__ == "__main__":
    main()
