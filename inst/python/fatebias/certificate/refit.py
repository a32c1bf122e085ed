"""Refits for the certificate: lean, and warm-started from the fit of the screen as it is.

A refit gives fixed-effect estimates with their covariances, and draws from their joint distribution over all
genes and days: estimates share the noise of the baseline, so that a mean over genes varies far more than
independent ones would, and the draws say how much.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..base import FitError, Settings
from ..laplace import (
    MOST_NEWTON_STEPS,
    Curvature,
    State,
    carried_by_day,
    curvature_at,
    fate_probabilities,
    gene_covariances,
    newton_step,
    perturbation,
    run_rounds,
    sandwich_covariances,
    scale_by_root_,
    sd_of,
    start_from,
    theta_covariance,
)
from ..model import Design, Prior, fixed_effect_prior, random_walk_prior
from ..screens import Screen, contrast_weights

DRAW_SEED = 1_000_003  # added to the seed: draws of the reference are not those behind the SEs


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The fit of a screen that refits start from. x: effects [P]; scales [D + 1, F]; weight: by day [D]."""

    design: Design
    x: Tensor
    scales: Tensor
    weight: Tensor

    @property
    def cells(self) -> Tensor:
        """Weight of each cell [N]."""
        return self.weight[self.design.day]

    def prior(self, settings: Settings) -> Prior:
        """The model's prior at these scales."""
        return random_walk_prior(self.design, self.scales, settings)

    def fixed_prior(self, settings: Settings) -> Prior:
        """The prior of the fixed-effect estimates."""
        return fixed_effect_prior(self.design, self.scales[-1], settings)


@dataclass(frozen=True, kw_only=True)
class Refit:
    """Estimates of theta for the contrast, NaN where a day has no cell of the gene.

    theta_hat [L, D], covariance [L, D, D]; draws [S, L, D]: joint draws of their errors, in SEs.
    """

    theta_hat: np.ndarray
    covariance: np.ndarray
    draws: np.ndarray


def settle(design: Design, settings: Settings, like: Baseline | None = None) -> Baseline:
    """Scales, weight and mode of a screen; started at those of a like one, with effects at 0 where designs differ."""
    start: State | None = None
    if like is not None:
        same = design is like.design
        start = start_from(like.x if same else design.nuisance.new_zeros(design.n_effects), like.scales, like.weight)
    state = run_rounds(design, settings, start=start)
    return Baseline(design=design, x=state.x, scales=state.scales, weight=state.weight)


def mode_at(design: Design, prior: Prior, cells: Tensor, x: Tensor, settings: Settings) -> Tensor:
    """The mode at weights by cell [N], by Newton's method from x. Raises FitError."""
    for _ in range(MOST_NEWTON_STEPS):
        x, step, _, _ = newton_step(design, prior, cells, x, settings)
        if step < settings.newton_tolerance:
            return x
    raise FitError(
        f"A refit did not find its mode in {MOST_NEWTON_STEPS} Newton steps (last step {step:.2g}). "
        "Raise `newton_tolerance`."
    )


def fixed_effect_curvature(baseline: Baseline, settings: Settings) -> tuple[Tensor, Curvature]:
    """The fixed-effect estimates of all effects as one vector, and the curvature there."""
    design, prior = baseline.design, baseline.fixed_prior(settings)
    x = mode_at(design, prior, baseline.cells, baseline.x, settings)
    return x, curvature_at(design, prior, fate_probabilities(design.predictor(x)), baseline.cells)


def estimate_with_draws(baseline: Baseline, screen: Screen, settings: Settings, n_draws: int) -> Refit:
    """Fixed-effect estimates of a screen at a baseline's weight and scales of deviations."""
    x, curvature = fixed_effect_curvature(baseline, settings)
    contrast = contrast_weights(settings.contrast_fate, screen.fates)
    found = gene_covariances(curvature, settings)
    covariance = theta_covariance(baseline.design, found.by_group, contrast)
    known = carried_by_day(screen)
    draws = reference_draws(curvature, contrast, settings, n_draws) / sd_of(covariance)
    if settings.se == "sandwich":
        n_parameters, n = float(found.p_eff.sum()), settings.num_perturbations
        scatter = sandwich_covariances(curvature, n_parameters, n, settings)
        covariance = theta_covariance(baseline.design, scatter, contrast)
    return Refit(
        theta_hat=np.where(known, contrast_theta(baseline.design, x.unsqueeze(1), contrast)[0], np.nan),
        covariance=np.where(known[:, :, None] & known[:, None, :], covariance, np.nan),
        draws=np.where(known, draws, np.nan),
    )


def reference_draws(
    curvature: Curvature, contrast: np.ndarray, settings: Settings, n_draws: int, labels_only: bool = False
) -> np.ndarray:
    """Draws [S, L, D] of the error of the contrast of theta; `labels_only`: of the labels' part of it.

    The same seed gives each cell the same noise, so that draws of two groupings of guides belong together.
    """
    found = []
    for first in range(0, n_draws, settings.num_perturbations):
        seed, count = settings.seed + DRAW_SEED + first, min(settings.num_perturbations, n_draws - first)
        r = _label_perturbation(curvature, seed, count) if labels_only else perturbation(curvature, seed, count)
        solved = curvature.solve(r, settings.cg_tolerance).x
        found.append(contrast_theta(curvature.design, solved, contrast))
    return np.concatenate(found)


def contrast_theta(design: Design, x: Tensor, contrast: np.ndarray) -> np.ndarray:
    """Contrast of theta in columns x [P, S], genes in the screen's order: [S, L, D]."""
    weights = torch.as_tensor(contrast, dtype=x.dtype, device=x.device)
    parts = [design.blocks(x, group)[:, : design.n_days] for group in design.groups]
    theta = torch.cat([torch.einsum("ldfs,f->sld", part, weights) for part in parts], 1)
    return theta.double().cpu().numpy()[:, np.argsort(design.gene_order)]


def _label_perturbation(curvature: Curvature, seed: int, n_draws: int) -> Tensor:
    """r ~ N(0, J' W J): the part of `perturbation` that comes from the labels."""
    design = curvature.design
    generator = torch.Generator(design.day.device).manual_seed(seed)
    z = torch.randn((design.n_cells, design.n_fates, n_draws), generator=generator, device=design.day.device)
    return design.transpose(scale_by_root_(z, curvature.pi, curvature.weight))
