"""The log posterior of all effects at given scales and weight: what a search for its mode needs of it."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..model import Design, Prior, design_of_cells
from .curvature import Curvature, curvature_at


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Effects x [P] of a design under a prior, each cell's likelihood multiplied by its cell_weight [N].

    N cells, F logits, the fates beside the reference.
    """

    design: Design
    prior: Prior
    cell_weight: Tensor

    def weighted(self, factor: Tensor) -> "Problem":
        """The same with cells that count `factor` [N] times as much; 0 leaves a cell out."""
        return replace(self, cell_weight=self.cell_weight * factor)

    def of_cells(self, counted: np.ndarray) -> "Problem":
        """The cells that count (bool [N]) alone."""
        index = torch.as_tensor(np.flatnonzero(counted), device=self.cell_weight.device)
        return replace(self, design=design_of_cells(self.design, counted), cell_weight=self.cell_weight[index])

    def mean(self, x: Tensor) -> Tensor:
        """Mean of the labels at x: [N, F]."""
        return self.design.likelihood.mean(self.design.predictor(x))

    def log_posterior(self, x: Tensor) -> float:
        """Log posterior at x up to a constant."""
        design = self.design
        by_cell = design.likelihood.log_likelihood(design.predictor(x), design.labels)
        return float((self.cell_weight * by_cell).sum() - 0.5 * (x * self.prior.precision(design, x)).sum())

    def gradient(self, x: Tensor, mean: Tensor) -> Tensor:
        """Gradient of the log posterior at x, where the labels have that mean: J' weight score - Q x, [P]."""
        design = self.design
        score = design.likelihood.score(design.labels, mean)
        return design.transpose(self.cell_weight.unsqueeze(1) * score) - self.prior.precision(design, x)

    def curvature(self, mean: Tensor) -> Curvature:
        """Minus the second derivative of the log posterior where the labels have that mean."""
        return curvature_at(self.design, self.prior, mean, self.cell_weight)
