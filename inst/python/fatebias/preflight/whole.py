"""Preflight of the whole screen: what was left of it, cells behind each gene and day, guides that can be compared."""

from ..screens import (
    Counts,
    GuideMap,
    RawCells,
    Screen,
    count_cells,
    doubt_weight,
    doubts_about,
    plan_screen,
    refuse_untold,
    refuse_without_baseline,
    sizes_of,
)
from .findings import Report
from .memory import ScreenSize, fit_memory

_AT_ITS_PLACE = {  # items that were looked at before
    "Fate probabilities", "Days", "Replicates", "Guides per cell", "Cells per guide", "Covariates", "Clusters",
    "Label sets",
}  # fmt: skip


def check_whole(report: Report, cells: RawCells, guide_map: GuideMap) -> None:
    """The screen as a fit reads it, looked at in parts; raises ScreenError where it would be refused."""
    where, contrast = "the screen", report.settings.contrast_fate
    plan = plan_screen(cells, guide_map, report.settings, where)
    counts = count_cells(plan.parts(), contrast)
    screen = next(plan.parts())  # all of it where that is one part; else for its names
    refuse_without_baseline(screen, counts.burdens, where)
    refuse_untold(screen, counts, report.settings, where)
    found = doubts_about(screen, report.settings, counts)
    doubts = [doubt for doubt in found if doubt not in screen.doubts and doubt.item not in _AT_ITS_PLACE]
    if (weight := doubt_weight(screen, counts, report.settings)) is not None:
        doubts.append(weight)
    for doubt in doubts:
        report.doubt(doubt)
    for item, words in _in_order(screen, counts, contrast).items():
        if item not in {doubt.item for doubt in doubts}:
            report.ok(item, words)
    report.memory(fit_memory(ScreenSize.of(screen, counts.n_cells, plan.n_entries, plan.alike()), report.settings))


def _in_order(screen: Screen, counts: Counts, contrast: str) -> dict[str, str]:
    """What is said of the whole screen where there is no doubt, by item."""
    uncarried, per_gene = len(screen.uncarried_guides), screen.guides_per_gene
    not_carried = f"; {uncarried:,} guides of the map are in no usable cell" if uncarried else ""
    least = counts.effective.min()
    return {
        "Screen": sizes_of(screen, counts.n_cells) + not_carried,
        "Guides per gene": f"{per_gene.min()} to {per_gene.max()}",
        "Effective cells": f"{least:,.0f} or more of the rarer fate of {contrast} for each gene and day",
    }
