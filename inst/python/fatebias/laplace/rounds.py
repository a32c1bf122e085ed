"""Rounds of engine laplace: scales of the effects and weight of the labels, until nothing moves any more.

In a round, at the present effects, scales and weight, one solve gives a Newton step for the effects and perturbation
draws for their covariances; these move the scales and the weight. F logits, the fates beside the reference.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ..base import QUIET, FitError, Run
from ..model import Design, next_weight, random_walk_prior, start_weight
from .baseline import Baseline
from .covariance import beyond_coarse, known_covariances, perturbation, shared_moment
from .mode import find_mode, newton_step
from .options import LaplaceOptions
from .problem import Problem
from .scales import START, effect_moments, improve_scales

MOST_ROUNDS = 100
USUAL_ROUNDS = 7  # what a bar expects
ROUND_DRAWS = 16  # perturbation draws in a round: enough for sums over all genes
ROUND_CG_TOLERANCE = 1e-3  # of the solves in a round, whose errors the next round corrects
SCALE_TOLERANCE = 0.03  # Newton step of every log scale, in its posterior SDs, at which rounds end
WEIGHT_TOLERANCE = 5e-3  # step of the log weight at which rounds end
DAMPING = 0.1  # first damping of the scales' steps, tripled when that is not enough
PATIENCE = 20  # rounds after which damping is not taken back, or few draws could send scales to and fro for ever
FIRST_STEP = 0.5  # largest step of an effect at which the search for a starting point ends


@dataclass(frozen=True, kw_only=True)
class State:
    """Where the rounds are. x: effects [P]. scales [D + 1, F], and sd_log, the SDs of their logarithms; weight: [D].

    draws: of the last round [P, ROUND_DRAWS], where the solve of the next one starts. damping: of its step of the
    scales. unrest, drift: how far scales and weight would still move; settled: so little that rounds end.
    """

    x: Tensor
    scales: Tensor
    weight: Tensor
    sd_log: Tensor
    newton_steps: int
    rounds: int
    cg_iterations: int
    draws: Tensor | None = None
    damping: float = 0.0
    unrest: float = np.inf
    drift: float = np.inf
    settled: bool = False

    def baseline(self, design: Design) -> Baseline:
        """The state as a place to go on from, of the design that the rounds are of."""
        return Baseline(design=design, x=self.x, scales=self.scales, weight=self.weight)


def _start(design: Design, options: LaplaceOptions, run: Run) -> State:
    """A rough mode at the starting scales; an automatic weight starts without effective parameters."""
    scales = design.nuisance.new_full((design.n_days + 1, design.n_logits), START)
    x = design.nuisance.new_zeros(design.n_effects)
    prior = random_walk_prior(design, scales, options.priors)
    number = 1.0 if isinstance(options.weight, str) else options.weight
    problem = Problem(design=design, prior=prior, row_weight=design.row_weight(x.new_full((design.n_days,), number)))
    mode = find_mode(problem, x, options.tolerances, run, FIRST_STEP)
    weight = start_weight(options.weight, design, mode.mean)
    return State(
        x=mode.x, scales=scales, weight=weight, sd_log=scales, newton_steps=mode.steps, rounds=0,
        cg_iterations=mode.cg_iterations,
    )  # fmt: skip


def start_from(x: Tensor, scales: Tensor, weight: Tensor) -> State:
    """A state to begin rounds from, of a like screen: x [P], scales [D + 1, F], weight [D]."""
    return State(x=x, scales=scales, weight=weight, sd_log=scales, newton_steps=0, rounds=0, cg_iterations=0)


def run_rounds(design: Design, options: LaplaceOptions, run: Run = QUIET, start: State | None = None) -> State:
    """Rounds until the scales, the weight and the mode are at rest; from `start`, or from a rough mode."""
    saved = run.checkpoint.load(_form(design))
    state = State(**saved) if saved else start or _start(design, options, run.at("start"))
    with run.progress.bar("Scales and weight", max(USUAL_ROUNDS, state.rounds + 1), state.rounds) as bar:
        while not state.settled:
            if state.rounds == MOST_ROUNDS:
                raise _not_settled(state)
            state, step = _next_round(design, state, options)
            bar.note(f"scales {state.unrest:.2g} sd, weight {state.drift:.2g}, effects {step:.2g}")
            bar.advance()
            run.checkpoint.save(vars(state), state.rounds)
    return state


def _form(design: Design) -> dict[str, Any]:
    """What a saved state looks like; of draws there may be none."""
    day = design.nuisance.new_zeros(design.n_days)
    scales = design.nuisance.new_zeros((design.n_days + 1, design.n_logits))
    return vars(start_from(design.nuisance.new_zeros(design.n_effects), scales, day))


def run_rounds_like(design: Design, options: LaplaceOptions, like: Baseline, run: Run = QUIET) -> State:
    """Rounds that start where a fit of a like screen stands; where they do not settle, from a rough mode."""
    try:
        return run_rounds(design, options, run.at("rounds"), start_from(like.x, like.scales, like.weight))
    except FitError:
        return run_rounds(design, options, run.at("rounds afresh"))


def _next_round(design: Design, state: State, options: LaplaceOptions) -> tuple[State, float]:
    """The state after a round, and the largest entry of Newton's step of the effects.

    Newton's steps of the scales are damped towards EM's as soon as one does not bring more rest.
    """
    problem = state.baseline(design).posterior_problem(options.priors)
    x, step, curvature, newton = newton_step(problem, state.x, options.tolerances.solve)
    r = perturbation(curvature, options.perturbations.seed, ROUND_DRAWS)
    solution = curvature.solve(r, ROUND_CG_TOLERANCE, state.draws)
    moment = shared_moment(curvature, *beyond_coarse(curvature, solution.x, r))
    covariances = [a + b for a, b in zip(known_covariances(curvature), moment)]
    moments = effect_moments(design, x, covariances)
    improved = improve_scales(design, state.scales, moments, state.damping, options.priors)
    weight = _next_weight(design, state.weight, x, solution.x, options.weight)
    drift = float((weight / state.weight).log().abs().max())
    less = state.damping / 2 if state.rounds < PATIENCE else state.damping
    worse, settled = improved.unrest > state.unrest, improved.unrest < SCALE_TOLERANCE and drift < WEIGHT_TOLERANCE
    return State(
        x=x, scales=state.scales * improved.step.exp(), weight=weight, sd_log=improved.sd_log,
        newton_steps=state.newton_steps + 1, rounds=state.rounds + 1,
        cg_iterations=state.cg_iterations + newton + solution.iterations, draws=None if settled else solution.x,
        damping=min(1.0, max(3 * state.damping, DAMPING)) if worse else less,
        unrest=improved.unrest, drift=drift, settled=settled,
    ), step  # fmt: skip


def _not_settled(state: State) -> FitError:
    return FitError(
        f"Scales and weight did not settle in {MOST_ROUNDS} rounds: in the last one a log scale still moved by "
        f"{state.unrest:.2g} of its SD (must be < {SCALE_TOLERANCE:g}), and the log weight by {state.drift:.2g} "
        f"(must be < {WEIGHT_TOLERANCE:g}). If it is the scales, narrow `s_tau`, `s_time` or `s_guide`; if it is the "
        "weight, set a number as `likelihood_weight`."
    )


def _next_weight(design: Design, weight: Tensor, x: Tensor, draws: Tensor, wanted: float | str) -> Tensor:
    if not isinstance(wanted, str):
        return weight
    mean = design.likelihood.mean(design.predictor(x))
    return next_weight(wanted, design, weight, mean, design.forward(draws))
