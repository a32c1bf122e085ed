from dataclasses import replace

import numpy as np
import pytest
from conftest import screen_of, simulated
from dense_reference import dense_model

from fatebias.base.settings import Settings
from fatebias.laplace.contrasts import carried_by_day
from fatebias.laplace.fit import fit_laplace
from fatebias.laplace.gene_estimates import estimate_theta
from fatebias.laplace.options import LaplaceOptions
from fatebias.screens.contrast import contrast_weights

SETTINGS = Settings.from_mapping(
    {"likelihood_weight": "auto", "se": "model", "estimand": "guides", "estimate_shift": "free"}
)
MES = np.array([1.0, 0.0])
WEAK = {"cells": 6000, "genes": 100, "guides_per_gene": 6, "ntc": 20, "moi": 5.0, "days": 4, "concentration": 6.0}


def estimates_of(screen, settings=SETTINGS, contrast=MES):
    options = LaplaceOptions.of(settings)
    return estimate_theta(fit_laplace(screen, options).baseline, screen, contrast, options)


@pytest.mark.parametrize("contrast", ["MES", "MES - NEU"])
def test_estimates_equal_the_dense_ones(small_screen, contrast):
    settings = replace(SETTINGS, num_perturbations=1024, newton_tolerance=1e-6)
    options = LaplaceOptions.of(settings)
    fit = fit_laplace(small_screen, options)
    found = estimate_theta(fit.baseline, small_screen, contrast_weights(contrast, small_screen.fates), options)
    f, d = small_screen.n_fates - 1, small_screen.n_days
    flat = np.broadcast_to(np.eye(d) / settings.estimate_prior_sd**2, (f, d, d))
    dense = dense_model(small_screen, settings, flat, fit.scales["sigma_guide"], fit.weight)
    x = dense.mode()
    weights = np.array([1.0, 0.0]) if contrast == "MES" else np.array([1.0, -1.0])
    theta = np.einsum("lfd,f->ld", dense.named(x)["theta"], weights)
    np.testing.assert_allclose(found.theta_hat, theta, atol=1e-6)
    covariance = np.linalg.inv(dense.curvature(x))
    at = (dense.starts["theta"] + np.arange(theta.size * f)).reshape(-1, f, d)
    blocks = np.stack([covariance[np.ix_(one.ravel(), one.ravel())] for one in at]).reshape(-1, f, d, f, d)
    exact = np.einsum("lfdge,f,g->lde", blocks, weights, weights)
    np.testing.assert_allclose(found.se, np.sqrt(np.einsum("ldd->ld", exact)), rtol=0.04)


@pytest.mark.parametrize(("arguments", "least", "most"), [
    ({"effects": "sparse"}, 0.92, 1.08), ({"effects": "none"}, 0.92, 1.08), ({"labels": "onehot"}, 0.92, 1.08),
    ({"labels": "logitnormal"}, 0.85, 1.08),
])  # fmt: skip
def test_standard_errors_are_calibrated_on_weak_screens(arguments, least, most):
    sims = [simulated(**WEAK | arguments | {"seed": seed}) for seed in range(20, 24)]
    z = np.stack(
        [(found.theta_hat - sim.theta[:, 0]) / found.se for sim in sims for found in [estimates_of(screen_of(sim))]]
    )
    by_day = z.std((0, 1))
    error = 2.5 / np.sqrt(2 * z[:, :, 0].size)  # of an SD of z over the genes of four screens
    assert by_day.min() > least - error
    assert by_day.max() < most + error
    assert least <= z.std() <= most
    assert 0.86 <= np.mean(np.abs(z) < 1.645) <= 0.96


def test_sandwich_is_the_model_under_a_right_model():
    sim = simulated(**WEAK, seed=30)
    found = estimates_of(screen_of(sim), replace(SETTINGS, se="sandwich"))
    assert found.sandwich_ratio == pytest.approx(1, abs=0.05)
    ratio = found.se / np.sqrt(np.einsum("ldd->ld", found.model_covariance))
    assert np.nanmedian(ratio) == pytest.approx(found.sandwich_ratio)


def test_sandwich_reports_labels_that_vary_with_the_fate():
    """Logit-normal labels: too much variance near the corners for the model, whose SEs are too wide elsewhere."""
    assert estimates_of(screen_of(simulated(**WEAK | {"labels": "logitnormal"}, seed=31))).sandwich_ratio < 0.95


def test_sandwich_without_asking_costs_few_draws(small_screen):
    found = estimates_of(small_screen)
    np.testing.assert_array_equal(found.covariance, found.model_covariance)
    assert 0.5 < found.sandwich_ratio < 2


def test_a_day_without_a_genes_cells_has_no_estimate():
    whole = screen_of(simulated(cells=1500))
    cell = np.repeat(np.arange(whole.n_cells), np.diff(whole.guide_ptr))
    keep = ~((whole.guide_gene[whole.guide_idx] == 3) & (whole.day[cell] == 1))
    pointer = np.r_[0, np.cumsum(np.bincount(cell[keep], minlength=whole.n_cells))]
    screen = replace(whole, guide_idx=whole.guide_idx[keep], guide_ptr=pointer)
    found = estimates_of(screen)
    assert np.argwhere(~carried_by_day(screen)).tolist() == [[3, 1]]
    assert np.argwhere(np.isnan(found.theta_hat)).tolist() == [[3, 1]]
    assert np.isnan(found.covariance[3]).sum() == 2 * screen.n_days - 1
    assert np.isfinite(found.se).sum() == found.se.size - 1


def test_estimates_are_not_shrunk():
    sim = simulated(**WEAK, seed=33)
    screen = screen_of(sim)
    options = LaplaceOptions.of(SETTINGS)
    fit = fit_laplace(screen, options)
    found = estimate_theta(fit.baseline, screen, MES, options)
    truth = sim.theta[:, 0]
    slope = [np.sum(values * truth) / np.sum(truth**2) for values in (found.theta_hat, fit.mode["theta"][:, 0])]
    assert slope[0] == pytest.approx(1, abs=0.06)
    assert slope[1] < 0.9
