"""Fixed-effect estimates of theta with their covariance: what mash is meant to be fed.

A posterior is shrunk, an estimate is not. theta's prior becomes N(0, estimate_prior_sd^2), independent over
genes and days; deviations stay random with the fitted sigma_guide, and the fitted weight is kept. F logits, the fates
beside the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..base import QUIET, Run
from ..model import Design
from ..screens import Screen
from .baseline import Baseline
from .covariance import gene_covariances, sandwich_covariances
from .curvature import Curvature
from .mode import Mode, find_mode
from .options import LaplaceOptions, Perturbations
from .problem import Problem

RATIO_DRAWS = 16  # draws behind the median ratio of SEs, where the sandwich itself is not asked for


@dataclass(frozen=True, kw_only=True)
class FixedEffects:
    """The mode of all effects under the prior of the estimates, and the curvature there."""

    problem: Problem
    mode: Mode

    @property
    def design(self) -> Design:
        return self.problem.design

    @property
    def x(self) -> Tensor:
        """Effects [P]."""
        return self.mode.x

    @cached_property
    def curvature(self) -> Curvature:
        """Made when it is asked for: not all need it."""
        return self.problem.curvature(self.mode.mean)


@dataclass(frozen=True, kw_only=True)
class SolvedEstimates:
    """Fixed effects with the model's covariances of each gene's effects, by group of genes [genes, k, k].

    p_eff: effective parameters by day [D].
    """

    effects: FixedEffects
    model: list[Tensor]
    p_eff: Tensor

    @property
    def design(self) -> Design:
        return self.effects.design

    def sandwich(self, perturbations: Perturbations, run: Run = QUIET) -> list[Tensor]:
        """Covariances by the scatter of the labels, of the same shape as the model's."""
        return sandwich_covariances(self.effects.curvature, float(self.p_eff.sum()), perturbations, run)


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Estimates of theta for the contrast. L genes, D days; NaN on a day without a cell that carries the gene.

    theta_hat [L, D]; covariance [L, D, D], of the kind that `se` asks for; model_covariance and
    sandwich_covariance, both kinds (the sandwich from RATIO_DRAWS draws only where `se` does not ask for it).
    sandwich_ratio: median over genes and days of the sandwich SE divided by the model's; near 1 under a right model.
    """

    theta_hat: np.ndarray
    covariance: np.ndarray
    model_covariance: np.ndarray
    sandwich_covariance: np.ndarray
    sandwich_ratio: float

    @property
    def se(self) -> np.ndarray:
        """[L, D]."""
        return sd_of(self.covariance)


def find_fixed_effects(baseline: Baseline, options: LaplaceOptions, run: Run = QUIET) -> FixedEffects:
    """Fixed effects at a baseline's weight and sigma_guide, searched from its effects. Raises FitError."""
    problem = baseline.estimate_problem(options.priors)
    return FixedEffects(problem=problem, mode=find_mode(problem, baseline.x, options.tolerances, run.at("mode")))


def solve_estimates(baseline: Baseline, options: LaplaceOptions, run: Run = QUIET) -> SolvedEstimates:
    """The one way to fixed effects and their covariances: of a fit, of refits and of the certificate's checks.

    From where the checkpoint stands. Raises FitError.
    """
    effects = find_fixed_effects(baseline, options, run)
    found = gene_covariances(effects.curvature, options.perturbations, run.at("covariances"))
    return SolvedEstimates(effects=effects, model=found.by_group, p_eff=found.p_eff)


def estimate_theta(
    baseline: Baseline, screen: Screen, contrast: np.ndarray, options: LaplaceOptions, run: Run = QUIET
) -> Estimates:
    """Estimates for the contrast with these weights [F], from where the checkpoint stands. Raises FitError."""
    saved = run.checkpoint.load()
    if saved:
        arrays: dict[str, Any] = {name: v.cpu().numpy() if isinstance(v, Tensor) else v for name, v in saved.items()}
        return Estimates(**arrays)
    found = _estimate_theta(baseline, screen, contrast, options, run)
    tensors = {name: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for name, v in vars(found).items()}
    run.checkpoint.save(tensors, 1, final=True)
    return found


def _estimate_theta(
    baseline: Baseline, screen: Screen, contrast: np.ndarray, options: LaplaceOptions, run: Run
) -> Estimates:
    solved, known = solve_estimates(baseline, options, run), carried_by_day(screen)
    wanted, asked = options.se == "sandwich", options.perturbations
    draws = asked if wanted else replace(asked, number=min(RATIO_DRAWS, asked.number))
    model, sandwich = (
        known_covariance(solved.design, by_group, contrast, known)
        for by_group in (solved.model, solved.sandwich(draws, run.at("sandwich")))
    )
    return Estimates(
        theta_hat=known_theta(solved.effects, contrast, known),
        covariance=sandwich if wanted else model,
        model_covariance=model,
        sandwich_covariance=sandwich,
        sandwich_ratio=float(np.nanmedian(sd_of(sandwich) / sd_of(model))),
    )


def known_theta(effects: FixedEffects, contrast: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Contrast of theta, NaN where it is not `known` [L, D]: [L, D]."""
    return np.where(known, contrast_theta(effects.design, effects.x.unsqueeze(1), contrast)[0], np.nan)


def known_covariance(design: Design, by_group: Sequence[Tensor], contrast: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`theta_covariance`, NaN where either day is not `known` [L, D]: [L, D, D]."""
    return np.where(known[:, :, None] & known[:, None, :], theta_covariance(design, by_group, contrast), np.nan)


def sd_of(covariance: np.ndarray) -> np.ndarray:
    """SDs [L, D] of covariances [L, D, D]."""
    return np.asarray(np.sqrt(np.einsum("ldd->ld", covariance)))


def carried_by_day(screen: Screen) -> np.ndarray:
    """bool [L, D]: does any cell of the day carry a guide of the gene?"""
    day = np.repeat(screen.day, np.diff(screen.guide_ptr))
    out = np.zeros((screen.n_genes, screen.n_days), dtype=bool)
    out[screen.guide_gene[screen.guide_idx], day] = True
    return out


def contrast_theta(design: Design, x: Tensor, contrast: np.ndarray) -> np.ndarray:
    """Contrast of theta in columns x [P, S], genes in the screen's order: [S, L, D]."""
    weights = torch.as_tensor(contrast, dtype=x.dtype, device=x.device)
    return torch.einsum("lfds,f->sld", design.theta(x), weights).double().cpu().numpy()


def theta_covariance(design: Design, by_group: Sequence[Tensor], contrast: np.ndarray) -> np.ndarray:
    """Covariance over days of the contrast of theta, genes in the screen's order: [L, D, D].

    by_group: covariances of each gene's effects, by group of genes [genes, k, k].
    """
    d, f = design.n_days, design.n_logits
    weights = torch.as_tensor(contrast, dtype=torch.float64, device=by_group[0].device)
    parts = [c[:, : d * f, : d * f].reshape(-1, d, f, d, f) for c in by_group]
    covariance = design.by_gene([torch.einsum("ldfeg,f,g->lde", part, weights, weights) for part in parts])
    return covariance.cpu().numpy()
