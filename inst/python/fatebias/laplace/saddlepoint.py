"""Tail of a randomisation distribution by saddlepoint: sums of numbers drawn without replacement from pools.

A test's statistic T is the sum of n_j numbers drawn from each of its pools j, plus a normal Z of variance v. Given how
many are drawn (Robinson 1982, J. R. Stat. Soc. B 44:91; Booth & Butler 1990, Biometrika 77:787), with lambda_j such
that each pool gives n_j on average,
    K(t) = sum over j of [ sum_b N_jb log(1 + e^(lambda_j + t c_jb)) - n_j lambda_j - (the same at t = 0) ] + v t^2 / 2.
With K'(t) = x, w = sign(t) sqrt(2 (t x - K)) and u = t sqrt(K''(t) prod_j V_j(t) / V_j(0)), V_j the variance of the
number drawn were it free, r* = w + log(u / w) / w is standard normal up to an error that is small relative to the
tail, however far out (Barndorff-Nielsen 1986, Biometrika 73:307; Skovgaard 1987, J. Appl. Probab. 24:875, for
conditional tails). So P(T >= x) = 1 - Phi(r*), and both tails come from one number. The values of a pool are binned:
the cost does not depend on how many there are.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

MOST_STEPS = 200
MOST_ODDS = 700.0  # of a log odds, whose exponential is a number
STEP = 3.0  # largest change of a log odds in one step of Newton
TOLERANCE = 1e-5  # of t, in SDs of T
NUMBERS_AT_ONCE = 1 << 15  # tests are solved in portions of so many bins, which stay in the cache
TINY = 1e-290
NEAR = 1e-2  # |w| below which r* is its limit
SMOOTH = 0.05  # SD of a normal that is added to T, in SDs of one number drawn: no value then lies out of reach


@dataclass(frozen=True, kw_only=True)
class Pools:
    """Pools of T tests, those of a test side by side. R pools, B bins.

    test: int [R], increasing, the test of each pool. drawn: [R], numbers drawn, more than 0, fewer than the pool has.
    first, step: [R], value of the first bin, and from bin to bin. count: [R, B], numbers of the pool by bin. variance:
    [R], of the numbers themselves around their mean; bins spread them a little, and are drawn together to it.
    """

    test: NDArray[np.int64]
    drawn: Floats
    first: Floats
    step: Floats
    count: Floats
    variance: Floats

    def part(self, low: int, high: int) -> "Pools":
        """The pools of the tests from `low` up to `high`, which become 0, 1, .."""
        a, b = np.searchsorted(self.test, (low, high))
        return Pools(
            test=self.test[a:b] - low, drawn=self.drawn[a:b], first=self.first[a:b], step=self.step[a:b],
            count=self.count[a:b], variance=self.variance[a:b],
        )  # fmt: skip


def add_up(place: NDArray[np.int64], values: Floats, n: int) -> Floats:
    """Sums of values by their place: [n]."""
    return np.asarray(np.bincount(place, values, n), dtype=float)


def spread(values: Floats, rows: NDArray[np.int64], first: Floats, step: Floats, n_bins: int) -> Floats:
    """Counts [R, B] of values on the grids of their rows, each split between two bins so that its mean stays.

    first, step: [R]. A value outside its row's grid counts at its end.
    """
    place = np.clip((values - first[rows]) / np.maximum(step, np.finfo(float).tiny)[rows], 0, n_bins - 1)
    low = np.minimum(place.astype(np.int64), n_bins - 2)
    high_share = place - low
    at, size = rows * n_bins + low, len(first) * n_bins
    found = np.bincount(at, 1 - high_share, size) + np.bincount(at + 1, high_share, size)
    return np.asarray(found.reshape(len(first), n_bins))


def moments(pools: Pools, n_tests: int) -> tuple[Floats, Floats]:
    """Mean and variance of each test's sum [T], v left out."""
    n, mean, _ = _binned_moments(pools)
    variance = pools.drawn * (n - pools.drawn) / (n - 1) * pools.variance
    return add_up(pools.test, pools.drawn * mean, n_tests), add_up(pools.test, variance, n_tests)


def _binned_moments(pools: Pools) -> tuple[Floats, Floats, Floats]:
    """Of each pool's bins: how many numbers, their mean and variance [R]."""
    place = np.arange(pools.count.shape[1], dtype=float)
    n = pools.count.sum(1)
    mean = pools.count @ place / n
    square = pools.count @ place**2 / n - mean**2
    return n, pools.first + pools.step * mean, pools.step**2 * square


def normal_score(x: Floats, pools: Pools, variance: Floats) -> Floats:
    """r* of the observed sums x [T]: P(T >= x) = 1 - Phi(r*), P(T <= x) = Phi(r*). variance: v [T], or several of each
    test, increasing [T, K].

    NaN for a test whose T does not vary.
    """
    several = variance.reshape(len(x), -1)
    out = np.empty(several.shape)
    per_test = np.bincount(pools.test, minlength=len(x)) * pools.count.shape[1]
    portion = np.cumsum(per_test) // NUMBERS_AT_ONCE
    starts = np.flatnonzero(np.r_[True, np.diff(portion) > 0][: len(x)])

    def solve(low: int, high: int) -> None:
        out[low:high] = _normal_scores(x[low:high], pools.part(low, high), several[low:high])

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        list(threads.map(solve, starts, [*starts[1:], len(x)]))
    return out.reshape(variance.shape)


def _normal_scores(x: Floats, pools: Pools, variance: Floats) -> Floats:
    """Of variances [T, K], each from where the one before stood."""
    n, middle, binned = _binned_moments(pools)
    mean, own = moments(pools, len(x))
    one = np.bincount(pools.test, pools.drawn, len(x))
    free = add_up(pools.test, pools.drawn * (1 - pools.drawn / n) * pools.variance, len(x))  # were the draws free
    value = pools.first[:, None] - middle[:, None] + pools.step[:, None] * np.arange(pools.count.shape[1])
    value *= np.sqrt(pools.variance / np.where(binned > 0, binned, np.inf))[:, None]
    found, odds = np.empty(variance.shape), _start(pools.drawn, pools.count)
    t, moved, before = np.zeros(len(x)), np.zeros(len(odds)), np.ones(len(x))
    for k, v in enumerate(variance.T + SMOOTH**2 * own / np.maximum(one, 1)):
        varies = own + v > 0
        whole = np.where(varies, free + v, 1.0)  # K'' at t = 0
        sd, less = np.sqrt(whole), before / whole
        scaled = _Scaled(
            test=pools.test, drawn=pools.drawn, count=pools.count, value=value / sd[pools.test, None],
            variance=np.where(varies, v, 1.0) / whole, n_tests=len(x),
        )  # fmt: skip
        t, log_odds, score = _solve(scaled, (x - mean) / sd, t * less * sd, odds + moved * less[pools.test] ** 2)
        t, moved, before = t / sd, log_odds - odds, whole
        found[:, k] = np.where(varies, score, np.nan)
    return found


@dataclass(frozen=True, kw_only=True)
class _Scaled:
    """Pools with the mean of each taken off and T's SD 1. value, count: [R, B]; variance: [T]."""

    test: NDArray[np.int64]
    drawn: Floats
    count: Floats
    value: Floats
    variance: Floats
    n_tests: int

    def sums(self, by_pool: Floats) -> Floats:
        """By test [T]."""
        return add_up(self.test, by_pool, self.n_tests)


def _solve(pools: _Scaled, z: Floats, t: Floats, log_odds: Floats) -> tuple[Floats, Floats, Floats]:
    """t [T], log odds [R] and r* [T] of standardised sums z [T], from a first guess of t and log odds."""
    for _ in range(MOST_STEPS):
        t_step, odds_step = _newton(pools, t, log_odds, z)
        t, log_odds = t + t_step, log_odds + odds_step
        if (np.abs(t_step) < TOLERANCE * (1 + np.abs(t))).all():
            break
    return t, log_odds, _score(pools, t, log_odds, z)


def _start(drawn: Floats, count: Floats) -> Floats:
    """The log odds of pools at t = 0 [R]."""
    share = drawn / count.sum(1)
    return np.asarray(np.log(share) - np.log1p(-share))


def _odds(pools: _Scaled, t: Floats, log_odds: Floats) -> Floats:
    """lambda + t c, within what an exponential can hold: [R, B]."""
    odds = pools.value * t[pools.test, None]
    odds += log_odds[:, None]
    return np.asarray(np.clip(odds, -MOST_ODDS, MOST_ODDS, out=odds))


def _tilted(pools: _Scaled, t: Floats, log_odds: Floats) -> tuple[Floats, ...]:
    """By pool [R]: sums over bins of N p and N p c, then of N p (1 - p), the same times c, and times c^2."""
    p = _odds(pools, t, log_odds)
    np.exp(np.negative(p, out=p), out=p)
    p += 1
    np.reciprocal(p, out=p)
    hit = pools.count * p
    n, s = hit.sum(1), _dot(hit, pools.value)
    p *= hit
    hit -= p
    v, c = np.maximum(hit.sum(1), TINY), _dot(hit, pools.value)
    hit *= pools.value
    return n, s, v, c, _dot(hit, pools.value)


def _newton(pools: _Scaled, t: Floats, log_odds: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Newton's step of t [T] and lambda [R], shortened where a log odds would leap."""
    n, s, v, c, q = _tilted(pools, t, log_odds)
    miss = (pools.drawn - n) / v  # lambda's step were t at rest
    slope = pools.sums(q - c**2 / v) + pools.variance
    t_step = (z - pools.sums(s + c * miss) - pools.variance * t) / slope
    odds_step = miss - c / v * t_step[pools.test]
    reach = np.abs(odds_step[:, None] + t_step[pools.test, None] * pools.value[:, [0, -1]]).max(1)
    largest = np.full(pools.n_tests, 0.0)
    np.maximum.at(largest, pools.test, reach)
    short = STEP / np.maximum(largest, STEP)
    return t_step * short, odds_step * short[pools.test]


def _score(pools: _Scaled, t: Floats, log_odds: Floats, z: Floats) -> Floats:
    start = _start(pools.drawn, pools.count)
    _, _, v, c, q = _tilted(pools, t, log_odds)
    second = pools.sums(q - c**2 / v) + pools.variance
    n, share = pools.count.sum(1), expit(start)
    moved = log_odds - start
    odds = _odds(pools, t, log_odds)
    grown = n * np.log1p(-share) + _dot(pools.count, np.maximum(odds, 0) + np.log(1 + np.exp(-np.abs(odds))))
    k = pools.sums(grown - pools.drawn * moved) + pools.variance * t**2 / 2
    w = np.sign(t) * np.sqrt(2 * np.maximum(t * z - k, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_u = np.log(np.abs(t)) + 0.5 * (np.log(second) + pools.sums(np.log(v / (n * share * (1 - share)))))
        far = w + (log_u - np.log(np.abs(w))) / w
    cubes = _dot(pools.count, pools.value * pools.value * pools.value)
    third = pools.sums(pools.drawn * (1 - share) * (1 - 2 * share) * cubes / n)
    return np.where(np.abs(w) < NEAR, z - third / 6 * (z**2 - 1), far)


def _dot(a: Floats, b: Floats) -> Floats:
    """Row by row: [R]."""
    return np.asarray(np.einsum("rb,rb->r", a, b))
