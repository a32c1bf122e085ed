"""A symmetric matrix of each cell, [N, F, F], known by its sums over cells alone: the curvature W, or score score'.

Where cells that are alike are one row of the design, that row is what is called a cell here, its matrix their sum.
With few fates the matrices themselves are held, and summed as rows. With many they are diag(d) + a b', of which the
vectors are held; sums over the cells of a guide are then products of matrices, and memory grows with N F.
F logits, the fates beside the reference; J_c: the map of `SharedColumns` [N, K], logits innermost.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ..model import Design, Likelihood, SharedColumns

MOST_DENSE = 5  # logits up to which matrices are held


class CellMatrices(ABC):
    """Sums that the curvature is made of. Results float64 unless they say otherwise."""

    @abstractmethod
    def at(self, cells: Tensor) -> Tensor:
        """The matrices of some cells [m]: [m, F, F]."""

    @abstractmethod
    def guide_sums(self, design: Design) -> Tensor:
        """Sums over the cells of each guide and day, in the order of `Design.guide_sums`: [G D, F, F]."""

    @abstractmethod
    def products(self, columns: SharedColumns) -> Tensor:
        """J_c' W J_c: [K F, K F]."""

    @abstractmethod
    def image(self, design: Design, columns: SharedColumns, products: Tensor) -> Tensor:
        """J' W J_c in single precision: [P, K F]. The first columns are the nuisance effects'; products: of these."""


@dataclass(frozen=True, kw_only=True)
class HeldMatrices(CellMatrices):
    """values: the matrices [N, F, F]."""

    values: Tensor

    def at(self, cells: Tensor) -> Tensor:
        return self.values[cells]

    def guide_sums(self, design: Design) -> Tensor:
        return design.guide_sums(self.values)

    def products(self, columns: SharedColumns) -> Tensor:
        f, k = self.values.shape[2], columns.n
        out = self.values.new_zeros((k, f, k, f))
        for day in range(len(columns.cells)):
            cells, here, own = columns.of_day(day)
            for a in range(f):
                for b in range(a + 1):
                    found = own.T @ (self.values[cells, a, b, None] * own)  # symmetric, as W is
                    for row, column in {(a, b), (b, a)}:
                        out[here[:, None], row, here, column] += found
        return out.view(k * f, k * f)

    def image(self, design: Design, columns: SharedColumns, products: Tensor) -> Tensor:
        f = design.n_logits
        bent = self.values.float().unsqueeze(2) * columns.own.float()[:, None, :, None]  # [N, F, k, F]
        own = design.guide_sums(bent)
        by_guide = own.new_zeros((len(own), f, columns.n, f))
        for day, here in enumerate(columns.here):
            by_guide[day :: design.n_days, :, here] = own[day :: design.n_days, :, : len(here)]
        return _gathered(design, by_guide, products)


@dataclass(frozen=True, kw_only=True)
class FactoredMatrices(CellMatrices):
    """diag(diagonal) + left right', each [N, F]."""

    diagonal: Tensor
    left: Tensor
    right: Tensor

    def at(self, cells: Tensor) -> Tensor:
        outer = self.left[cells].unsqueeze(2) * self.right[cells].unsqueeze(1)
        return outer + torch.diag_embed(self.diagonal[cells])

    def guide_sums(self, design: Design) -> Tensor:
        out = design.guide_sums.of_products(self.left, self.right)
        out.diagonal(dim1=1, dim2=2).add_(design.guide_sums(self.diagonal))
        return out

    def products(self, columns: SharedColumns) -> Tensor:
        f, k = self.diagonal.shape[1], columns.n
        out = self.diagonal.new_zeros((k, f, k, f))
        for day in range(len(columns.cells)):
            cells, here, own = columns.of_day(day)
            left, right = (_spread(values[cells], own) for values in (self.left, self.right))
            found = (left.T @ right).view(len(here), f, len(here), f)
            found.diagonal(dim1=1, dim2=3).add_(torch.einsum("nk,nf,nl->klf", own, self.diagonal[cells], own))
            out[here[:, None], :, here] += found.transpose(1, 2)
        return out.view(k * f, k * f)

    def image(self, design: Design, columns: SharedColumns, products: Tensor) -> Tensor:
        f, d = design.n_logits, design.n_days
        diagonal, left, right = (values.float() for values in (self.diagonal, self.left, self.right))
        by_guide = left.new_zeros((design.n_guides * d, f, columns.n, f))
        for day, here in enumerate(columns.here):
            rows = torch.arange(day, len(by_guide), d, device=left.device)
            own = columns.own[:, : len(here)].float()
            found = design.guide_sums.of_products(_spread(left, own), right, rows).view(len(rows), -1, f, f)
            found.diagonal(dim1=2, dim2=3).add_(design.guide_sums.of_products(own, diagonal, rows))
            by_guide[day::d, :, here] = found.permute(0, 3, 1, 2)
        return _gathered(design, by_guide, products)


def curvature_by_cell(likelihood: Likelihood, mean: Tensor, weight: Tensor) -> CellMatrices:
    """W of each cell at means of the labels [N, F] and cell weights [N]."""
    if mean.shape[1] > MOST_DENSE and likelihood.curvature_is_multinomial:
        weighted = weight.unsqueeze(1) * mean
        return FactoredMatrices(diagonal=weighted, left=-weighted, right=mean)
    return HeldMatrices(values=likelihood.curvature(mean, weight))


def squares_by_cell(score: Tensor) -> CellMatrices:
    """score score' of each cell, score [N, F]."""
    if score.shape[1] > MOST_DENSE:
        return FactoredMatrices(diagonal=torch.zeros_like(score), left=score, right=score)
    return HeldMatrices(values=score.unsqueeze(2) * score.unsqueeze(1))


def _spread(values: Tensor, columns: Tensor) -> Tensor:
    """Of each cell its column's number times its values: [N, K F], logits innermost."""
    return (columns.unsqueeze(2) * values.unsqueeze(1)).flatten(1)


def _gathered(design: Design, by_guide: Tensor, products: Tensor) -> Tensor:
    """J' W J_c from its sums by guide and day [G D, F, K, F], and its products with the nuisance columns."""
    _, f, k, _ = by_guide.shape
    nuisance = products[: design.n_nuisance * f].float().view(-1, f, k * f)
    return design.gather(by_guide.view(-1, f, k * f), nuisance)
