"""A checked screen from cells as a file gives them and a guide map: usable cells, levels in order, guides by gene."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from natsort import natsorted

from ..base import ScreenError, Settings, first_few
from .baseline import refuse_without_baseline
from .covariates import number_clusters, standardise_covariates
from .days import order_days
from .guide_map import GuideMap
from .levels import refuse_few, sort_levels
from .screen import RawCells, Screen


def build_screen(cells: RawCells, guide_map: GuideMap, settings: Settings, where: str) -> Screen:
    """Leave out unusable cells, match guides to genes, index levels. `where` names the source in messages."""
    table = _genes_by_guide(guide_map.named_as(cells.guide_names), cells.guide_names, where)
    most, lacking = settings.Kmax, cells.lacks_fates
    keep = np.flatnonzero(usable_cells(cells.burden, most, lacking))
    left_out = count_left_out(cells.burden, most, lacking)
    levels = _index_levels(cells, keep, settings, where)
    covariates, names = _covariates(cells, keep, settings, where)
    if len(keep) <= len(levels["day_labels"]) + len(levels["replicate_labels"]) + len(names) + 1:
        raise ScreenError(f"{where} has too few usable cells: {len(keep)} of {cells.n_cells} (left out: {left_out}).")
    kept = cells.guides[keep]
    carried = carried_guides(cells, most)
    table["carried"] = [guide in carried for guide in table.index]
    targeting = _sorted_by_gene(table[~table.ntc & table.carried])
    if targeting.empty:
        raise ScreenError(f"No usable cell of {where} carries a targeting guide of the map.")
    controls = table.index[table.ntc & table.carried]
    column = {guide: j for j, guide in enumerate(cells.guide_names)}
    chosen = kept[:, [column[guide] for guide in targeting.index]].tocsr()
    chosen.sort_indices()
    of_controls = kept[:, [column[guide] for guide in controls]]
    screen = Screen(
        guide_ptr=chosen.indptr.astype(np.int64),
        guide_idx=chosen.indices.astype(np.int32),
        burden=cells.burden[keep].astype(np.float64),
        fate_probs=cells.fate_probs[keep],
        fates=cells.fates,
        **levels,
        guide_gene=targeting.code.to_numpy(),
        guide_names=tuple(targeting.index),
        gene_names=tuple(dict.fromkeys(targeting.gene)),
        left_out=left_out,
        uncarried_guides=tuple(table.index[~table.carried]),
        dropped_genes=tuple(natsorted(set(table.gene[~table.ntc]) - set(targeting.gene))),
        burden_counts=np.bincount(cells.burden),
        ntc_names=tuple(controls),
        ntc_cells=_cells_by_day(of_controls, levels["day"], len(levels["day_labels"])),
        covariates=covariates,
        covariate_names=names,
        cluster=number_clusters(_rows(cells.cluster, keep), settings.cluster_key, where),
        mended=dict(cells.mended),
        doubts=(*cells.doubts, *guide_map.doubts),
    )
    refuse_without_baseline(screen, where)
    return screen


def usable_cells(burden: np.ndarray, most: int, lacking: np.ndarray | None = None) -> np.ndarray:
    """bool [cells]: those with a guide, with no more than `most` (`Kmax`), and with fate probabilities.

    burden: guides in each cell. lacking: which cells have no fate probabilities; None: none.
    """
    usable = (burden > 0) & (burden <= most)
    return usable if lacking is None else usable & ~lacking


def count_left_out(burden: np.ndarray, most: int, lacking: np.ndarray | None = None) -> dict[str, int]:
    """Cells that are not usable, by the first reason that holds; arguments as for `usable_cells`."""
    by_guides = usable_cells(burden, most)
    return {
        "no_guide": int((burden == 0).sum()),
        "too_many_guides": int((burden > most).sum()),
        "no_fate_probs": 0 if lacking is None else int((by_guides & lacking).sum()),
    }


def carried_guides(cells: RawCells, most: int) -> set[str]:
    """Names of the guides that usable cells carry. most: guides in a cell (`Kmax`)."""
    kept = cells.guides[usable_cells(cells.burden, most, cells.lacks_fates)]
    return set(np.asarray(cells.guide_names, dtype=object)[np.unique(kept.indices)])


def _index_levels(cells: RawCells, keep: np.ndarray, settings: Settings, where: str) -> dict[str, Any]:
    """Days and replicates of the screen, and their index for each usable cell."""
    days = order_days(cells.day, settings, cells.day_order, where)
    replicates = sort_levels(cells.replicate)
    refuse_few(where, settings.day_key or "day_key: null", cells.day[keep], days.labels)
    refuse_few(where, settings.rep_key or "replicate", cells.replicate[keep], replicates)
    return {
        "day": pd.Index(days.labels).get_indexer(pd.Index(cells.day[keep])),
        "day_labels": days.labels,
        "day_values": days.values,
        "day_doubt": days.doubt,
        "replicate": pd.Index(replicates).get_indexer(pd.Index(cells.replicate[keep])),
        "replicate_labels": tuple(replicates),
    }


def _covariates(
    cells: RawCells, keep: np.ndarray, settings: Settings, where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    if cells.covariates.shape[1] == 0:
        return np.zeros((len(keep), 0)), ()
    in_model = {
        f"day (`day_key: {settings.day_key}`)": cells.day[keep],
        f"replicate (`rep_key: {settings.rep_key}`)": cells.replicate[keep],
    }
    return standardise_covariates(cells.covariates.iloc[keep], in_model, where)


def _rows(labels: np.ndarray | None, keep: np.ndarray) -> np.ndarray | None:
    return None if labels is None else labels[keep]


def _genes_by_guide(guide_map: GuideMap, guides: Sequence[str], where: str) -> pd.DataFrame:
    """The map with guides as index, columns gene and ntc; it must have all guides of the screen."""
    table = pd.DataFrame({"gene": guide_map.gene_names, "ntc": guide_map.is_ntc}, index=list(guide_map.guide_names))
    lacking = [guide for guide in guides if guide not in table.index]
    if lacking:
        raise ScreenError(
            f"The guide map lacks {len(lacking)} guide(s) of {where}: {first_few(lacking)}. Add them to the map."
        )
    return table


def _cells_by_day(presence: sp.csr_matrix, day: np.ndarray, n_days: int) -> np.ndarray:
    """int [guides, D], cells that carry a guide, by day. presence: cells x guides, 0 or 1; day: index of each cell."""
    in_day = sp.csr_matrix((np.ones(len(day), dtype=np.int64), (day, np.arange(len(day)))), shape=(n_days, len(day)))
    return np.asarray((in_day @ presence.astype(np.int64)).T.todense())


def _sorted_by_gene(targeting: pd.DataFrame) -> pd.DataFrame:
    """Guides grouped by gene, genes and guides otherwise in the order of the map."""
    codes, _ = pd.factorize(targeting.gene)
    return targeting.assign(code=codes).sort_values("code", kind="stable")
