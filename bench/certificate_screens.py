"""The screens behind the benchmark of the certificate: simulated and fitted, some of them wrong on purpose.

    python certificate_screens.py FOLDER KIND SEED

FOLDER/KIND/SEED holds the screen and `fit/`, a fit by engine laplace. Kinds, of size `weak` (8,000 cells where labels
are not Dirichlet): right_* (the model is right); logitnormal (labels of another distribution); shrunk (a likelihood
weight 1.69 times the labels', so SEs are 1.3 times too small); smoothed (labels averaged over 31 like cells); burden
(10 % less odds with every guide of a cell, in a model without a burden slope).
"""

import argparse
from pathlib import Path

import numpy as np

from fatebias.base.settings import Settings
from fatebias.results.fit import fit_screen
from fatebias.simulation import draw, simulate_to

SHRINKAGE, SLOPE, NO_SLOPE = 1.3, -0.1, 1e-3
# kind: (arguments of the simulation, settings of the fit)
KINDS = {
    "right_sparse": ({}, {}),
    "right_none": ({"effects": "none"}, {}),
    "right_onehot": ({"labels": "onehot", "cells": 8000}, {}),
    "logitnormal": ({"labels": "logitnormal", "cells": 8000}, {}),
    "right_walk": ({"effects": "random_walk"}, {}),
    "shrunk": ({}, {"likelihood_weight": 7 * SHRINKAGE**2}),
    "smoothed": ({"labels": "smoothed", "cells": 8000}, {}),
    "smoothed_none": ({"labels": "smoothed", "cells": 8000, "effects": "none"}, {}),
    "burden": ({}, {"s_gamma": NO_SLOPE}),
}


def with_slope(baseline):
    """The simulator's baseline with a burden slope of SLOPE for every fate, instead of a random one."""

    def steeper(rng, arguments, day, replicate, burden) -> np.ndarray:
        mean = np.bincount(day, weights=burden) / np.bincount(day)
        return baseline(rng, arguments, day, replicate, mean[day]) + SLOPE * (burden - mean[day])[:, None]

    return steeper


def make(folder: Path, kind: str, seed: int) -> Path:
    """Screen and fit of one kind and seed; what is there is kept."""
    where = folder / kind / str(seed)
    if not (where / "fit" / "fit_manifest.json").exists():
        arguments, settings = KINDS[kind]
        plain = draw._baseline
        if kind == "burden":
            draw._baseline = with_slope(plain)
        try:
            paths = simulate_to(where, {"preset": "weak", "seed": seed} | arguments)
        finally:
            draw._baseline = plain
        fixed = {"inference": "laplace", "threads": 1, "seed": seed}
        fit_screen(paths["screen"], paths["guide_map"], where / "fit", Settings.from_mapping(fixed | settings))
    return where / "fit"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("seed", type=int)
    args = parser.parse_args()
    print(make(args.folder, args.kind, args.seed))
