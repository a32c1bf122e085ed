"""Refits: the same numbers as a fit, and draws that are distributed as the estimates' errors."""

import numpy as np
import torch
from conftest import screen_of, simulated

from fatebias.base.settings import Settings
from fatebias.certificate.refit import reference_draws, refit_estimates, settle
from fatebias.laplace import contrast_theta, estimate_theta, solve_estimates
from fatebias.laplace.fit import fit_laplace
from fatebias.laplace.mode import find_mode
from fatebias.laplace.options import LaplaceOptions
from fatebias.laplace.shared_shift import gain_of

OPTIONS = LaplaceOptions.of(Settings.from_mapping({"inference": "laplace", "num_perturbations": 256}))
MES = np.array([1.0, 0.0])


def test_a_refit_is_the_fit_and_a_warm_start_ends_where_a_cold_one_does(small_screen):
    fit = fit_laplace(small_screen, OPTIONS)
    estimates = estimate_theta(fit.baseline, small_screen, MES, OPTIONS)
    design = OPTIONS.design(small_screen)
    cold = settle(design, OPTIONS)
    refit = refit_estimates(cold, small_screen, MES, OPTIONS)
    assert np.allclose(refit.theta_hat, estimates.theta_hat, atol=1e-3)
    assert np.allclose(refit.se, estimates.se, rtol=1e-3)
    warm = settle(design, OPTIONS, cold)
    from_other = settle(OPTIONS.design(small_screen), OPTIONS, cold)
    for again in (warm, from_other):
        assert torch.allclose(again.weight, cold.weight, rtol=0.02)
        assert torch.allclose(again.scales.log(), cold.scales.log(), atol=0.1)


def test_draws_have_the_covariance_of_all_genes_and_labels_their_part():
    screen = screen_of(simulated(cells=500, genes=4, days=2))
    baseline = settle(OPTIONS.design(screen), OPTIONS)
    solved = solve_estimates(baseline, OPTIONS)
    curvature = solved.effects.curvature
    eye = torch.eye(baseline.design.n_effects, dtype=torch.float64)
    inverse = np.linalg.inv(curvature.times(eye).numpy())
    part = contrast_theta(baseline.design, eye, MES).reshape(len(eye), -1)  # a column of x in, theta out
    n = 4000
    whole = reference_draws(solved, MES, OPTIONS.perturbations, n).reshape(n, -1)
    a, prior = solved.mean.columns.numpy(), gain_of(solved).prior  # the mean over genes, which is observed as well
    off = np.eye(len(eye)) - inverse @ a @ np.linalg.inv(a.T @ inverse @ a + prior) @ a.T
    expected = part.T @ np.linalg.inv(np.linalg.inv(inverse) + a @ np.linalg.inv(prior) @ a.T) @ part
    error = np.abs(np.cov(whole.T) - expected) / np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert error.max() < 5 / np.sqrt(n) * np.sqrt(2)
    labels = reference_draws(solved, MES, OPTIONS.perturbations, n, labels_only=True).reshape(n, -1)
    q = np.stack([curvature.prior.precision(baseline.design, column).numpy() for column in eye])
    of_labels = part.T @ off @ (inverse - inverse @ q @ inverse) @ off.T @ part
    assert np.allclose(labels.var(0) / np.diag(of_labels), 1, atol=5 * np.sqrt(2 / n))


def test_a_cell_drawn_twice_counts_as_two_cells(small_screen):
    baseline = settle(OPTIONS.design(small_screen), OPTIONS)
    counts = np.ones(small_screen.n_cells, dtype=int)
    counts[:50], counts[50:80] = 2, 0
    problem = baseline.estimate_problem(OPTIONS.priors)
    design, prior = problem.design, problem.prior
    x = find_mode(problem.weighted(torch.tensor(counts)), baseline.x, OPTIONS.tolerances).x
    rows = np.repeat(np.arange(small_screen.n_cells), counts)
    eta = design.forward(x)
    probabilities = torch.softmax(torch.cat([torch.zeros_like(eta[:, :1]), eta], 1), 1)[:, 1:]
    residual = (baseline.cell_weight.unsqueeze(1) * (design.labels - probabilities)).numpy()[rows]
    unit = torch.eye(design.n_effects, dtype=torch.float64)
    columns = design.forward(unit).numpy()[rows]
    gradient = np.einsum("nfp,nf->p", columns, residual) - prior.precision(design, x).numpy()
    assert np.abs(gradient).max() < 1e-2
