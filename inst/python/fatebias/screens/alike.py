"""Cells that are alike: equal in all that a model knows of them beside their labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

MOST_GUIDES = 3  # of cells that are compared: with more, hardly two have the same ones
LEAST_LIKE = 0.5  # share of the cells that are like an earlier one, below which none are said to be
MOST_LOGITS = 5  # of screens whose cells are said to be alike: a fit holds F x F numbers of each kind


@dataclass(frozen=True, kw_only=True)
class AlikeCells:
    """row: int64 [N], the kind of each cell, from 0 in the order of their first cells. first: int64 [kinds], these.
    entries: guides in the first cells.
    """

    row: np.ndarray
    first: np.ndarray
    entries: int


def can_be_alike(n_logits: int, cluster: np.ndarray | None) -> bool:
    """Is it asked of a screen at all? Not where cells of a cluster share noise, nor with many fates."""
    return cluster is None and n_logits <= MOST_LOGITS


def few_guides(guide_ptr: np.ndarray) -> np.ndarray:
    """bool [N]: cells that are compared with others."""
    return np.asarray(np.diff(guide_ptr) <= MOST_GUIDES)


def alike_cells(columns: Sequence[np.ndarray], guide_ptr: np.ndarray, guide_idx: np.ndarray) -> AlikeCells | None:
    """Cells with equal numbers in all columns [N] and the same list of guides; None where few have their like."""
    per_cell = np.diff(guide_ptr)
    n, few = len(per_cell), np.flatnonzero(few_guides(guide_ptr))
    if len(few) < LEAST_LIKE * n:
        return None
    lists = [_guide(guide_ptr[few], per_cell[few], guide_idx, k) for k in range(MOST_GUIDES)]
    kind = _numbered([column[few] for column in columns] + lists)
    _, first = np.unique(kind, return_index=True)
    if len(few) - len(first) < LEAST_LIKE * n:
        return None
    like = np.arange(n)
    like[few] = few[first[kind]]
    is_first = like == np.arange(n)
    entries = int(per_cell[is_first].sum())
    return AlikeCells(row=np.cumsum(is_first)[like] - 1, first=np.flatnonzero(is_first), entries=entries)


def _guide(start: np.ndarray, per_cell: np.ndarray, guide_idx: np.ndarray, k: int) -> np.ndarray:
    """The k-th guide of each list that begins at `start`, -1 where it has fewer."""
    out = np.full(len(start), -1, dtype=np.int64)
    has = per_cell > k
    out[has] = guide_idx[start[has] + k]
    return out


def _numbered(columns: Sequence[np.ndarray]) -> np.ndarray:
    """A number from 0 for all that the rows of columns hold together."""
    found = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        number, kinds = pd.factorize(column)
        found, _ = pd.factorize(found * len(kinds) + number)
    return np.asarray(found)
