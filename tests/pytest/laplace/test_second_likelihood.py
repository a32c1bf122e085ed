"""A likelihood that the package does not have goes through engine laplace by adding one class.

Gaussian log ratios: y = log(p_f / p_reference) ~ N(eta, 1 / weight), independent by fate. Its fits have an exact
answer, generalised least squares, which is computed here with dense numpy matrices.
"""

import dataclasses

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import Dense, dense_model, random_walk_precision
from torch import Tensor

from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, draw_blocks, estimate_theta, fit_laplace
from fatebias.model import DrawPlan, Likelihood, summarise_draws
from fatebias.screens.screen import Screen

WEIGHT = 3.0
SETTINGS = Settings.from_mapping(
    {
        "likelihood_weight": WEIGHT, "num_perturbations": 1024, "newton_tolerance": 1e-7, "se": "model",
        "estimand": "guides", "estimate_shift": "free",
    }
)  # fmt: skip
MES = np.array([1.0, 0.0])


class GaussianLogRatios(Likelihood):
    def labels(self, fate_probs: Tensor) -> Tensor:
        return torch.log(fate_probs[:, 1:] / fate_probs[:, :1])

    def log_likelihood(self, eta: Tensor, labels: Tensor) -> Tensor:
        return -0.5 * ((labels - eta) ** 2).sum(1)

    def mean(self, eta: Tensor) -> Tensor:
        return eta

    def link(self, mean: Tensor) -> Tensor:
        return mean

    def curvature(self, mean: Tensor, weight: Tensor) -> Tensor:
        return weight[:, None, None] * torch.eye(mean.shape[1], dtype=mean.dtype, device=mean.device)


OPTIONS = dataclasses.replace(LaplaceOptions.of(SETTINGS), likelihood=GaussianLogRatios())


@pytest.fixture(scope="module")
def screen() -> Screen:
    return screen_of(simulated(cells=500, genes=6))


@pytest.fixture(scope="module")
def fit(screen):
    return fit_laplace(screen, OPTIONS)


def least_squares(screen: Screen, dense: Dense) -> tuple[np.ndarray, np.ndarray]:
    """Mode and covariance of all effects: (J' W J + Q)^-1 J' W y and (J' W J + Q)^-1."""
    labels = np.log(screen.fate_probs[:, 1:] / screen.fate_probs[:, :1])
    columns = dense.design.reshape(-1, dense.design.shape[2])
    weight = np.repeat(dense.weight, labels.shape[1])
    covariance = np.linalg.inv(columns.T @ (weight[:, None] * columns) + dense.precision)
    return covariance @ (columns.T @ (weight * labels.ravel())), covariance


def test_the_posterior_is_generalised_least_squares(screen, fit):
    walk = random_walk_precision(fit.scales["tau"], fit.scales["sigma_time"])
    dense = dense_model(screen, SETTINGS, walk, fit.scales["sigma_guide"], fit.weight)
    x, covariance = least_squares(screen, dense)
    for name, values in dense.named(x).items():
        np.testing.assert_allclose(fit.mode[name], values, atol=1e-6, err_msg=name)
    for block in fit.blocks:
        for gene, own in zip(block.genes, block.covariance):
            index = dense.gene_index(screen, gene)
            exact = covariance[np.ix_(index, index)]
            sd = np.sqrt(np.diag(exact))
            np.testing.assert_allclose(own / np.outer(sd, sd), exact / np.outer(sd, sd), atol=0.03)
    assert fit.convergence.converged


def test_estimates_and_their_covariance_are_generalised_least_squares(screen, fit):
    found = estimate_theta(fit.baseline, screen, MES, OPTIONS)
    d, f = screen.n_days, screen.n_fates - 1
    flat = np.broadcast_to(np.eye(d) / SETTINGS.estimate_prior_sd**2, (f, d, d))
    dense = dense_model(screen, SETTINGS, flat, fit.scales["sigma_guide"], fit.weight)
    x, covariance = least_squares(screen, dense)
    np.testing.assert_allclose(found.theta_hat, dense.named(x)["theta"][:, 0], atol=1e-6)
    at = (dense.starts["theta"] + np.arange(found.theta_hat.size * f)).reshape(-1, f, d)[:, 0]
    exact = np.stack([covariance[np.ix_(one, one)] for one in at])
    np.testing.assert_allclose(found.se, np.sqrt(np.einsum("ldd->ld", exact)), rtol=0.04)
    assert 0.5 < found.sandwich_ratio < 2


def test_an_automatic_weight_is_the_inverse_variance_of_the_residuals(screen):
    found = fit_laplace(screen, dataclasses.replace(OPTIONS, weight="auto"))
    design, x = found.baseline.design, found.baseline.x
    residual = (design.labels - design.predictor(x)).numpy()
    freedom = residual.size - found.p_eff.sum()
    assert found.weight[0] == pytest.approx(freedom / (residual**2).sum(), rel=0.02)


def test_draws_follow(screen, fit):
    plan = DrawPlan(number=500, seed=1)
    summary = summarise_draws(draw_blocks(fit, screen, plan), screen, MES, plan)
    assert np.abs(summary.theta_mean - fit.mode["theta"][:, 0]).max() < 5 * summary.theta_sd.max() / np.sqrt(500)
