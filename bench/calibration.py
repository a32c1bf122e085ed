"""Are standard errors what they claim? Posterior on strong screens, estimates for mash on weak ones."""

import argparse
import warnings

import numpy as np
from measure import Row, print_rows, simulated_screen, truth_of
from scipy import stats

from fatebias.base.errors import FitWarning
from fatebias.base.settings import Settings
from fatebias.results.engines import infer

LEVEL = 0.90
Z = stats.norm.ppf(0.5 + LEVEL / 2)
WEAK = {
    "sparse": {"effects": "sparse"},
    "no effects": {"effects": "none"},
    "one-hot labels": {"effects": "sparse", "labels": "onehot", "cells": 8000},
    "logit-normal labels": {"effects": "sparse", "labels": "logitnormal", "cells": 8000},
}


def posterior_on_strong(engine: str, seeds: range) -> tuple[float, float]:
    """RMSE of theta's posterior mean (mean over days) and coverage of 90 % intervals, over seeds."""
    settings = Settings.from_mapping({"inference": engine})
    errors, covered = [], []
    for seed in seeds:
        sim, screen = simulated_screen(seed, settings, preset="strong")
        found, truth = infer(screen, settings).posterior, truth_of(sim, screen)[:, 0]
        errors.append(np.sqrt(((found.theta_mean - truth) ** 2).mean(0)).mean())
        covered.append((np.abs(found.theta_mean - truth) < Z * found.theta_sd).mean())
    return float(np.mean(errors)), float(np.mean(covered))


def estimates_on_weak(arguments: dict, seeds: range, se: str = "model") -> tuple[np.ndarray, float, float]:
    """SD of z by day, coverage of 90 % intervals, and the median ratio of sandwich and model SE, over seeds."""
    settings = Settings.from_mapping({"inference": "laplace", "se": se, "estimand": "guides"})
    z, ratio = [], []
    for seed in seeds:
        sim, screen = simulated_screen(seed, settings, preset="weak", **arguments)
        found = infer(screen, settings).estimates
        z.append((found.theta_hat - truth_of(sim, screen)[:, 0]) / found.se)
        ratio.append(found.sandwich_ratio)
    z = np.concatenate(z)
    known = ~np.isnan(z)  # a gene without cells on a day has no estimate there
    return np.sqrt(np.nanmean(z**2, 0)), float((np.abs(z[known]) < Z).mean()), float(np.median(ratio))


def rows(first_seed: int = 101) -> list[Row]:
    warnings.simplefilter("ignore", FitWarning)
    found = []
    for engine in ("laplace", "svi"):
        rmse, covered = posterior_on_strong(engine, range(first_seed, first_seed + 5))
        found.append(Row(f"strong, sparse, 5 seeds, {engine}: RMSE of the posterior mean", rmse, None, 0.033))
        found.append(Row(f"strong, sparse, 5 seeds, {engine}: coverage of 90 % intervals", covered, 0.86, 0.94))
    for name, arguments in WEAK.items():
        sd, covered, ratio = estimates_on_weak(arguments, range(first_seed, first_seed + 8))
        wide = name == "logit-normal labels"
        label = f"weak, {name}, 8 seeds, estimates"
        found.append(Row(f"{label}: SD of z, smallest of the days", sd.min(), 0.85 if wide else 0.92, 1.08))
        found.append(Row(f"{label}: SD of z, largest of the days", sd.max(), 0.85 if wide else 0.92, 1.08))
        found.append(Row(f"{label}: coverage of 90 % intervals", covered, 0.87, 0.96 if wide else 0.93))
        found.append(Row(f"{label}: sandwich / model SE, median", ratio))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=101)
    print_rows(rows(parser.parse_args().first_seed))
