from dataclasses import replace

import numpy as np
import pytest
import torch

from fatebias.base.checkpoint import open_checkpoint
from fatebias.base.errors import FitError
from fatebias.base.run import Run
from fatebias.base.settings import Settings
from fatebias.laplace.mode import find_mode, take_step
from fatebias.laplace.options import LaplaceOptions
from fatebias.laplace.problem import Problem
from fatebias.model import build_design
from fatebias.model.prior import random_walk_prior

OPTIONS = LaplaceOptions.of(Settings.from_mapping())


@pytest.fixture(scope="module")
def problem(small_screen):
    """Cells of different weights under the model's prior."""
    design = build_design(small_screen)
    scales = design.nuisance.new_full((design.n_days + 1, design.n_logits), 0.3)
    return Problem(
        design=design, prior=random_walk_prior(design, scales, OPTIONS.priors),
        row_weight=torch.linspace(1, 9, design.n_cells, dtype=torch.float64),
    )  # fmt: skip


@pytest.fixture(scope="module")
def x(problem):
    """Random effects."""
    size = problem.design.n_effects
    return 0.2 * torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_step_too_long_is_halved(problem, x):
    score = problem.gradient(x, problem.mean(x))
    taken, size = take_step(problem, x, score)  # the gradient is far too long a step
    assert float((taken - x).abs().max()) < float(score.abs().max())
    assert size == float(score.abs().max())  # of the whole step: halving is no sign of the mode
    assert problem.log_posterior(taken) > problem.log_posterior(x)


def test_a_step_downhill_is_an_error(problem, x):
    with pytest.raises(FitError, match="No step along Newton's direction"):
        take_step(problem, x, -problem.gradient(x, problem.mean(x)))


def test_the_mode_has_no_gradient_wherever_the_search_starts(problem, x):
    weight = torch.tensor([5.0, 10.0, 20.0], dtype=torch.float64)
    by_day = replace(problem, row_weight=weight[problem.design.day])
    tolerances = replace(OPTIONS.tolerances, newton=1e-7)
    near, far = (find_mode(by_day, start, tolerances) for start in (torch.zeros_like(x), 20 * x))
    assert near.gradient < 1e-5
    np.testing.assert_allclose(near.x, far.x, atol=1e-7)


def test_a_search_goes_on_from_its_place_to_the_same_bytes(problem, x, tmp_path):
    whole = find_mode(problem, x, OPTIONS.tolerances)
    run = Run(checkpoint=open_checkpoint(tmp_path, {"device": "cpu"})).at("mode")
    part = find_mode(problem, x, OPTIONS.tolerances, run, end=0.5)
    assert part.steps < whole.steps and part.step < 0.5
    again = find_mode(problem, torch.full_like(x, torch.nan), OPTIONS.tolerances, run)
    assert torch.equal(again.x, whole.x) and torch.equal(again.mean, whole.mean)
    assert (again.steps, again.step, again.cg_iterations) == (whole.steps, whole.step, whole.cg_iterations)


def test_a_cell_of_weight_0_is_left_out(problem, x, small_screen):
    design = problem.design
    keep = torch.arange(design.n_cells) % 5 != 0
    weight = torch.where(keep, 10.0, 0.0).double()
    found = find_mode(replace(problem, row_weight=weight), x, replace(OPTIONS.tolerances, newton=1e-8)).x
    columns = design.forward(torch.eye(design.n_effects, dtype=torch.float64))[keep].numpy()
    eta = np.einsum("nfp,p->nf", columns, found.numpy())
    pi = np.exp(eta) / (1 + np.exp(eta).sum(1, keepdims=True))
    score = 10.0 * (small_screen.fate_probs[keep.numpy(), 1:] - pi)
    slope = np.einsum("nfp,nf->p", columns, score) - problem.prior.precision(design, found).numpy()
    assert np.abs(slope).max() < 1e-5
