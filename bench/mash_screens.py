"""The screens behind the benchmark of mash: simulated, fitted, and laid out for `mash.R`.

    python mash_screens.py FOLDER [kind ...] [--plain] [--first-seed N]

FOLDER/kind/seed holds truth.csv and `calibrated/`, the results folder of a fit (engine laplace; the estimates that mash
is given are the same under svi); with --plain also `plain/`, a fit under `preset: plain`. What is there is kept.
"""

import argparse
import warnings
from pathlib import Path

import anndata
import numpy as np

from fatebias.base.errors import FitWarning
from fatebias.base.settings import Settings
from fatebias.results.fit import fit_screen
from fatebias.simulation import simulate_to

ONE_HOT, LOGIT_NORMAL, SMOOTHED = ({"labels": name, "cells": 8000} for name in ("onehot", "logitnormal", "smoothed"))
WALK = {"effects": "random_walk"}
# kind: (seeds, arguments of the simulation)
KINDS = {
    "weak": (16, {}),
    "strong": (10, {"preset": "strong"}),
    "walk": (8, WALK),
    "none": (20, {"effects": "none"}),
    "permuted": (20, {}),
    "onehot": (8, ONE_HOT),
    "logitnormal": (8, LOGIT_NORMAL),
    "smoothed": (8, SMOOTHED),
    "three_days": (8, {"days": 3}),
    "six_days": (8, {"days": 6}),
    "three_days_walk": (8, {"days": 3} | WALK),
    "six_days_walk": (8, {"days": 6} | WALK),
    "events": (50, {}),
    "events_normal": (50, {"effects": "sparse_normal"}),
    "events_walk": (50, WALK),
}
PRESETS = {"calibrated": {"inference": "laplace"}, "plain": {"preset": "plain"}}


def make_screen(folder: Path, kind: str, seed: int) -> None:
    """screen.h5ad, guide_map.csv and truth.csv of a screen."""
    arguments = KINDS[kind][1]
    simulate_to(folder, {"preset": "weak", "seed": seed} | arguments)
    if kind == "permuted":
        permute_guides(folder / "screen.h5ad", seed)


def permute_guides(path: Path, seed: int) -> None:
    """Whole guide lists shuffled between cells of one day, replicate and burden: no gene has an effect."""
    rng, screen = np.random.default_rng(seed), anndata.read_h5ad(path)
    guides = screen.obsm["guide"]
    burden = np.asarray(guides.sum(1)).ravel().astype(int)
    strata = screen.obs["day"].astype(str) + " " + screen.obsm["covar"]["rep"].astype(str) + " " + burden.astype(str)
    source = np.arange(len(strata))
    for cells in strata.groupby(strata).indices.values():
        source[cells] = rng.permutation(cells)
    screen.obsm["guide"] = guides[source]
    screen.write_h5ad(path)


def fit_kind(folder: Path, kind: str, first_seed: int, plain: bool) -> None:
    """Simulate and fit every screen of a kind, and keep what mash needs."""
    for k in range(KINDS[kind][0]):
        seed = first_seed + 1000 * list(KINDS).index(kind) + k  # kinds share no seeds
        where = folder / kind / str(seed)
        missing = [name for name in ("calibrated", "plain") if not (where / name / "fit_manifest.json").exists()]
        missing = [name for name in missing if plain or name == "calibrated"]
        if not missing:
            continue
        make_screen(where, kind, seed)
        for name in missing:
            settings = Settings.from_mapping(PRESETS[name])
            fit_screen(where / "screen.h5ad", where / "guide_map.csv", where / name, settings)
        (where / "screen.h5ad").unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kinds", nargs="*", metavar="kind", help=f"some of {', '.join(KINDS)}")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--first-seed", type=int, default=101)
    args = parser.parse_args()
    warnings.simplefilter("ignore", FitWarning)
    for kind in args.kinds or KINDS:
        fit_kind(args.folder, kind, args.first_seed, args.plain)


if __name__ == "__main__":
    main()
