"""What SVI approximates: the posterior of a screen's effects at a weight of the likelihood."""

from dataclasses import dataclass

from torch import Tensor

from ..model import Cells, Layout, Priors


@dataclass(frozen=True, kw_only=True)
class Target:
    """A posterior: cells and layout of a screen, priors, and the likelihood's weight, a number or by day [D]."""

    cells: Cells
    layout: Layout
    priors: Priors
    weight: float | Tensor = 1.0

    @property
    def arguments(self) -> tuple[Layout, Priors, float | Tensor]:
        """Of the model and of an approximate posterior, beside the minibatch."""
        return self.layout, self.priors, self.weight
