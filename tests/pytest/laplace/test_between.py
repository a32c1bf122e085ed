"""Variance between units by day: planted, and absent."""

import numpy as np
import pytest

from fatebias.laplace.between import LEAST_PROFILE, one_way_variance, profile_of


def planted(rng, rows, units, sd, noise, missing=0.0):
    """Units around the mean of their row with SD by day [D], noise variances unequal."""
    v = noise**2 * rng.uniform(0.3, 3.0, (rows, units, len(sd)))
    y = rng.normal(0, 1, (rows, 1, len(sd))) + rng.normal(0, sd, v.shape) + rng.normal(0, 1, v.shape) * np.sqrt(v)
    return y, np.where(rng.random(v.shape) < missing, np.inf, v)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_planted_variance_is_recovered_day_by_day(missing):
    rng, sd = np.random.default_rng(0), np.array([0.0, 0.1, 0.3, 0.6])
    draws = [one_way_variance(*planted(rng, 80, 3, sd, 0.2, missing)) for _ in range(60)]
    found, error = (np.stack(part) for part in zip(*draws))
    mc = found.std(0) / np.sqrt(len(found))
    assert (np.abs(found.mean(0) - sd**2) < 3.5 * mc + 0.02 * sd**2).all()
    ratio = error.mean(0) / found.var(0)  # what it says of its own error
    assert ((ratio > 0.5) & (ratio < 2.5)).all()


def test_two_units_of_equal_noise_are_half_the_mean_square_of_their_differences():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(30, 2, 3))
    found, error = one_way_variance(y, np.full(y.shape, 0.4))
    np.testing.assert_allclose(found, ((y[:, 0] - y[:, 1]) ** 2).mean(0) / 2 - 0.4)
    np.testing.assert_allclose(error, 2 / 30 * np.maximum(((y[:, 0] - y[:, 1]) ** 2).mean(0) / 2, 0.4) ** 2)


def test_rows_with_one_unit_or_none_say_nothing():
    y, v = planted(np.random.default_rng(2), 20, 3, np.array([0.2, 0.4]), 0.1)
    more = np.concatenate([v, np.full((5, 3, 2), np.inf)])
    more[-1, 0] = 0.1  # one unit alone
    filled = np.concatenate([y, np.full((5, 3, 2), np.nan)])
    filled[-1, 0] = 50.0
    for a, b in zip(one_way_variance(filled, more), one_way_variance(y, v)):
        np.testing.assert_allclose(a, b)
    found, error = one_way_variance(np.zeros((4, 1, 2)), np.ones((4, 1, 2)))
    np.testing.assert_array_equal(found, 0.0)
    assert np.isinf(error).all()


def test_a_profile_is_in_units_of_the_largest_sd():
    np.testing.assert_allclose(profile_of(np.array([0.04, 0.16, 0.01])), [0.5, 1.0, 0.25])
    np.testing.assert_allclose(profile_of(np.array([0.0, 1.0])), [LEAST_PROFILE, 1.0])
    np.testing.assert_array_equal(profile_of(np.zeros(3)), 1.0)
