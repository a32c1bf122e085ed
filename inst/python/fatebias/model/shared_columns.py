"""Columns that all logits of a cell share, day by day: most are 0 on all days but one."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class SharedColumns:
    """Columns [N, K] of a design's rows (cells), of which each is kept only on days where it is not 0 everywhere.

    n: K. cells: by day the cells [n_d]. here: by day the columns that are kept [k_d]. own: of each cell the numbers of
    its day's columns, filled up with 0 [N, largest k_d].
    """

    n: int
    cells: tuple[Tensor, ...]
    here: tuple[Tensor, ...]
    own: Tensor

    def of_day(self, day: int) -> tuple[Tensor, Tensor, Tensor]:
        """The cells of a day, the columns that are kept, and their numbers [n_d, k_d]."""
        cells, here = self.cells[day], self.here[day]
        return cells, here, self.own[cells, : len(here)]


def shared_columns(day: Tensor, n_days: int, columns: Tensor) -> SharedColumns:
    """Columns [N, K] of cells whose days are `day` [N]."""
    cells = tuple(torch.nonzero(day == d)[:, 0] for d in range(n_days))
    here = tuple(torch.nonzero((columns[of_day] != 0).any(0))[:, 0] for of_day in cells)
    own = columns.new_zeros((len(day), max(map(len, here))))
    for of_day, kept in zip(cells, here):
        own[of_day, : len(kept)] = columns[of_day[:, None], kept]
    return SharedColumns(n=columns.shape[1], cells=cells, here=here, own=own)
