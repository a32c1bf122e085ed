"""Where a fit of a screen stands, so that other fits of it, or of a like screen, can start from there."""

from dataclasses import dataclass

from torch import Tensor

from ..model import Design, Priors, fixed_effect_prior, random_walk_prior
from .problem import Problem


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """x: effects [P]. scales: tau, sigma_time of each interval, sigma_guide [D + 1, F]. weight: by day [D].

    F logits, the fates beside the reference.
    """

    design: Design
    x: Tensor
    scales: Tensor
    weight: Tensor

    @property
    def cell_weight(self) -> Tensor:
        """Weight of each cell [N]."""
        return self.design.cell_weight(self.row_weight)

    @property
    def row_weight(self) -> Tensor:
        """Weight of each row of the design [U]."""
        return self.design.row_weight(self.weight)

    def posterior_problem(self, priors: Priors) -> Problem:
        """The posterior of the effects under the model's prior, at these scales and this weight."""
        prior = random_walk_prior(self.design, self.scales, priors)
        return Problem(design=self.design, prior=prior, row_weight=self.row_weight)

    def estimate_problem(self, priors: Priors) -> Problem:
        """The same under the prior of the fixed-effect estimates: of the scales, sigma_guide alone counts."""
        prior = fixed_effect_prior(self.design, self.scales[-1], priors)
        return Problem(design=self.design, prior=prior, row_weight=self.row_weight)
