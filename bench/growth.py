"""Seconds of engine laplace (fit and estimates) against cells and genes; writes growth.csv for plot_growth.R."""

import argparse
import csv
import time

import numpy as np
from measure import Row, print_rows, simulated_screen

from fatebias.base.settings import Settings
from fatebias.results.engines import infer

CELLS = (25_000, 100_000, 400_000, 2_000_000)
GENES = (100, 600, 3_600, 18_000)
SHAPE = {"guides_per_gene": 4, "ntc": 100, "moi": 6.0, "concentration": 50.0}


def seconds_of(**arguments) -> float:
    settings = Settings.from_mapping({"inference": "laplace"})
    _, screen = simulated_screen(1, settings, **SHAPE, **arguments)
    start = time.perf_counter()
    infer(screen, settings)
    return time.perf_counter() - start


def rows(out: str = "growth.csv") -> list[Row]:
    times = [("cells", n, seconds_of(cells=n, genes=300)) for n in CELLS]
    times += [("genes", n, seconds_of(cells=200_000, genes=n)) for n in GENES]
    with open(out, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("what", "n", "seconds"), *times])
    found = []
    for what in ("cells", "genes"):
        n, seconds = np.array([row[1:] for row in times if row[0] == what]).T
        slope = np.polyfit(np.log(n), np.log(seconds), 1)[0]
        found.append(
            Row(f"laplace, log-log slope of seconds against {what}, {n[0]:,.0f} to {n[-1]:,.0f}", slope, None, 1.1)
        )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="growth.csv")
    print_rows(rows(parser.parse_args().out))
