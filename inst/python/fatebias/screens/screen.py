"""The screen: cells, their guides, days, replicates and fate probabilities, ready for the model.

`Screen` is frozen and refuses bad shapes when it is built. Guides of a cell are a CSR list
(`guide_ptr`, `guide_idx`) over targeting guides, which are sorted by gene; control guides count
in `burden` and have no column, since their effect is exactly zero (DESIGN section 3).
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp
from natsort import natsorted, ns

from ..base import ScreenError, Settings
from .guide_map import GuideMap, first_few


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A checked screen. N cells, G targeting guides, L genes, F fates, D days, R replicates.

    guide_ptr: int64 [N + 1], guide_idx: int32 [entries]: cell i carries the guides
        guide_idx[guide_ptr[i]:guide_ptr[i + 1]]; a cell with control guides only has an empty list.
    burden: float [N], guides in the cell, controls counted.
    day, replicate: int [N], indices into day_labels and replicate_labels.
    fate_probs: float [N, F], columns as in `fates`, the reference first.
    guide_gene: int [G], index of each guide's gene, non-decreasing.
    day_values: time of each day, or None where the labels do not tell it.
    left_out: cells left out by reason. uncarried_guides: guides of the map that no cell carries.
    dropped_genes: genes all of whose guides are uncarried.
    burden_counts: int [most guides in a cell + 1], cells of the file by number of guides, those left out included.
    ntc_names: control guides carried by some usable cell. ntc_cells: int [their number, D], cells that carry each.
    """

    guide_ptr: np.ndarray
    guide_idx: np.ndarray
    burden: np.ndarray
    day: np.ndarray
    replicate: np.ndarray
    fate_probs: np.ndarray
    guide_gene: np.ndarray
    guide_names: tuple[str, ...]
    gene_names: tuple[str, ...]
    fates: tuple[str, ...]
    day_labels: tuple[str, ...]
    day_values: tuple[float, ...] | None
    replicate_labels: tuple[str, ...]
    left_out: Mapping[str, int]
    uncarried_guides: tuple[str, ...]
    dropped_genes: tuple[str, ...]
    burden_counts: np.ndarray
    ntc_names: tuple[str, ...]
    ntc_cells: np.ndarray

    def __post_init__(self):
        n, g = self.n_cells, self.n_guides
        _want(n > 0 and g > 0, "has no cell or no guide")
        _want(self.guide_ptr.shape == (n + 1,) and self.guide_ptr[0] == 0, "has a guide_ptr of the wrong shape")
        _want(self.guide_ptr[-1] == len(self.guide_idx), "has guide lists that do not end with guide_ptr")
        _want(_within(self.guide_idx, g), "has a guide index out of range")
        _want(self.burden.shape == self.day.shape == self.replicate.shape == (n,), "has columns of unequal length")
        _want(self.fate_probs.shape == (n, self.n_fates) and self.n_fates >= 2, "needs [cells, fates >= 2] fate_probs")
        _want(_within(self.day, self.n_days) and _within(self.replicate, self.n_replicates), "has an unknown level")
        _want(self.n_days >= 2, "needs two or more days")
        _want(self.guide_gene.shape == (g,) and _within(self.guide_gene, self.n_genes), "has a guide without gene")
        _want(bool(np.all(np.diff(self.guide_gene) >= 0)), "needs guides sorted by gene")

    @property
    def n_cells(self) -> int:
        return len(self.guide_ptr) - 1

    @property
    def n_cells_file(self) -> int:
        """Cells in the file."""
        return int(self.burden_counts.sum())

    @property
    def n_ntc(self) -> int:
        return len(self.ntc_names)

    @property
    def n_guides(self) -> int:
        return len(self.guide_names)

    @property
    def n_genes(self) -> int:
        return len(self.gene_names)

    @property
    def n_fates(self) -> int:
        return len(self.fates)

    @property
    def n_days(self) -> int:
        return len(self.day_labels)

    @property
    def n_replicates(self) -> int:
        return len(self.replicate_labels)

    @cached_property
    def guides_per_gene(self) -> np.ndarray:
        """int [L], guides of each gene."""
        return np.bincount(self.guide_gene, minlength=self.n_genes)

    @cached_property
    def burden_centered(self) -> np.ndarray:
        """float [N], guides in the cell minus the mean of its day."""
        mean = np.bincount(self.day, weights=self.burden) / np.bincount(self.day)
        return self.burden - mean[self.day]


@dataclass(frozen=True, kw_only=True)
class RawCells:
    """Cells as a file gives them: presence [cells, guides of the screen], labels, probabilities."""

    guides: sp.csr_matrix
    guide_names: list[str]
    day: np.ndarray
    replicate: np.ndarray
    fates: tuple[str, ...]
    fate_probs: np.ndarray


def build_screen(cells: RawCells, guide_map: GuideMap, settings: Settings, where: str) -> Screen:
    """Leave out unusable cells, match guides to genes, index levels. `where` names the source in messages."""
    table = pd.DataFrame({"gene": guide_map.gene_names, "ntc": guide_map.is_ntc}, index=list(guide_map.guide_names))
    lacking = [guide for guide in cells.guide_names if guide not in table.index]
    if lacking:
        raise ScreenError(
            f"The guide map lacks {len(lacking)} guide(s) of {where}: {first_few(lacking)}. Add them to the map."
        )
    burden = np.diff(cells.guides.indptr)
    left_out = {"no_guide": int((burden == 0).sum()), "too_many_guides": int((burden > settings.Kmax).sum())}
    keep = np.flatnonzero((burden > 0) & (burden <= settings.Kmax))
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
    day = pd.Index(days).get_indexer(cells.day[keep])
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
        replicate=pd.Index(replicates).get_indexer(cells.replicate[keep]),
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


def _cells_by_day(presence: sp.csr_matrix, day: np.ndarray, n_days: int) -> np.ndarray:
    """int [guides, D], cells that carry a guide, by day. presence: cells x guides, 0 or 1; day: index of each cell."""
    in_day = sp.csr_matrix((np.ones(len(day), dtype=np.int64), (day, np.arange(len(day)))), shape=(n_days, len(day)))
    return np.asarray((in_day @ presence.astype(np.int64)).T.todense())


def _sorted_by_gene(targeting: pd.DataFrame) -> pd.DataFrame:
    """Guides grouped by gene, genes and guides otherwise in the order of the map."""
    codes, _ = pd.factorize(targeting.gene)
    return targeting.assign(code=codes).sort_values("code", kind="stable")


def sort_levels(labels) -> list[str]:
    """Distinct labels in natural order; numbers may have decimals: d2 < d10, 0.25 < 0.5, E8.5 < E10.5."""
    return natsorted(set(labels), alg=ns.FLOAT | ns.NOEXP)


def _levels(where: str, key: str, labels: np.ndarray, keep: np.ndarray, given=None) -> list[str]:
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


def contrast_weights(contrast: str, fates: tuple[str, ...]) -> np.ndarray:
    """Weights [F - 1] that turn effects by non-reference fate into the reported contrast.

    contrast: a fate ("MES": its effect against the reference) or a difference ("MES - NEU").
    """
    parts = [contrast] if contrast in fates else contrast_parts(contrast)
    unknown = [part for part in parts if part not in fates]
    if unknown or len(parts) > 2 or len(set(parts)) != len(parts):
        raise ScreenError(
            f"`contrast_fate: {contrast}` must be one of the fates {', '.join(fates)}, or a difference such as "
            f"'{fates[-1]} - {fates[-2]}'{_unknown_parts(unknown, fates)}."
        )
    if parts == [fates[0]]:
        raise ScreenError(f"`contrast_fate: {contrast}` is the reference fate, whose effects are zero; name another.")
    weights = np.zeros(len(fates))
    for part, sign in zip(parts, (1.0, -1.0)):
        weights[fates.index(part)] += sign
    return weights[1:]


def contrast_parts(contrast: str) -> list[str]:
    """The fates of a difference; a minus without spaces around it belongs to the name of a fate."""
    return [part.strip() for part in contrast.split(" - ")]


def nearest_name(name: str, names: Sequence[str]) -> str | None:
    """The name that is most alike, upper and lower case aside; None where none is."""
    near = difflib.get_close_matches(name.lower(), [other.lower() for other in names], n=1)
    return next((other for other in names if near and other.lower() == near[0]), None)


def _unknown_parts(unknown: list[str], fates: Sequence[str]) -> str:
    """What is wrong with the parts of a contrast, as the end of a sentence."""
    text = ""
    for part in unknown:
        near = nearest_name(part, fates)
        text += f"; there is no fate '{part}'" + (f", the nearest one is '{near}'" if near else "")
        if "-" in part:
            text += " (the minus of a difference needs a space on either side)"
    return text


def _within(index: np.ndarray, size: int) -> bool:
    return len(index) == 0 or (int(index.min()) >= 0 and int(index.max()) < size)


def _want(ok: bool, what: str) -> None:
    if not ok:
        raise ScreenError(f"This screen {what}.")
