"""From the order of genes and guides in x, which the design keeps to itself, to that of the screen."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class ScreenOrder:
    """Puts what is known of the genes or guides of each group, one group after the other, in the screen's order.

    genes int64 [L], guides int64 [G]: where each one of the screen lies among those of all groups.
    """

    genes: Tensor
    guides: Tensor

    def by_gene(self, parts: Sequence[Tensor], axis: int = 0) -> Tensor:
        """[.., genes, ..] of each group -> [.., L, ..], genes along the axis."""
        return torch.cat(list(parts), axis).index_select(axis, self.genes)

    def by_guide(self, parts: Sequence[Tensor], axis: int = 0) -> Tensor:
        """[.., guides, ..] of each group -> [.., G, ..], guides along the axis."""
        return torch.cat(list(parts), axis).index_select(axis, self.guides)
