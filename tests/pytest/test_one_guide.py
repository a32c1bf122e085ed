"""Screens with exactly one guide in every cell: cells with a control guide are the zero, and there is no burden."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import labels

from fatebias.base.settings import Settings
from fatebias.certificate.fitted import burden_slopes
from fatebias.certificate.source import Source
from fatebias.certificate.units import run_ntc
from fatebias.results.engines import infer
from fatebias.results.tables import estimate_tables, posterior_tables
from fatebias.screens.build import build_screen
from fatebias.screens.guide_map import GuideMap
from fatebias.screens.screen import RawCells

GENES, GUIDES, DAYS = 5, 2, 2
NAMES = [f"g{k}_{j}" for k in range(GENES) for j in range(GUIDES)] + ["n1", "n2"]
MAP = GuideMap(
    guide_names=tuple(NAMES),
    gene_names=tuple(f"g{k}" for k in range(GENES) for _ in range(GUIDES)) + ("NTC", "NTC"),
    is_ntc=np.array([False] * GENES * GUIDES + [True, True]),
)
VAGUE = {
    "s_alpha": 1e3, "estimate_prior_sd": 1e3, "estimate_shift": "free", "likelihood_weight": 20.0,
    "inference": "laplace",
}  # fmt: skip


def cells(per_guide=40, seed=0):
    """As many cells with each guide on each day, effects by gene and day, Dirichlet labels."""
    rng = np.random.default_rng(seed)
    guide = np.tile(np.repeat(np.arange(len(NAMES)), per_guide), DAYS)
    day = np.repeat(np.arange(DAYS), len(NAMES) * per_guide)
    effect = np.zeros((len(NAMES), DAYS, 2))
    effect[:-2] = np.repeat(rng.normal(0, 0.7, (GENES, DAYS, 2)), GUIDES, 0)
    eta = np.c_[np.zeros(len(day)), np.array([[0.3, -0.4], [-0.2, 0.5]])[day] + effect[guide, day]]
    pi = np.exp(eta) / np.exp(eta).sum(1, keepdims=True)
    guides = sp.csr_matrix((np.ones(len(guide)), (np.arange(len(guide)), guide)), shape=(len(guide), len(NAMES)))
    return guide, day, RawCells(
        guides=guides, guide_names=NAMES, day=labels("d", day), replicate=labels("r", 0 * day),
        fates=("EC", "MES", "NEU"), fate_probs=np.stack([rng.dirichlet(20 * p) for p in pi]),
    )  # fmt: skip


def made(settings):
    guide, day, raw = cells()
    return guide, day, raw, build_screen(raw, MAP, settings, where="one guide a cell")


def log_odds(raw, rows):
    """Of MES against EC in the mean of the labels."""
    mean = raw.fate_probs[rows].mean(0)
    return np.log(mean[1] / mean[0])


def test_effects_are_differences_of_log_odds_to_the_cells_with_controls():
    settings = Settings.from_mapping(VAGUE)
    guide, day, raw, screen = made(settings)
    found = infer(screen, settings)
    control, gaps = guide >= len(NAMES) - 2, np.zeros((GENES, GUIDES, DAYS))
    for d in range(DAYS):
        zero = log_odds(raw, control & (day == d))
        for k in range(GENES * GUIDES):
            gaps[k // GUIDES, k % GUIDES, d] = log_odds(raw, (guide == k) & (day == d)) - zero
    beta = found.estimates.guides.beta.reshape(GENES, GUIDES, DAYS)
    # a guide's own effect is the gene's and a deviation that is the same on all days, which a saturated fit has not
    assert np.allclose(beta.mean((1, 2)), gaps.mean((1, 2)), atol=0.03)
    assert np.allclose(found.estimates.theta_hat, gaps.mean(1), atol=0.05)
    assert np.abs(gaps.mean(1)).max() > 0.5


def test_one_guide_a_gene_leaves_nothing_to_chance():
    """Saturated: every guide on every day has its own mean, and the fit is these means."""
    settings = Settings.from_mapping(VAGUE)
    guide, day, raw, _ = made(settings)
    alone = GuideMap(guide_names=MAP.guide_names, gene_names=MAP.guide_names, is_ntc=MAP.is_ntc)
    found = infer(build_screen(raw, alone, settings, where="x"), settings).estimates
    control = guide >= len(NAMES) - 2
    for d in range(DAYS):
        zero = log_odds(raw, control & (day == d))
        gaps = [log_odds(raw, (guide == k) & (day == d)) - zero for k in range(GENES * GUIDES)]
        assert np.allclose(found.theta_hat[:, d], gaps, atol=1e-3)


def test_both_engines_give_finite_tables_that_agree():
    one, other = (Settings.from_mapping(given) for given in ({"inference": "laplace"}, {"num_steps": 400}))
    *_, screen = made(one)
    assert not screen.burden_centered.any()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # division by zero
        first, second = infer(screen, one), infer(screen, other)
    tables = posterior_tables(second.posterior, screen) | estimate_tables(first.estimates, first.posterior, screen)
    for name, table in tables.items():
        assert table.notna().all(axis=None), name
    apart = np.abs(first.posterior.theta_mean - second.posterior.theta_mean) / first.posterior.theta_sd
    assert apart.mean() < 0.1
    assert np.allclose(first.laplace.mode["gamma"], 0, atol=1e-9)


@pytest.mark.parametrize("by_day", [True, False])
def test_no_burden_slope_is_asked_for(by_day):
    settings = Settings.from_mapping({"inference": "laplace", "burden_by_day": by_day})
    _, _, raw, screen = made(settings)
    source = Source(
        cells=raw, guide_map=MAP, screen=screen, settings=settings, baseline=infer(screen, settings).laplace.baseline,
        where="x",
    )  # fmt: skip
    assert burden_slopes(source) == {"in_model": by_day, "n_days": 0}


def test_controls_that_cannot_be_spared_are_not_held_out():
    """n2 is in cells of the first day only: where n1 is held out nothing is left to measure from on the second."""
    settings = Settings.from_mapping({"inference": "laplace"})
    guide, day, raw = cells()
    keep = np.flatnonzero((guide != len(NAMES) - 1) | (day == 0))
    raw = replace(
        raw, guides=raw.guides[keep], day=raw.day[keep], replicate=raw.replicate[keep], fate_probs=raw.fate_probs[keep]
    )
    screen = build_screen(raw, MAP, settings, where="x")
    source = Source(
        cells=raw, guide_map=MAP, screen=screen, settings=settings, baseline=infer(screen, settings).laplace.baseline,
        where="x",
    )  # fmt: skip
    units = [run_ntc(source, number) for number in range(8)]
    failed = [unit["not_settled"] for unit in units if "not_settled" in unit]
    assert 0 < len(failed) < 8
    assert "Too few controls to hold half of them out: x: every usable cell of d1 carries 1 guide(s)" in failed[0]
