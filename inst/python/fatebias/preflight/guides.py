"""Preflight of the guides: the matrix, its names and values, guides per cell and cells per guide."""

import dataclasses

import numpy as np
import scipy.sparse as sp

from ..base import CONSTANTS, Settings
from ..containers import ScreenSource
from ..screens import (
    MIN_UMI,
    THRESHOLDS,
    Reader,
    carriers_of,
    count_left_out,
    doubt_burden,
    doubt_carriers,
    presence_of,
    usable_cells,
)
from .findings import KEYS, Report, find_key
from .lookalikes import guide_tables, levels_of, name_lists

ITEM = KEYS["guide_key"][1]
PROBABILITIES = (0.5, 0.8, 0.95)  # thresholds that a finding shows
MIN_PROBABILITY = 0.8  # of presence, as sceptre's mixture assigns guides
_NO_GUIDES = 'put them there: adata.obsm["guide"] = cells x guides, 0 or 1; adata.uns["guide_names"] = their names'


def find_guides(report: Report, source: ScreenSource, known: set[str]) -> bool:
    """The guides and, for a matrix, their names."""
    table, key, _ = Reader(source, report.settings).guide_place
    if table == "obsm" or source.element(table, key) is None:
        otherwise = "" if source.element("obsm", key) is not None else _in_expression(source) or _NO_GUIDES
        modality = report.settings.guide_modality or ""
        if not find_key(report, source, "guide_key", lambda: guide_tables(source, known, modality), otherwise):
            return False
        table, key, _ = Reader(source, report.settings).guide_place
    if known:
        Reader(source, report.settings).refuse_expression(known)
    element = source.element(table, key)
    n = element.width if element is not None else None
    if table != "obsm" or (element is not None and element.kind == "table"):
        return True
    otherwise = f'name its {n} columns: adata.uns["guide_names"] = [...]'
    return find_key(report, source, "guide_names_key", lambda: name_lists(source, n or 0, known), otherwise)


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


def check_presence(report: Report, reader: Reader, guides: sp.csr_matrix) -> sp.csr_matrix | None:
    """Presence of guides, by the settings; counts and probabilities without a threshold are looked at as if one were
    set.
    """
    label, n, s = reader.guide_place[2], guides.shape[1], report.settings
    data = np.asarray(guides.data)
    if s.min_umi is None and s.min_probability is None and len(data) and not (data == 1).all():
        if not np.isfinite(data).all() or (data < 0).any():
            report.problem(
                ITEM, f"{label} has values that are neither 0 nor 1, some NaN, infinite or negative", _NO_GUIDES
            )
            return sp.csr_matrix((np.ones(len(data)), guides.indices, guides.indptr), shape=guides.shape)
        _suggest_threshold(report, label, data, guides.shape[0])
    reader = dataclasses.replace(reader, settings=report.settings)
    presence = presence_of(guides, reader.settings, f"{reader.path}: {label}", reader.cell_names)
    if report.settings is s:
        report.ok(ITEM, f"{label}: {n:,} guides, {_rule_words(s)}")
    return presence


def _suggest_threshold(report: Report, label: str, data: np.ndarray, n_cells: int) -> None:
    """What makes a guide present, where the file holds counts or probabilities."""
    if (data == np.round(data)).all():
        means = [f"{(data >= least).sum() / n_cells:.1f} from {least}" for least in THRESHOLDS]
        found = f"{label} holds counts up to {data.max():g}, not 0 or 1; guides a cell by threshold: {', '.join(means)}"
        report.suggest(ITEM, found, f"choose a threshold, as in min_umi: {MIN_UMI}", min_umi=float(MIN_UMI))
    elif (data <= 1).all():
        means = [f"{(data >= least).sum() / n_cells:.1f} from {least:g}" for least in PROBABILITIES]
        found = (
            f"{label} holds values between 0 and 1, as probabilities do; guides a cell by threshold: {', '.join(means)}"
        )
        fix = f"choose a threshold, as in min_probability: {MIN_PROBABILITY}"
        report.suggest(ITEM, found, fix, min_probability=MIN_PROBABILITY)
    else:
        found = f"{label} holds values up to {data.max():g} that are no whole numbers: neither presence nor counts"
        report.problem(ITEM, found, "name the raw counts, not logarithms of them")


def _rule_words(s: Settings) -> str:
    if s.min_umi is not None:
        return f"present from {s.min_umi:g} UMIs"
    return "0 or 1" if s.min_probability is None else f"present from a probability of {s.min_probability:g}"


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
    cells = carriers_of(guides, usable)
    if doubt := doubt_carriers(cells):
        report.doubt(doubt)
    else:
        few = int((cells < CONSTANTS.few_cells).sum())
        found = f"median {np.median(cells):,.0f}; {few:,} of {len(cells):,} guides in fewer than {CONSTANTS.few_cells}"
        report.ok("Cells per guide", found)
    return usable
