"""Changes of probability: against plain sums, finite differences, draws, and guides added to known cells."""

import numpy as np
import points
import pytest
from conftest import screen_of, simulated
from scipy.special import expit, logit, softmax
from scipy.stats import norm

from fatebias.base.settings import Settings
from fatebias.laplace import FateBaseline, fate_covariance, fate_widening, probability, probability_change
from fatebias.laplace.probability import moved
from fatebias.results.engines import infer

Z = norm.ppf(0.95)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def baseline_of(eta_by_day: list[np.ndarray]) -> FateBaseline:
    probs = [softmax(np.c_[np.zeros(len(eta)), eta], axis=1) for eta in eta_by_day]
    day = np.repeat(np.arange(len(probs)), [len(one) for one in probs])
    return FateBaseline(eta=np.concatenate(eta_by_day), day=day, mean=np.stack([one.mean(0) for one in probs]))


def test_means_are_those_of_softmax_with_the_effect_added_to_each_cell(rng):
    eta, theta = rng.normal(size=(40, 3)), rng.normal(size=(5, 3))
    mean, _ = moved(softmax(np.c_[np.zeros(40), eta], axis=1), theta)
    plain = [np.mean([softmax(np.r_[0, cell + effect]) for cell in eta], axis=0) for effect in theta]
    np.testing.assert_allclose(mean, plain, rtol=1e-12)


def test_gradient_is_that_of_finite_differences(rng):
    probs, theta, step = softmax(rng.normal(size=(30, 4)), axis=1), rng.normal(size=(2, 3)), 1e-5
    _, gradient = moved(probs, theta)
    for logit_ in range(3):
        move = np.eye(3)[logit_] * step
        slope = (moved(probs, theta + move)[0] - moved(probs, theta - move)[0]) / (2 * step)
        np.testing.assert_allclose(gradient[:, :, logit_ + 1], slope, atol=1e-9)
    np.testing.assert_allclose(gradient.sum(2), 0, atol=1e-12)  # all logits moved alike move nothing


def test_effects_too_large_for_exp_are_no_matter():
    mean, gradient = moved(np.array([[0.2, 0.3, 0.5]]), np.array([[900.0, 0.0], [-900.0, -900.0]]))
    np.testing.assert_allclose(mean, [[0, 1, 0], [1, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_two_fates_are_a_logistic_regression():
    p, theta, variance = 0.3, 0.7, 0.04
    baseline = baseline_of([np.full((3, 1), logit(p))])
    covariance = np.diag([0.0, variance])[None, None]
    found = probability_change(baseline, np.array([[[theta]]]), covariance)
    after = expit(logit(p) + theta)
    np.testing.assert_allclose(found.change[0, 0], [p - after, after - p], atol=1e-7)
    half = Z * after * (1 - after) * variance**0.5
    np.testing.assert_allclose(found.high[0, 0, 1] - found.change[0, 0, 1], half, rtol=1e-6)
    np.testing.assert_allclose(found.low[0, 0, 0] - found.change[0, 0, 0], -half, rtol=1e-6)


def test_intervals_are_as_wide_as_those_of_draws(rng):
    baseline = baseline_of([rng.normal(size=(200, 2)), rng.normal(size=(150, 2))])
    theta, root = rng.normal(0, 0.5, size=(3, 2, 2)), 0.05 * rng.normal(size=(3, 2, 2, 2))
    covariance = np.zeros((3, 2, 3, 3))
    covariance[:, :, 1:, 1:] = root @ np.swapaxes(root, 2, 3)
    found = probability_change(baseline, theta, covariance)
    for gene, day in np.ndindex(3, 2):
        draws = theta[gene, day] + rng.normal(size=(20_000, 2)) @ root[gene, day].T
        sd = moved(baseline.of_day(day), draws)[0].std(0)
        width = (found.high - found.low)[gene, day]
        np.testing.assert_allclose(width / (2 * Z), sd, rtol=0.04)
    np.testing.assert_allclose(found.change.sum(2), 0, atol=1e-12)


def test_covariances_of_logits_and_of_centred_ones_say_the_same(rng):
    baseline, theta = baseline_of([rng.normal(size=(50, 2))]), rng.normal(size=(4, 1, 2))
    root, centre = rng.normal(size=(4, 1, 3, 3)), np.eye(3) - 1 / 3
    covariance = 0.01 * root @ np.swapaxes(root, 2, 3)
    one, other = (probability_change(baseline, theta, c) for c in (covariance, centre @ covariance @ centre))
    np.testing.assert_allclose(one.low, other.low, atol=1e-12)


def test_no_interval_leaves_what_probabilities_can_do_and_unknown_effects_stay_unknown(rng):
    baseline = baseline_of([rng.normal(size=(50, 2))])
    theta = np.array([[[0.1, -0.2]], [[np.nan, np.nan]]])
    found = probability_change(baseline, theta, np.broadcast_to(100 * np.eye(3), (2, 1, 3, 3)))
    np.testing.assert_allclose(found.low[0, 0], -baseline.mean[0])
    np.testing.assert_allclose(found.high[0, 0], 1 - baseline.mean[0])
    assert all(np.isnan(values[1]).all() for values in (found.change, found.low, found.high))


def test_genes_are_moved_in_blocks(rng, monkeypatch):
    baseline, theta = baseline_of([rng.normal(size=(20, 2))] * 2), rng.normal(size=(7, 2, 2))
    covariance = np.broadcast_to(0.01 * np.eye(3), (7, 2, 3, 3))
    whole = probability_change(baseline, theta, covariance)
    monkeypatch.setattr(probability, "BLOCK_NUMBERS", 40)  # two genes at a time
    parts = probability_change(baseline, theta, covariance)
    np.testing.assert_allclose(parts.high, whole.high, atol=1e-14)


def test_the_change_is_that_of_a_guide_added_to_every_cell_in_place_of_a_control():
    """Each cell of a simulated screen gets one more guide: of the gene, or a control; labels without noise."""
    arguments = {"cells": 4000, "genes": 8, "guides_per_gene": 3, "guide_sd": 0.0, "seed": 3, "effects": "random_walk"}
    given = arguments | {"concentration": 50.0}
    sim, cells = simulated(**given), simulated(**given, day_dispersion=(points.NOISELESS,) * 3).probs
    settings = Settings.from_mapping({"inference": "laplace", "p_values": False})
    screen = screen_of(sim, settings)
    estimates = infer(screen, settings).estimates
    covariance = fate_covariance(estimates.all_fates, fate_widening(estimates.all_fates))
    found = probability_change(estimates.fate_baseline, estimates.all_fates.theta, covariance)
    cells = cells[(np.diff(sim.guides.indptr) > 0) & (np.diff(sim.guides.indptr) <= settings.Kmax)]
    truth = points.by_brute_force(cells, screen.day, np.moveaxis(sim.theta, 1, 2))
    se = (found.high - found.low) / (2 * Z)
    assert np.abs((found.change - truth) / se).max() < 4  # of 72
    fitted = points.by_brute_force(cells, screen.day, estimates.all_fates.theta)
    assert ((found.change - fitted) ** 2).mean() ** 0.5 < 0.02 * (fitted**2).mean() ** 0.5
