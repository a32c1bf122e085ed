"""Refits for the certificate: lean, and warm-started from the fit of the screen as it is.

A refit gives fixed-effect estimates with their covariances, and where asked draws from their joint distribution over
all genes and days: estimates share the noise of the baseline, so that a mean over genes varies far more than
independent ones would, and the draws say how much.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..laplace import (
    AllFates,
    Baseline,
    Curvature,
    LaplaceOptions,
    Perturbations,
    SolvedEstimates,
    State,
    carried_by_day,
    contrast_covariance,
    draw_sandwich,
    estimated_theta,
    estimates_of,
    noise_of,
    perturbation,
    run_rounds,
    sd_of,
    solve_estimates,
    start_from,
)
from ..model import Design
from ..screens import Screen

DRAW_SEED = 1_000_003  # added to the seed: draws of the reference are not those behind the SEs


@dataclass(frozen=True, kw_only=True)
class Refit:
    """Fixed-effect estimates of theta for the contrast, NaN where a day has no cell of the gene.

    theta_hat [L, D]; covariance [L, D, D], all that the estimand asks for; model_se [L, D]: of the labels' noise, by
    the model. solved: what they were made from.
    """

    theta_hat: np.ndarray
    covariance: np.ndarray
    model_se: np.ndarray
    solved: SolvedEstimates

    @property
    def se(self) -> np.ndarray:
        """[L, D]."""
        return sd_of(self.covariance)


def settle(design: Design, options: LaplaceOptions, like: Baseline | None = None) -> Baseline:
    """Scales, weight and mode of a screen; started at those of a like one, with effects at 0 where designs differ."""
    assert design.cells is None  # checks go cell by cell
    start: State | None = None
    if like is not None:
        same = design is like.design
        start = start_from(like.x if same else design.nuisance.new_zeros(design.n_effects), like.scales, like.weight)
    return run_rounds(design, options, start=start).baseline(design)


def baseline_at(design: Design, x: np.ndarray, scales: np.ndarray, weight: np.ndarray) -> Baseline:
    """Where a fit of this design stands, from its numbers: effects [P], scales [D + 1, F], weight by day [D]."""
    parts = {"x": x, "scales": scales, "weight": weight}
    device = design.day.device
    return Baseline(design=design, **{name: torch.as_tensor(part, device=device) for name, part in parts.items()})


def refit_estimates(baseline: Baseline, screen: Screen, contrast: np.ndarray, options: LaplaceOptions) -> Refit:
    """Fixed-effect estimates of a screen at a baseline's weight and scales of deviations."""
    solved = solve_estimates(baseline, options)
    found = estimates_of(AllFates.of(solved, screen, options), contrast)
    return Refit(
        theta_hat=found.theta_hat, covariance=found.covariance, model_se=sd_of(found.model_covariance), solved=solved
    )


def refit_noise(baseline: Baseline, screen: Screen, contrast: np.ndarray, options: LaplaceOptions) -> Refit:
    """The same where neither guides nor replicates differ: the covariance is that of the labels' noise."""
    solved = solve_estimates(baseline, options)
    found = noise_of(solved, draw_sandwich(solved, options), carried_by_day(screen))
    model, by_scatter = (contrast_covariance(part, contrast) for part in (found.model, found.sandwich))
    covariance = by_scatter if options.se == "sandwich" else model
    return Refit(theta_hat=found.theta @ contrast, covariance=covariance, model_se=sd_of(model), solved=solved)


def reference_draws(
    solved: SolvedEstimates, contrast: np.ndarray, perturbations: Perturbations, n_draws: int, labels_only: bool = False
) -> np.ndarray:
    """Draws [S, L, D] of the error of the contrast of theta; `labels_only`: of the labels' part of it.

    `perturbations.number` of them at a time. The same seed gives each cell the same noise, so that draws of two
    groupings of guides belong together.
    """
    found, width, curvature = [], perturbations.number, solved.effects.curvature
    for first in range(0, n_draws, width):
        seed, count = perturbations.seed + DRAW_SEED + first, min(width, n_draws - first)
        r = _label_perturbation(curvature, seed, count) if labels_only else perturbation(curvature, seed, count)
        errors = curvature.solve(r, perturbations.tolerance).x
        found.append(estimated_theta(solved, errors, contrast, None if labels_only else np.random.default_rng(seed)))
    return np.concatenate(found)


def _label_perturbation(curvature: Curvature, seed: int, n_draws: int) -> Tensor:
    """r ~ N(0, J' W J): the part of `perturbation` that comes from the labels."""
    design = curvature.design
    generator = torch.Generator(design.day.device).manual_seed(seed)
    z = torch.randn((design.n_cells, design.n_logits, n_draws), generator=generator, device=design.day.device)
    return design.transpose(design.likelihood.scale_by_root_(z, curvature.mean, curvature.weight))
