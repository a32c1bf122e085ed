"""The sample of cells that effects are added to: its means, its spread, and how like the true cells it is."""

import numpy as np
import points
import pytest
from conftest import screen_of, simulated
from scipy.special import softmax

from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, fit_laplace, sample_baseline, solve_estimates
from fatebias.laplace.fate_baseline import LEAST_SHARE, _spread_evenly, _towards, _with_mean
from fatebias.laplace.probability import moved

OPTIONS = LaplaceOptions.of(Settings.from_mapping({}))


def probabilities(eta):
    return softmax(np.c_[np.zeros(len(eta)), eta], axis=1)


def relative_error(probs, others, theta):
    """Of the changes that effects make, of some cells against others: worst fate."""
    change, wanted = (moved(one, theta)[0] - one.mean(0) for one in (probs, others))
    return np.sqrt(((change - wanted) ** 2).mean(0) / (wanted**2).mean(0)).max()


@pytest.mark.parametrize("n_logits", [1, 2, 9])
def test_the_map_takes_the_excess_off_and_nothing_else(n_logits):
    rng = np.random.default_rng(n_logits)
    root, part = rng.normal(size=(2, n_logits, n_logits))
    covariance, excess = root @ root.T + np.eye(n_logits), 0.2 * part @ part.T / n_logits - 0.1 * np.eye(n_logits)
    map_ = _towards(covariance, excess)
    np.testing.assert_allclose(map_ @ covariance @ map_.T, covariance - excess, atol=1e-9)
    np.testing.assert_allclose(map_, map_.T, atol=1e-12)
    np.testing.assert_allclose(_towards(covariance, 0 * excess), np.eye(n_logits), atol=1e-9)


def test_more_excess_than_there_is_leaves_a_share():
    map_ = _towards(np.diag([2.0, 1.0]), np.diag([5.0, 0.0]))
    np.testing.assert_allclose(map_, np.diag([LEAST_SHARE**0.5, 1.0]), atol=1e-12)


@pytest.mark.parametrize(("n", "n_logits"), [(9000, 2), (2500, 2), (9000, 29)])
def test_effects_move_the_sample_as_they_move_all_cells(n, n_logits):
    rng = np.random.default_rng(n_logits)
    eta = rng.normal(0, 1, n_logits) + rng.normal(0, 0.5, (n, n_logits))
    probs, theta = probabilities(eta), rng.normal(0, 0.5, (50, n_logits))
    rows = _spread_evenly(eta, 2000)
    assert len(rows) == len(set(rows)) == 2000
    sample = probabilities(_with_mean(eta[rows], probs.mean(0)))
    np.testing.assert_allclose(sample.mean(0), probs.mean(0), rtol=1e-8)
    assert relative_error(sample, probs, theta) < 0.01
    np.testing.assert_array_equal(_spread_evenly(eta[:1500], 2000), np.arange(1500))


def test_every_cell_has_the_same_chance():
    eta = np.random.default_rng(1).normal(size=(5000, 2))
    near = np.zeros(5)
    for turn in range(40):  # other cells, other neighbourhoods
        rows = _spread_evenly(np.roll(eta, turn * 125, axis=0), 1000)
        near += np.histogram((rows - turn * 125) % 5000, bins=5, range=(0, 5000))[0]
    np.testing.assert_allclose(near / near.sum(), 0.2, atol=0.005)


@pytest.fixture(scope="module")
def onehot():
    """Noisy labels: estimates far from the truth, deviations of guides shrunk."""
    arguments = {"cells": 12_000, "genes": 400, "moi": 6.0, "labels": "onehot", "effects": "sparse_normal", "days": 2}
    sim = simulated(**arguments)
    exact = arguments | {"labels": "dirichlet", "day_dispersion": (points.NOISELESS,) * 2}
    burden = np.diff(sim.guides.indptr)
    screen = screen_of(sim)
    solved = solve_estimates(fit_laplace(screen, OPTIONS).baseline, OPTIONS)
    return screen, solved, simulated(**exact).probs[(burden > 0) & (burden <= 20)]


def test_the_sample_has_the_means_of_the_fit_day_by_day(onehot):
    screen, solved, _ = onehot
    baseline = sample_baseline(solved, screen, most=500)
    fitted = probabilities(solved.design.predictor(solved.effects.x).numpy())
    assert np.bincount(baseline.day).tolist() == [500, 500]
    for day in range(2):
        np.testing.assert_allclose(baseline.mean[day], fitted[screen.day == day].mean(0), rtol=1e-12)
        np.testing.assert_allclose(baseline.of_day(day).mean(0), baseline.mean[day], rtol=1e-5)
        labels = screen.fate_probs[screen.day == day].mean(0)
        np.testing.assert_allclose(baseline.mean[day], labels, atol=0.002)


def test_cells_are_as_unlike_as_the_true_ones_not_as_their_estimates(onehot):
    screen, solved, cells = onehot
    baseline, theta = sample_baseline(solved, screen), np.random.default_rng(0).normal(0, 0.5, (50, 2))
    estimated = probabilities(solved.design.predictor(solved.effects.x).numpy())
    for day in range(2):
        own = screen.day == day
        mended = relative_error(baseline.of_day(day), cells[own], theta)
        assert mended < 0.03 < 0.04 < relative_error(estimated[own], cells[own], theta)


def test_the_same_estimates_give_the_same_sample(onehot):
    screen, solved, _ = onehot
    one, other = (sample_baseline(solved, screen, most=300) for _ in range(2))
    np.testing.assert_array_equal(one.eta, other.eta)
