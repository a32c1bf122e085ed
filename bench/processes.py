"""Wall time and peak memory of whole processes, `python -m fatebias fit`, imports, reading and export included."""

import argparse
import tempfile
from pathlib import Path

from measure import Row, fatebias, print_rows, product_seconds

# preset, cells (None: the preset's), engine, seconds, GB
WORK = {
    "strong": [("strong", None, "laplace", 7, None), ("strong", None, "svi", 18, None)],
    "real": [("real", None, "laplace", 18, 1.5), ("real", None, "svi", 50, 1.5)],
    "real500k": [("real500k", None, "laplace", 70, 3)],
    "genome": [("genome", 500_000, "laplace", 120, 3), ("genome", 2_000_000, "laplace", 360, 6)],
}


def run(preset: str, cells: int | None, engine: str, folder: Path) -> tuple[float, float]:
    """Simulate (once a screen) and fit; the screen has just been written or read, so it is in the file cache."""
    where = folder / f"{preset}_{cells}"
    if not where.exists():
        size = ["--cells", cells] if cells else []
        fatebias("simulate", "--preset", preset, *size, "--seed", 1, "--out", where)
    done = fatebias(
        "fit", where / "screen.h5ad", "--guides", where / "guide_map.csv", "--out", where / engine, "--quiet",
        "--set", f"inference={engine}",
    )  # fmt: skip
    return done.seconds, done.peak_gb


def rows(which: list[str] | None = None) -> list[Row]:
    product, found = product_seconds(), []
    found.append(Row("3000 x 3000 float64 product, s", product))
    with tempfile.TemporaryDirectory() as folder:
        for name in which or WORK:
            for preset, cells, engine, seconds, gigabytes in WORK[name]:
                wall, peak = run(preset, cells, engine, Path(folder))
                label = f"{preset}{f' {cells:,} cells' if cells else ''}, {engine}, whole process"
                found.append(Row(f"{label}: s ({wall / product:.1f} products)", wall, None, seconds))
                found.append(Row(f"{label}: GB", peak, None, gigabytes))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", help=f"some of {', '.join(WORK)}")
    print_rows(rows(parser.parse_args().which))
