"""Wall time and peak memory of whole processes, `python -m fatebias fit`, imports, reading and export included."""

import argparse
import tempfile
from pathlib import Path

from measure import Row, Run, fatebias, print_rows, product_seconds

# preset, arguments that override it, engine, seconds, GB
WORK: dict[str, list[tuple[str, dict[str, float], str, float | None, float | None]]] = {
    "strong": [("strong", {}, "laplace", 7, None), ("strong", {}, "svi", 18, None)],
    "real": [("real", {}, "laplace", 18, 1.5), ("real", {}, "svi", 50, 1.5)],
    "components": [("real", {"fates": 10}, "laplace", None, None), ("real", {"fates": 30}, "laplace", 600, 8)],
    "real500k": [("real500k", {}, "laplace", 70, 3)],
    "genome": [
        ("genome", {"cells": 500_000}, "laplace", 120, 3),
        ("genome", {"cells": 2_000_000}, "laplace", 360, 6),
    ],
    "low_moi": [("weak", {"cells": 10_000_000, "genes": 500, "guides-per-gene": 4, "moi": 0.3}, "laplace", None, 4)],
}


def run(preset: str, sizes: dict[str, float], engine: str, folder: Path) -> Run:
    """Simulate (once a screen) and fit; the screen has just been written or read, so it is in the file cache."""
    where = folder / "_".join([preset, *map(str, sizes.values())])
    if not where.exists():
        asked = [text for name, value in sizes.items() for text in (f"--{name}", value)]
        fatebias("simulate", "--preset", preset, *asked, "--seed", 1, "--out", where)
    return fatebias(
        "fit", where / "screen.h5ad", "--guides", where / "guide_map.csv", "--out", where / engine, "--quiet",
        "--set", f"inference={engine}",
    )  # fmt: skip


def rows(which: list[str] | None = None) -> list[Row]:
    product, found = product_seconds(), []
    found.append(Row("3000 x 3000 float64 product, s", product))
    with tempfile.TemporaryDirectory() as folder:
        for name in which or WORK:
            for preset, sizes, engine, seconds, gigabytes in WORK[name]:
                done = run(preset, sizes, engine, Path(folder))
                size = "".join(f" {value:,} {name}" for name, value in sizes.items())
                label = f"{preset}{size}, {engine}, whole process"
                found.append(Row(f"{label}: s ({done.seconds / product:.1f} products)", done.seconds, None, seconds))
                found.append(Row(f"{label}: s of all cores", done.cpu_seconds))
                found.append(Row(f"{label}: GB", done.peak_gb, None, gigabytes))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", help=f"some of {', '.join(WORK)}")
    print_rows(rows(parser.parse_args().which))
