from dataclasses import replace

import numpy as np
import pytest
import torch

from fatebias.base.errors import FitError
from fatebias.base.settings import Settings
from fatebias.laplace.mode import fate_probabilities, find_mode, gradient, log_posterior, take_step
from fatebias.model.design import build_design
from fatebias.model.prior import random_walk_prior

SETTINGS = Settings.from_mapping()


@pytest.fixture(scope="module")
def problem(small_screen):
    """design, prior, cell weights and a random x."""
    design = build_design(small_screen)
    prior = random_walk_prior(design, design.nuisance.new_full((design.n_days + 1, design.n_fates), 0.3), SETTINGS)
    x = 0.2 * torch.randn(design.n_effects, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return design, prior, torch.linspace(1, 9, design.n_cells, dtype=torch.float64), x


def test_gradient_is_the_slope_of_the_log_posterior(problem):
    design, prior, cells, x = problem
    score = gradient(design, prior, cells, fate_probabilities(design.forward(x)), x)
    for entry in (0, 5, design.n_effects // 2, design.n_effects - 1):
        h = torch.zeros_like(x)
        h[entry] = 1e-5
        slope = (log_posterior(design, prior, cells, x + h) - log_posterior(design, prior, cells, x - h)) / 2e-5
        assert float(score[entry]) == pytest.approx(slope, rel=1e-5, abs=1e-3)


def test_a_step_too_long_is_halved(problem):
    design, prior, cells, x = problem
    score = gradient(design, prior, cells, fate_probabilities(design.forward(x)), x)
    taken, size = take_step(design, prior, cells, x, score)  # the gradient is far too long a step
    assert float((taken - x).abs().max()) < float(score.abs().max())
    assert size == float(score.abs().max())  # of the whole step: halving is no sign of the mode
    assert log_posterior(design, prior, cells, taken) > log_posterior(design, prior, cells, x)


def test_a_step_downhill_is_an_error(problem):
    design, prior, cells, x = problem
    score = gradient(design, prior, cells, fate_probabilities(design.forward(x)), x)
    with pytest.raises(FitError, match="No step along Newton's direction"):
        take_step(design, prior, cells, x, -score)


def test_the_mode_has_no_gradient_wherever_the_search_starts(problem):
    design, prior, _, x = problem
    weight = torch.tensor([5.0, 10.0, 20.0], dtype=torch.float64)
    settings = replace(SETTINGS, newton_tolerance=1e-7)
    near, far = (find_mode(design, prior, weight, start, settings) for start in (torch.zeros_like(x), 20 * x))
    assert near.gradient < 1e-5
    np.testing.assert_allclose(near.x, far.x, atol=1e-7)
