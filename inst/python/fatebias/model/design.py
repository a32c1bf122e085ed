"""The linear map of the model: eta = J x for a vector x of all effects, and its transpose.

x stacks, gene by gene, theta [D, F] and the uncentred deviations v [n, F] of the gene's n guides
(delta = v minus its mean over the gene), then the nuisance effects [K, F], kind by kind (`nuisance`);
F logits, the fates beside the reference. Genes with the same number of guides lie side
by side, so that all their blocks are one tensor [genes, D + n, F, S] without any look-up; S is the number
of vectors moved at once.
J and J' are sums over lists of rows: the guides of a cell, the cells of a guide on a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from .likelihood import Likelihood
from .row_cells import RowCells
from .row_sums import RowSums
from .screen_order import ScreenOrder
from .shared_columns import SharedColumns, shared_columns


@dataclass(frozen=True, kw_only=True)
class GeneGroup:
    """Genes with n guides each, neighbours in the design's own order of genes.

    genes, guides: slices in that order. entries: slice of x with their blocks [len(genes), D + n, F].
    pair_cell [m], pair_entry [m]: cells that carry two guides of one gene, and the entry
    ((gene * n + i) * n + j) * D + day of the group's co-occurrence table that the pair counts in.
    """

    n: int
    genes: slice
    guides: slice
    entries: slice
    pair_cell: Tensor
    pair_entry: Tensor

    @property
    def n_genes(self) -> int:
        return int(self.genes.stop - self.genes.start)


@dataclass(frozen=True, kw_only=True)
class Order:
    """The screen's index of each gene [L] and guide [G], in the order of x."""

    genes: np.ndarray
    guides: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Design:
    """J of one screen on one device. N cells, G guides, L genes, D days, F logits (the fates beside the reference).

    A row is a cell, or all cells that are alike (`cells`); U rows, which are the N cells unless said otherwise.
    Genes and guides have an order of their own in x, which is known here only: what leaves by name (`theta`, `delta`,
    `by_gene`, `genes_of`, `rows`, ..) is in the screen's order.
    nuisance: float64 [U, K], the columns of the nuisance effects. kinds: where those of each kind lie, by its name.
    day: int64 [U].
    n_carried: float64 [U], targeting guides of a cell of the row.
    labels: float64 [U, F], those of `likelihood`, means over the cells of a row. given: float64 [U, F], a part of eta
    that is not for x to explain, or None. cluster: int64 [N], number of the cluster that a cell shares noise with, or
    None where each is alone, as it is wherever rows are not cells. cells: those of each row, or None where each is one.
    """

    groups: tuple[GeneGroup, ...]
    cell_sums: RowSums
    guide_sums: RowSums
    nuisance: Tensor
    kinds: Mapping[str, slice]
    day: Tensor
    n_carried: Tensor
    labels: Tensor
    n_days: int
    likelihood: Likelihood
    order: Order
    given: Tensor | None = None
    cluster: Tensor | None = None
    cells: RowCells | None = None

    @property
    def n_rows(self) -> int:
        """U."""
        return len(self.day)

    @property
    def n_cells(self) -> int:
        """N."""
        return self.n_rows if self.cells is None else len(self.cells.row)

    @property
    def n_logits(self) -> int:
        """F."""
        return self.labels.shape[1]

    @property
    def n_genes(self) -> int:
        return len(self.order.genes)

    @property
    def n_guides(self) -> int:
        return len(self.order.guides)

    @property
    def n_nuisance(self) -> int:
        return self.nuisance.shape[1]

    @property
    def n_effects(self) -> int:
        """Length of x."""
        return int(self.groups[-1].entries.stop) + self.n_nuisance * self.n_logits

    @cached_property
    def _nuisance_single(self) -> Tensor:
        return self.nuisance.float()

    @cached_property
    def shared_columns(self) -> SharedColumns:
        """J of what acts on all cells of a day: the nuisance columns and, by day, the number of targeting guides."""
        on_day = torch.nn.functional.one_hot(self.day, self.n_days) * self.n_carried.unsqueeze(1)
        return shared_columns(self.day, self.n_days, torch.cat([self.nuisance, on_day], 1))

    def nuisance_columns(self, dtype: torch.dtype) -> Tensor:
        return self.nuisance if dtype == torch.float64 else self._nuisance_single

    def blocks(self, x: Tensor, group: GeneGroup) -> Tensor:
        """View [genes, D + n, F, ...] of the group's part of x [P, ...]."""
        return x[group.entries].view(group.n_genes, self.n_days + group.n, self.n_logits, *x.shape[1:])

    def nuisance_part(self, x: Tensor) -> Tensor:
        """View [K, F, ...] of the nuisance effects in x."""
        return x[self.groups[-1].entries.stop :].view(self.n_nuisance, self.n_logits, *x.shape[1:])

    def theta(self, x: Tensor) -> Tensor:
        """Gene effects in x [P, ...], genes in the screen's order: [L, F, D, ...]."""
        return self.by_gene([self.blocks(x, group)[:, : self.n_days] for group in self.groups]).transpose(1, 2)

    def deviations(self, x: Tensor) -> Tensor:
        """Uncentred deviations v in x [P, ...], guides in the screen's order: [G, F, ...]."""
        return self.screen_order.by_guide(
            [self.blocks(x, group)[:, self.n_days :].flatten(0, 1) for group in self.groups]
        )

    def delta(self, x: Tensor) -> Tensor:
        """Deviations with mean 0 within a gene, guides in the screen's order: [G, F, ...]."""
        return self.screen_order.by_guide(
            [centred(self.blocks(x, group)[:, self.n_days :], 1).flatten(0, 1) for group in self.groups]
        )

    def by_gene(self, parts: Sequence[Tensor]) -> Tensor:
        """What is known of the genes of each group [genes, ...], in the screen's order: [L, ...]."""
        return self.screen_order.by_gene(parts)

    @cached_property
    def screen_order(self) -> ScreenOrder:
        """From the order of x to that of the screen."""
        genes, guides = (
            torch.as_tensor(np.argsort(order), device=self.day.device)
            for order in (self.order.genes, self.order.guides)
        )
        return ScreenOrder(genes=genes, guides=guides)

    def genes_of(self, group: GeneGroup) -> np.ndarray:
        """int [l], increasing: the group's genes in the screen."""
        return self.order.genes[group.genes]

    def guides_of(self, group: GeneGroup) -> np.ndarray:
        """int [l, n]: the guides of each of the group's genes in the screen."""
        return self.order.guides[group.guides].reshape(group.n_genes, group.n)

    def rows(self, gene: int) -> slice:
        """Where the effects of a gene of the screen lie in x."""
        place = int(self.screen_order.genes[gene])
        group = next(one for one in self.groups if one.genes.start <= place < one.genes.stop)
        size = (self.n_days + group.n) * self.n_logits
        first = int(group.entries.start) + (place - int(group.genes.start)) * size
        return slice(first, first + size)

    def sum_by_day(self, by_row: Tensor) -> Tensor:
        """Sums of a number a row [U] over the rows of each day: [D]."""
        return torch.bincount(self.day, weights=by_row, minlength=self.n_days)

    @property
    def cells_by_day(self) -> Tensor:
        """int64 [D]."""
        if self.cells is None:
            return torch.bincount(self.day, minlength=self.n_days)
        return self.sum_by_day(self.cells.count).long()

    @property
    def cell_labels(self) -> Tensor:
        """Labels of each cell: [N, F]."""
        return self.labels if self.cells is None else self.cells.labels

    def row_of(self, cells: Tensor) -> Tensor:
        """The rows that cells [m] are in."""
        return cells if self.cells is None else self.cells.row[cells]

    def by_cell(self, by_row: Tensor) -> Tensor:
        """What is known of each cell's row: [U, ...] -> [N, ...]."""
        return by_row if self.cells is None else by_row[self.cells.row]

    def row_sums(self, by_cell: Tensor) -> Tensor:
        """Sums over the cells of each row: [N, ...] -> [U, ...]."""
        return by_cell if self.cells is None else self.cells.sum(by_cell)

    def row_weight(self, by_day: Tensor) -> Tensor:
        """Weight of each row, all of its cells together, from that of a cell by day [D]: [U]."""
        weight = by_day[self.day]
        return weight if self.cells is None else weight * self.cells.count

    def cell_weight(self, by_row: Tensor) -> Tensor:
        """Weight of each cell from those of rows [U]: [N]."""
        return by_row if self.cells is None else self.by_cell(by_row / self.cells.count)

    def forward(self, x: Tensor) -> Tensor:
        """J x: [P, ...] -> eta [U, F, ...]."""
        d, tail = self.n_days, x.shape[1:]
        beta = x.new_empty((self.n_guides, d, self.n_logits, *tail))
        for group in self.groups:
            block = self.blocks(x, group)
            theta, v = block[:, :d], block[:, d:]
            own = beta[group.guides].view(group.n_genes, group.n, d, self.n_logits, *tail)
            torch.add(theta.unsqueeze(1), centred(v, 1).unsqueeze(2), out=own)
        eta = self.cell_sums(beta.view(-1, *beta.shape[2:]))
        columns = self.nuisance_columns(x.dtype)
        eta.view(len(eta), -1).addmm_(columns, self.nuisance_part(x).reshape(self.n_nuisance, -1))
        return eta

    def predictor(self, x: Tensor) -> Tensor:
        """eta [U, F] of the effects x [P], with what is given."""
        eta = self.forward(x)
        return eta if self.given is None else eta + self.given

    def transpose(self, e: Tensor) -> Tensor:
        """J' e: [U, F, ...] -> [P, ...]."""
        nuisance = self.nuisance_columns(e.dtype).T @ e.reshape(len(e), -1)
        return self.gather(self.guide_sums(e), nuisance.view(-1, *e.shape[1:]))

    def gather(self, by_guide: Tensor, nuisance: Tensor) -> Tensor:
        """J' e from its sums by guide and day [G D, F, ...] and those with the nuisance columns [K, F, ...]."""
        d, tail = self.n_days, by_guide.shape[2:]
        out = by_guide.new_empty((self.n_effects, *tail))
        for group in self.groups:
            rows = by_guide[group.guides.start * d : group.guides.stop * d]
            rows = rows.view(group.n_genes, group.n, d, self.n_logits, *tail)
            block = self.blocks(out, group)
            block[:, :d] = rows.sum(1)
            block[:, d:] = centred(rows.sum(2), 1)
        self.nuisance_part(out).copy_(nuisance)
        return out


def centred(values: Tensor, axis: int) -> Tensor:
    """Values minus their mean along the guides of a gene: v -> delta, and the transpose of that map."""
    return values - values.mean(axis, keepdim=True)
