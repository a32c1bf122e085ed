"""Tails by saddlepoint against exact enumeration, against resamples, and what must hold of any tail."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from fatebias.laplace.saddlepoint import Pools, moments, normal_score, spread

N_BINS = 64


def pools_of(tests: list, n_bins: int = N_BINS) -> Pools:
    """tests: of each test its pools, (values, how many are drawn)."""
    rows = [(test, np.asarray(values, dtype=float), drawn) for test, own in enumerate(tests) for values, drawn in own]
    first = np.array([values.min() for _, values, _ in rows])
    step = np.array([(values.max() - values.min()) / (n_bins - 1) for _, values, _ in rows])
    place = np.repeat(np.arange(len(rows)), [len(values) for _, values, _ in rows])
    return Pools(
        test=np.array([test for test, *_ in rows]), drawn=np.array([drawn for *_, drawn in rows], dtype=float),
        first=first, step=step, count=spread(np.concatenate([v for _, v, _ in rows]), place, first, step, n_bins),
        variance=np.array([values.var() for _, values, _ in rows]),
    )  # fmt: skip


def score(x, own: list, variance: float = 0.0, n_bins: int = N_BINS) -> np.ndarray:
    """r* of several sums x of one test."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    return normal_score(x, pools_of([own] * len(x), n_bins), np.full(len(x), variance))


def resampled(own: list, number: int, rng: np.random.Generator) -> np.ndarray:
    total = np.zeros(number)
    for values, drawn in own:
        order = np.argpartition(rng.random((number, len(values))), drawn, axis=1)[:, :drawn]
        total += np.asarray(values)[order].sum(1)
    return total


def test_two_pools_are_as_all_their_subsets_say():
    """Every choice of 6 of 14 and 4 of 12 is equally likely: 3003 x 495 sums."""
    rng = np.random.default_rng(1)
    a, b = rng.gamma(2, 1, 14), rng.normal(0, 2, 12)
    sums = [np.array([sum(pool[list(c)]) for c in combinations(range(len(pool)), n)]) for pool, n in ((a, 6), (b, 4))]
    every = np.sort((sums[0][:, None] + sums[1]).ravel())
    for level in (0.1, 0.03, 0.01, 0.003, 0.001, 1e-4):
        high, low = np.quantile(every, [1 - level, level])
        z = score([high, low], [(a, 6), (b, 4)])
        assert stats.norm.sf(z[0]) == pytest.approx((every >= high).mean(), rel=0.12)
        assert stats.norm.cdf(z[1]) == pytest.approx((every <= low).mean(), rel=0.12)


def test_a_pool_of_two_values_is_hypergeometric():
    """P(T >= k) between those of more than k and of k or more, near their mean: T is counted, r* is of a smooth T."""
    ones, size, drawn = 60, 400, 30
    pool = np.r_[np.ones(ones), np.zeros(size - ones)]
    law = stats.hypergeom(size, ones, drawn)
    for k in (1, 3, 8, 12, 16):
        tail = stats.norm.sf(score(k, [(pool, drawn)])[0])
        assert law.sf(k) < tail < law.sf(k - 1)
        assert tail == pytest.approx((law.sf(k) + law.sf(k - 1)) / 2, rel=0.35)


@pytest.mark.slow
def test_skewed_residuals_have_the_tails_of_their_resamples():
    rng = np.random.default_rng(2)
    own = [(rng.gamma(0.7, 1, 300) * (1 + k), 8) for k in range(4)]
    drawn = np.concatenate([resampled(own, 20_000, rng) for _ in range(15)])
    for level, within in ((1e-1, 0.03), (1e-2, 0.06), (1e-3, 0.2)):
        high, low = np.quantile(drawn, [1 - level, level])
        z = score([high, low], own)
        assert stats.norm.sf(z[0]) == pytest.approx(level, rel=within)
        assert stats.norm.cdf(z[1]) == pytest.approx(level, rel=within)
        sd = np.sqrt(moments(pools_of([own]), 1)[1][0])
        normal = stats.norm.sf((high - drawn.mean()) / sd)
        assert abs(np.log(stats.norm.sf(z[0]) / level)) < abs(np.log(normal / level))  # nearer than the normal


def test_moments_are_those_of_draws_without_replacement():
    rng = np.random.default_rng(3)
    own = [(rng.normal(1, 1, 50), 10), (rng.normal(-2, 3, 20), 19)]
    mean, variance = moments(pools_of([own]), 1)
    assert mean[0] == pytest.approx(sum(n * v.mean() for v, n in own))
    assert variance[0] == pytest.approx(sum(n * (1 - n / len(v)) * v.var(ddof=1) for v, n in own))


def test_mirrored_numbers_have_mirrored_scores():
    rng = np.random.default_rng(4)
    own = [(rng.gamma(1, 1, 80), 7), (rng.gamma(2, 1, 40), 3)]
    mirrored = [(-values, n) for values, n in own]
    x = moments(pools_of([own]), 1)[0][0] + np.array([-6.0, -1.0, 0.0, 0.5, 3.0, 12.0])
    assert score(-x, mirrored) == pytest.approx(-score(x, own), abs=1e-6)


def test_scores_grow_with_the_sum_and_are_finite_far_out():
    rng = np.random.default_rng(5)
    own = [(rng.standard_t(3, 500), 60) for _ in range(4)]
    mean, variance = (part[0] for part in moments(pools_of([own]), 1))
    reach = min(sum(np.sort(v)[-n:].sum() for v, n in own) - mean, mean - sum(np.sort(v)[:n].sum() for v, n in own))
    x = mean + np.sqrt(variance) * np.linspace(-1, 1, 301) * 0.95 * reach / np.sqrt(variance)
    z = score(x, own)
    assert np.isfinite(z).all() and (np.diff(z) > 0).all()
    assert z[-1] > 20  # p below 1e-88, and still in reach


def test_the_score_is_smooth_where_its_two_forms_meet():
    own = [(np.random.default_rng(6).gamma(0.5, 1, 200), 20)]
    mean, variance = (part[0] for part in moments(pools_of([own]), 1))
    z = score(mean + np.sqrt(variance) * np.linspace(-0.03, 0.03, 61), own)
    assert np.abs(np.diff(z) - 0.001).max() < 4e-4


def test_a_normal_beside_widens_the_tail_as_a_convolution_does():
    """P(T + Z >= x) = mean over resamples of P(Z >= x - T)."""
    rng = np.random.default_rng(7)
    own = [(rng.gamma(0.7, 1, 200), 10)]
    drawn = resampled(own, 200_000, rng)
    for variance in (1.0, 25.0):
        for distance in (2.0, 4.0):
            x = drawn.mean() + distance * np.sqrt(drawn.var() + variance)
            exact = stats.norm.sf((x - drawn) / np.sqrt(variance)).mean()
            assert stats.norm.sf(score(x, own, variance)[0]) == pytest.approx(exact, rel=0.06)


def test_bins_make_no_difference():
    rng = np.random.default_rng(8)
    own = [(rng.gamma(0.7, 1, 400), 12) for _ in range(3)]
    x = moments(pools_of([own]), 1)[0][0] + np.array([-6.0, 3.0, 12.0, 20.0])
    assert score(x, own) == pytest.approx(score(x, own, n_bins=1024), rel=0.01)


def test_several_variances_of_a_test_have_the_scores_of_each():
    rng = np.random.default_rng(11)
    tests = [[(rng.gamma(0.5, 1, 60), 7), (rng.normal(size=20), 3)], [(rng.normal(size=40), 9)], [(np.ones(12), 3)]]
    pools = pools_of(tests)
    mean, own = moments(pools, 3)
    for far in (-6.0, 0.0, 2.0, 8.0):
        x = mean + far * np.sqrt(own)
        variance = np.outer(own + 0.1, [0.0, 0.1, 2.0, 300.0])
        each = np.stack([normal_score(x, pools, v) for v in variance.T], axis=1)
        assert normal_score(x, pools, variance) == pytest.approx(each, abs=1e-6, nan_ok=True)


def test_what_does_not_vary_has_no_score_and_portions_change_nothing(monkeypatch):
    rng = np.random.default_rng(9)
    tests = [[(rng.normal(size=30), 4)], [(np.ones(12), 3)], [(rng.normal(size=40), 9), (rng.normal(size=15), 2)]]
    x = np.array([3.0, 3.0, -4.0])
    whole = normal_score(x, pools_of(tests), np.zeros(3))
    assert list(np.isnan(whole)) == [False, True, False]
    monkeypatch.setattr("fatebias.laplace.saddlepoint.NUMBERS_AT_ONCE", 1)
    assert normal_score(x, pools_of(tests), np.zeros(3)) == pytest.approx(whole, abs=1e-8, nan_ok=True)
