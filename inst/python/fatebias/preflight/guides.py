"""Preflight of the guides: the matrix, its names and values, guides per cell and cells per guide."""

import numpy as np
import scipy.sparse as sp

from ..base import CONSTANTS
from ..screens import (
    MIN_UMI,
    THRESHOLDS,
    ScreenSource,
    count_left_out,
    doubt_burden,
    doubt_carriers,
    usable_cells,
)
from .findings import KEYS, Report, find_key
from .lookalikes import guide_tables, levels_of, name_lists

ITEM = KEYS["guide_key"][1]
_NO_GUIDES = 'put them there: adata.obsm["guide"] = cells x guides, 0 or 1; adata.uns["guide_names"] = their names'


def find_guides(report: Report, source: ScreenSource, known: set[str]) -> bool:
    """The guides and, for a matrix, their names."""
    alike = guide_tables(source, known)
    if not find_key(report, source, "guide_key", alike, _in_expression(source) or _NO_GUIDES):
        return False
    element = source.element("obsm", report.settings.guide_key)
    n = element.width if element is not None else None
    if element is not None and element.kind == "table":
        return True
    lists = name_lists(source, n or 0, known)
    otherwise = f'name its {n} columns: adata.uns["guide_names"] = [...]'
    return find_key(report, source, "guide_names_key", lists, otherwise)


def _in_expression(source: ScreenSource) -> str:
    """What to do where the guides are still features beside the genes."""
    kinds = source.element("var", "feature_types")
    levels = levels_of(kinds) if kinds is not None else None
    crispr = [level for level in levels or () if "crispr" in level.lower()]
    if not crispr:
        return ""
    return (
        f'the guides are among the features: g = adata[:, adata.var["feature_types"] == "{crispr[0]}"]; '
        f'adata.obsm["guide"] = (g.X >= {MIN_UMI}).astype("int8"); adata.uns["guide_names"] = list(g.var_names)'
    )


def check_presence(report: Report, guides: sp.csr_matrix) -> sp.csr_matrix:
    """Presence of guides; counts are a problem, and are looked at further as if any count were presence."""
    key, n = f"obsm['{report.settings.guide_key}']", guides.shape[1]
    data = np.asarray(guides.data, dtype=float)
    if (data == 1).all():
        report.ok(ITEM, f"{key}: {n:,} guides, 0 or 1")
        return guides
    if not np.isfinite(data).all() or (data < 0).any():
        report.problem(ITEM, f"{key} has values that are neither 0 nor 1, some NaN or negative", _NO_GUIDES)
    else:
        means = [f"{(data >= least).sum() / guides.shape[0]:.1f} from {least}" for least in THRESHOLDS]
        found = f"{key} holds counts up to {data.max():g}, not 0 or 1; guides a cell by threshold: {', '.join(means)}"
        report.problem(ITEM, found, f'choose a threshold: adata.{key} = (adata.{key} >= {MIN_UMI}).astype("int8")')
    return sp.csr_matrix((np.ones(len(data)), guides.indices, guides.indptr), shape=guides.shape)


def check_burden(report: Report, guides: sp.csr_matrix | None, lacking: np.ndarray | None) -> np.ndarray | None:
    """Which cells are usable, and how many guides they carry. lacking: cells without fate probabilities, if known."""
    if guides is None:
        return None
    if lacking is not None and len(lacking) != guides.shape[0]:
        lacking = None  # tables of unequal length, which is told
    item, most, burden = "Guides per cell", report.settings.Kmax, np.diff(guides.indptr)
    usable, left_out = usable_cells(burden, most, lacking), count_left_out(burden, most, lacking)
    none, many, unlabelled = left_out["no_guide"], left_out["too_many_guides"], left_out["no_fate_probs"]
    if not usable.any():
        found = f"no cell is usable: {none:,} without a guide, {many:,} with more than {most} (Kmax), {unlabelled:,} "
        found += "others without fate probabilities"
        report.problem(
            item, found, f"at most {burden.max(initial=0)} guides are in a cell: look at the guides, or raise Kmax"
        )
        return usable
    if doubt := doubt_burden(int(usable.sum()), left_out, most):
        report.doubt(doubt)
    else:
        out = f"left out: {none:,} cells without a guide, {many:,} with more than {most} (Kmax)"
        out += f", {unlabelled:,} without fate probabilities" if unlabelled else ""
        report.ok(item, f"{burden[usable].mean():.1f} in {usable.sum():,} usable cells; {out}")
    cells = np.bincount(guides[usable].indices, minlength=guides.shape[1])
    if doubt := doubt_carriers(cells):
        report.doubt(doubt)
    else:
        few = int((cells < CONSTANTS.few_cells).sum())
        found = f"median {np.median(cells):,.0f}; {few:,} of {len(cells):,} guides in fewer than {CONSTANTS.few_cells}"
        report.ok("Cells per guide", found)
    return usable
