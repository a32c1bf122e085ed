"""Fixed effects and the covariance of their noise.

A posterior is shrunk, an estimate is not. theta's prior becomes N(0, estimate_prior_sd^2), independent over
genes and days; deviations stay random with the fitted sigma_guide, and the fitted weight is kept. F logits, the fates
beside the reference.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from ..base import QUIET, Run
from ..model import Design
from .baseline import Baseline
from .contrasts import mean_vectors, mean_weights, theta_covariance
from .covariance import gene_covariances, solve_columns
from .curvature import Curvature
from .mode import Mode, find_mode
from .options import LaplaceOptions, Perturbations
from .problem import Problem
from .sandwich import Sandwich, sandwich_covariances, scattered
from .scatter import Scatter


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
class MeanOverGenes:
    """weight [L, D]: of each gene in the mean of theta by day. columns a [P, D F]: of that mean in x, by day and logit.
    with_mean, of_mean: see `covariance.Covariances`; tolerance: of solves.
    """

    weight: np.ndarray
    columns: Tensor
    with_mean: list[Tensor]
    of_mean: Tensor
    tolerance: float


@dataclass(frozen=True, kw_only=True)
class SolvedEstimates:
    """Fixed effects with the model's covariances of each gene's effects, by group of genes [genes, k, k].

    scales: of the baseline [D + 1, F]. p_eff: effective parameters by day [D]; p_units: of the units of noise;
    pearson_excess: what the labels' Pearson statistic loses by them [D]. mean: over genes, where a shift of all is
    asked for (`estimate_shift`).
    """

    effects: FixedEffects
    scales: Tensor
    model: list[Tensor]
    p_eff: Tensor
    p_units: Tensor
    pearson_excess: Tensor
    mean: MeanOverGenes | None = None

    @property
    def design(self) -> Design:
        return self.effects.design

    @cached_property
    def scatter(self) -> Scatter:
        """Of the labels around the fixed effects."""
        return Scatter.at(self.effects.curvature, float(self.p_units))

    @cached_property
    def toward_mean(self) -> Tensor:
        """A^-1 a: covariance of all effects with the mean over genes [P, D F]."""
        assert self.mean is not None
        return solve_columns(self.effects.curvature, self.mean.columns, self.mean.tolerance)

    @cached_property
    def scattered_mean(self) -> Tensor:
        """(M + Q) A^-1 a, M the scatter of the labels: [P, D F]."""
        return scattered(self.effects.curvature, self.scatter, self.toward_mean)

    def sandwich(self, perturbations: Perturbations, run: Run = QUIET) -> Sandwich:
        """Covariances by the scatter of the labels, of the same shape as the model's."""
        columns = None if self.mean is None else self.mean.columns
        return sandwich_covariances(self.effects.curvature, self.scatter, perturbations, run, columns)


def find_fixed_effects(baseline: Baseline, options: LaplaceOptions, run: Run = QUIET) -> FixedEffects:
    """Fixed effects at a baseline's weight and sigma_guide, searched from its effects. Raises FitError."""
    problem = baseline.estimate_problem(options.priors)
    return FixedEffects(problem=problem, mode=find_mode(problem, baseline.x, options.tolerances, run.at("mode")))


def solve_estimates(
    baseline: Baseline, options: LaplaceOptions, run: Run = QUIET, excess: bool = False
) -> SolvedEstimates:
    """The one way to fixed effects and their covariances: of a fit, of refits and of the certificate's checks.

    excess: give `pearson_excess` as well, else 0. From where the checkpoint stands. Raises FitError.
    """
    effects = find_fixed_effects(baseline, options, run)
    design, asked = effects.design, options.perturbations
    weight = mean_weights(theta_covariance(design, effects.curvature.inverses))
    columns = mean_vectors(design, weight) if options.estimate_shift == "prior" else None
    found = gene_covariances(effects.curvature, asked, run.at("covariances"), excess, columns)
    mean = None
    if columns is not None and found.with_mean is not None and found.of_mean is not None:
        mean = MeanOverGenes(
            weight=weight, columns=columns, with_mean=found.with_mean, of_mean=found.of_mean, tolerance=asked.tolerance
        )
    return SolvedEstimates(
        effects=effects, scales=baseline.scales, model=found.by_group, p_eff=found.p_eff, p_units=found.p_units,
        pearson_excess=found.pearson_excess, mean=mean,
    )  # fmt: skip
