"""A screen that is known but for its cells: which of them are usable, their levels, the guides in order of the genes.

Its cells then come in parts, so that the preflight can look at all of them without a second screen in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from natsort import natsorted

from ..base import ScreenError, Settings, first_few
from .alike import LEAST_LIKE, AlikeCells, alike_cells, can_be_alike, few_guides
from .clones import clones_by_guides
from .counts import CELLS_AT_ONCE
from .covariates import number_clusters, standardise_covariates
from .days import order_days
from .guide_map import GuideMap
from .levels import count_levels, labels_of, refuse_few, sort_levels
from .screen import RawCells, Screen
from .usable import carriers_of, count_left_out, usable_cells


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What `plan_screen` found. N usable cells, G targeting guides, D days.

    usable: bool [cells of the file]. carriers: int [guides of the file], usable cells that carry each. place: int32
    [guides of the file], from 0 for targeting guides in the order of the screen, from G for controls, -1 for guides
    that no usable cell carries. day, replicate: int [levels that the file has], index of each in the screen.
    same: fields of `Screen` that do not go by cell. covariates: [N, C]; cluster: [N], or None.
    """

    cells: RawCells
    usable: np.ndarray
    carriers: np.ndarray
    place: np.ndarray
    day: np.ndarray
    replicate: np.ndarray
    same: dict[str, Any]
    covariates: np.ndarray
    cluster: np.ndarray | None

    @property
    def n_cells(self) -> int:
        return int(self.usable.sum())

    @cached_property
    def n_entries(self) -> int:
        """Targeting guides in all usable cells."""
        n_guides = len(self.same["guide_names"])
        return int(self.carriers[(self.place >= 0) & (self.place < n_guides)].sum())

    def parts(self) -> Iterator[Screen]:
        """The screen in parts of CELLS_AT_ONCE usable cells, in order: one where they are no more."""
        usable = np.flatnonzero(self.usable)
        for start in range(0, len(usable), CELLS_AT_ONCE):
            rows = usable[start : start + CELLS_AT_ONCE]
            yield self._part(rows, slice(start, start + len(rows)))

    def alike(self) -> AlikeCells | None:
        """`Screen.alike` of all parts together."""
        if not can_be_alike(len(self.same["fates"]) - 1, self.cluster):
            return None
        left, found = (1 - LEAST_LIKE) * self.n_cells, []
        for part in self.parts():
            left -= np.count_nonzero(~few_guides(part.guide_ptr))
            if left < 0:
                return None
            found.append((part.day, part.replicate, part.burden, np.diff(part.guide_ptr), part.guide_idx))
        *columns, per_cell, guide_idx = (np.concatenate(one) for one in zip(*found))
        return alike_cells([*columns, *self.covariates.T], np.r_[0, np.cumsum(per_cell)], guide_idx)

    def _part(self, rows: np.ndarray, among: slice) -> Screen:
        """Some cells. rows: of the file, increasing; among: their places among the usable cells."""
        cells = self.cells
        day = self.day[cells.day.codes[rows]]
        first, end = rows[0], rows[-1] + 1
        guides = cells.guides[first:end] if end - first == len(rows) else cells.guides[rows]
        place, n_guides = self.place[guides.indices], len(self.same["guide_names"])
        targeting = place < n_guides
        ptr = np.concatenate([[0], np.cumsum(targeting)])[guides.indptr]
        chosen = sp.csr_matrix((np.ones(ptr[-1], np.int8), place[targeting], ptr), shape=(len(rows), n_guides))
        chosen.sort_indices()
        controls = (place - n_guides)[~targeting].astype(np.int64)
        of_day = np.repeat(day, np.diff(guides.indptr - ptr))
        n_days, n_controls = len(self.same["day_labels"]), len(self.same["ntc_names"])
        by_day = np.bincount(controls * n_days + of_day, minlength=n_controls * n_days)
        return Screen(
            **self.same,
            guide_ptr=ptr,
            guide_idx=chosen.indices.astype(np.int32, copy=False),
            burden=np.diff(guides.indptr).astype(np.float64),
            fate_probs=cells.fate_probs[rows],
            other_probs=None if cells.other_probs is None else cells.other_probs[:, rows],
            day=day,
            replicate=self.replicate[cells.replicate.codes[rows]],
            ntc_cells=by_day.reshape(n_controls, n_days),
            covariates=self.covariates[among],
            cluster=None if self.cluster is None else self.cluster[among],
        )


def plan_screen(cells: RawCells, guide_map: GuideMap, settings: Settings, where: str) -> Plan:
    """Tell usable cells, match guides to genes, order levels; raises ScreenError where no screen can be made.

    where: the source, as messages name it.
    """
    table = _genes_by_guide(guide_map.named_as(cells.guide_names), cells.guide_names, where)
    most, burden, lacking = settings.Kmax, cells.burden, cells.lacks_fates
    usable, left_out = usable_cells(burden, most, lacking), count_left_out(burden, most, lacking)
    n_usable = int(usable.sum())
    levels, day, replicate = _index_levels(cells, usable, settings, where)
    covariates, names = _covariates(cells, usable, settings, where)
    if n_usable <= len(levels["day_labels"]) + len(levels["replicate_labels"]) + len(names) + 1:
        raise ScreenError(f"{where} has too few usable cells: {n_usable} of {cells.n_cells} (left out: {left_out}).")
    carriers = carriers_of(cells.guides, usable)
    carried = {guide for guide, n in zip(cells.guide_names, carriers) if n}
    table["carried"] = [guide in carried for guide in table.index]
    targeting = _sorted_by_gene(table[~table.ntc & table.carried])
    if targeting.empty:
        raise ScreenError(f"No usable cell of {where} carries a targeting guide of the map.")
    controls = table.index[table.ntc & table.carried]
    place = {guide: j for j, guide in enumerate([*targeting.index, *controls])}
    same = levels | {
        "fates": cells.fates,
        "guide_gene": targeting.code.to_numpy(),
        "guide_names": tuple(targeting.index),
        "gene_names": tuple(dict.fromkeys(targeting.gene)),
        "left_out": left_out,
        "uncarried_guides": tuple(table.index[~table.carried]),
        "dropped_genes": tuple(natsorted(set(table.gene[~table.ntc]) - set(targeting.gene))),
        "burden_counts": np.bincount(burden),
        "ntc_names": tuple(controls),
        "covariate_names": names,
        "label_sets": cells.label_sets,
        "mended": dict(cells.mended),
        "doubts": (*cells.doubts, *guide_map.doubts),
    }
    return Plan(
        cells=cells, usable=usable, carriers=carriers, day=day, replicate=replicate, same=same, covariates=covariates,
        place=np.array([place.get(guide, -1) for guide in cells.guide_names], dtype=np.int32),
        cluster=_clusters(cells, usable, table, settings, where),
    )  # fmt: skip


def _index_levels(
    cells: RawCells, usable: np.ndarray, settings: Settings, where: str
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Days and replicates of the screen, and the index there of each day and replicate that the file has."""
    days = order_days(labels_of(cells.day), settings, cells.day_order, where)
    replicates = sort_levels(labels_of(cells.replicate))
    refuse_few(where, settings.day_key or "day_key: null", count_levels(cells.day, usable), days.labels)
    refuse_few(where, settings.rep_key or "replicate", count_levels(cells.replicate, usable), replicates)
    levels = {
        "day_labels": days.labels,
        "day_values": days.values,
        "day_doubt": days.doubt,
        "replicate_labels": tuple(replicates),
    }
    day = pd.Index(days.labels).get_indexer(cells.day.categories)
    return levels, day, pd.Index(replicates).get_indexer(cells.replicate.categories)


def _covariates(
    cells: RawCells, usable: np.ndarray, settings: Settings, where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    if cells.covariates.shape[1] == 0:
        return np.zeros((int(usable.sum()), 0)), ()
    in_model = {
        f"day (`day_key: {settings.day_key}`)": cells.day[usable],
        f"replicate (`rep_key: {settings.rep_key}`)": cells.replicate[usable],
    }
    return standardise_covariates(cells.covariates.loc[usable], in_model, where)


def _clusters(
    cells: RawCells, usable: np.ndarray, table: pd.DataFrame, settings: Settings, where: str
) -> np.ndarray | None:
    """Those that a column names, or else clones told by their guides. table: of `_genes_by_guide`."""
    if cells.cluster is not None:
        return number_clusters(cells.cluster[usable], settings.cluster_key, where)
    if not settings.clones_by_guides:
        return None
    of_guide = table.loc[cells.guide_names]
    gene, _ = pd.factorize(of_guide.gene.where(~of_guide.ntc, ""))
    guides = cells.guides if usable.all() else cells.guides[np.flatnonzero(usable)]
    return clones_by_guides(guides, gene, np.asarray(cells.replicate.codes[usable]))


def _genes_by_guide(guide_map: GuideMap, guides: Sequence[str], where: str) -> pd.DataFrame:
    """The map with guides as index, columns gene and ntc; it must have all guides of the screen."""
    table = pd.DataFrame({"gene": guide_map.gene_names, "ntc": guide_map.is_ntc}, index=list(guide_map.guide_names))
    lacking = [guide for guide in guides if guide not in table.index]
    if lacking:
        raise ScreenError(
            f"The guide map lacks {len(lacking)} guide(s) of {where}: {first_few(lacking)}. Add them to the map."
        )
    return table


def _sorted_by_gene(targeting: pd.DataFrame) -> pd.DataFrame:
    """Guides grouped by gene, genes and guides otherwise in the order of the map."""
    codes, _ = pd.factorize(targeting.gene)
    return targeting.assign(code=codes).sort_values("code", kind="stable")
