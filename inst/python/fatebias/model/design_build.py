"""The design of a screen: its cells, or the kinds of cells that are alike, as rows."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ..screens import Screen
from .design import Design, GeneGroup, Order
from .gene_pairs import pairs_within_gene
from .likelihood import SOFT_LABELS, Likelihood
from .nuisance import NO_TERMS, Terms, nuisance_columns
from .row_cells import RowCells, sum_rows
from .row_sums import RowSums, entries_of


def build_design(
    screen: Screen,
    device: str | torch.device = "cpu",
    likelihood: Likelihood = SOFT_LABELS,
    terms: Terms = NO_TERMS,
    join_alike: bool = False,
) -> Design:
    """The design of a screen on a device, with the labels of a likelihood and the nuisance effects of a model.

    join_alike: let cells that are alike be one row, where most are (`Screen.alike`) and the likelihood adds up.
    """
    alike = screen.alike if join_alike and likelihood.adds_up else None
    first = slice(None) if alike is None else alike.first
    day, n_days = screen.day[first], screen.n_days
    gene_order = np.argsort(screen.guides_per_gene, kind="stable")
    place_of_gene = np.argsort(gene_order)
    order = Order(genes=gene_order, guides=np.argsort(place_of_gene[screen.guide_gene], kind="stable"))
    n_carried, guide = np.diff(screen.guide_ptr), screen.guide_idx
    if alike is not None:
        n_carried, entry = entries_of(screen.guide_ptr, alike.first)
        guide = guide[entry]
    cell = np.repeat(np.arange(len(day), dtype=np.int32), n_carried)
    place = np.argsort(order.guides)[guide] * n_days + day[cell]
    n_places = screen.n_guides * n_days
    by_place = np.argsort(place, kind="stable")
    place_ptr = np.r_[0, np.cumsum(np.bincount(place, minlength=n_places))]
    nuisance = {kind: columns[first] for kind, columns in nuisance_columns(screen, terms).items()}

    def tensor(values: np.ndarray, kind: torch.dtype = torch.float64) -> Tensor:
        return torch.as_tensor(values, dtype=kind, device=device)

    labels = likelihood.labels(tensor(screen.fate_probs))
    cells = None if alike is None else _row_cells(likelihood, labels, tensor(alike.row, torch.int64))
    return Design(
        groups=_gene_groups(screen, order, pairs_within_gene(cell, guide, screen.guide_gene), day, device),
        cell_sums=RowSums(np.r_[0, np.cumsum(n_carried)], place, n_places, device),
        guide_sums=RowSums(place_ptr, cell[by_place], len(day), device),
        nuisance=tensor(np.concatenate(list(nuisance.values()), axis=1)),
        kinds=_places(nuisance),
        day=tensor(day, torch.int64),
        n_carried=tensor(n_carried),
        labels=labels if cells is None else cells.sum(labels) / cells.count.unsqueeze(1),
        n_days=n_days,
        likelihood=likelihood,
        order=order,
        cluster=None if screen.cluster is None else torch.as_tensor(screen.cluster, device=device),
        cells=cells,
    )


def _row_cells(likelihood: Likelihood, labels: Tensor, row: Tensor) -> RowCells:
    """Labels [N, F] of cells in rows [N]."""
    count = torch.bincount(row).double()
    squares = sum_rows(likelihood.squared_labels(labels), row, len(count))
    return RowCells(row=row, count=count, labels=labels, squares=squares)


def _places(nuisance: Mapping[str, np.ndarray]) -> Mapping[str, slice]:
    """Where the columns of each kind lie among all."""
    ends = np.cumsum([columns.shape[1] for columns in nuisance.values()]).tolist()
    return {name: slice(start, end) for name, start, end in zip(nuisance, [0, *ends], ends)}


def _gene_groups(
    screen: Screen, order: Order, pairs: np.ndarray, day: np.ndarray, device: str | torch.device
) -> tuple[GeneGroup, ...]:
    """Genes by their number of guides; pairs: rows of `pairs_within_gene`, in cells with days [U]."""
    n_days, f = screen.n_days, screen.n_logits
    sizes = screen.guides_per_gene[order.genes]
    first = np.r_[0, np.cumsum(sizes)]
    position = np.argsort(order.guides)[pairs[:, 1:]]
    groups, start = [], 0
    for n in np.unique(sizes):
        low, high = np.searchsorted(sizes, n, "left"), np.searchsorted(sizes, n, "right")
        mine = (position[:, 0] >= first[low]) & (position[:, 0] < first[high])
        local = position[mine] - first[low]
        gene, i, j = local[:, 0] // n, local[:, 0] % n, local[:, 1] % n
        entry = ((gene * n + i) * n + j) * n_days + day[pairs[mine, 0]]
        stop = start + (high - low) * (n_days + n) * f
        groups.append(
            GeneGroup(
                n=int(n),
                genes=slice(int(low), int(high)),
                guides=slice(int(first[low]), int(first[high])),
                entries=slice(int(start), int(stop)),
                pair_cell=torch.as_tensor(pairs[mine, 0], device=device),
                pair_entry=torch.as_tensor(entry, device=device),
            )  # fmt: skip
        )
        start = stop
    return tuple(groups)
