"""Calls by mash against the truth: this layer beside the plain preset, ashr and Benjamini-Hochberg on the same screens.

    python mash.py [--folder FOLDER] [--first-seed N] [--no-plain]

Simulates and fits about 300 screens (8 minutes; an hour with the fits under `preset: plain`), runs `mash.R` on them
(10 minutes), and prints every method's numbers, with targets for this layer.
"""

import argparse
import math
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd
from mash_screens import KINDS, fit_kind
from measure import Row, print_rows

from fatebias.base.errors import FitWarning

HERE = Path(__file__).parent
PLAIN_KINDS = ("weak", "strong", "walk", "none")  # under `preset: plain` a fit takes minutes
# (least, most) of this layer's numbers
TARGETS = {
    ("weak", "power"): (0.70, None),
    ("weak", "false sign rate"): (None, 0.03),
    ("strong", "power"): (0.995, None),
    ("strong", "false sign rate"): (None, 0.04),
    ("strong", "false calls that are large"): (None, 0),
    ("walk", "RMSE"): (None, 0.128),
    ("walk", "coverage"): (0.86, 0.92),
    ("none", "screens with a call"): (None, 1),
    ("permuted", "screens with a call"): (None, 1),
    ("onehot", "power"): (0.10, None),
    ("onehot", "false sign rate"): (None, 0.10),
    ("logitnormal", "power"): (0.82, None),
    ("logitnormal", "false sign rate"): (None, 0.03),
    ("smoothed", "power"): (0.70, None),
    ("smoothed", "false sign rate"): (None, 0.03),
    ("three_days", "false sign rate"): (None, 0.05),
    ("six_days", "false sign rate"): (None, 0.05),
    ("three_days_walk", "false sign rate"): (None, 0.05),
    ("six_days_walk", "false sign rate"): (None, 0.05),
    ("time", "300 genes x 4 days"): (None, 2),
    ("time", "2,000 guides x 4 days"): (None, 6),
    ("time", "300 genes x 12 days"): (None, 20),
}
METHODS = ("fatebias", "mash alone", "canonical covariances", "ashr", "Benjamini-Hochberg", "plain")


def measure(folder: Path, first_seed: int, plain: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Numbers (kind, method, number, measured) and the reliability table; screens that are there are kept."""
    for kind in KINDS:
        fit_kind(folder, kind, first_seed, plain and kind in PLAIN_KINDS)
    out = folder / "mash.csv"
    subprocess.run(["Rscript", HERE / "mash.R", folder, out], check=True)
    numbers = pd.read_csv(out)
    numbers[["kind", "method", "number"]] = numbers.what.str.split(" | ", regex=False, expand=True)
    return numbers, pd.read_csv(folder / "mash_reliability.csv")


def rows(folder: Path | None = None, first_seed: int = 101, plain: bool = True) -> list[Row]:
    """This layer's numbers with their targets."""
    with tempfile.TemporaryDirectory() as temporary:
        numbers, _ = measure(folder or Path(temporary), first_seed, plain)
    return rows_of(numbers)


def rows_of(numbers: pd.DataFrame) -> list[Row]:
    """This layer's numbers that have a target."""
    found = []
    for one in numbers.itertuples():
        timed = one.kind == "time"
        target = TARGETS.get((one.kind, one.method if timed else one.number))
        if target and (timed or one.method == "fatebias"):
            what = f"{one.method}: s" if timed else f"{one.kind}: {one.number}"
            found.append(Row(f"mash, {what}", one.measured, *target))
    return found


def print_methods(numbers: pd.DataFrame) -> None:
    """All methods on the same screens: power / false sign rate / RMSE / coverage, or screens with a call."""
    wide = numbers[numbers.kind != "time"].pivot(index=["kind", "method"], columns="number", values="measured")
    methods = [name for name in METHODS if name in wide.index.get_level_values("method")]
    print("\nPower / false sign rate / RMSE / coverage; where there is no effect: screens with a call\n")
    print("| screens | " + " | ".join(methods) + " |\n" + "|---" * (len(methods) + 1) + "|")
    for kind in dict.fromkeys(wide.index.get_level_values("kind")):
        cells = [_cell(wide.loc[kind, name]) if (kind, name) in wide.index else "-" for name in methods]
        print(f"| {kind} ({wide.loc[kind, 'fatebias'].screens:.0f}) | " + " | ".join(cells) + " |")


def _cell(one: pd.Series) -> str:
    if math.isnan(one["power"]):
        return f"{one['screens with a call']:.0f}"
    return f"{one['power']:.2f} / {one['false sign rate']:.3f} / {one['RMSE']:.3f} / {one['coverage']:.2f}"


def print_reliability(table: pd.DataFrame) -> None:
    """Frequency (standard error) of events by bins of their probability, one table a kind of truth."""
    table["shown"] = [f"{f:.2f} ({e:.2f})" for f, e in zip(table.frequency, table.error)]
    for kind, part in table.groupby("kind"):
        wide = part.pivot(index="event", columns="bin", values="shown").fillna("-")
        print(f"\n{kind}: frequency (standard error) of events, by bins of their probability\n")
        print("| event | " + " | ".join(f"{b:.1f}-{b + 0.1:.1f}" for b in wide.columns) + " |")
        print("|---" * (len(wide.columns) + 1) + "|")
        for event, values in wide.iterrows():
            print(f"| {event} | " + " | ".join(values) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where screens and fits are kept (default: nowhere)")
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--no-plain", action="store_true", help="leave the fits under preset plain out")
    args = parser.parse_args()
    warnings.simplefilter("ignore", FitWarning)
    with tempfile.TemporaryDirectory() as temporary:
        numbers, reliability = measure(args.folder or Path(temporary), args.first_seed, not args.no_plain)
    found = rows_of(numbers)
    print_rows(found)
    print_methods(numbers)
    print_reliability(reliability)
    sys.exit(0 if all(row.ok for row in found) else 1)
