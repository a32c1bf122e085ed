"""Contrasts after a fit of the screen `real` (100,000 cells, 298 genes): seconds, and the distance from refits.

    python contrasts.py [--refits]

CPU seconds of reading the archive of all fates and making all tables of a contrast; with --refits also the largest
distance of its estimates, in SEs, and of its SEs, relative, from a fit with the contrast as `contrast_fate`.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure import Row, fatebias, print_rows

from fatebias.results import contrast_tables

CONTRASTS = ("NEU", "NEU - MES", "EC - rest")
MOST_SECONDS = 1.0
MOST_SE = 1e-6


def rows(refits: bool) -> list[Row]:
    """Seconds of each contrast, and with refits its distance from one."""
    with tempfile.TemporaryDirectory() as folder:
        screen = Path(folder) / "screen"
        fatebias("simulate", "--preset", "real", "--seed", 1, "--out", screen)
        fit(screen, "first", "MES")
        return [row for contrast in CONTRASTS for row in _contrast_rows(screen, contrast, refits)]


def fit(screen: Path, name: str, contrast: str) -> None:
    fatebias(
        "fit", screen / "screen.h5ad", "--guides", screen / "guide_map.csv", "--out", screen / name, "--quiet",
        "--set", "inference=laplace", "--set", f"contrast_fate={contrast}",
    )  # fmt: skip


def _contrast_rows(screen: Path, contrast: str, refits: bool) -> list[Row]:
    start = time.process_time()
    table = contrast_tables(screen / "first", contrast)["gene_daywise_likelihood.csv"]
    found = [Row(f"{contrast}, tables from the archive: CPU s", time.process_time() - start, None, MOST_SECONDS)]
    if not refits:
        return found
    fit(screen, "refit", contrast)
    again = pd.read_csv(screen / "refit" / "gene_daywise_likelihood.csv")
    (theta, se), (theta_again, se_again) = (
        [one.filter(like=kind).to_numpy() for kind in ("betahat_", "se_")] for one in (table, again)
    )
    return [
        *found,
        Row(
            f"{contrast}, estimates against a refit: SEs", np.abs((theta - theta_again) / se_again).max(), None, MOST_SE
        ),
        Row(f"{contrast}, SEs against a refit", np.abs(se / se_again - 1).max(), None, MOST_SE),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refits", action="store_true")
    print_rows(rows(parser.parse_args().refits))
