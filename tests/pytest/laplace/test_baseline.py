"""Where a fit stands: weights of cells, and the two log posteriors at its scales."""

import numpy as np
import pytest
import torch

from fatebias.base.settings import Settings
from fatebias.laplace.baseline import Baseline
from fatebias.model import build_design
from fatebias.model.prior import Priors

PRIORS = Priors.of(Settings.from_mapping({"estimate_prior_sd": 2.0}))


@pytest.fixture(scope="module")
def baseline(small_screen):
    """Three days and two logits, no two numbers alike."""
    design = build_design(small_screen)
    return Baseline(
        design=design, x=torch.zeros(design.n_effects, dtype=torch.float64),
        scales=torch.tensor([[0.5, 0.6], [0.2, 0.3], [0.25, 0.35], [0.1, 0.15]], dtype=torch.float64),
        weight=torch.tensor([3.0, 5.0, 8.0], dtype=torch.float64),
    )  # fmt: skip


def test_a_cell_has_the_weight_of_its_day(baseline, small_screen):
    expected = np.array([3.0, 5.0, 8.0])[small_screen.day]
    assert np.array_equal(baseline.cell_weight, expected)
    for problem in (baseline.posterior_problem(PRIORS), baseline.estimate_problem(PRIORS)):
        assert np.array_equal(problem.row_weight, expected) and problem.design is baseline.design


def test_the_posterior_has_a_random_walk_and_the_estimates_independent_days(baseline):
    """Prior covariances of a gene's theta over days, and of its one guide's deviation, at the second logit."""
    walk, flat = (
        np.linalg.inv(problem.prior.block(1).numpy()).reshape(4, 2, 4, 2)[:, 1, :, 1]
        for problem in (baseline.posterior_problem(PRIORS), baseline.estimate_problem(PRIORS))
    )
    variance = np.cumsum([0.6**2, 0.3**2, 0.35**2])
    assert np.allclose(walk[:3, :3], np.minimum.outer(variance, variance))
    assert np.allclose(flat[:3, :3], 2.0**2 * np.eye(3))
    for covariance in (walk, flat):
        assert np.allclose(covariance[3], [0, 0, 0, 0.15**2])
