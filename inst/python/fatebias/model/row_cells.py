"""Cells that are alike as one row of a design.

What is linear in labels sees their mean, with the weight of all of them, which is exact. What is quadratic (Pearson's
statistic, the scatter of scores) needs the cells themselves, or sums of squares of their labels. U rows, N cells, F
logits (the fates beside the reference).
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class RowCells:
    """row: int64 [N], of each cell. count: float64 [U], cells of each row. labels: float64 [N, F], of each cell;
    squares: float64 [U, F + 1], what `Likelihood.squared_labels` of them sums to.
    """

    row: Tensor
    count: Tensor
    labels: Tensor
    squares: Tensor

    def sum(self, by_cell: Tensor) -> Tensor:
        """Sums over the cells of each row: [N, ...] -> [U, ...]."""
        return sum_rows(by_cell, self.row, len(self.count))

    def scatter(self, by_cell: Tensor) -> Tensor:
        """Sums of s s' over the cells of each row: s [N, F] -> [U, F, F]."""
        f = by_cell.shape[1]
        out = by_cell.new_empty((len(self.count), f, f))
        for a in range(f):
            for b in range(a + 1):
                out[:, a, b] = out[:, b, a] = self.sum(by_cell[:, a] * by_cell[:, b])
        return out

    def of_rows(self, counted: np.ndarray) -> "RowCells":
        """Of the rows that count (bool [U]) alone."""
        kept = torch.as_tensor(counted, device=self.row.device)
        own = kept[self.row]
        return replace(
            self, row=(torch.cumsum(kept, 0) - 1)[self.row[own]], count=self.count[kept], labels=self.labels[own],
            squares=self.squares[kept],
        )  # fmt: skip


def sum_rows(by_cell: Tensor, row: Tensor, n_rows: int) -> Tensor:
    """Sums over the cells of each row: [N, ...] -> [U, ...]."""
    return by_cell.new_zeros((n_rows, *by_cell.shape[1:])).index_add_(0, row, by_cell)
