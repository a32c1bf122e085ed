"""Changes of probability against brute force: adding a guide of each gene to every cell of a simulated screen.

The true cells are those of the same screen with labels without noise, which are their probabilities. Coverage is that
of the change at the true effects by the 90 % intervals, over genes, days and fates. The error is that of the change at
the fitted effects, by the fit's cells against the true ones, as a share of the change (root mean squares over genes,
days and fates).
"""

import argparse
import warnings
from dataclasses import dataclass

import numpy as np
from measure import Row, print_rows, simulated_screen, truth_of

from fatebias.base.errors import FitWarning
from fatebias.base.settings import Settings
from fatebias.laplace import Estimates, fate_covariance, fate_widening, probability_change
from fatebias.results.engines import infer
from fatebias.screens.screen import Screen
from fatebias.simulation import Arguments, Simulation, simulate

NOISELESS = 1e9  # concentration of labels that are their cells' probabilities
GENE, GUIDES = {"estimand": "gene"}, {"estimand": "guides"}
KINDS = {
    "weak, these guides": ({}, GUIDES),
    "guides do not differ": ({"guide_sd": 0}, GENE),
    "guides differ, SD .2": ({"guide_sd": 0.2}, GENE),
    "replicates differ, SD .15": ({"guide_sd": 0, "replicate_sd": 0.15, "replicates": 4}, GENE),
    "both, one replicate": ({"guide_sd": 0.2, "replicates": 1}, GENE),
    "effects that differ by fate": ({"effects": "random_walk", "guide_sd": 0.1}, GENE),
    "one-hot labels": ({"labels": "onehot", "cells": 12_000, "guide_sd": 0.1}, GENE),
    "six fates": ({"fates": 6, "cells": 12_000, "guide_sd": 0.1}, GENE),
    "100,000 cells, 298 genes": ({"preset": "real"}, GENE),
    "life": ({"preset": "life"}, GENE),
    "life without effects": ({"preset": "life_none"}, GENE),
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """covered: bool [L, D, K]. change, brute_force: at the fitted effects [L, D, K]."""

    covered: np.ndarray
    change: np.ndarray
    brute_force: np.ndarray


def true_cells(sim: Simulation, seed: int, arguments: dict) -> np.ndarray:
    """Probabilities of the screen's usable cells [N, K]."""
    days = int(sim.theta.shape[2])
    exact = arguments | {"seed": seed, "labels": "dirichlet", "day_dispersion": (NOISELESS,) * days}
    burden = np.diff(sim.guides.indptr)
    return simulate(Arguments.from_mapping(exact)).probs[(burden > 0) & (burden <= 20)]


def by_brute_force(cells: np.ndarray, day: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Mean change over all cells of a day [N, K], moved one gene's effect [L, D, F] at a time: [L, D, K]."""
    out = np.empty((*theta.shape[:2], cells.shape[1]))
    for d in range(theta.shape[1]):
        before = cells[day == d]
        for gene, effect in enumerate(theta[:, d]):
            after = before * np.exp(np.r_[0, effect])
            out[gene, d] = (after / after.sum(1, keepdims=True) - before).mean(0)
    return out


def changes_of(estimates: Estimates, screen: Screen, truth: np.ndarray, cells: np.ndarray) -> Found:
    """The fit's changes beside the true ones; truth: theta [L, D, F]."""
    theta = estimates.all_fates.theta
    covariance = fate_covariance(estimates.all_fates, fate_widening(estimates.all_fates))
    found = probability_change(estimates.fate_baseline, theta, covariance)
    known = ~np.isnan(theta).any((1, 2))
    true = by_brute_force(cells, screen.day, truth[known])
    return Found(
        covered=(found.low[known] <= true) & (true <= found.high[known]), change=found.change[known],
        brute_force=by_brute_force(cells, screen.day, theta[known]),
    )  # fmt: skip


def of_screen(seed: int, arguments: dict, settings: dict) -> Found:
    settings = Settings.from_mapping({"inference": "laplace", "p_values": False} | settings)
    sim, screen = simulated_screen(seed, settings, **arguments)
    truth = np.moveaxis(truth_of(sim, screen), 1, 2)
    return changes_of(infer(screen, settings).estimates, screen, truth, true_cells(sim, seed, arguments))


def relative_errors(found: Found) -> np.ndarray:
    """By day and fate, and of all together last."""
    miss, change = (found.change - found.brute_force) ** 2, found.brute_force**2
    return np.sqrt(np.r_[(miss.mean(0) / change.mean(0)).ravel(), miss.mean() / change.mean()])


def rows(seeds: range, kinds: list[str]) -> list[Row]:
    warnings.simplefilter("ignore", FitWarning)
    out = []
    for kind in kinds:
        found = [of_screen(seed, *KINDS[kind]) for seed in seeds]
        by_fate = np.mean([one.covered.mean((0, 1)) for one in found], axis=0)
        label = f"{kind}, {len(seeds)} screens"
        told = ", ".join(f"{share:.3f}" for share in by_fate)
        out.append(Row(f"{label}: coverage of 90 % intervals (by fate {told})", float(by_fate.mean()), 0.87, 0.93))
        errors = 100 * np.mean([relative_errors(one) for one in found], axis=0)
        label = f"{label}: error against brute force, % of the change"
        out.append(Row(f"{label} (worst day and fate {errors[:-1].max():.1f})", float(errors[-1]), None, 2))
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first-seed", type=int, default=7001)
    parser.add_argument("--screens", type=int, default=10)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    args = parser.parse_args()
    print_rows(rows(range(args.first_seed, args.first_seed + args.screens), args.kinds))
