"""What a user waits for before and during the everyday work: the start of the command line, the real screen.

    python start.py [--fits]

Of `python -m fatebias --version` CPU and wall seconds, the least of a few starts: nothing heavy may be imported before
it is needed. With --fits also the benchmark screen `real`, by each engine: wall and CPU seconds, memory. What is
measured is the fatebias of PYTHONPATH, this Python's where that is not set.
"""

import argparse
import tempfile
from pathlib import Path

from measure import Row, Run, fatebias, print_rows

STARTS = 5
START_CPU_SECONDS = 0.3


def rows() -> list[Row]:
    """CPU and wall seconds of a start; the first one, which may read from the disk, is not counted."""
    fatebias("--version")
    runs = [fatebias("--version") for _ in range(STARTS)]
    return [
        Row("--version: CPU s", min(run.cpu_seconds for run in runs), None, START_CPU_SECONDS),
        Row("--version: wall s", min(run.seconds for run in runs)),
    ]


def fit_rows() -> list[Row]:
    """The screen `real` by each engine, with the settings of the preset."""
    with tempfile.TemporaryDirectory() as folder:
        screen = Path(folder) / "screen"
        fatebias("simulate", "--preset", "real", "--seed", 1, "--out", screen)
        return [row for engine in ("laplace", "svi") for row in _engine_rows(engine, screen)]


def _engine_rows(engine: str, screen: Path) -> list[Row]:
    run: Run = fatebias(
        "fit", screen / "screen.h5ad", "--guides", screen / "guide_map.csv", "--out", screen / engine, "--quiet",
        "--set", f"inference={engine}",
    )  # fmt: skip
    what = f"real, {engine}, whole process"
    return [
        Row(f"{what}: wall s", run.seconds),
        Row(f"{what}: CPU s", run.cpu_seconds),
        Row(f"{what}: GB", run.peak_gb),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fits", action="store_true")
    args = parser.parse_args()
    print_rows(rows() + (fit_rows() if args.fits else []))
