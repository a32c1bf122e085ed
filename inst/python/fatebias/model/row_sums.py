"""Sums of rows of a table over lists of rows: the guides of a cell, the cells of a guide on a day."""

import warnings
from collections.abc import Iterator
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

NUMBERS_AT_ONCE = 1 << 22  # of the rows of some lists, in memory


def entries_of(ptr: np.ndarray, lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lengths of some lists, and where their entries lie, list by list; list i is from ptr[i] to ptr[i + 1]."""
    length = np.diff(ptr)[lists]
    before = np.cumsum(length) - length
    return length, np.repeat(ptr[:-1][lists] - before, length) + np.arange(length.sum())


class RowSums:
    """Sums of table rows over lists: out[i] = sum over j in rows[ptr[i]:ptr[i + 1]] of table[j]."""

    def __init__(self, ptr: np.ndarray, rows: np.ndarray, n_rows: int, device: str | torch.device):
        self._ptr = torch.as_tensor(ptr, dtype=torch.int32, device=device)
        self._rows = torch.as_tensor(rows, dtype=torch.int32, device=device)
        self._n_rows = n_rows

    @property
    def lists(self) -> tuple[np.ndarray, np.ndarray]:
        """The lists as ptr and rows: copies on the CPU."""
        return self._ptr.numpy(force=True).copy(), self._rows.numpy(force=True).copy()

    @cached_property
    def _matrix(self) -> Tensor:
        ones = torch.ones(len(self._rows), dtype=torch.float64, device=self._rows.device)
        with warnings.catch_warnings():
            # torch calls its CSR tensors beta; products are all we ask of them
            warnings.simplefilter("ignore", UserWarning)
            return torch.sparse_csr_tensor(self._ptr, self._rows, ones, (len(self._ptr) - 1, self._n_rows))

    def __call__(self, table: Tensor) -> Tensor:
        """table [n_rows, ...] -> [lists, ...]. embedding_bag is the faster in float32, sparse CSR in float64."""
        flat = table.reshape(len(table), -1)
        if table.dtype == torch.float32:
            out = embedding_bag(self._rows, flat, self._ptr, mode="sum", include_last_offset=True)
        else:
            out = self._matrix @ flat
        return out.reshape(-1, *table.shape[1:])

    def of_products(self, left: Tensor, right: Tensor, lists: Tensor | None = None) -> Tensor:
        """Sums of left[j] right[j]' over the lists, or some of them: [n_rows, a], [n_rows, b] -> [lists, a, b].

        Lists of about one length are products of matrices together, the shorter ones filled up with rows of 0.
        """
        lists = torch.arange(len(self._ptr) - 1, device=left.device) if lists is None else lists
        out = left.new_empty((len(lists), left.shape[1], right.shape[1]))
        for place, rows, real in self._padded(lists, left.shape[1] + right.shape[1]):
            out[place] = left[rows].mT @ (right[rows] * real.unsqueeze(2))
        return out

    def _padded(self, lists: Tensor, width: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Portions of lists [l] by their place, their rows [l, m] and whether each is one [l, m].

        width: numbers of a row.
        """
        length, order = self._ptr.diff()[lists].sort()
        stop = len(order)
        while stop:
            m = int(length[stop - 1])
            start = max(0, stop - max(1, NUMBERS_AT_ONCE // (max(m, 1) * width)))
            place, step = order[start:stop], torch.arange(m, device=order.device)
            real = step < length[start:stop, None]
            rows = self._rows[torch.where(real, self._ptr[lists[place]].unsqueeze(1) + step, 0)]
            yield place, rows, real
            stop = start
