"""A shift of all genes as the model's prior has it: one more observation of the mean over genes, in dense matrices."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import screen_of, simulated
from dense_reference import Dense, dense_model, random_walk_precision

from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, estimate_theta, fit_laplace, solve_estimates

SETTINGS = Settings.from_mapping({"num_perturbations": 1024, "newton_tolerance": 1e-6, "estimand": "guides"})
OPTIONS = LaplaceOptions.of(SETTINGS)
MES = np.array([1.0, 0.0])
GENES, DAYS = 6, 3
ERROR = 0.06  # of an SE by so many draws, of which the sandwich needs most


@pytest.fixture(scope="module", params=["cells", "clusters"])
def screen(request):
    made = screen_of(simulated(cells=600, genes=GENES, days=DAYS))
    if request.param == "cells":
        return made
    cluster = np.random.default_rng(0).integers(90, size=made.n_cells)
    return replace(made, cluster=np.unique(cluster, return_inverse=True)[1])


@pytest.fixture(scope="module")
def fit(screen):
    return fit_laplace(screen, OPTIONS)


def dense_of(screen, fit) -> Dense:
    flat = np.broadcast_to(np.eye(DAYS) / SETTINGS.estimate_prior_sd**2, (2, DAYS, DAYS))
    return dense_model(screen, SETTINGS, flat, fit.scales["sigma_guide"], fit.weight)


def mean_of_genes(dense: Dense, weight: np.ndarray) -> np.ndarray:
    """Columns [P, D F]: the mean over genes of theta, day by day and logit by logit."""
    found = np.zeros((len(dense.precision), DAYS, 2))
    place = dense.starts["theta"] + np.arange(GENES * 2 * DAYS).reshape(GENES, 2, DAYS)
    for gene, fate, day in np.ndindex(place.shape):
        found[place[gene, fate, day], day, fate] = weight[gene, day]
    return found.reshape(-1, DAYS * 2)


def prior_of_mean(fit, weight: np.ndarray) -> np.ndarray:
    """Covariance of sum_l a_ld theta_lfd [D F, D F], theta_l independent random walks, three fates alike."""
    walks = np.linalg.inv(random_walk_precision(fit.scales["tau"], fit.scales["sigma_time"]))
    found = np.zeros((DAYS, 2, DAYS, 2))
    for gene in range(GENES):
        found += np.einsum("de,fg->dfeg", walks.sum(0) / 3 * np.outer(weight[gene], weight[gene]), [[2, 1], [1, 2]])
    return found.reshape(DAYS * 2, DAYS * 2)


def of_contrast(dense: Dense, matrix: np.ndarray) -> np.ndarray:
    place = dense.starts["theta"] + np.arange(GENES * 2 * DAYS).reshape(GENES, 2, DAYS)
    return np.stack([matrix[np.ix_(place[gene, 0], place[gene, 0])] for gene in range(GENES)])


@pytest.mark.parametrize("se", ["model", "sandwich"])
def test_estimates_are_those_with_the_mean_over_genes_observed_as_well(screen, fit, se):
    options = replace(OPTIONS, se=se)
    solved = solve_estimates(fit.baseline, options)
    weight = solved.mean.weight
    np.testing.assert_allclose(weight.sum(0), 1)
    found = estimate_theta(fit.baseline, screen, MES, options)

    dense = dense_of(screen, fit)
    x, mean, prior = dense.mode(), mean_of_genes(dense, weight), prior_of_mean(fit, weight)
    whole = np.linalg.inv(dense.curvature(x) + mean @ np.linalg.solve(prior, mean.T))
    moved = x - whole @ mean @ np.linalg.solve(prior, mean.T @ x)  # one step of Newton's method from x
    np.testing.assert_allclose(found.theta_hat, dense.named(moved)["theta"][:, 0], atol=1e-4)
    assert np.abs(moved - x).max() > 0.01

    middle = dense.curvature(x) if se == "model" else scatter(screen, dense, x) + dense.precision
    exact = of_contrast(dense, whole @ (middle + mean @ np.linalg.solve(prior, mean.T)) @ whole)
    sd = np.sqrt(np.einsum("ldd->ld", exact))
    np.testing.assert_allclose(found.se, sd, rtol=ERROR)
    relative = (found.noise - exact) / (sd[:, :, None] * sd[:, None])
    assert np.abs(relative).max() < 2.5 * ERROR


def scatter(screen, dense: Dense, x: np.ndarray) -> np.ndarray:
    """Sum over units of s s', with the factor for what the effects take off the scores: [P, P]."""
    pi, inverse = dense.pi(x), np.linalg.inv(dense.curvature(x))
    w = dense.weight[:, None, None] * (pi[:, :, None] * np.eye(2) - pi[:, :, None] * pi[:, None])
    score = np.einsum("nfp,nf->np", dense.design, dense.weight[:, None] * (dense.labels - pi))
    unit = np.arange(screen.n_cells) if screen.cluster is None else screen.cluster
    total, used, size = np.zeros_like(dense.precision), 0.0, 0.0
    for u in range(unit.max() + 1):
        own = unit == u
        s = score[own].sum(0)
        total += np.outer(s, s)
        k = np.einsum("nfg,ngp->fp", w[own], dense.design[own])
        used += own.sum() * np.trace(np.linalg.solve(w[own].sum(0), k @ inverse @ k.T))
        size += own.sum()
    return total / (1 - used / (2 * size))


@pytest.mark.parametrize(
    "arguments",
    [
        {"genes": 10, "moi": 15.0, "seed": 4, "ntc": 1, "clones": (20, 40)},
        {"genes": 20, "moi": 15.0, "seed": 3, "ntc": 1},
    ],
)
def test_covariances_stay_such_where_most_of_an_estimate_is_shared(arguments):
    """Few controls, few genes, many guides a cell: an effect is hardly told from the mean over genes."""
    options = LaplaceOptions.of(Settings.from_mapping({"likelihood_weight": "auto"}))
    screen = screen_of(simulated(cells=2000, **arguments))
    baseline = fit_laplace(screen, options).baseline
    noise, exact = (
        estimate_theta(baseline, screen, MES, replace(options, perturbations=replace(options.perturbations, number=n)))
        for n in (64, 1024)
    )
    values = np.linalg.eigvalsh(noise.noise)
    assert (values[:, 0] / values[:, -1]).min() > 1e-3
    ratio = noise.se / exact.se
    assert np.isfinite(ratio).all() and np.abs(np.log(ratio)).max() < 0.35


def test_the_prior_of_the_scales_decides_how_much_of_a_shift_is_left():
    """No effects: the scales end near 0, and so does what all genes share; what one gene has of its own stays."""
    sim = simulated(cells=3000, genes=40, guides_per_gene=4, ntc=3, moi=4.0, effects="none", seed=3)
    screen = screen_of(sim)
    fit = fit_laplace(screen, OPTIONS)
    found, free = (
        estimate_theta(fit.baseline, screen, MES, replace(OPTIONS, estimate_shift=shift)) for shift in ("prior", "free")
    )
    shared, was_shared = found.theta_hat.mean(0), free.theta_hat.mean(0)
    assert np.abs(shared).max() < 0.3 * np.abs(was_shared).max()
    assert found.se.mean() < free.se.mean()
    own, was_own = found.theta_hat - shared, free.theta_hat - was_shared
    assert np.corrcoef(own.ravel(), was_own.ravel())[0, 1] > 0.98


def test_replicates_lose_the_shift_too_and_differ_by_as_much_as_before(screen, fit):
    found, free = (
        estimate_theta(fit.baseline, screen, MES, replace(OPTIONS, estimate_shift=shift)) for shift in ("prior", "free")
    )
    moved = found.by_replicate.theta - free.by_replicate.theta
    np.testing.assert_allclose(moved[0], moved[1], atol=1e-12)
    np.testing.assert_allclose(moved[0], found.theta_hat - free.theta_hat, atol=1e-12)
