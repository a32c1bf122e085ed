"""Engine 1: the mode of the posterior and its curvature, linear in cells, guides and genes (DESIGN section 5).

Rounds: at the present effects, scales and weight one solve gives a Newton step for the effects and
perturbation draws for their covariances; these move the scales and the weight. When nothing moves any
more, the mode is finished at fixed scales, and a last, larger set of draws gives the posterior.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..base import NOWHERE, SILENT, Checkpoint, FitError, Progress, Settings
from ..model import (
    WORDS,
    Design,
    EffectBlock,
    build_design,
    centred,
    final_dispersion,
    gene_slices,
    next_weight,
    random_walk_prior,
    start_weight,
)
from ..screens import Screen
from .covariance import gene_covariances, perturbation, shared_moment
from .curvature import curvature_at
from .mode import fate_probabilities, find_mode, newton_step
from .scales import LEAST_SD, START, effect_moments, improve_scales

MOST_ROUNDS = 100
USUAL_ROUNDS = 7  # what a bar expects
ROUND_DRAWS = 16  # perturbation draws in a round: enough for sums over all genes
ROUND_CG_TOLERANCE = 1e-3  # of the solves in a round, whose errors the next round corrects
SCALE_TOLERANCE = 0.03  # Newton step of every log scale, in its posterior SDs, at which rounds end
WEIGHT_TOLERANCE = 5e-3  # step of the log weight at which rounds end
DAMPING = 0.1  # first damping of the scales' steps, tripled when that is not enough
FIRST_STEP = 0.5  # largest step of an effect at which the search for a starting point ends


@dataclass(frozen=True, kw_only=True)
class GeneBlocks:
    """Posterior of the genes with n guides: genes [l] (of the screen), mean [l, D + n, F], covariance [l, k, k].

    The k = (D + n) F effects of a gene are theta by day, then v by guide (delta = v centred), fates innermost.
    """

    n: int
    genes: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """How the fit ended. newton_steps, rounds, cg_iterations: taken; gradient: its largest entry at the mode;
    step: largest entry of the last Newton step; rule: the sentence that was met.
    """

    newton_steps: int
    rounds: int
    cg_iterations: int
    gradient: float
    step: float
    converged: bool
    rule: str


@dataclass(frozen=True, kw_only=True)
class LaplaceFit:
    """Posterior of one screen by mode and curvature. Axes as in DESIGN: gene or guide, fate, day.

    mode: theta [L, F, D], v and delta [G, F], alpha [F, D], b [F, R], gamma [F].
    scales: tau [F], sigma_time [F, D - 1], sigma_guide [F]; scales_sd_log: SD of their logarithms.
    weight, dispersion, p_eff: by day [D]; dispersion phi is that of the labels at weight 1.
    blocks: posterior of each gene's effects, by number of guides.
    design, x: the linear map and the mode as one vector, to start other fits from.
    """

    mode: dict[str, np.ndarray]
    scales: dict[str, np.ndarray]
    scales_sd_log: dict[str, np.ndarray]
    weight: np.ndarray
    dispersion: np.ndarray
    p_eff: np.ndarray
    blocks: tuple[GeneBlocks, ...]
    convergence: Convergence
    design: Design
    x: Tensor


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


def fit_laplace(
    screen: Screen,
    settings: Settings,
    progress: Progress = SILENT,
    device: str = "cpu",
    checkpoint: Checkpoint = NOWHERE,
) -> LaplaceFit:
    """Fit the model by mode and curvature, from where the checkpoint stands.

    Raises FitError when a part of it does not converge.
    """
    design = build_design(screen, device)
    state = run_rounds(design, settings, progress, checkpoint.at("rounds"))
    prior = random_walk_prior(design, state.scales, settings)
    mode = find_mode(
        design, prior, state.weight, state.x, settings, checkpoint=checkpoint.at("mode"), progress=progress
    )
    curvature = curvature_at(design, prior, mode.pi, state.weight[design.day])
    found = gene_covariances(curvature, settings, checkpoint.at("covariances"), progress)
    dispersion = final_dispersion(design, mode.pi, state.weight * found.pearson_excess, settings.likelihood_weight)
    return LaplaceFit(
        mode=named_effects(design, mode.x),
        scales=_named_scales(state.scales),
        scales_sd_log=_named_scales(state.sd_log),
        weight=state.weight.cpu().numpy(),
        dispersion=dispersion.cpu().numpy(),
        p_eff=found.p_eff.cpu().numpy(),
        blocks=gene_blocks(design, mode.x, found.by_group),
        convergence=Convergence(
            newton_steps=state.newton_steps + mode.steps, rounds=state.rounds,
            cg_iterations=state.cg_iterations + mode.cg_iterations + found.cg_iterations,
            gradient=mode.gradient, step=mode.step, converged=True, rule=_rule(settings),
        ),
        design=design,
        x=mode.x,
    )  # fmt: skip


def _start(design: Design, settings: Settings, checkpoint: Checkpoint, progress: Progress) -> State:
    """A rough mode at the starting scales; an automatic weight starts without effective parameters."""
    scales = design.nuisance.new_full((design.n_days + 1, design.n_fates), START)
    x = design.nuisance.new_zeros(design.n_effects)
    prior = random_walk_prior(design, scales, settings)
    number = 1.0 if settings.likelihood_weight in WORDS else settings.likelihood_weight
    mode = find_mode(design, prior, x.new_full((design.n_days,), number), x, settings, FIRST_STEP, checkpoint, progress)
    weight = start_weight(settings.likelihood_weight, design, mode.pi)
    return State(
        x=mode.x, scales=scales, weight=weight, sd_log=scales, newton_steps=mode.steps, rounds=0,
        cg_iterations=mode.cg_iterations,
    )  # fmt: skip


def start_from(x: Tensor, scales: Tensor, weight: Tensor) -> State:
    """A state to begin rounds from, of a like screen: x [P], scales [D + 1, F], weight [D]."""
    return State(x=x, scales=scales, weight=weight, sd_log=scales, newton_steps=0, rounds=0, cg_iterations=0)


def run_rounds(
    design: Design,
    settings: Settings,
    progress: Progress = SILENT,
    checkpoint: Checkpoint = NOWHERE,
    start: State | None = None,
) -> State:
    """Rounds until the scales, the weight and the mode are at rest; from `start`, or from a rough mode."""
    saved = checkpoint.load()
    state = State(**saved) if saved else start or _start(design, settings, checkpoint.at("start"), progress)
    with progress.bar("Scales and weight", max(USUAL_ROUNDS, state.rounds + 1), state.rounds) as bar:
        while not state.settled:
            if state.rounds == MOST_ROUNDS:
                raise _not_settled(state)
            state, step = _next_round(design, state, settings)
            bar.note(f"scales {state.unrest:.2g} sd, weight {state.drift:.2g}, effects {step:.2g}")
            bar.advance()
            checkpoint.save(vars(state), state.rounds)
    return state


def _next_round(design: Design, state: State, settings: Settings) -> tuple[State, float]:
    """The state after a round, and the largest entry of Newton's step of the effects.

    Newton's steps of the scales are damped towards EM's as soon as one does not bring more rest.
    """
    prior, cells = random_walk_prior(design, state.scales, settings), state.weight[design.day]
    x, step, curvature, newton = newton_step(design, prior, cells, state.x, settings)
    r = perturbation(curvature, settings.seed, ROUND_DRAWS)
    solution = curvature.solve(r, ROUND_CG_TOLERANCE, state.draws)
    covariances = [a + b for a, b in zip(curvature.inverses, shared_moment(curvature, solution.x, r))]
    improved = improve_scales(design, state.scales, effect_moments(design, x, covariances), state.damping, settings)
    weight = _next_weight(design, state.weight, x, solution.x, settings)
    drift = float((weight / state.weight).log().abs().max())
    worse, settled = improved.unrest > state.unrest, improved.unrest < SCALE_TOLERANCE and drift < WEIGHT_TOLERANCE
    return State(
        x=x, scales=state.scales * improved.step.exp(), weight=weight, sd_log=improved.sd_log,
        newton_steps=state.newton_steps + 1, rounds=state.rounds + 1,
        cg_iterations=state.cg_iterations + newton + solution.iterations, draws=None if settled else solution.x,
        damping=min(1.0, max(3 * state.damping, DAMPING)) if worse else state.damping / 2,
        unrest=improved.unrest, drift=drift, settled=settled,
    ), step  # fmt: skip


def _not_settled(state: State) -> FitError:
    return FitError(
        f"Scales and weight did not settle in {MOST_ROUNDS} rounds: in the last one a log scale still moved by "
        f"{state.unrest:.2g} of its SD (must be < {SCALE_TOLERANCE:g}), and the log weight by {state.drift:.2g} "
        f"(must be < {WEIGHT_TOLERANCE:g}). If it is the scales, narrow `s_tau`, `s_time` or `s_guide`; if it is the "
        "weight, set a number as `likelihood_weight`."
    )


def _next_weight(design: Design, weight: Tensor, x: Tensor, draws: Tensor, settings: Settings) -> Tensor:
    if settings.likelihood_weight not in WORDS:
        return weight
    pi = fate_probabilities(design.predictor(x))
    return next_weight(settings.likelihood_weight, design, weight, pi, design.forward(draws))


def gene_blocks(design: Design, x: Tensor, covariances: list[Tensor]) -> tuple[GeneBlocks, ...]:
    """Means and covariances by number of guides, genes named by their index in the screen."""
    return tuple(
        GeneBlocks(
            n=group.n,
            genes=design.gene_order[group.genes],
            mean=design.blocks(x, group).cpu().numpy(),
            covariance=covariance.cpu().numpy(),
        )  # fmt: skip
        for group, covariance in zip(design.groups, covariances)
    )


def named_effects(design: Design, x: Tensor) -> dict[str, np.ndarray]:
    """The effects in x by name, in the screen's order of genes and guides."""
    d = design.n_days
    blocks = [design.blocks(x, group) for group in design.groups]
    theta = torch.cat([block[:, :d] for block in blocks]).transpose(1, 2)
    v = torch.cat([block[:, d:].reshape(-1, design.n_fates) for block in blocks])
    delta = torch.cat([centred(block[:, d:], 1).reshape(-1, design.n_fates) for block in blocks])
    nuisance = design.nuisance_part(x).T.cpu().numpy()
    back_gene, back_guide = np.argsort(design.gene_order), np.argsort(design.guide_order)
    return {
        "theta": theta.cpu().numpy()[back_gene],
        "v": v.cpu().numpy()[back_guide],
        "delta": delta.cpu().numpy()[back_guide],
        "alpha": nuisance[:, :d],
        "b": nuisance[:, d:-1],
        "gamma": nuisance[:, -1],
    }


def draw_blocks(fit: LaplaceFit, screen: Screen, settings: Settings) -> Iterator[EffectBlock]:
    """Joint draws of theta and delta, gene by gene from N(mean, covariance), in float64."""
    s, d, f = settings.num_posterior_draws, screen.n_days, screen.n_fates - 1
    generator = torch.Generator().manual_seed(settings.seed)
    first_guide = np.r_[0, np.cumsum(screen.guides_per_gene)]
    for genes, guides in gene_slices(screen, s):
        theta = np.empty((s, genes.stop - genes.start, f, d))
        delta = np.empty((s, guides.stop - guides.start, f))
        for block in fit.blocks:
            low, high = np.searchsorted(block.genes, (genes.start, genes.stop))  # block.genes is sorted
            if low == high:
                continue
            root = torch.linalg.cholesky(torch.from_numpy(block.covariance[low:high]))
            z = torch.randn((high - low, root.shape[1], s), generator=generator, dtype=torch.float64)
            draws = torch.from_numpy(block.mean[low:high]).unsqueeze(3) + (root @ z).view(high - low, d + block.n, f, s)
            own = block.genes[low:high]
            theta[:, own - genes.start] = draws[:, :d].permute(3, 0, 2, 1).numpy()
            own_guides = (first_guide[own][:, None] + np.arange(block.n)).ravel() - guides.start
            delta[:, own_guides] = centred(draws[:, d:], 1).permute(3, 0, 1, 2).reshape(s, -1, f).numpy()
        yield EffectBlock(genes=genes, guides=guides, theta=theta, delta=delta)


def _named_scales(scales: Tensor) -> dict[str, np.ndarray]:
    values = scales.T.cpu().numpy()
    return {"tau": values[:, 0], "sigma_time": values[:, 1:-1], "sigma_guide": values[:, -1]}


def _rule(settings: Settings) -> str:
    return (
        f"no log scale would move by {SCALE_TOLERANCE:g} of its SD (at least {LEAST_SD:g}) in a round and no log "
        f"weight by {WEIGHT_TOLERANCE:g}, then no effect by {settings.newton_tolerance:g} in a Newton step"
    )
