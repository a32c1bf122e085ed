"""The screen as tensors on one device, and minibatches of its cells.

A guide entry of a cell is stored as the row `day * G + guide` of the table of guide effects, so
that the sum over a cell's guides is one look-up and one sum a cell (never a [B, G, F] tensor).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..screens import Screen
from .likelihood import SOFT_LABELS, Likelihood
from .nuisance import NO_TERMS, Terms, extra_columns


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells as tensors: all N of a screen, or a minibatch.

    ptr: int64 [B + 1], rows: int64 [entries]: rows[ptr[i]:ptr[i + 1]] are cell i's guides as day * G + guide.
    day, replicate: int64 [B]. burden_centered: [B]. extra: [B, k], columns of the nuisance effects beside alpha, b and
    gamma. fate_probs: [B, F + 1], the reference first; F logits, the fates
    beside the reference.
    """

    ptr: Tensor
    rows: Tensor
    day: Tensor
    replicate: Tensor
    burden_centered: Tensor
    fate_probs: Tensor
    extra: Tensor

    def __len__(self) -> int:
        return len(self.day)

    def take(self, index: Tensor) -> "Cells":
        """The cells at `index`, in that order."""
        start, length = self.ptr[index], self.ptr[index + 1] - self.ptr[index]
        ptr = torch.cat([length.new_zeros(1), torch.cumsum(length, 0)])
        shift = torch.repeat_interleave(start - ptr[:-1], length, output_size=int(ptr[-1]))
        return Cells(
            ptr=ptr,
            rows=self.rows[shift + torch.arange(len(shift), device=shift.device)],
            day=self.day[index],
            replicate=self.replicate[index],
            burden_centered=self.burden_centered[index],
            fate_probs=self.fate_probs[index],
            extra=self.extra[index],
        )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Sizes and the guide-to-gene index of a screen, and the likelihood: all that the model needs beside the cells.

    guide_gene: int64 [G]; guides_per_gene: int64 [L]; n_logits: F, the fates beside the reference.
    extra: number of nuisance effects of each kind beside alpha, b and gamma, in the order of `Cells.extra`.
    """

    guide_gene: Tensor
    guides_per_gene: Tensor
    n_cells: int
    n_logits: int
    n_days: int
    n_replicates: int
    likelihood: Likelihood = SOFT_LABELS
    extra: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_genes(self) -> int:
        return len(self.guides_per_gene)

    @property
    def n_guides(self) -> int:
        return len(self.guide_gene)


def to_tensors(
    screen: Screen,
    device: str = "cpu",
    dtype: torch.dtype = torch.float64,
    likelihood: Likelihood = SOFT_LABELS,
    terms: Terms = NO_TERMS,
) -> tuple[Cells, Layout]:
    """The cells and the layout of a screen on a device."""

    def tensor(values: np.ndarray, kind: torch.dtype) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), dtype=kind, device=device)

    extra = extra_columns(screen, terms)
    per_cell = np.diff(screen.guide_ptr)
    rows = np.repeat(screen.day, per_cell) * np.int64(screen.n_guides) + screen.guide_idx
    cells = Cells(
        ptr=tensor(screen.guide_ptr, torch.int64),
        rows=tensor(rows, torch.int64),
        day=tensor(screen.day, torch.int64),
        replicate=tensor(screen.replicate, torch.int64),
        burden_centered=tensor(screen.burden_centered, dtype),
        fate_probs=tensor(screen.fate_probs, dtype),
        extra=tensor(np.concatenate([np.empty((screen.n_cells, 0)), *extra.values()], axis=1), dtype),
    )
    layout = Layout(
        guide_gene=tensor(screen.guide_gene, torch.int64),
        guides_per_gene=tensor(screen.guides_per_gene, torch.int64),
        n_cells=screen.n_cells,
        n_logits=screen.n_logits,
        n_days=screen.n_days,
        n_replicates=screen.n_replicates,
        likelihood=likelihood,
        extra={kind: columns.shape[1] for kind, columns in extra.items()},
    )
    return cells, layout


def steps_per_epoch(n_cells: int, batch_size: int) -> int:
    """Minibatches in one pass over the cells."""
    return -(-n_cells // batch_size)


class Minibatches:
    """Endless minibatches: each epoch is a permutation cut into equal parts, so that every cell is seen once in it.

    With batch_size >= N the one batch is all cells, in their order.
    order: int64 [N], the present epoch's permutation, or None before the first. taken: parts of it that were given.
    """

    def __init__(self, cells: Cells, batch_size: int):
        self._cells, self._parts = cells, steps_per_epoch(len(cells), batch_size)
        self.order: Tensor | None = None
        self.taken = self._parts

    def __iter__(self) -> "Minibatches":
        return self

    def __next__(self) -> Cells:
        if self._parts == 1:
            return self._cells
        if self.order is None or self.taken == self._parts:
            self.order, self.taken = torch.randperm(len(self._cells), device="cpu").to(self._cells.day.device), 0
        index = torch.tensor_split(self.order, self._parts)[self.taken]
        self.taken += 1
        return self._cells.take(index)
