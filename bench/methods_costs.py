"""Seconds and memory of each method of methods.py as a whole process, on one screen of each of three sizes.

    python bench/methods_costs.py FOLDER [--write METHODS.md]

FOLDER is that of `methods_more.py guides`, which has made the screens. Each method runs once more in a folder of its
own, reading and imports included; fatebias with mash, methods in R with the table that they read.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import Run, run_process
from methods import METHODS, SLOW
from methods_tables import COLUMNS
from peers_run import Job, work
from peers_screens import Place
from truth_tables import grid, write_between_marks

SIZES = {
    "drawn_weak_sparse_dirichlet": "`weak`, 6,000 cells, 100 genes",
    "drawn_strong_sparse_dirichlet": "`strong`, 25,000 cells, 100 genes",
    "drawn_real_library": "CellRank's labels, real library, 30,000 cells, 298 genes",
}


def measured(folder: Path, row: str, seed: int, method: str) -> Run:
    """One method on one screen, in a folder with a link to the screen."""
    with TemporaryDirectory() as own:
        (Path(own) / "screens").symlink_to((folder / "screens").resolve())
        return run_process([sys.executable, __file__, own, "--one", row, str(seed), method])


def table(folder: Path, first_seed: int) -> str:
    """CPU seconds and largest memory by size and method."""
    lines = []
    for row, size in SIZES.items():
        cells = [size]
        for method in METHODS:
            if method == SLOW and row != next(iter(SIZES)):  # two minutes on the smallest
                cells.append("not run")
                continue
            took = measured(folder, row, Place(folder=folder).seeds(row, first_seed, 1)[0], method)
            cells.append(f"{took.cpu_seconds:.1f} s, {took.peak_gb:.2f} GB")
        lines.append(cells)
    names = {of.method: column.partition(", ")[0] for column, of in COLUMNS.items()}
    return "\n".join(grid(["screen", *(names[method] for method in METHODS)], lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first-seed", type=int, default=5001, metavar="N")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks of this file")
    parser.add_argument("--one", nargs=3, metavar=("ROW", "SEED", "METHOD"), help="run this one, and measure nothing")
    args = parser.parse_args()
    if args.one:
        row, seed, method = args.one
        return work(Place(folder=args.folder), Job(row=row, seeds=(int(seed),), methods=(method,)))
    text = table(args.folder, args.first_seed)
    return write_between_marks(args.write, "methods_costs.py", text) if args.write else print(text)


if __name__ == "__main__":
    main()
