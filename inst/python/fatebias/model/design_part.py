"""Some rows of a design as one: the same effects x, so that fits of parts and of the whole go together."""

from dataclasses import replace

import numpy as np
import torch

from .design import Design
from .row_sums import RowSums, entries_of


def design_of_rows(design: Design, counted: np.ndarray) -> Design:
    """The rows that count (bool [U]) alone, in their order. Guides and nuisance effects that they lack stay in x."""
    cells = np.flatnonzero(counted)
    place = np.cumsum(counted) - 1
    device = design.day.device
    index = torch.as_tensor(cells, device=device)
    groups = []
    for group in design.groups:
        pair_cell = group.pair_cell.cpu().numpy()
        kept = torch.as_tensor(counted[pair_cell], device=device)
        own = torch.as_tensor(place[pair_cell[counted[pair_cell]]], device=device)
        groups.append(replace(group, pair_cell=own, pair_entry=group.pair_entry[kept]))
    return replace(
        design,
        groups=tuple(groups),
        cell_sums=_lists_of(design.cell_sums, cells, design.n_guides * design.n_days, device),
        guide_sums=_entries_of(design.guide_sums, counted, place, device),
        nuisance=design.nuisance[index],
        day=design.day[index],
        n_carried=design.n_carried[index],
        labels=design.labels[index],
        given=None if design.given is None else design.given[index],
        cluster=None if design.cluster is None else design.cluster[index],
        cells=None if design.cells is None else design.cells.of_rows(counted),
    )


def _lists_of(sums: RowSums, chosen: np.ndarray, n_rows: int, device: torch.device) -> RowSums:
    """The chosen lists."""
    ptr, rows = sums.lists
    length, entry = entries_of(ptr, chosen)
    return RowSums(np.r_[0, np.cumsum(length)], rows[entry], n_rows, device)


def _entries_of(sums: RowSums, counted: np.ndarray, place: np.ndarray, device: torch.device) -> RowSums:
    """All lists, of the rows that count, which have new places."""
    ptr, rows = sums.lists
    kept = counted[rows]
    before = np.r_[0, np.cumsum(kept)]
    return RowSums(before[ptr], place[rows[kept]], int(counted.sum()), device)
