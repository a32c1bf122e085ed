"""Where a fit of a screen stands, so that other fits of it, or of a like screen, can start from there."""

from dataclasses import dataclass

from torch import Tensor

from ..model import Design, Prior, Priors, fixed_effect_prior, random_walk_prior


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
    def cells(self) -> Tensor:
        """Weight of each cell [N]."""
        return self.weight[self.design.day]

    def prior(self, priors: Priors) -> Prior:
        """The model's prior at these scales."""
        return random_walk_prior(self.design, self.scales, priors)

    def fixed_prior(self, priors: Priors) -> Prior:
        """The prior of the fixed-effect estimates."""
        return fixed_effect_prior(self.design, self.scales[-1], priors)
