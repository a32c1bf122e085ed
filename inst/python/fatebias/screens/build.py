"""A checked screen from cells as a file gives them and a guide map: usable cells, levels in order, guides by gene."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from natsort import natsorted, ns

from ..base import ScreenError, Settings
from .guide_map import GuideMap, first_few
from .screen import RawCells, Screen


def build_screen(cells: RawCells, guide_map: GuideMap, settings: Settings, where: str) -> Screen:
    """Leave out unusable cells, match guides to genes, index levels. `where` names the source in messages."""
    table = _genes_by_guide(guide_map, cells.guide_names, where)
    burden = np.diff(cells.guides.indptr)
    left_out = count_left_out(burden, settings.Kmax)
    keep = np.flatnonzero(usable_cells(burden, settings.Kmax))
    days = _levels(where, settings.day_key, cells.day, keep, settings.day_levels)
    replicates = _levels(where, settings.rep_key or "replicate", cells.replicate, keep)
    if len(days) < 2:
        raise ScreenError(f"{where} has one day only ({days[0]}); fatebias needs two or more days.")
    if len(keep) <= len(days) + len(replicates) + 1:
        raise ScreenError(f"{where} has too few usable cells: {len(keep)} of {len(burden)} (left out: {left_out}).")
    if settings.day_values and len(settings.day_values) != len(days):
        raise ScreenError(f"`day_values` has {len(settings.day_values)} values, but {where} has {len(days)} days.")
    kept = cells.guides[keep]
    carried = set(np.asarray(cells.guide_names, dtype=object)[np.unique(kept.indices)])
    table["carried"] = [guide in carried for guide in table.index]
    targeting = _sorted_by_gene(table[~table.ntc & table.carried])
    if targeting.empty:
        raise ScreenError(f"No usable cell of {where} carries a targeting guide of the map.")
    controls = table.index[table.ntc & table.carried]
    column = {guide: j for j, guide in enumerate(cells.guide_names)}
    day = pd.Index(days).get_indexer(pd.Index(cells.day[keep]))
    chosen = kept[:, [column[guide] for guide in targeting.index]].tocsr()
    chosen.sort_indices()
    return Screen(
        guide_ptr=chosen.indptr.astype(np.int64),
        guide_idx=chosen.indices.astype(np.int32),
        burden=burden[keep].astype(np.float64),
        fate_probs=cells.fate_probs[keep],
        fates=cells.fates,
        day=day,
        day_labels=tuple(days),
        day_values=settings.day_values or numbers_in(days),
        replicate=pd.Index(replicates).get_indexer(pd.Index(cells.replicate[keep])),
        replicate_labels=tuple(replicates),
        guide_gene=targeting.code.to_numpy(),
        guide_names=tuple(targeting.index),
        gene_names=tuple(dict.fromkeys(targeting.gene)),
        left_out=left_out,
        uncarried_guides=tuple(table.index[~table.carried]),
        dropped_genes=tuple(natsorted(set(table.gene[~table.ntc]) - set(targeting.gene))),
        burden_counts=np.bincount(burden),
        ntc_names=tuple(controls),
        ntc_cells=_cells_by_day(kept[:, [column[guide] for guide in controls]], day, len(days)),
    )


def _genes_by_guide(guide_map: GuideMap, guides: Sequence[str], where: str) -> pd.DataFrame:
    """The map with guides as index, columns gene and ntc; it must have all guides of the screen."""
    table = pd.DataFrame({"gene": guide_map.gene_names, "ntc": guide_map.is_ntc}, index=list(guide_map.guide_names))
    lacking = [guide for guide in guides if guide not in table.index]
    if lacking:
        raise ScreenError(
            f"The guide map lacks {len(lacking)} guide(s) of {where}: {first_few(lacking)}. Add them to the map."
        )
    return table


def usable_cells(burden: np.ndarray, most: int) -> np.ndarray:
    """bool [cells]: those with a guide, and with no more than `most` (`Kmax`). burden: guides in each cell."""
    return (burden > 0) & (burden <= most)


def count_left_out(burden: np.ndarray, most: int) -> dict[str, int]:
    """Cells that are not usable, by reason."""
    return {"no_guide": int((burden == 0).sum()), "too_many_guides": int((burden > most).sum())}


def _cells_by_day(presence: sp.csr_matrix, day: np.ndarray, n_days: int) -> np.ndarray:
    """int [guides, D], cells that carry a guide, by day. presence: cells x guides, 0 or 1; day: index of each cell."""
    in_day = sp.csr_matrix((np.ones(len(day), dtype=np.int64), (day, np.arange(len(day)))), shape=(n_days, len(day)))
    return np.asarray((in_day @ presence.astype(np.int64)).T.todense())


def _sorted_by_gene(targeting: pd.DataFrame) -> pd.DataFrame:
    """Guides grouped by gene, genes and guides otherwise in the order of the map."""
    codes, _ = pd.factorize(targeting.gene)
    return targeting.assign(code=codes).sort_values("code", kind="stable")


def sort_levels(labels: Iterable[str]) -> list[str]:
    """Distinct labels in natural order; numbers may have decimals: d2 < d10, 0.25 < 0.5, E8.5 < E10.5."""
    return natsorted(set(labels), alg=ns.FLOAT | ns.NOEXP)


def _levels(
    where: str, key: str, labels: np.ndarray, keep: np.ndarray, given: Sequence[str] | None = None
) -> list[str]:
    """Levels in order, each with at least 2 usable cells."""
    counts = pd.Series(labels[keep], dtype=object).value_counts().to_dict()
    found = sort_levels(labels)
    if given and set(given) != set(found):
        raise ScreenError(
            f"{where}: `{key}` has the levels {first_few(found)}, but the settings name {first_few(given)}."
        )
    levels = list(given or found)
    few = [f"{level} ({counts.get(level, 0)})" for level in levels if counts.get(level, 0) < 2]
    if few:
        raise ScreenError(
            f"{where}: `{key}` has level(s) with fewer than 2 usable cells: {first_few(few)}. Leave them out."
        )
    return levels


def numbers_in(labels: list[str]) -> tuple[float, ...] | None:
    """The one number in each label ("d2" -> 2), or None where a label has none or several, or two agree."""
    found = [re.findall(r"\d+(?:\.\d+)?", label) for label in labels]
    values = tuple(float(numbers[0]) for numbers in found if len(numbers) == 1)
    return values if len(values) == len(labels) and len(set(values)) == len(values) else None
