"""Pseudo-observations of guides by day, and the two-way layout of a gene, against least squares written out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import curvature_of

from fatebias.laplace.guide_days import VAGUE, GuideDays, day_variance, fit_layout, observe_guides

CONTRAST = np.array([1.0, -1.0])


def planted(rng, genes, n, days, noise, guide_sd=0.3, day_sd=0.0, missing=0.0):
    """Layouts of genes with n guides each: theta and deviations random, noise variances unequal."""
    v = noise**2 * rng.uniform(0.5, 2.0, (genes, n, days))
    y = rng.normal(0, 1, (genes, 1, days)) + rng.normal(0, guide_sd, (genes, n, 1))
    y = y + rng.normal(0, day_sd, v.shape) + rng.normal(0, 1, v.shape) * np.sqrt(v)
    v = np.where(rng.random(v.shape) < missing, np.inf, v)
    return GuideDays(y=y, v=v, genes=np.arange(genes), guides=np.arange(genes * n).reshape(genes, n))


# ---- observations -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def observed():
    screen = screen_of(simulated(cells=500, genes=5, days=3))
    x, curvature, _ = curvature_of(screen, weight=7.0)
    return screen, x, curvature


def of_guide(screen, curvature, guide, day):
    """Information and score, summed over the cells of the day that carry the guide."""
    design, pi = curvature.design, curvature.mean.numpy()
    information, score, f = 0.0, 0.0, design.n_logits
    for i in range(screen.n_cells):
        if screen.day[i] == day and guide in screen.guide_idx[screen.guide_ptr[i] : screen.guide_ptr[i + 1]]:
            information = information + 7.0 * (np.diag(pi[i]) - np.outer(pi[i], pi[i]))
            score = score + 7.0 * (design.labels[i].numpy() - pi[i])
    return np.broadcast_to(information, (f, f)), np.broadcast_to(score, f)


def test_an_observation_is_one_newton_step_of_a_guide_alone(observed):
    screen, x, curvature = observed
    design = curvature.design
    theta, delta = design.theta(x).numpy(), design.delta(x).numpy()
    found = observe_guides(curvature, x, CONTRAST, None)
    assert sorted(np.concatenate([layout.guides.ravel() for layout in found])) == list(range(screen.n_guides))
    for layout in found:
        for gene, guides, y, v in zip(layout.genes, layout.guides, layout.y, layout.v):
            for guide, own_y, own_v in zip(guides, y, v):
                assert screen.guide_gene[guide] == gene
                for day in range(screen.n_days):
                    information, score = of_guide(screen, curvature, guide, day)
                    onto = np.linalg.solve(information, CONTRAST)
                    at = CONTRAST @ (theta[gene, :, day] + delta[guide])
                    np.testing.assert_allclose(own_y[day], at + onto @ score, rtol=1e-9)
                    np.testing.assert_allclose(own_v[day], CONTRAST @ onto, rtol=1e-9)


def test_the_scatter_gives_variances_one_factor_a_day(observed):
    screen, x, curvature = observed
    design = curvature.design
    by_model = observe_guides(curvature, x, CONTRAST, None)
    information = design.guide_sums(design.likelihood.curvature(curvature.mean, curvature.weight))
    same = observe_guides(curvature, x, CONTRAST, information)  # scatter as the model has it
    factor = torch.tensor([1.0, 4.0, 0.25])[torch.arange(len(information)) % 3]
    other = observe_guides(curvature, x, CONTRAST, information * factor[:, None, None])
    for a, b, c in zip(by_model, same, other):
        np.testing.assert_allclose(b.v, a.v, rtol=1e-9)
        np.testing.assert_allclose(c.v, a.v * np.array([1.0, 4.0, 0.25]), rtol=1e-9)
        np.testing.assert_array_equal(c.y, a.y)
    # one guide that scatters four times as much moves the day's factor by its share of the information
    one = information.clone()
    one[0] *= 4
    moved = observe_guides(curvature, x, CONTRAST, one)
    variance = np.concatenate([layout.v[:, :, 0].ravel() for layout in by_model])  # of day 0, in the design's order
    expected = 1 + 3 * (1 / variance[0]) / (1 / variance).sum()
    for a, b in zip(by_model, moved):
        np.testing.assert_allclose(b.v, a.v * np.array([expected, 1, 1]), rtol=1e-9)


def test_a_day_without_the_guides_cells_says_nothing(observed):
    screen, _, _ = observed
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    keep = ~((screen.guide_idx == 2) & (screen.day[cell] == 1))
    pointer = np.r_[0, np.cumsum(np.bincount(cell[keep], minlength=screen.n_cells))]
    x, curvature, _ = curvature_of(replace(screen, guide_idx=screen.guide_idx[keep], guide_ptr=pointer))
    layouts = observe_guides(curvature, x, CONTRAST, None)
    silent = [
        (int(layout.guides[at[0], at[1]]), int(at[2])) for layout in layouts for at in np.argwhere(layout.v > 1e9)
    ]
    assert silent == [(2, 1)]
    assert all(np.isfinite(layout.y).all() for layout in layouts)


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
