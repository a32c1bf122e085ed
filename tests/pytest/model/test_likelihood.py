"""The likelihood: dense numpy arithmetic, derivatives by autograd, closed forms against dense ones."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from torch.func import hessian, jacrev, vmap

from fatebias.base.settings import Settings
from fatebias.model.likelihood import SOFT_LABELS, Likelihood, likelihood_of

SHAPES = [(50, 1), (50, 2), (40, 4), (5000, 3)]  # the last: more cells than are moved at once
pytestmark = pytest.mark.parametrize("shape", SHAPES)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def problem(shape):
    """eta [N, F], fate probabilities [N, F + 1] and weights [N]."""
    n, f = shape
    return random(n, f), torch.softmax(random(n, f + 1, seed=1), 1), torch.linspace(0.5, 30, n, dtype=torch.float64)


def dense_covariance(eta: torch.Tensor) -> np.ndarray:
    """diag(pi) - pi pi' of the fates beside the reference, in numpy."""
    pi = softmax(np.c_[np.zeros(len(eta)), eta.numpy()], axis=1)[:, 1:]
    return np.stack([np.diag(one) - np.outer(one, one) for one in pi])


def test_log_likelihood_is_the_cross_entropy(problem):
    eta, probs, _ = problem
    exact = (probs.numpy() * log_softmax(np.c_[np.zeros(len(eta)), eta.numpy()], axis=1)).sum(1)
    np.testing.assert_allclose(SOFT_LABELS.log_likelihood(eta, SOFT_LABELS.labels(probs)), exact, rtol=1e-12)
    np.testing.assert_allclose(SOFT_LABELS.log_density(eta, probs), exact, rtol=1e-12)
    np.testing.assert_allclose(Likelihood.log_density(SOFT_LABELS, eta, probs), exact, rtol=1e-12)


def test_score_and_curvature_are_the_derivatives(problem):
    eta, probs, weight = problem
    labels = SOFT_LABELS.labels(probs)

    def of_cell(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return SOFT_LABELS.log_likelihood(x.unsqueeze(0), y.unsqueeze(0))[0]

    mean = SOFT_LABELS.mean(eta)
    np.testing.assert_allclose(SOFT_LABELS.score(labels, mean), vmap(jacrev(of_cell))(eta, labels), atol=1e-12)
    second = vmap(hessian(of_cell))(eta, labels)
    np.testing.assert_allclose(SOFT_LABELS.curvature(mean, weight), -weight[:, None, None] * second, atol=1e-12)


def test_curvature_is_the_covariance_of_the_labels(problem):
    eta, _, weight = problem
    exact = weight.numpy()[:, None, None] * dense_covariance(eta)
    np.testing.assert_allclose(SOFT_LABELS.curvature(SOFT_LABELS.mean(eta), weight), exact, rtol=1e-9, atol=1e-12)


def test_link_is_the_inverse_of_the_mean(problem):
    eta, _, _ = problem
    np.testing.assert_allclose(SOFT_LABELS.link(SOFT_LABELS.mean(eta)), eta, atol=1e-11)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_products_with_the_curvature_and_its_root_are_in_place_and_right(problem, dtype):
    eta, _, weight = problem
    mean = SOFT_LABELS.mean(eta)
    vectors = random(*eta.shape, 3, seed=2).to(dtype)
    exact = np.einsum("n,nfg,ngs->nfs", weight.numpy(), dense_covariance(eta), vectors.double().numpy())
    given = vectors.clone()
    bent = SOFT_LABELS.curve_(given, mean.to(dtype), weight.to(dtype))
    assert bent.data_ptr() == given.data_ptr()
    np.testing.assert_allclose(bent, exact, atol=1e-12 if dtype == torch.float64 else 1e-4)
    root = SOFT_LABELS.scale_by_root_(vectors.clone(), mean, weight)
    factor = np.linalg.cholesky(weight.numpy()[:, None, None] * dense_covariance(eta))
    np.testing.assert_allclose(root, factor @ vectors.double().numpy(), atol=1e-10 if dtype == torch.float64 else 1e-4)


def test_pearson_is_the_quadratic_form_and_moved_the_mean_over_draws(problem):
    eta, probs, _ = problem
    labels, mean = SOFT_LABELS.labels(probs), SOFT_LABELS.mean(eta)

    def exact(at: torch.Tensor) -> np.ndarray:
        miss = labels.numpy() - softmax(np.c_[np.zeros(len(at)), at.numpy()], axis=1)[:, 1:]
        return np.einsum("nf,nfg,ng->n", miss, np.linalg.inv(dense_covariance(at)), miss)

    np.testing.assert_allclose(SOFT_LABELS.pearson(labels, mean), exact(eta), rtol=1e-7, atol=1e-9)
    shift = 0.5 * random(*eta.shape, 4, seed=3)
    moved = np.mean([exact(eta + shift[:, :, draw]) for draw in range(4)], axis=0)
    np.testing.assert_allclose(SOFT_LABELS.pearson_moved(labels, mean, shift), moved, rtol=1e-7, atol=1e-9)


def test_standardised_residuals_have_covariance_1(problem):
    eta, probs, _ = problem
    covariance = dense_covariance(eta)
    labels = SOFT_LABELS.labels(probs).numpy()
    found = SOFT_LABELS.standardised(labels, eta.numpy())
    back = (np.linalg.cholesky(covariance) @ found[:, :, None])[:, :, 0]
    np.testing.assert_allclose(back, labels - softmax(np.c_[np.zeros(len(eta)), eta], axis=1)[:, 1:], atol=1e-12)


def test_closed_forms_are_what_any_likelihood_does_with_dense_matrices(problem):
    eta, probs, weight = problem
    labels, mean, vectors = SOFT_LABELS.labels(probs), SOFT_LABELS.mean(eta), random(*eta.shape, 3, seed=2)
    for name, arguments in {
        "curve_": (vectors, mean, weight), "scale_by_root_": (vectors, mean, weight),
        "quadratic_form": (eta, mean), "pearson": (labels, mean), "pearson_moved": (labels, mean, 0.3 * vectors),
    }.items():  # fmt: skip
        own, dense = (
            function(*(value.clone() for value in arguments))
            for function in (getattr(SOFT_LABELS, name), getattr(Likelihood, name).__get__(SOFT_LABELS))
        )
        np.testing.assert_allclose(own, dense, rtol=1e-7, atol=1e-9, err_msg=name)


def test_arrays_and_tensors_have_the_same_means(problem):
    eta, _, _ = problem
    mean, all_fates = SOFT_LABELS.mean(eta), SOFT_LABELS.all_fates(eta.numpy())
    np.testing.assert_allclose(SOFT_LABELS.mean_of_array(eta.numpy()), mean, rtol=1e-13)
    np.testing.assert_allclose(all_fates[:, 1:], mean, rtol=1e-13)
    np.testing.assert_allclose(all_fates.sum(1), 1, rtol=1e-14)


def test_settings_ask_for_soft_labels(shape):
    assert likelihood_of(Settings.from_mapping()) is SOFT_LABELS
