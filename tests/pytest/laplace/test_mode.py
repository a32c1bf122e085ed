from dataclasses import replace

import numpy as np
import pytest
import torch

from fatebias.base.checkpoint import open_checkpoint
from fatebias.base.errors import FitError
from fatebias.base.run import Run
from fatebias.base.settings import Settings
from fatebias.laplace.mode import find_mode, gradient, log_posterior, take_step
from fatebias.laplace.options import LaplaceOptions
from fatebias.model.design import build_design
from fatebias.model.prior import random_walk_prior

OPTIONS = LaplaceOptions.of(Settings.from_mapping())


@pytest.fixture(scope="module")
def problem(small_screen):
    """design, prior, cell weights and a random x."""
    design = build_design(small_screen)
    prior = random_walk_prior(
        design, design.nuisance.new_full((design.n_days + 1, design.n_logits), 0.3), OPTIONS.priors
    )
    x = 0.2 * torch.randn(design.n_effects, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return design, prior, torch.linspace(1, 9, design.n_cells, dtype=torch.float64), x


def test_gradient_is_the_slope_of_the_log_posterior(problem):
    design, prior, cells, x = problem
    score = gradient(design, prior, cells, design.likelihood.mean(design.forward(x)), x)
    for entry in (0, 5, design.n_effects // 2, design.n_effects - 1):
        h = torch.zeros_like(x)
        h[entry] = 1e-5
        slope = (log_posterior(design, prior, cells, x + h) - log_posterior(design, prior, cells, x - h)) / 2e-5
        assert float(score[entry]) == pytest.approx(slope, rel=1e-5, abs=1e-3)


def test_a_step_too_long_is_halved(problem):
    design, prior, cells, x = problem
    score = gradient(design, prior, cells, design.likelihood.mean(design.forward(x)), x)
    taken, size = take_step(design, prior, cells, x, score)  # the gradient is far too long a step
    assert float((taken - x).abs().max()) < float(score.abs().max())
    assert size == float(score.abs().max())  # of the whole step: halving is no sign of the mode
    assert log_posterior(design, prior, cells, taken) > log_posterior(design, prior, cells, x)


def test_a_step_downhill_is_an_error(problem):
    design, prior, cells, x = problem
    score = gradient(design, prior, cells, design.likelihood.mean(design.forward(x)), x)
    with pytest.raises(FitError, match="No step along Newton's direction"):
        take_step(design, prior, cells, x, -score)


def test_the_mode_has_no_gradient_wherever_the_search_starts(problem):
    design, prior, _, x = problem
    weight = torch.tensor([5.0, 10.0, 20.0], dtype=torch.float64)
    tolerances = replace(OPTIONS.tolerances, newton=1e-7)
    near, far = (
        find_mode(design, prior, weight[design.day], start, tolerances) for start in (torch.zeros_like(x), 20 * x)
    )
    assert near.gradient < 1e-5
    np.testing.assert_allclose(near.x, far.x, atol=1e-7)


def test_a_search_goes_on_from_its_place_to_the_same_bytes(problem, tmp_path):
    design, prior, cells, x = problem
    whole = find_mode(design, prior, cells, x, OPTIONS.tolerances)
    run = Run(checkpoint=open_checkpoint(tmp_path, {"device": "cpu"})).at("mode")
    part = find_mode(design, prior, cells, x, OPTIONS.tolerances, run, end=0.5)
    assert part.steps < whole.steps and part.step < 0.5
    again = find_mode(design, prior, cells, torch.full_like(x, torch.nan), OPTIONS.tolerances, run)
    assert torch.equal(again.x, whole.x) and torch.equal(again.mean, whole.mean)
    assert (again.steps, again.step, again.cg_iterations) == (whole.steps, whole.step, whole.cg_iterations)


def test_a_cell_of_weight_0_is_left_out(problem, small_screen):
    design, prior, _, x = problem
    keep = torch.arange(design.n_cells) % 5 != 0
    weight = torch.where(keep, 10.0, 0.0).double()
    found = find_mode(design, prior, weight, x, replace(OPTIONS.tolerances, newton=1e-8)).x
    columns = design.forward(torch.eye(design.n_effects, dtype=torch.float64))[keep].numpy()
    eta = np.einsum("nfp,p->nf", columns, found.numpy())
    pi = np.exp(eta) / (1 + np.exp(eta).sum(1, keepdims=True))
    score = 10.0 * (small_screen.fate_probs[keep.numpy(), 1:] - pi)
    slope = np.einsum("nfp,nf->p", columns, score) - prior.precision(design, found).numpy()
    assert np.abs(slope).max() < 1e-5
