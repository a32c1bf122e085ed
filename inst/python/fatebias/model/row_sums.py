"""Sums of rows of a table over lists of rows: the guides of a cell, the cells of a guide on a day."""

import warnings
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


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
