"""The mode of the effects at given scales and weight: Newton's method with step control."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..base import NOWHERE, SILENT, Checkpoint, FitError, Progress, Settings
from ..model import Design, Prior
from .curvature import Curvature, curvature_at

MOST_NEWTON_STEPS = 50
USUAL_NEWTON_STEPS = 4  # what a bar expects
MOST_HALVINGS = 30
ROUNDING = 1e-11  # of the log posterior, relative: what a sum over all cells cannot tell


@dataclass(frozen=True, kw_only=True)
class Mode:
    """The mode of the effects at given prior and weight. x: float64 [P]; pi: fate probabilities there [N, F].

    steps: Newton steps; step: largest entry of the last one; gradient: largest entry of the gradient at x;
    cg_iterations: of all solves.
    """

    x: Tensor
    pi: Tensor
    steps: int
    step: float
    gradient: float
    cg_iterations: int


def find_mode(
    design: Design,
    prior: Prior,
    weight: Tensor,
    x: Tensor,
    settings: Settings,
    tolerance: float | None = None,
    checkpoint: Checkpoint = NOWHERE,
    progress: Progress = SILENT,
) -> Mode:
    """Newton's method from x for the mode at a prior and weight by day [D], until no entry moves by more than
    `newton_tolerance` (or `tolerance`). Goes on from its place in a checkpoint. Raises FitError.
    """
    tolerance = tolerance or settings.newton_tolerance
    cells = weight[design.day]
    at = checkpoint.load() or {"x": x, "steps": 0, "step": math.inf, "cg_iterations": 0}
    with progress.bar("Mode", max(USUAL_NEWTON_STEPS, at["steps"] + 1), at["steps"]) as bar:
        while not at["step"] < tolerance:
            if at["steps"] == MOST_NEWTON_STEPS:
                raise _not_found(at["step"], settings)
            x, step, _, iterations = newton_step(design, prior, cells, at["x"], settings)
            at = {"x": x, "steps": at["steps"] + 1, "step": step, "cg_iterations": at["cg_iterations"] + iterations}
            checkpoint.save(at, at["steps"])
            bar.advance()
    pi = fate_probabilities(design.predictor(at["x"]))
    score = gradient(design, prior, cells, pi, at["x"])
    return Mode(pi=pi, gradient=float(score.abs().max()), **at)


def _not_found(step: float, settings: Settings) -> FitError:
    return FitError(
        f"The mode was not found in {MOST_NEWTON_STEPS} Newton steps: the last one still moved an effect by {step:.2g} "
        f"(`newton_tolerance: {settings.newton_tolerance:g}`). Narrow the priors (`s_alpha`, `s_tau`), or set a number "
        "as `likelihood_weight`."
    )


def newton_step(
    design: Design, prior: Prior, cells: Tensor, x: Tensor, settings: Settings
) -> tuple[Tensor, float, Curvature, int]:
    """x after one controlled step, the largest entry of Newton's whole step, the curvature before it, and iterations.

    The iterations are those of conjugate gradients.
    """
    pi = fate_probabilities(design.predictor(x))
    curvature = curvature_at(design, prior, pi, cells)
    score = gradient(design, prior, cells, pi, x)
    solution = curvature.solve(score.unsqueeze(1), settings.cg_tolerance)
    x, step = take_step(design, prior, cells, x, solution.x.squeeze(1))
    return x, step, curvature, solution.iterations


def fate_probabilities(eta: Tensor) -> Tensor:
    """Probabilities of the fates beside the reference, [N, F]."""
    return torch.softmax(torch.cat([torch.zeros_like(eta[:, :1]), eta], 1), 1)[:, 1:]


def gradient(design: Design, prior: Prior, cells: Tensor, pi: Tensor, x: Tensor) -> Tensor:
    """Gradient of the log posterior in x: J' weight (p - pi) - Q x, [P]."""
    return design.transpose(cells.unsqueeze(1) * (design.fate_probs - pi)) - prior.precision(design, x)


def log_posterior(design: Design, prior: Prior, cells: Tensor, x: Tensor) -> float:
    """Log posterior at x up to a constant."""
    eta = design.predictor(x)
    total = torch.logsumexp(torch.cat([torch.zeros_like(eta[:, :1]), eta], 1), 1)
    return float(
        (cells * ((design.fate_probs * eta).sum(1) - total)).sum() - 0.5 * (x * prior.precision(design, x)).sum()
    )


def take_step(design: Design, prior: Prior, cells: Tensor, x: Tensor, step: Tensor) -> tuple[Tensor, float]:
    """x after the step, halved until the log posterior does not fall, and the largest entry of the whole step.

    Of the whole one: a step that is short only because it was halved is no sign of the mode.
    """
    before, largest = log_posterior(design, prior, cells, x), float(step.abs().max())
    for _ in range(MOST_HALVINGS):
        if log_posterior(design, prior, cells, x + step) >= before - ROUNDING * abs(before):
            return x + step, largest
        step = step / 2
    raise FitError(
        f"No step along Newton's direction raises the log posterior ({before:.6g}), after {MOST_HALVINGS} halvings. "
        "Check the fate probabilities, or narrow the priors (`s_alpha`, `s_tau`)."
    )
