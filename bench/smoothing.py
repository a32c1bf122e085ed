"""Labels averaged over like cells: what happens to effects and to standard errors?

    python smoothing.py [--seeds N] [--first-seed N]

One-hot draws are averaged over the K nearest cells in fate probabilities plus noise (SD), by day and replicate, as the
simulator's `smoothed` labels are with K = 31 and SD = .05; then .9 of that + .1 / 3. The larger the SD, the less
neighbours have to do with fate. Slope: of estimates on the truth. Error: RMS of (estimate - slope *
truth) in SEs of the model, and in SEs by blocks of like cells (50 clusters of the coordinates that neighbours were
found in).
"""

import argparse

import numpy as np
from measure import screen_of, truth_of
from scipy.cluster.vq import kmeans2

from fatebias.base.settings import Settings
from fatebias.certificate.jackknife import jackknife_se
from fatebias.certificate.refit import refit_estimates, settle
from fatebias.certificate.units import Source
from fatebias.laplace import LaplaceOptions
from fatebias.model import build_design
from fatebias.simulation import Arguments, labels, simulate

N_BLOCKS = 50


def one_screen(seed: int, neighbours: int, neighbour_sd: float, cells: int = 8000) -> dict[str, float]:
    """Slope and errors on one screen of size `weak` with sparse effects."""
    settings = Settings.from_mapping({"inference": "laplace", "threads": 1, "seed": seed})
    labels.NEIGHBOURS, labels.NEIGHBOUR_SD = neighbours, neighbour_sd
    kept, smooth = {}, labels._smoothed

    def keeping(rng, pi, onehot, day, replicate):
        state = np.random.Generator(type(rng.bit_generator)())
        state.bit_generator.state = rng.bit_generator.state
        kept["near"] = pi + state.normal(0, labels.NEIGHBOUR_SD, pi.shape)
        return smooth(rng, pi, onehot, day, replicate)

    labels._smoothed = keeping
    try:
        arguments = {"seed": seed, "preset": "weak", "cells": cells, "labels": "smoothed"}
        sim = simulate(Arguments.from_mapping(arguments))
    finally:
        labels._smoothed = smooth
    screen = screen_of(sim, settings)
    baseline = settle(build_design(screen), LaplaceOptions.of(settings))
    source = Source(
        cells=None, guide_map=None, screen=screen, settings=settings, baseline=baseline, where="simulation"
    )  # fmt: skip
    refit = refit_estimates(baseline, screen, source.contrast, source.options)
    _, block = kmeans2(kept["near"], N_BLOCKS, minit="++", seed=seed)
    _, block = np.unique(block, return_inverse=True)
    by_block = jackknife_se(source, refit.solved.effects, block)
    truth = truth_of(sim, screen)[:, 0]
    known = ~np.isnan(refit.theta_hat)
    slope = float((refit.theta_hat * truth)[known].sum() / (truth[known] ** 2).sum())
    error, se = (refit.theta_hat - slope * truth)[known], refit.se[known]
    return {
        "slope": slope,
        "error_in_ses": float(np.sqrt(np.mean((error / se) ** 2))),
        "error_in_block_ses": float(np.sqrt(np.mean((error / by_block[known]) ** 2))),
        "ratio": float(np.median(by_block[known] / se)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=901)
    args = parser.parse_args()
    names = ("cells averaged", "SD", "slope", "error / SE", "error / block SE", "block SE / SE")
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
    for k, sd in ((1, 0.05), (5, 0.05), (15, 0.05), (31, 0.05), (31, 0.1), (31, 0.2)):
        found = [one_screen(args.first_seed + i, k, sd) for i in range(args.seeds)]
        means = [np.mean([one[name] for one in found]) for name in found[0]]
        print(f"| {k} | {sd} | " + " | ".join(f"{value:.2f}" for value in means) + " |", flush=True)
