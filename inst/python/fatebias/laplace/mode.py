"""The mode of the effects at given scales and weight: Newton's method with step control."""

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..base import QUIET, FitError, Run
from .curvature import Curvature
from .options import Tolerances
from .problem import Problem

MOST_NEWTON_STEPS = 50
USUAL_NEWTON_STEPS = 4  # what a bar expects
MOST_HALVINGS = 30
ROUNDING = 1e-11  # of the log posterior, relative: what a sum over all cells cannot tell


@dataclass(frozen=True, kw_only=True)
class Mode:
    """The mode of the effects at given prior and weight. x: float64 [P]; mean: of the labels there [U, F].

    steps: Newton steps; step: largest entry of the last one; gradient: largest entry of the gradient at x;
    cg_iterations: of all solves. F logits, the fates beside the reference.
    """

    x: Tensor
    mean: Tensor
    steps: int
    step: float
    gradient: float
    cg_iterations: int


def find_mode(problem: Problem, x: Tensor, tolerances: Tolerances, run: Run = QUIET, end: float | None = None) -> Mode:
    """Newton's method from x [P] for the mode, until no entry moves by more than `tolerances.newton` (or `end`).

    Goes on from its place in a checkpoint. Raises FitError.
    """
    end = end or tolerances.newton
    start: dict[str, Any] = {"x": x, "steps": 0, "step": math.inf, "cg_iterations": 0}
    at = run.checkpoint.load(start) or start
    with run.progress.bar("Mode", max(USUAL_NEWTON_STEPS, at["steps"] + 1), at["steps"]) as bar:
        while not at["step"] < end:
            if at["steps"] == MOST_NEWTON_STEPS:
                raise _not_found(at["step"], tolerances)
            x, step, _, iterations = newton_step(problem, at["x"], tolerances.solve)
            at = {"x": x, "steps": at["steps"] + 1, "step": step, "cg_iterations": at["cg_iterations"] + iterations}
            run.checkpoint.save(at, at["steps"])
            bar.advance()
    mean = problem.mean(at["x"])
    return Mode(mean=mean, gradient=float(problem.gradient(at["x"], mean).abs().max()), **at)


def _not_found(step: float, tolerances: Tolerances) -> FitError:
    return FitError(
        f"The mode was not found in {MOST_NEWTON_STEPS} Newton steps: the last one still moved an effect by {step:.2g} "
        f"(`newton_tolerance: {tolerances.newton:g}`). Narrow the priors (`s_alpha`, `s_tau`), or set a number "
        "as `likelihood_weight`."
    )


def newton_step(problem: Problem, x: Tensor, solve_tolerance: float) -> tuple[Tensor, float, Curvature, int]:
    """x after one controlled step, the largest entry of Newton's whole step, the curvature before it, and iterations.

    The iterations are those of conjugate gradients.
    """
    mean = problem.mean(x)
    curvature = problem.curvature(mean)
    solution = curvature.solve(problem.gradient(x, mean).unsqueeze(1), solve_tolerance)
    x, step = take_step(problem, x, solution.x.squeeze(1))
    return x, step, curvature, solution.iterations


def take_step(problem: Problem, x: Tensor, step: Tensor) -> tuple[Tensor, float]:
    """x after the step, halved until the log posterior does not fall, and the largest entry of the whole step.

    Of the whole one: a step that is short only because it was halved is no sign of the mode.
    """
    before, largest = problem.log_posterior(x), float(step.abs().max())
    for _ in range(MOST_HALVINGS):
        if problem.log_posterior(x + step) >= before - ROUNDING * abs(before):
            return x + step, largest
        step = step / 2
    raise FitError(
        f"No step along Newton's direction raises the log posterior ({before:.6g}), after {MOST_HALVINGS} halvings. "
        "Check the fate probabilities, or narrow the priors (`s_alpha`, `s_tau`)."
    )
