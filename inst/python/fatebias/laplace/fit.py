"""Engine laplace: the mode of the posterior and its curvature, linear in cells, guides and genes.

Rounds (`rounds`) find scales and weight; then the mode is finished at these, and a last, larger set of draws gives the
posterior. F logits, the fates beside the reference.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..base import QUIET, Run
from ..model import Design, DrawPlan, EffectBlock, centred, final_dispersion, gene_slices
from ..screens import Screen
from .baseline import Baseline
from .covariance import gene_covariances
from .mode import find_mode
from .options import LaplaceOptions
from .rounds import SCALE_TOLERANCE, WEIGHT_TOLERANCE, run_rounds, run_rounds_like
from .scales import LEAST_SD


@dataclass(frozen=True, kw_only=True)
class GeneBlocks:
    """Posterior of the genes with n guides: mean [l, D + n, F], covariance [l, k, k].

    genes [l], guides [l, n]: indices in the screen. The k = (D + n) F effects of a gene are theta by day, then v by
    guide (delta = v centred), logits innermost.
    """

    n: int
    genes: np.ndarray
    guides: np.ndarray
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
    """Posterior of one screen by mode and curvature. Axes: gene or guide, logit, day.

    mode: theta [L, F, D], v and delta [G, F], alpha [F, D], b [F, R], gamma [F], and those other nuisance effects that
    the model has.
    scales: tau [F], sigma_time [F, D - 1], sigma_guide [F]; scales_sd_log: SD of their logarithms.
    weight, dispersion, p_eff: by day [D]; dispersion phi is that of the labels at weight 1.
    blocks: posterior of each gene's effects, by number of guides.
    baseline: the mode, scales and weight as tensors, to start other fits from.
    """

    mode: dict[str, np.ndarray]
    scales: dict[str, np.ndarray]
    scales_sd_log: dict[str, np.ndarray]
    weight: np.ndarray
    dispersion: np.ndarray
    p_eff: np.ndarray
    blocks: tuple[GeneBlocks, ...]
    convergence: Convergence
    baseline: Baseline


def fit_laplace(screen: Screen, options: LaplaceOptions, run: Run = QUIET, like: Baseline | None = None) -> LaplaceFit:
    """Fit the model by mode and curvature, from where the checkpoint stands.

    like: where a fit of other labels of the same cells stands, to start there. Raises FitError
    when a part of it does not converge.
    """
    design = options.design(screen, run.device, join_alike=True)
    if like is None:
        state = run_rounds(design, options, run.at("rounds"))
    else:
        state = run_rounds_like(design, options, like, run)
    start = state.baseline(design)
    problem = start.posterior_problem(options.priors)
    mode = find_mode(problem, start.x, options.tolerances, run.at("mode"))
    found = gene_covariances(problem.curvature(mode.mean), options.perturbations, run.at("covariances"), excess=True)
    dispersion = final_dispersion(design, mode.mean, state.weight * found.pearson_excess, options.weight)
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
            gradient=mode.gradient, step=mode.step, converged=True, rule=_rule(options.tolerances.newton),
        ),
        baseline=replace(start, x=mode.x),
    )  # fmt: skip


def gene_blocks(design: Design, x: Tensor, covariances: list[Tensor]) -> tuple[GeneBlocks, ...]:
    """Means and covariances by number of guides, genes and guides named by their index in the screen."""
    return tuple(
        GeneBlocks(
            n=group.n, genes=design.genes_of(group), guides=design.guides_of(group),
            mean=design.blocks(x, group).cpu().numpy(), covariance=covariance.cpu().numpy(),
        )
        for group, covariance in zip(design.groups, covariances)
    )  # fmt: skip


def named_effects(design: Design, x: Tensor) -> dict[str, np.ndarray]:
    """The effects in x by name, in the screen's order of genes and guides."""
    nuisance = design.nuisance_part(x).T.cpu().numpy()
    return {
        "theta": design.theta(x).cpu().numpy(),
        "v": design.deviations(x).cpu().numpy(),
        "delta": design.delta(x).cpu().numpy(),
        **{kind: nuisance[:, place] for kind, place in design.kinds.items()},
        "gamma": nuisance[:, design.kinds["gamma"]][:, 0],
    }


def draw_blocks(fit: LaplaceFit, screen: Screen, plan: DrawPlan) -> Iterator[EffectBlock]:
    """Joint draws of theta and delta, gene by gene from N(mean, covariance), in float64."""
    s, d, f = plan.number, screen.n_days, screen.n_logits
    generator = torch.Generator().manual_seed(plan.seed)
    for genes, guides in gene_slices(screen, plan.beside):
        theta = np.empty((s, genes.stop - genes.start, f, d))
        delta = np.empty((s, guides.stop - guides.start, f))
        for block in fit.blocks:
            low, high = np.searchsorted(block.genes, (genes.start, genes.stop))  # block.genes is sorted
            if low == high:
                continue
            root = torch.linalg.cholesky(torch.from_numpy(block.covariance[low:high]))
            z = torch.randn((high - low, root.shape[1], s), generator=generator, dtype=torch.float64)
            draws = torch.from_numpy(block.mean[low:high]).unsqueeze(3) + (root @ z).view(high - low, d + block.n, f, s)
            theta[:, block.genes[low:high] - genes.start] = draws[:, :d].permute(3, 0, 2, 1).numpy()
            own_guides = block.guides[low:high].ravel() - guides.start
            delta[:, own_guides] = centred(draws[:, d:], 1).permute(3, 0, 1, 2).reshape(s, -1, f).numpy()
        yield EffectBlock(genes=genes, guides=guides, theta=theta, delta=delta)


def _named_scales(scales: Tensor) -> dict[str, np.ndarray]:
    values = scales.T.cpu().numpy()
    return {"tau": values[:, 0], "sigma_time": values[:, 1:-1], "sigma_guide": values[:, -1]}


def _rule(newton_tolerance: float) -> str:
    return (
        f"no log scale would move by {SCALE_TOLERANCE:g} of its SD (at least {LEAST_SD:g}) in a round and no log "
        f"weight by {WEIGHT_TOLERANCE:g}, then no effect by {newton_tolerance:g} in a Newton step"
    )
