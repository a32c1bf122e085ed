"""The log posterior of all effects at given scales and weight: what a search for its mode needs of it."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..model import Design, Prior, design_of_rows
from .curvature import Curvature, curvature_at


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Effects x [P] of a design under a prior, the likelihood of each row multiplied by its row_weight [U].

    N cells in U rows, F logits, the fates beside the reference.
    """

    design: Design
    prior: Prior
    row_weight: Tensor

    def weighted(self, factor: Tensor) -> "Problem":
        """The same with rows that count `factor` [U] times as much; 0 leaves a row out."""
        return replace(self, row_weight=self.row_weight * factor)

    def of_cells(self, counted: np.ndarray) -> "Problem":
        """The cells that count (bool [N]) alone. Those of one row must all count, or none."""
        own = torch.as_tensor(counted, device=self.row_weight.device)
        rows = self.design.row_sums(own.double()) > 0
        if not torch.equal(self.design.by_cell(rows), own):
            raise ValueError("Some cells of a row count and some do not.")
        design = design_of_rows(self.design, rows.cpu().numpy())
        return replace(self, design=design, row_weight=self.row_weight[rows])

    def mean(self, x: Tensor) -> Tensor:
        """Mean of the labels at x: [U, F]."""
        return self.design.likelihood.mean(self.design.predictor(x))

    def log_posterior(self, x: Tensor) -> float:
        """Log posterior at x up to a constant."""
        design = self.design
        by_row = design.likelihood.log_likelihood(design.predictor(x), design.labels)
        return float((self.row_weight * by_row).sum() - 0.5 * (x * self.prior.precision(design, x)).sum())

    def gradient(self, x: Tensor, mean: Tensor) -> Tensor:
        """Gradient of the log posterior at x, where the labels have that mean: J' weight score - Q x, [P]."""
        design = self.design
        score = design.likelihood.score(design.labels, mean)
        return design.transpose(self.row_weight.unsqueeze(1) * score) - self.prior.precision(design, x)

    def curvature(self, mean: Tensor) -> Curvature:
        """Minus the second derivative of the log posterior where the labels have that mean."""
        return curvature_at(self.design, self.prior, mean, self.row_weight)
