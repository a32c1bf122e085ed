"""The prior of mash on whole fits: calls on screens with CellRank's labels, the real library, eight shapes of effects.

    python bench/prior_fits.py FOLDER [--seeds 8] [--write METHODS.md]

`prior.R` draws estimates with right standard errors; here they come from fits of 30,000 cells. It makes the screens,
fits them, runs least squares, limma and a t over guides beside, and prints power and false calls by truth. What FOLDER
has is kept, so that a second run goes on. It needs R with fatebias and limma.
"""

import argparse
from pathlib import Path

from methods_tables import COLUMNS, calls_text
from peers_methods import DEFAULT
from peers_run import Job, run, score
from peers_screens import PLANTED, Place, title
from truth_tables import commit, grid, write_between_marks

import fatebias

METHODS = (DEFAULT, "least_squares", "limma", "guide_t")
SHOWN = {name: of for name, of in COLUMNS.items() if of.method in METHODS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=8, metavar="N", help="screens a truth")
    parser.add_argument("--first-seed", type=int, default=5001, metavar="N")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="jobs at a time")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks of this file")
    args = parser.parse_args()
    place = Place(folder=args.folder)
    seeds = {row: tuple(place.seeds(row, args.first_seed, args.seeds)) for row in PLANTED}
    run(place, [Job(row=row, seeds=of, methods=METHODS) for row, of in seeds.items()], args.processes)
    lines = []
    for row, of in seeds.items():
        scores = [score(place, row, column.method, of, column.rule) for column in SHOWN.values()]
        lines.append([title(row), *(calls_text(one) for one in scores)])
    numbers = "; ".join(f"{row} {of[0]}-{of[-1]}" for row, of in seeds.items())
    head = f"fatebias {fatebias.__version__}, commit `{commit()}`. {args.seeds} screens a row, seeds: {numbers}.\n"
    text = "\n".join([head, *grid(["screens", *SHOWN], lines)])
    return write_between_marks(args.write, "prior_fits.py", text) if args.write else print(text)


if __name__ == "__main__":
    main()
