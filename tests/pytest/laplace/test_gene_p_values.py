"""p of genes and days: the statistic and its null by plain sums and shuffles, uniform where nothing has an effect."""

import dataclasses

import numpy as np
import pytest
from conftest import screen_of, simulated
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.laplace import (
    AllFates,
    LaplaceOptions,
    carried_by_day,
    estimate_theta,
    estimates_of,
    fit_laplace,
    solve_estimates,
)
from fatebias.laplace.day_scores import FittedScores, day_tests
from fatebias.laplace.gene_p_values import Spread, _Own, _scores, _shared_noise, gene_p_values, mean_tail, two_sided
from fatebias.laplace.guide_variance import GRID
from fatebias.laplace.saddlepoint import moments, normal_score
from fatebias.screens import burden_strata, contrast_weights
from fatebias.screens.screen import Screen

SETTINGS = Settings.from_mapping({"inference": "laplace"})
OPTIONS = LaplaceOptions.of(SETTINGS)
ALONE = Spread(noise=None, guides=None, replicates=None)


def contrast_of(screen: Screen) -> np.ndarray:
    return contrast_weights(SETTINGS.contrast_fate, screen.fates)


def solved_of(screen: Screen):
    return solve_estimates(fit_laplace(screen, OPTIONS).baseline, OPTIONS)


@pytest.fixture(scope="module")
def screen() -> Screen:
    return screen_of(simulated(cells=2500, genes=20, ntc=10, moi=5.0, seed=3, labels="onehot"), SETTINGS)


@pytest.fixture(scope="module")
def solved(screen):
    return solved_of(screen)


def test_p_are_uniform_where_nothing_has_an_effect():
    found, arguments = [], {"cells": 2400, "genes": 40, "ntc": 24, "moi": 2.0, "effects": "none", "guide_sd": 0.0}
    for seed in range(5):
        nothing = screen_of(simulated(seed=seed, labels="onehot", **arguments), SETTINGS)
        found.append(gene_p_values(solved_of(nothing), nothing, contrast_of(nothing), ALONE))
    z, p = (np.concatenate([getattr(one, name).ravel() for one in found]) for name in ("z", "p_guides"))
    assert 0.9 < np.nanstd(z) < 1.1
    assert stats.kstest(p[~np.isnan(p)], "uniform").pvalue > 0.01


def test_the_null_of_the_gene_adds_what_guides_and_cultures_differ_by(screen, solved):
    """z of the null `gene` with one known variance between guides: T's variance by the randomisation plus that."""
    estimates = estimates_of(AllFates.of(solved, screen, OPTIONS), contrast_of(screen))
    k, n_days = 40, screen.n_days
    certain = np.zeros((screen.n_genes, len(GRID)))
    certain[:, k] = 1
    guides = dataclasses.replace(estimates.guide_variance, posterior=certain, day=0.0, profile=np.ones(n_days))
    replicates = dataclasses.replace(estimates.replicate_variance, by_day=np.full(n_days, 0.02), n_replicates=2)
    found = gene_p_values(solved, screen, contrast_of(screen), Spread(noise=None, guides=guides, replicates=replicates))
    alone = gene_p_values(solved, screen, contrast_of(screen), ALONE)
    assert found.p_guides == pytest.approx(alone.p, nan_ok=True)
    day = FittedScores.of(solved, screen, contrast_of(screen), burden_strata(screen)).on_day(1)
    (tests,) = day_tests(day)
    own = _Own.of(day, tests)
    information = {}
    for gene, cell, carried, spare in zip(day.gene, day.cell, day.carried, tests.spare):
        information.setdefault(gene, 0.0)
        information[gene] += carried**2 * day.information[cell] * spare
    assert own.information == pytest.approx([information[gene] for gene in tests.genes])
    mean, variance = moments(tests.pools, len(tests.x))
    variance = variance + own.beyond(_shared_noise(solved, day.direction, 1)[tests.genes], None)
    z = (tests.x - mean) / np.sqrt(variance + own.of_guides * GRID[k] + own.information**2 * 0.02 / 2)
    assert np.abs(found.z[tests.genes, 1] - z).max() < 0.15  # but for skewness
    assert (np.abs(found.z) <= np.abs(alone.z) + 0.05)[~np.isnan(alone.z)].all()


def test_the_tail_of_an_uncertain_variance_is_that_of_student():
    """Z over the root of a variance with the law of 5 / chi^2_5, on a fine grid."""
    grid = np.geomspace(1e-3, 1e3, 4000)
    weight = stats.chi2.pdf(5 / grid, 5) * 5 / grid  # density of log variance
    x = np.array([-12.0, -3.0, 0.4, 2.0, 8.0])
    z = mean_tail(x[:, None] / np.sqrt(grid), np.tile(weight / weight.sum(), (len(x), 1)))
    assert stats.norm.cdf(z) == pytest.approx(stats.t.cdf(x, 5), rel=1e-3)


def test_tails_between_the_nodes_are_as_those_computed(screen, solved):
    day = FittedScores.of(solved, screen, contrast_of(screen), burden_strata(screen)).on_day(0)
    (tests,) = day_tests(day)
    own = _Own.of(day, tests)
    variance = own.variance[:, None] * np.r_[0.05, 0.2, 1.0, 5.0, 50.0]
    direct = np.stack([normal_score(tests.x, tests.pools, v) for v in variance.T], axis=1)
    assert np.abs(_scores(tests, own, variance) - direct).max() < 0.01


def test_no_p_where_no_cell_carries_the_gene_and_portions_change_nothing(monkeypatch):
    sim = simulated(cells=400, genes=6, guides_per_gene=1, ntc=4, moi=1.0, seed=5)
    gene = sim.genes[2]
    column = int(np.flatnonzero(sim.guide_map.gene_name == gene)[0])
    guides = sim.guides.tolil()
    guides[np.flatnonzero(sim.day == 1), column] = 0
    sim = dataclasses.replace(sim, guides=guides.tocsr())
    screen = screen_of(sim, SETTINGS)
    solved = solved_of(screen)
    found = gene_p_values(solved, screen, contrast_of(screen), ALONE)
    place = screen.gene_names.index(gene)
    assert np.isnan(found.z[place, 1]) and np.isnan(found.p[place, 1])
    assert (np.isnan(found.p) == ~carried_by_day(screen)).all()
    monkeypatch.setattr("fatebias.laplace.day_scores.NUMBERS_AT_ONCE", 1)
    again = gene_p_values(solved, screen, contrast_of(screen), ALONE)
    assert again.z == pytest.approx(found.z, nan_ok=True, abs=1e-8)


def test_the_smallest_p_is_told_and_two_sided_is_twice_the_smaller_tail():
    assert two_sided(np.array([0.0, -2.0, 2.0])) == pytest.approx([1.0, 2 * stats.norm.sf(2), 2 * stats.norm.sf(2)])
    assert two_sided(np.array([60.0]))[0] == 1e-300
    assert np.isnan(two_sided(np.array([np.nan]))[0])


def test_clusters_that_share_noise_widen_the_null(screen, solved):
    noise = np.full((screen.n_genes, screen.n_days), 10.0)
    found = gene_p_values(solved, screen, contrast_of(screen), Spread(noise=noise, guides=None, replicates=None))
    alone = gene_p_values(solved, screen, contrast_of(screen), ALONE)
    assert np.nanmax(np.abs(found.z)) < 0.5 * np.nanmax(np.abs(alone.z))


def test_a_fit_gives_them_where_it_is_asked_to(screen, solved):
    baseline = fit_laplace(screen, OPTIONS).baseline
    asked = estimate_theta(baseline, screen, contrast_of(screen), OPTIONS)
    assert asked.p_values is not None and asked.p_values.p.shape == asked.theta_hat.shape
    z = asked.theta_hat / asked.se
    known = ~np.isnan(z)
    assert np.corrcoef(z[known], asked.p_values.z[known])[0, 1] > 0.9
    none = estimate_theta(baseline, screen, contrast_of(screen), dataclasses.replace(OPTIONS, p_values=False))
    assert none.p_values is None
