"""Calls on more rows of screens, beside other methods: further tables of `METHODS.md`.

    python bench/methods_more.py prior FOLDER [--seeds 8] [--write METHODS.md]
    python bench/methods_more.py guides FOLDER [--seeds 8] [--write METHODS.md]

`prior`: CellRank's labels, the real library, eight shapes of effects: the prior of mash on whole fits (`prior.R` draws
estimates with right standard errors). `guides`: rows of `methods.py` whose guides are drawn around their gene's effect,
not centred within it. It makes the screens, fits them, runs the other methods beside, and prints power and false calls.
What FOLDER has is kept, so that a second run goes on. It needs R with fatebias and limma.
"""

import argparse
from pathlib import Path

from methods_tables import COLUMNS, calls_text, screens_text
from peers_methods import DEFAULT, GUIDES
from peers_run import Job, run, score
from peers_screens import DRAWN, PLANTED, Place, kind_of, title
from truth_tables import commit, grid, write_between_marks

import fatebias

TABLES = {
    "prior": (PLANTED, (DEFAULT, "least_squares", "limma", "guide_t")),
    "guides": (DRAWN, (DEFAULT, GUIDES, "least_squares", "limma", "guide_t", "rank_sums", "resampling")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=8, metavar="N", help="screens a truth")
    parser.add_argument("--first-seed", type=int, default=5001, metavar="N")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="jobs at a time")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks of this file")
    args = parser.parse_args()
    kinds, methods = TABLES[args.table]
    columns = {name: of for name, of in COLUMNS.items() if of.method in methods}
    place = Place(folder=args.folder)
    seeds = {row: tuple(place.seeds(row, args.first_seed, args.seeds)) for row in kinds}
    run(place, [Job(row=row, seeds=of, methods=methods) for row, of in seeds.items()], args.processes)
    lines = []
    for row, of in seeds.items():
        text = calls_text if kind_of(row).effects else screens_text
        scores = [score(place, row, column.method, of, column.rule) for column in columns.values()]
        lines.append([title(row), *(text(one) for one in scores)])
    numbers = "; ".join(f"{row} {of[0]}-{of[-1]}" for row, of in seeds.items())
    head = f"fatebias {fatebias.__version__}, commit `{commit()}`. {args.seeds} screens a row, seeds: {numbers}.\n"
    page = "\n".join([head, *grid(["screens", *columns], lines)])
    return write_between_marks(args.write, f"methods_more.py {args.table}", page) if args.write else print(page)


if __name__ == "__main__":
    main()
