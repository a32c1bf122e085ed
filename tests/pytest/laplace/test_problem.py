"""The log posterior and its derivatives, against the model written out densely."""

import numpy as np
import pytest
import torch
from dense_reference import dense_model, random_walk_precision
from numpy.testing import assert_allclose

from fatebias.base.settings import Settings
from fatebias.laplace.problem import Problem
from fatebias.model import build_design
from fatebias.model.nuisance import Terms
from fatebias.model.prior import Priors, random_walk_prior

SETTINGS = Settings.from_mapping()
SCALE, WEIGHT = 0.3, (3.0, 5.0, 8.0)


@pytest.fixture(scope="module")
def problem(small_screen):
    design = build_design(small_screen, terms=Terms.of(SETTINGS))
    scales = design.nuisance.new_full((design.n_days + 1, design.n_logits), SCALE)
    prior = random_walk_prior(design, scales, Priors.of(SETTINGS))
    return Problem(design=design, prior=prior, row_weight=torch.tensor(WEIGHT, dtype=torch.float64)[design.day])


@pytest.fixture(scope="module")
def x(problem):
    size = problem.design.n_effects
    return 0.2 * torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_gradient_is_the_slope_of_the_log_posterior(problem, x):
    score = problem.gradient(x, problem.mean(x))
    for entry in (0, 5, len(x) // 2, len(x) - 1):
        h = torch.zeros_like(x)
        h[entry] = 1e-5
        slope = (problem.log_posterior(x + h) - problem.log_posterior(x - h)) / 2e-5
        assert float(score[entry]) == pytest.approx(slope, rel=1e-5, abs=1e-3)


def test_log_posterior_is_the_cross_entropy_less_the_priors_square(problem, x, small_screen):
    def by_hand(x: torch.Tensor) -> float:
        eta = np.c_[np.zeros(small_screen.n_cells), problem.design.forward(x).numpy()]
        log_pi = eta - np.log(np.exp(eta).sum(1, keepdims=True))
        q_x = problem.prior.precision(problem.design, x).numpy()
        cross_entropy = (small_screen.fate_probs * log_pi).sum(1) @ np.array(WEIGHT)[small_screen.day]
        return cross_entropy - 0.5 * x.numpy() @ q_x

    moved = problem.log_posterior(x) - problem.log_posterior(-x)  # known up to a constant
    assert moved == pytest.approx(by_hand(x) - by_hand(-x), rel=1e-9)


def test_curvature_at_no_effects_is_the_dense_one(problem, small_screen):
    """Its trace and log determinant: they do not depend on the order of the effects."""
    f, d = small_screen.n_logits, small_screen.n_days
    walk = random_walk_precision(np.full(f, SCALE), np.full((f, d - 1), SCALE))
    dense = dense_model(small_screen, SETTINGS, walk, np.full(f, SCALE), np.array(WEIGHT))
    exact = dense.curvature(np.zeros(problem.design.n_effects))
    unit = torch.eye(problem.design.n_effects, dtype=torch.float64)
    found = problem.curvature(problem.mean(torch.zeros(len(unit), dtype=torch.float64))).times(unit).numpy()
    assert_allclose(np.trace(found), np.trace(exact), rtol=1e-10)
    assert_allclose(np.linalg.slogdet(found)[1], np.linalg.slogdet(exact)[1], rtol=1e-10)


def test_cells_can_be_made_to_count_more_or_not_at_all(problem, x):
    factor = torch.ones(problem.design.n_cells, dtype=torch.float64)
    factor[:10], factor[10:20] = 2, 0
    changed = problem.weighted(factor)
    assert torch.equal(changed.row_weight[:10], 2 * problem.row_weight[:10])
    by_cell = problem.design.likelihood.log_likelihood(problem.design.predictor(x), problem.design.labels)
    more = (problem.row_weight * by_cell)[:10].sum() - (problem.row_weight * by_cell)[10:20].sum()
    assert changed.log_posterior(x) - problem.log_posterior(x) == pytest.approx(float(more), rel=1e-8)
