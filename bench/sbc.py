"""Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) on small screens with one-hot labels, weight 1.

Truth and labels are drawn from the model itself, with narrowed priors; the rank of the truth among
posterior draws, divided by their number, is then uniform. Stated test: for each quantity two numbers a
screen, the means over its entries of 2u - 1 (a shift) and of 6 (u - 1/2)^2 - 1/2 (too narrow is above 0),
have mean 0 over screens: |t| < 3.5. Entries of one screen are dependent, screens are not.
"""

import argparse
import dataclasses

import numpy as np
import torch
from measure import BARE, Row, print_rows, simulated_screen
from pyro import poutine, set_rng_seed

from fatebias.base.settings import Settings
from fatebias.model.cells import to_tensors
from fatebias.model.draws import DrawPlan
from fatebias.model.effects import beta_from_effects, delta_from_raw, theta_from_raw
from fatebias.model.prior import Priors
from fatebias.model.pyro_model import fate_model, linear_predictor
from fatebias.results.engines import infer
from fatebias.screens.screen import Screen
from fatebias.vi.svi import draw_raw
from fatebias.vi.target import Target

DRAWS = 200
MOST_T = 3.5
NARROW = {"s_alpha": 0.5, "s_rep": 0.3, "s_gamma": 0.05, "s_tau": 0.5, "s_time": 0.4, "s_guide": 0.4}
SIZE = {"cells": 2500, "genes": 12, "guides_per_gene": 4, "ntc": 6, "moi": 4.0, "days": 3, "effects": "none"}


def settings_of(engine: str, seed: int) -> Settings:
    given = {
        "likelihood_weight": 1.0,
        "inference": engine,
        "seed": seed,
        "save_draws": "all",
        "num_posterior_draws": DRAWS,
    }
    return Settings.from_mapping(BARE | NARROW | given)


def draw_screen(seed: int, settings: Settings) -> tuple[Screen, dict[str, np.ndarray]]:
    """A screen whose effects and one-hot labels are drawn from the model, and its theta, delta and scales."""
    _, screen = simulated_screen(seed, settings, **SIZE)
    cells, layout = to_tensors(screen)
    set_rng_seed(seed)
    nodes = poutine.trace(fate_model).get_trace(cells, layout, Priors.of(settings)).nodes
    v = {name: node["value"] for name, node in nodes.items() if node["type"] == "sample"}
    theta = theta_from_raw(v["z0"], v["eps"], v["tau"], v["sigma_time"])
    delta = delta_from_raw(v["u"], v["sigma_guide"], layout.guide_gene, layout.guides_per_gene)
    eta = linear_predictor(cells, beta_from_effects(theta, delta, layout.guide_gene), v["alpha"], v["b"], v["gamma"])
    fate = torch.distributions.Categorical(logits=torch.cat([torch.zeros_like(eta[:, :1]), eta], 1)).sample()
    onehot = np.eye(screen.n_fates)[fate.numpy()]
    truth = {"theta": theta, "delta": delta} | {name: v[name] for name in ("tau", "sigma_time", "sigma_guide")}
    return dataclasses.replace(screen, fate_probs=onehot), {name: value.numpy() for name, value in truth.items()}


def ranks(engine: str, seed: int) -> dict[str, np.ndarray]:
    """u by quantity, one a posterior entry; delta of genes with one guide is 0 and left out."""
    settings = settings_of(engine, seed)
    screen, truth = draw_screen(seed, settings)
    found = infer(screen, settings)
    several = screen.guides_per_gene[screen.guide_gene] > 1
    draws = {"theta": found.posterior.theta_draws, "delta": found.posterior.delta_draws[:, several]}
    truth["delta"] = truth["delta"][several]
    if found.svi:
        cells, layout = to_tensors(screen, dtype=torch.float32)
        target = Target(cells=cells, layout=layout, priors=Priors.of(settings))
        raw = draw_raw(found.svi, target, DrawPlan.of(settings))
        draws |= {name: raw[name].numpy() for name in ("tau", "sigma_time", "sigma_guide")}
    return {name: ((value < truth[name]).sum(0).ravel() + 0.5) / (DRAWS + 1) for name, value in draws.items()}


def uniformity(by_screen: list[np.ndarray]) -> tuple[float, float]:
    """t over screens of the shift and of the spread of u; 0 in expectation where u is uniform."""
    shift = np.array([(2 * u - 1).mean() for u in by_screen])
    spread = np.array([(6 * (u - 0.5) ** 2 - 0.5).mean() for u in by_screen])
    return tuple(float(x.mean() / (x.std(ddof=1) / np.sqrt(len(x)))) for x in (shift, spread))


def histogram(by_screen: list[np.ndarray]) -> str:
    """Share of u in ten bins, in per cent; 10 each where u is uniform."""
    counts, _ = np.histogram(np.concatenate(by_screen), np.linspace(0, 1, 11))
    return " ".join(f"{100 * count / counts.sum():.0f}" for count in counts)


def rows(screens: int = 100, engines: tuple[str, ...] = ("laplace", "svi")) -> list[Row]:
    found = []
    for engine in engines:
        by_seed = [ranks(engine, 1000 + seed) for seed in range(screens)]
        for name in by_seed[0]:
            by_screen = [one[name] for one in by_seed]
            shift, spread = uniformity(by_screen)
            label = f"SBC, {screens} screens, {engine}, {name}"
            found.append(Row(f"{label}: t of shift", shift, -MOST_T, MOST_T))
            found.append(
                Row(f"{label}: t of spread (ranks in ten bins, %: {histogram(by_screen)})", spread, -MOST_T, MOST_T)
            )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--screens", type=int, default=100)
    parser.add_argument("--engines", nargs="+", default=["laplace", "svi"])
    print_rows(rows(**vars(parser.parse_args())))
