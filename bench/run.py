"""Every benchmark as one table against its targets; exit code 1 where one is missed. `make bench` runs it.

    python run.py [--short] [--out RESULTS.md]

About two hours on 2 cores; --short leaves out what takes longest (500,000 cells and more, 100 SBC screens, mash).
"""

import argparse
import contextlib
import subprocess
import sys
from pathlib import Path

import calibration
import centering
import gpu
import growth
import mash
import processes
import reference
import sbc
import start
import svi_step
from measure import Row, print_rows

HERE = Path(__file__).parent


def all_rows(short: bool) -> list[Row]:
    """Rows of every benchmark; the growth plot is drawn beside this file."""
    found = start.rows() + processes.rows(["strong", "real"] if short else None)
    found += reference.rows() + calibration.rows() + centering.rows() + svi_step.rows()
    found += sbc.rows(20 if short else 100)
    if not short:
        found += mash.rows()
        found += growth.rows(str(HERE / "growth.csv"))
        subprocess.run(["Rscript", HERE / "plot_growth.R", HERE / "growth.csv", HERE / "growth.png"], check=True)
    return found + gpu.rows()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--out", help="file to write the table to as well")
    args = parser.parse_args()
    found = all_rows(args.short)
    print_rows(found)
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
            print("# Results, as last measured\n")
            print_rows(found)
            print("\n![Seconds of engine laplace against cells and genes](growth.png)")
    sys.exit(0 if all(row.ok for row in found) else 1)


if __name__ == "__main__":
    main()
