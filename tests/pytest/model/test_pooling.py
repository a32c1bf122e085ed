"""Estimates by day drawn towards their common mean: closed forms at both ends, and the moments in between."""

import numpy as np
import pytest

from fatebias.model import shrink_over_days


def shrunk(found, error):
    return shrink_over_days(found, error)[0]


def test_days_that_agree_get_their_common_mean():
    found = shrunk(np.array([1.0, 1.1, 0.9]), np.array([1.0, 0.5, 2.0]))
    mean = (1.0 + 1.1 * 2 + 0.9 / 2) / 3.5
    np.testing.assert_allclose(found, mean)
    np.testing.assert_allclose(shrunk(np.full(4, 2.5), np.array([0.1, 1, 10, np.inf])), 2.5)


def test_days_that_are_far_apart_keep_their_own():
    own = np.array([-10.0, 0.0, 10.0])
    np.testing.assert_allclose(shrunk(own, np.full(3, 1e-3)), own, atol=1e-3)


def test_in_between_is_the_estimator_of_dersimonian_and_laird():
    """Equal errors e: the spread is the sample variance less e, and a day keeps spread / (spread + e) of its own."""
    own, error = np.array([0.2, 1.0, -0.7, 2.1]), 0.4
    spread = own.var(ddof=1) - error
    assert spread > 0
    share = spread / (spread + error)
    np.testing.assert_allclose(shrunk(own, np.full(4, error)), own.mean() + share * (own - own.mean()))


def test_a_day_without_an_error_of_its_own_gets_what_is_common():
    found = shrunk(np.array([1.0, 3.0, 99.0]), np.array([0.01, 0.01, np.inf]))
    assert found[2] == pytest.approx(2.0)
    np.testing.assert_allclose(found[:2], [1.0, 3.0], atol=0.02)


def test_all_unknown_stays_as_it_is():
    own = np.array([1.0, 2.0, 3.0])
    for error in (np.full(3, np.inf), np.zeros(3), np.full(3, np.nan)):
        np.testing.assert_array_equal(shrunk(own, error), own)


def test_the_error_afterwards_at_both_ends():
    """Of days that agree that of their mean, of days far apart their own; of an unknown day the spread as well."""
    error = np.array([0.2, 0.4, 1.0])
    np.testing.assert_allclose(shrink_over_days(np.full(3, 2.0), error)[1], 1 / (1 / error).sum())
    np.testing.assert_allclose(shrink_over_days(np.array([-50.0, 0, 50]), error)[1], error, rtol=0.01)
    own, spread = np.array([1.0, 3.0, 0.0]), 2.0 - 0.01
    _, after = shrink_over_days(own, np.array([0.01, 0.01, np.inf]))
    assert after[2] == pytest.approx(spread + (spread + 0.01) / 2)


def test_one_day_alone_is_itself():
    np.testing.assert_allclose(shrunk(np.array([1.5]), np.array([0.2])), [1.5])


def test_the_spread_of_days_is_recovered():
    """The mean square error over many sets of days is that of the best shrinkage, and far below that of none."""
    rng, sd, noise = np.random.default_rng(0), 0.5, 1.0
    truth = rng.normal(0, sd, (2000, 12))
    seen = truth + rng.normal(0, noise, truth.shape)
    found = [shrink_over_days(row, np.full(12, noise**2)) for row in seen]
    moved, after = (np.stack(part) for part in zip(*found))
    best = sd**2 * noise**2 / (sd**2 + noise**2)
    assert best < ((moved - truth) ** 2).mean() < 1.7 * best < 0.5 * noise**2
    assert after.mean() == pytest.approx(((moved - truth) ** 2).mean(), rel=0.25)  # what it says of itself
