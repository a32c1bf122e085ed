"""The screens behind the benchmark of the certificate: simulated and fitted, most of them wrong on purpose.

    python certificate_screens.py FOLDER KIND SEED

FOLDER/KIND/SEED holds the screen and `fit/`, a fit by engine laplace. Kinds, of size `weak` unless told otherwise:
right_* (the model is right); the faults of FAULTS at full and at half size (`half_*`). Lanes and depths are made here:
each guide is more frequent in one lane (log odds N(0, 1)), or found at larger depth (.5 SD), and the labels shift.
"""

import argparse
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from fatebias.base.settings import Settings
from fatebias.results.fit import fit_screen
from fatebias.simulation import draw, simulate_to

SLOPE, NO_SLOPE = -0.1, 1e-3
GUIDES = {"estimand": "guides"}
LOW_MOI = {"cells": 8000, "moi": 0.05}
# kind: (arguments of the simulation, settings of the fit)
RIGHT = {
    "right_weak": ({}, {}),
    "right_none": ({"effects": "none"}, {}),
    "right_onehot": ({"labels": "onehot", "cells": 8000}, {}),
    "right_walk": ({"effects": "random_walk"}, {}),
    "right_low": (LOW_MOI, {}),
    "right_strong": ({"preset": "strong"}, {}),
    "right_life": ({"preset": "life"}, {}),
    "right_clones": ({"clones": "5,15"}, {"cluster_key": "clone"}),
    "right_real": ({"preset": "real"}, {}),
}
# fault: (arguments, settings) at full size, arguments at half size
FAULTS = {
    "guides": ({"guide_sd": 0.2}, GUIDES, {"guide_sd": 0.1}),
    "replicates": ({"replicate_sd": 0.3}, GUIDES, {"replicate_sd": 0.15}),
    "burden": ({"burden_day_sd": 0.08}, {"burden_by_day": False}, {"burden_day_sd": 0.04}),
    "clones": ({"clones": "5,15", "clone_sd": 0.5}, {}, {"clones": "5,15", "clone_sd": 0.25}),
    "lane": ({}, {}, {}),
    "depth": ({}, {}, {}),
    "dispersion": ({"day_dispersion": "40,20,12,8"}, {"likelihood_weight": "auto"}, {"day_dispersion": "25,18,14,11"}),
    "shrunk": ({}, {}, {}),  # SEs divided by 1.3, or 1.15, by certificate.R
    "smoothed": ({"labels": "smoothed", "cells": 8000}, {}, {}),
    "slope": ({}, {"s_gamma": NO_SLOPE, "burden_by_day": False}, {}),  # 10 % less odds with every guide of a cell
}  # fmt: skip


def kind_of(kind: str) -> tuple[dict, dict, str, float]:
    """Arguments, settings, fault ("" for none) and its size (1, or .5) of a kind."""
    if kind in RIGHT:
        return *RIGHT[kind], "", 0.0
    fault = kind.removeprefix("half_")
    arguments, settings, half = FAULTS[fault]
    return (half if kind != fault else arguments), settings, fault, 0.5 if kind != fault else 1.0


@contextmanager
def changed_simulator(fault: str, size: float, seed: int):
    """The simulator with a lane, a depth or a steeper burden slope; gives the column of obs, once it is simulated."""
    made: dict[str, np.ndarray] = {}
    plain = draw._guides, draw.cell_shifts, draw._baseline
    rng = np.random.default_rng([seed, 77])

    def guides(*args):
        presence = plain[0](*args)
        per_guide = rng.normal(size=presence.shape[1])
        if fault == "lane":
            odds = presence @ (per_guide * size)
            made["lane"] = (rng.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(float)
        if fault == "depth":
            made["depth"] = rng.normal(size=presence.shape[0]) + presence @ (0.5 * size * per_guide)
        return presence

    def shifts(*args):
        shift = plain[1](*args)
        for name, by in (("lane", 1.0), ("depth", 0.3)):
            if name in made:
                shift = shift + by * size * (made[name] - made[name].mean())[:, None]
        return shift

    def baseline(rng, arguments, day, replicate, burden):
        mean = np.bincount(day, weights=burden) / np.bincount(day)
        return plain[2](rng, arguments, day, replicate, mean[day]) + size * SLOPE * (burden - mean[day])[:, None]

    draw._guides, draw.cell_shifts = guides, shifts
    if fault == "slope":
        draw._baseline = baseline
    try:
        yield made
    finally:
        draw._guides, draw.cell_shifts, draw._baseline = plain


def add_column(path: Path, name: str, values: np.ndarray) -> None:
    """Add a column to obs of an .h5ad."""
    with h5py.File(path, "r+") as file:
        obs = file["obs"]
        obs.create_dataset(name, data=values).attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        obs.attrs["column-order"] = np.array([*map(str, obs.attrs["column-order"]), name], dtype=object)


def make(folder: Path, kind: str, seed: int) -> Path:
    """Screen and fit of one kind and seed; what is there is kept."""
    where = folder / kind / str(seed)
    if not (where / "fit" / "fit_manifest.json").exists():
        arguments, settings, fault, size = kind_of(kind)
        with changed_simulator(fault, size, seed) as made:
            paths = simulate_to(where, {"preset": "weak", "seed": seed} | arguments)
        for name, values in made.items():
            add_column(paths["screen"], name, values)
        fixed = {"inference": "laplace", "threads": 1, "seed": seed}
        fit_screen(paths["screen"], paths["guide_map"], where / "fit", Settings.from_mapping(fixed | settings))
    return where / "fit"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kind", choices=[*RIGHT, *FAULTS, *(f"half_{fault}" for fault in FAULTS)])
    parser.add_argument("seed", type=int, nargs="+")
    args = parser.parse_args()
    for seed in args.seed:
        print(make(args.folder, args.kind, seed))
