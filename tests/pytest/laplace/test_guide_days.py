"""Pseudo-observations of guides by day, and the two-way layout of a gene, against least squares written out."""

import numpy as np
import pytest

from fatebias.laplace.guide_days import VAGUE, GuideDays, day_variance, fit_layout


def planted(rng, genes, n, days, noise, guide_sd=0.3, day_sd=0.0, missing=0.0):
    """Layouts of genes with n guides each: theta and deviations random, noise variances unequal."""
    v = noise**2 * rng.uniform(0.5, 2.0, (genes, n, days))
    y = rng.normal(0, 1, (genes, 1, days)) + rng.normal(0, guide_sd, (genes, n, 1))
    y = y + rng.normal(0, day_sd, v.shape) + rng.normal(0, 1, v.shape) * np.sqrt(v)
    v = np.where(rng.random(v.shape) < missing, np.inf, v)
    return GuideDays(y=y, v=v, genes=np.arange(genes), guides=np.arange(genes * n).reshape(genes, n))


# ---- the layout -------------------------------------------------------------------------------------------


def marginal_least_squares(y, v, guide_variance):
    """Theta by generalised least squares with the deviations in the covariance; the deviations predicted (BLUP)."""
    n, d = y.shape
    seen = np.isfinite(v.ravel())
    theta_of = np.tile(np.eye(d), (n, 1))[seen]
    centre = np.repeat(np.eye(n) - 1 / n, d, 0)[seen]
    covariance = np.diag(v.ravel()[seen]) + guide_variance * centre @ centre.T
    weighted = np.linalg.solve(covariance, theta_of)
    of_theta = np.linalg.inv(theta_of.T @ weighted)
    theta = of_theta @ (weighted.T @ y.ravel()[seen])
    rest = np.linalg.solve(covariance, y.ravel()[seen] - theta_of @ theta)
    return theta, of_theta, guide_variance * (np.eye(n) - 1 / n) @ centre.T @ rest


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("guide_variance", [0.01, 0.3])
def test_random_deviations_are_generalised_least_squares(missing, guide_variance):
    layout = planted(np.random.default_rng(1), 6, 4, 3, noise=0.4, missing=missing)
    layout.v[:, 0] = 0.3  # every day has some guide
    found = fit_layout(layout.y, layout.v, guide_variance)
    for k in range(6):
        theta, covariance, delta = marginal_least_squares(layout.y[k], layout.v[k], guide_variance)
        np.testing.assert_allclose(found.theta[k], theta, atol=1e-4)
        np.testing.assert_allclose(found.covariance[k, :3, :3], covariance, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found.delta[k], delta, atol=1e-4)


def test_vague_deviations_are_fixed_effects():
    layout = planted(np.random.default_rng(2), 5, 4, 3, noise=0.4)
    found = fit_layout(layout.y, layout.v, VAGUE)
    for k in range(5):
        root = 1 / np.sqrt(layout.v[k].ravel())
        columns = np.hstack([np.tile(np.eye(3), (4, 1)), np.repeat(np.vstack([np.eye(3), -np.ones(3)]), 3, 0)])
        fitted = np.linalg.lstsq(columns * root[:, None], layout.y[k].ravel() * root)[0]
        np.testing.assert_allclose(found.theta[k], fitted[:3], atol=1e-4)
        np.testing.assert_allclose(found.delta[k], np.r_[fitted[3:], -fitted[3:].sum()], atol=1e-4)
        exact = np.linalg.inv((columns * (root**2)[:, None]).T @ columns)
        np.testing.assert_allclose(found.covariance[k, :6, :6], exact, rtol=1e-3, atol=1e-5)


def test_deviations_have_mean_zero_and_no_variance_along_it():
    layout = planted(np.random.default_rng(3), 7, 5, 4, noise=0.5)
    found = fit_layout(layout.y, layout.v, 0.2)
    np.testing.assert_allclose(found.delta.sum(1), 0, atol=1e-10)
    np.testing.assert_allclose(found.covariance[:, 4:].sum(1), 0, atol=1e-9)


# ---- variance by day --------------------------------------------------------------------------------------


@pytest.mark.parametrize("day_sd", [0.1, 0.25])
@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_what_differs_by_day_is_recovered(day_sd, missing):
    rng = np.random.default_rng(4)
    found = []
    for _ in range(40):
        layouts = [planted(rng, 40, n, 4, noise=0.2, day_sd=day_sd, missing=missing) for n in (1, 3, 5)]
        found.append(day_variance(tuple(layouts)))
    assert np.mean(found) == pytest.approx(day_sd**2, abs=3 * np.std(found) / np.sqrt(40))
    assert np.std(found) < 0.4 * day_sd**2 + 0.004


def test_constant_deviations_leave_nothing_by_day():
    rng = np.random.default_rng(5)
    found = [day_variance((planted(rng, 100, 4, 4, noise=0.2, guide_sd=0.6),)) for _ in range(20)]
    assert np.mean(found) < 0.002  # of a noise variance of .05
    assert day_variance((planted(rng, 10, 1, 4, noise=0.2),)) == 0.0
