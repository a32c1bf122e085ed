"""Benchmarks of engine 1: agreement with MCMC, calibration, weight, speed, growth. One table, each row with its target.

    python bench/laplace.py            accuracy and calibration, strong and real: a minute
    python bench/laplace.py --large    real500k and the genome-wide screens as well

Seconds and memory are those of the engine with posterior draws and estimates, screen in memory, in a process of
its own; the last column of a speed row is seconds over those of a 3000 x 3000 float64 product in the same run.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: threads that spin on a busy machine cost minutes

import numpy as np
import torch

from fatebias.estimates import Estimates, estimate_effects
from fatebias.guide_map import GuideMap
from fatebias.laplace import LaplaceFit, draw_blocks, fit_laplace
from fatebias.posterior import PosteriorSummary, summarise_draws
from fatebias.screen import RawCells, Screen, build_screen
from fatebias.screen_file import read_screen
from fatebias.settings import Settings
from fatebias.simulate import Arguments, Simulation, simulate

DATA = Path(__file__).parents[1] / "tests" / "data"
AUTO = replace(Settings.from_mapping(), likelihood_weight="auto")
NORMAL_95 = 1.645  # half width of a 90 % interval, in SDs
Row = tuple[str, str, str]


def analyse(screen: Screen, settings: Settings) -> tuple[LaplaceFit, PosteriorSummary, Estimates]:
    """All that a fit with this engine computes."""
    fit = fit_laplace(screen, settings)
    summary = summarise_draws(draw_blocks(fit, screen, settings), screen, settings)
    return fit, summary, estimate_effects(fit, screen, settings)


def screen_of(sim: Simulation) -> Screen:
    names = sim.guide_map
    guide_map = GuideMap(
        guide_names=tuple(names.guide_name), gene_names=tuple(names.gene_name), is_ntc=names.is_ntc.to_numpy(dtype=bool)
    )
    cells = RawCells(
        guides=sim.guides, guide_names=list(names.guide_name), day=_labels("d", sim.day),
        replicate=_labels("r", sim.replicate), fates=sim.fates, fate_probs=sim.probs,
    )  # fmt: skip
    return build_screen(cells, guide_map, AUTO, where="simulation")


def reference_rows() -> Iterator[Row]:
    """Agreement with MCMC at the reference weight."""
    for name, weight in (("soft", 20.0), ("onehot", 1.0)):
        settings = replace(AUTO, likelihood_weight=weight, num_posterior_draws=20_000)
        screen = read_screen(DATA / f"{name}.h5ad", DATA / f"{name}_guide_map.csv", settings)
        fit = fit_laplace(screen, settings)
        summary = summarise_draws(draw_blocks(fit, screen, settings), screen, settings)
        nuts = np.load(DATA / f"{name}_nuts_{weight:g}.npz")
        ratio = np.quantile(summary.theta_sd_all / nuts["theta_sd"], [0.05, 0.5, 0.95])
        known = nuts["delta_sd"] > 0
        of_delta = np.median(summary.delta_sd_all[known] / nuts["delta_sd"][known])
        yield f"{name}: theta, mean difference / sd", _number(_miss(fit.mode["theta"], nuts, "theta")), "<= 0.10"
        yield f"{name}: theta, SD ratio, 5 / 50 / 95 %", " ".join(map(_number, ratio)), "0.90, 0.97-1.03, 1.10"
        yield f"{name}: delta, mean difference / sd", _number(_miss(fit.mode["delta"], nuts, "delta")), "<= 0.15"
        yield f"{name}: delta, median SD ratio", _number(of_delta), "0.90-1.10"


def weak_rows(seeds: int) -> Iterator[Row]:
    """Calibration of the estimates for mash on weak screens."""
    usual = "0.92-1.08; 0.87-0.93"
    kinds = {"sparse": ("effects", usual), "none": ("effects", usual), "onehot": ("labels", usual),
             "logitnormal": ("labels", "0.85-1.08; 0.87-0.96")}  # fmt: skip
    for kind, (argument, target) in kinds.items():
        z, weights, ratios = [], [], []
        for seed in range(1, seeds + 1):
            sim = simulate(Arguments.from_mapping({"preset": "weak", "seed": seed, argument: kind}))
            fit, _, found = analyse(screen_of(sim), AUTO)
            z.append((found.theta_hat - sim.theta[:, 0]) / found.se)
            weights.append(fit.weight[0])
            ratios.append(found.sandwich_ratio)
        by_day = " ".join(map(_number, np.std(z, (0, 1))))
        coverage = np.mean(np.abs(z) < NORMAL_95)
        yield f"weak, {kind}: SD of z by day; coverage", f"{by_day}; {_number(coverage)}", target
        yield f"weak, {kind}: weight; sandwich ratio", f"{np.mean(weights):.2f}; {np.mean(ratios):.3f}", ""


def strong_rows(seeds: int) -> Iterator[Row]:
    """Posterior mean and intervals on strong screens."""
    errors, inside = [], []
    for seed in range(1, seeds + 1):
        sim = simulate(Arguments.from_mapping({"preset": "strong", "seed": seed}))
        _, summary, _ = analyse(screen_of(sim), AUTO)
        miss = summary.theta_mean - sim.theta[:, 0]
        errors.append(np.sqrt((miss**2).mean(0)).mean())
        inside.append(np.mean(np.abs(miss) < NORMAL_95 * summary.theta_sd))
    yield "strong: RMSE; coverage", f"{np.mean(errors):.4f}; {np.mean(inside):.3f}", "<= 0.033; 0.86-0.94"


def speed_rows(large: bool) -> Iterator[Row]:
    """Seconds and peak memory by preset."""
    runs = {"strong": ({}, "5 s"), "real": ({}, "14 s, 1.5 GB")}
    if large:
        runs |= {"real500k": ({}, "60 s, 3 GB"), "genome": ({}, "110 s, 3 GB"),
                 "genome, 2M cells": ({"cells": 2_000_000}, "330 s, 6 GB")}  # fmt: skip
    unit = _product_seconds()
    for name, (arguments, target) in runs.items():
        given = {"preset": name.split(",")[0], "seed": 1} | arguments
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, rounds, peak = pool.apply(_timed, (given,))
        found = f"{seconds:.1f} s, {peak:.2f} GB, {rounds} ({seconds / unit:.1f} units)"
        yield f"{name}: seconds, GB, rounds", found, target


def _timed(given: dict) -> tuple[float, int, float]:
    screen = screen_of(simulate(Arguments.from_mapping(given)))
    start = time.perf_counter()
    fit, _, _ = analyse(screen, AUTO)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return time.perf_counter() - start, fit.convergence.rounds, peak


def _product_seconds() -> float:
    a = torch.randn(3000, 3000, dtype=torch.float64)
    a @ a
    start = time.perf_counter()
    a @ a
    return time.perf_counter() - start


def _miss(mean: np.ndarray, nuts, name: str) -> float:
    sd = nuts[f"{name}_sd"]
    return float(np.mean(np.abs(mean - nuts[f"{name}_mean"])[sd > 0] / sd[sd > 0]))


def _labels(prefix: str, codes: np.ndarray) -> np.ndarray:
    return np.array([f"{prefix}{code}" for code in range(codes.max() + 1)], dtype=object)[codes]


def _number(value: float) -> str:
    return f"{value:.3f}"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Benchmarks of the laplace engine.")
    parser.add_argument("--large", action="store_true", help="real500k and genome-wide screens as well")
    parser.add_argument("--seeds", type=int, default=8, help="weak screens of each kind (default 8)")
    given = parser.parse_args(arguments)
    for rows in (reference_rows(), weak_rows(given.seeds), strong_rows(5), speed_rows(given.large)):
        for what, value, target in rows:
            print(f"{what:45} {value:45} {target}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
