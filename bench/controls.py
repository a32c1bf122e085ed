"""Where nothing has an effect: how often are control pseudo-genes rejected?

    python controls.py [--seeds N] [--first-seed N] [--splits N] [--labels KIND ...] [--se model|sandwich]

Screens of size `weak` without effects; half of the control guides held out of the baseline and run like genes.
"""

import argparse

import numpy as np
from measure import Row, cells_of, guide_map_of, print_rows
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.certificate.controls import hold_out_controls
from fatebias.certificate.refit import refit_estimates, settle
from fatebias.certificate.units import CRITICAL
from fatebias.laplace import LaplaceOptions
from fatebias.model import build_design
from fatebias.screens.build import build_screen
from fatebias.screens.contrast import contrast_weights
from fatebias.simulation import Arguments, simulate

LABELS = {"dirichlet": {}, "onehot": {"cells": 8000}, "logitnormal": {"cells": 8000}}


def control_z(seed: int, n_splits: int, se: str, **arguments) -> np.ndarray:
    """z of pseudo-genes of one screen without effects."""
    settings = Settings.from_mapping({"inference": "laplace", "threads": 1, "seed": seed, "se": se})
    options = LaplaceOptions.of(settings)
    sim = simulate(Arguments.from_mapping({"seed": seed, "preset": "weak", "effects": "none", **arguments}))
    carried = set(sim.guide_map.guide_name[np.asarray(sim.guides.sum(0)).ravel() > 0])
    rng, found = np.random.default_rng(seed), []
    for _ in range(n_splits):
        grouped = hold_out_controls(guide_map_of(sim), carried, "control_", rng)
        screen = build_screen(cells_of(sim), grouped, settings, where="simulation")
        contrast = contrast_weights(settings.contrast_fate, screen.fates)
        refit = refit_estimates(settle(build_design(screen), options), screen, contrast, options)
        rows = [k for k, gene in enumerate(screen.gene_names) if gene.startswith("control_")]
        found.append((refit.theta_hat / refit.se)[rows].ravel())
    return np.concatenate(found)


def rows(seeds: range, n_splits: int = 1, kinds: tuple[str, ...] = tuple(LABELS), se: str = "model") -> list[Row]:
    found, everything = [], []
    for labels in kinds:
        z = np.concatenate([control_z(seed, n_splits, se, labels=labels, **LABELS[labels]) for seed in seeds])
        everything.append(z)
        found += rates(f"controls, {labels}", z)
    return found + (rates("controls, all labels", np.concatenate(everything), bounds=True) if len(kinds) > 1 else [])


def rates(what: str, z: np.ndarray, bounds: bool = False) -> list[Row]:
    """Rejection rates and the SD of z; bounds apply to all labels together."""
    z = z[~np.isnan(z)]
    rejected = [(np.abs(z) > critical).mean() for critical in CRITICAL]
    interval = stats.binomtest(int(rejected[0] * len(z) + 0.5), len(z)).proportion_ci()
    return [
        Row(f"{what} ({len(z)} z): rejected at .05", rejected[0], *((0.04, 0.06) if bounds else ())),
        Row(f"{what}: 95 % interval of that, low", interval.low),
        Row(f"{what}: 95 % interval of that, high", interval.high),
        Row(f"{what}: rejected at .001", rejected[2], None, 0.003 if bounds else None),
        Row(f"{what}: SD of z", float(np.sqrt((z**2).mean()))),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=701)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--labels", nargs="+", choices=LABELS, default=list(LABELS))
    parser.add_argument("--se", choices=("model", "sandwich"), default="model")
    args = parser.parse_args()
    print_rows(rows(range(args.first_seed, args.first_seed + args.seeds), args.splits, tuple(args.labels), args.se))
