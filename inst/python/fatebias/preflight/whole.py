"""Preflight of the whole screen: what was left of it, cells behind each gene and day, guides that can be compared."""

from ..screens import (
    GuideMap,
    RawCells,
    Screen,
    build_screen,
    count_effective,
    doubts_about,
    refuse_unvaried,
    sizes_of,
)
from .findings import Report

_AT_ITS_PLACE = {  # items that were looked at before
    "Fate probabilities", "Days", "Replicates", "Guides per cell", "Cells per guide", "Covariates", "Clusters",
}  # fmt: skip


def check_whole(report: Report, cells: RawCells, guide_map: GuideMap) -> None:
    """The screen as a fit reads it; raises ScreenError where it would be refused."""
    screen = build_screen(cells, guide_map, report.settings, where="the screen")
    refuse_unvaried(screen, report.settings, where="the screen")
    contrast = report.settings.contrast_fate
    effective = count_effective(screen, contrast)
    found = doubts_about(screen, report.settings, effective)
    doubts = [doubt for doubt in found if doubt not in screen.doubts and doubt.item not in _AT_ITS_PLACE]
    for doubt in doubts:
        report.doubt(doubt)
    for item, words in _in_order(screen, effective.min(), contrast).items():
        if item not in {doubt.item for doubt in doubts}:
            report.ok(item, words)


def _in_order(screen: Screen, least: float, contrast: str) -> dict[str, str]:
    """What is said of the whole screen where there is no doubt, by item."""
    uncarried, per_gene = len(screen.uncarried_guides), screen.guides_per_gene
    return {
        "Screen": sizes_of(screen) + (f"; {uncarried:,} guides of the map are in no usable cell" if uncarried else ""),
        "Guides per gene": f"{per_gene.min()} to {per_gene.max()}",
        "Effective cells": f"{least:,.0f} or more of the rarer fate of {contrast} for each gene and day",
    }
