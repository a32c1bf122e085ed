"""Preflight of the whole screen: what was left of it, cells behind each gene and day, guides that can be compared."""

from pathlib import Path

import numpy as np

from ..screens import RawCells, Screen, build_screen, contrast_weights, doubt_baseline, first_few, read_guide_map
from .findings import Report

LEAST_EFFECTIVE = 10.0  # effective cells of the rarer fate below which an estimate is hardly one


def check_whole(report: Report, cells: RawCells, guide_map: Path) -> None:
    """The screen as a fit reads it; raises ScreenError where it would be refused."""
    screen = build_screen(cells, read_guide_map(guide_map), report.settings, where="the screen")
    _check_sizes(report, screen)
    for doubt in doubt_baseline(screen):
        report.warn(doubt.item, doubt.found, doubt.fix)
    _check_guides_per_gene(report, screen)
    _check_effective(report, screen)


def count_effective(screen: Screen, contrast: str) -> np.ndarray:
    """float [L, D]: effective cells of a gene on a day, the sum over its cells of the probability of the rarer side.

    The sides are the contrast's: "MES" has MES and the reference, "MES - NEU" has these two.
    """
    weights = contrast_weights(contrast, screen.fates)
    weights = np.r_[-weights.sum(), weights]
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    pairs = np.unique(cell * screen.n_genes + screen.guide_gene[screen.guide_idx])  # each gene once a cell
    cell, gene = np.divmod(pairs, screen.n_genes)
    group, size = gene * screen.n_days + screen.day[cell], screen.n_genes * screen.n_days
    sides = [screen.fate_probs[:, side].sum(1) for side in (weights > 0, weights < 0)]
    sums = [np.bincount(group, weights=side[cell], minlength=size) for side in sides]
    return np.minimum(*sums).reshape(screen.n_genes, screen.n_days)


def _check_sizes(report: Report, screen: Screen) -> None:
    sizes = f"{screen.n_cells:,} usable cells, {screen.n_genes:,} genes, {screen.n_guides:,} guides"
    sizes += f", {screen.n_ntc:,} controls"
    uncarried, genes = screen.uncarried_guides, screen.dropped_genes
    if genes:
        report.warn("Screen", f"{sizes}; genes without any carried guide are dropped: {first_few(genes)}")
    else:
        tail = f"; {len(uncarried):,} guides of the map are in no usable cell" if uncarried else ""
        report.ok("Screen", sizes + tail)


def _check_guides_per_gene(report: Report, screen: Screen) -> None:
    item, n = "Guides per gene", screen.guides_per_gene
    one = [name for name, guides in zip(screen.gene_names, n) if guides == 1]
    if one:
        verb = "gene has" if len(one) == 1 else "genes have"
        report.warn(item, f"{len(one):,} {verb} one guide and cannot be checked by another: {first_few(one)}")
    else:
        report.ok(item, f"{n.min()} to {n.max()}")


def _check_effective(report: Report, screen: Screen) -> None:
    item, contrast = "Effective cells", report.settings.contrast_fate
    effective = count_effective(screen, contrast)
    few = np.argwhere(effective < LEAST_EFFECTIVE)
    if len(few) == 0:
        report.ok(item, f"{effective.min():,.0f} or more of the rarer fate of {contrast} for each gene and day")
        return
    gene, day = few[0]
    first = f"{screen.gene_names[gene]} on {screen.day_labels[day]} ({effective[gene, day]:.1f})"
    found = f"{len(few):,} of {effective.size:,} genes x days have under {LEAST_EFFECTIVE:.0f} effective cells of the "
    report.warn(
        item,
        f"{found}rarer fate of {contrast} (sum of its probability over the gene's cells), first {first}",
        "their estimates are weak: more cells, or a contrast of commoner fates",
    )
