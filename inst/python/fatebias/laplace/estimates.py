"""Fixed effects and the covariance of their noise.

A posterior is shrunk, an estimate is not. theta's prior becomes N(0, estimate_prior_sd^2), independent over
genes and days; deviations stay random with the fitted sigma_guide, and the fitted weight is kept. F logits, the fates
beside the reference.
"""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from ..base import QUIET, Run
from ..model import Design
from .baseline import Baseline
from .covariance import gene_covariances, sandwich_covariances
from .curvature import Curvature
from .mode import Mode, find_mode
from .options import LaplaceOptions, Perturbations
from .problem import Problem
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
class SolvedEstimates:
    """Fixed effects with the model's covariances of each gene's effects, by group of genes [genes, k, k].

    scales: of the baseline [D + 1, F]. p_eff: effective parameters by day [D]; p_units: of the units of noise;
    pearson_excess: what the labels' Pearson statistic loses by them [D].
    """

    effects: FixedEffects
    scales: Tensor
    model: list[Tensor]
    p_eff: Tensor
    p_units: Tensor
    pearson_excess: Tensor

    @property
    def design(self) -> Design:
        return self.effects.design

    @cached_property
    def scatter(self) -> Scatter:
        """Of the labels around the fixed effects."""
        return Scatter.at(self.effects.curvature, float(self.p_units))

    def sandwich(self, perturbations: Perturbations, run: Run = QUIET) -> list[Tensor]:
        """Covariances by the scatter of the labels, of the same shape as the model's."""
        return sandwich_covariances(self.effects.curvature, self.scatter, perturbations, run)


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
    found = gene_covariances(effects.curvature, options.perturbations, run.at("covariances"), excess)
    return SolvedEstimates(
        effects=effects, scales=baseline.scales, model=found.by_group, p_eff=found.p_eff, p_units=found.p_units,
        pearson_excess=found.pearson_excess,
    )  # fmt: skip
