"""The mode of the effects at given scales and weight: Newton's method with step control."""

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..base import QUIET, FitError, Run
from ..model import Design, Prior
from .curvature import Curvature, curvature_at
from .options import Tolerances

MOST_NEWTON_STEPS = 50
USUAL_NEWTON_STEPS = 4  # what a bar expects
MOST_HALVINGS = 30
ROUNDING = 1e-11  # of the log posterior, relative: what a sum over all cells cannot tell


@dataclass(frozen=True, kw_only=True)
class Mode:
    """The mode of the effects at given prior and weight. x: float64 [P]; mean: of the labels there [N, F].

    steps: Newton steps; step: largest entry of the last one; gradient: largest entry of the gradient at x;
    cg_iterations: of all solves. F logits, the fates beside the reference.
    """

    x: Tensor
    mean: Tensor
    steps: int
    step: float
    gradient: float
    cg_iterations: int


def find_mode(
    design: Design,
    prior: Prior,
    cells: Tensor,
    x: Tensor,
    tolerances: Tolerances,
    run: Run = QUIET,
    end: float | None = None,
) -> Mode:
    """Newton's method from x [P] for the mode at a prior and weights of cells [N], until no entry moves by more than
    `tolerances.newton` (or `end`). Goes on from its place in a checkpoint. Raises FitError.
    """
    end = end or tolerances.newton
    at: dict[str, Any] = run.checkpoint.load() or {"x": x, "steps": 0, "step": math.inf, "cg_iterations": 0}
    with run.progress.bar("Mode", max(USUAL_NEWTON_STEPS, at["steps"] + 1), at["steps"]) as bar:
        while not at["step"] < end:
            if at["steps"] == MOST_NEWTON_STEPS:
                raise _not_found(at["step"], tolerances)
            x, step, _, iterations = newton_step(design, prior, cells, at["x"], tolerances.solve)
            at = {"x": x, "steps": at["steps"] + 1, "step": step, "cg_iterations": at["cg_iterations"] + iterations}
            run.checkpoint.save(at, at["steps"])
            bar.advance()
    mean = design.likelihood.mean(design.predictor(at["x"]))
    slope = gradient(design, prior, cells, mean, at["x"])
    return Mode(mean=mean, gradient=float(slope.abs().max()), **at)


def _not_found(step: float, tolerances: Tolerances) -> FitError:
    return FitError(
        f"The mode was not found in {MOST_NEWTON_STEPS} Newton steps: the last one still moved an effect by {step:.2g} "
        f"(`newton_tolerance: {tolerances.newton:g}`). Narrow the priors (`s_alpha`, `s_tau`), or set a number "
        "as `likelihood_weight`."
    )


def newton_step(
    design: Design, prior: Prior, cells: Tensor, x: Tensor, solve_tolerance: float
) -> tuple[Tensor, float, Curvature, int]:
    """x after one controlled step, the largest entry of Newton's whole step, the curvature before it, and iterations.

    The iterations are those of conjugate gradients.
    """
    mean = design.likelihood.mean(design.predictor(x))
    curvature = curvature_at(design, prior, mean, cells)
    slope = gradient(design, prior, cells, mean, x)
    solution = curvature.solve(slope.unsqueeze(1), solve_tolerance)
    x, step = take_step(design, prior, cells, x, solution.x.squeeze(1))
    return x, step, curvature, solution.iterations


def gradient(design: Design, prior: Prior, cells: Tensor, mean: Tensor, x: Tensor) -> Tensor:
    """Gradient of the log posterior in x: J' weight score - Q x, [P]."""
    score = design.likelihood.score(design.labels, mean)
    return design.transpose(cells.unsqueeze(1) * score) - prior.precision(design, x)


def log_posterior(design: Design, prior: Prior, cells: Tensor, x: Tensor) -> float:
    """Log posterior at x up to a constant."""
    by_cell = design.likelihood.log_likelihood(design.predictor(x), design.labels)
    return float((cells * by_cell).sum() - 0.5 * (x * prior.precision(design, x)).sum())


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
