"""What else a user could do, on the same screens in one run: every method on every screen, each a measured process.

    python methods.py FOLDER [--screens PATTERN] [--methods METHOD ...] [--seed N]

FOLDER/SCREEN/METHOD.csv holds the estimates, METHOD.json seconds and peak memory of the whole process. What is there is
kept. Then `Rscript methods.R FOLDER` makes the table.
"""

import argparse
import dataclasses
import json
import sys
from fnmatch import fnmatch
from pathlib import Path

from measure import Run, run_process
from methods_screens import make_screen, screen_kinds

HERE = Path(__file__).resolve().parent
METHODS = ("fatebias", "autonormal", "least_squares", "limma", "rank_sums", "dirichlet_regression")
IN_R = ("fatebias", "autonormal", "limma", "dirichlet_regression")


def run_method(method: str, where: Path) -> Run:
    """One method on one screen, as a process of its own."""
    if method in IN_R:
        return run_process(["Rscript", str(HERE / "methods_one.R"), method, str(where)])
    return run_process([sys.executable, str(HERE / "methods_one.py"), method, str(where)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--screens", default="*", help="names of screens, as of files: weak_*")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--seed", type=int, default=1201)
    args = parser.parse_args()
    for k, (name, kind) in enumerate(screen_kinds().items()):
        if not fnmatch(name, args.screens):
            continue
        where = args.folder / name
        make_screen(where, kind, args.seed + k)
        if not (where / "cells.csv").exists():
            run_method("tables", where)
        for method in args.methods:
            measured = where / f"{method}.json"
            if not measured.exists():
                measured.write_text(json.dumps(dataclasses.asdict(run_method(method, where))))
                print(f"{name}: {method}", flush=True)


if __name__ == "__main__":
    main()
