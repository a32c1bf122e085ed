"""Calls on more rows of screens, beside other methods: further tables of `METHODS.md`.

    python bench/methods_more.py prior FOLDER [--seeds 8] [--write METHODS.md]
    python bench/methods_more.py guides FOLDER [--seeds 8] [--write METHODS.md]

`prior`: CellRank's labels, the real library, eight shapes of effects: the prior of mash on whole fits (`prior.R` draws
estimates with right standard errors). `guides`: the presets, the real library and the sizes of `methods.py` with guides
drawn around their gene's effect, not centred within it. It makes the screens, fits them, runs the other methods beside,
and prints power and false calls. What FOLDER has is kept, so that a second run goes on; --ready takes the rows that are
there, and runs nothing. It needs R with fatebias and limma.
"""

import argparse
from itertools import compress
from pathlib import Path

from methods_tables import ALL, COLUMNS, HEADS, OURS, Cell, Results, ahead, calls_text, screens_text, sums, table
from peers_methods import DEFAULT, GUIDES
from peers_run import Job, done, run, score
from peers_screens import DRAWN, PLANTED, Place
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
    parser.add_argument("--ready", action="store_true", help="rows that are there only")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks of this file")
    args = parser.parse_args()
    kinds, methods = TABLES[args.table]
    place = Place(folder=args.folder)
    seeds = {row: tuple(place.seeds(row, args.first_seed, args.seeds)) for row in kinds}
    if args.ready:
        seeds = {row: of for row, of in seeds.items() if all(done(place, row, one, of) == of for one in methods)}
    else:
        run(place, [Job(row=row, seeds=of, methods=methods) for row, of in seeds.items()], args.processes)
    page = "\n".join(lines_of(results_of(place, seeds, methods), seeds, args.seeds))
    return write_between_marks(args.write, f"methods_more.py {args.table}", page) if args.write else print(page)


def results_of(place: Place, seeds: dict[str, tuple[int, ...]], methods: tuple[str, ...]) -> Results:
    """Scores by row and column, of the columns of these methods."""
    results: Results = {}
    for row, of in seeds.items():
        ours = {column: score(place, row, DEFAULT, of, COLUMNS[column].rule) for column in OURS}
        results[row] = {
            column: Cell(score=score(place, row, one.method, of, one.rule), ours=ours)
            for column, one in COLUMNS.items() if one.method in methods
        }  # fmt: skip
    return results


def lines_of(results: Results, seeds: dict[str, tuple[int, ...]], most: int) -> list[str]:
    """Rows where another method is ahead, then power and false calls, calls where nothing is, and sums."""
    columns = {head: column for head, column in ALL.items() if column in next(iter(results.values()))}
    numbers = "; ".join(f"{row} {of[0]}-{of[-1]}" for row, of in seeds.items())
    found, counted = ahead(results)
    nothing = table(results, columns, [False], most, screens_text)
    kept = [True, *(column in columns for column in COLUMNS)]
    together = [list(compress(line, kept)) for line in sums(results)]
    return [
        f"fatebias {fatebias.__version__}, commit `{commit()}`. {most} screens a row, seeds: {numbers}.", "",
        f"Another method is ahead on {len({line[0] for line in found})} of {counted} rows with effects.", "",
        *(grid(HEADS, found) if found else []), "", *table(results, columns, [True], most, calls_text), "",
        *([*nothing, ""] if len(nothing) > 2 else []), *grid(["", *columns], together),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
