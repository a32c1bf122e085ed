"""What weakens a screen and is no error: warnings that the preflight, reading and fitting share, in the same words."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..base import CONSTANTS, Settings, first_few
from .baseline import doubt_baseline
from .counts import Counts, count_cells
from .doubt import Doubt
from .places import doubt_places
from .screen import ONE_DAY, Screen

LEAST_EFFECTIVE = 10.0  # effective cells of the rarer fate below which an estimate is hardly one
LARGE_CLUSTER = 0.2  # share of the cells that no clone has; a label such as "unassigned" has
MANY_LEFT_OUT = 0.2  # share of the cells whose loss is worth a warning
MOST_FATES = 30
MOST_LEVELS = 60  # a column with more is neither day nor replicate


def doubts_about(screen: Screen, settings: Settings, counts: Counts | None = None) -> list[Doubt]:
    """All that weakens what can be said from a screen.

    counts: of the whole screen, where they are known; `screen` may then be a part of it, whose cells are not looked at.
    """
    if counts is None:
        counts = count_cells([screen], settings.contrast_fate)
    found = [
        doubt_burden(counts.n_cells, screen.left_out, settings.Kmax),
        doubt_carriers(np.concatenate([counts.carriers, counts.ntc_cells.sum(1)])),
        doubt_days(screen.day_labels, screen.day_doubt),
        doubt_replicates(screen.replicate_labels, counts.n_cells),
        _doubt_crossing(screen, counts.samples),
        doubt_covariates(_levels_of_covariates(screen, settings.covariates or ())),
        _doubt_units(counts.clusters, settings) if len(counts.clusters) else None,
        _doubt_missing(screen),
        _doubt_sizes(screen, counts.n_cells),
        *doubt_baseline(screen, counts),
        _doubt_guides_per_gene(screen),
        _doubt_fates(screen.fates),
        *doubt_places(screen, counts.places, counts.samples.sum(1)),
        _doubt_effective(screen, counts.effective, settings.contrast_fate),
    ]
    return [*screen.doubts, *(doubt for doubt in found if doubt is not None)]


def doubt_burden(usable: int, left_out: Mapping[str, int], most: int) -> Doubt | None:
    """Are many cells left out? usable: their number; left_out: of others, by reason; most: `Kmax`."""
    out = sum(left_out.values())
    if out <= MANY_LEFT_OUT * (usable + out):
        return None
    words = {
        "too_many_guides": f"carry more than {most} guides (Kmax)",
        "no_guide": "carry no guide",
        "no_fate_probs": "have no fate probabilities",
    }
    parts = ", ".join(f"{left_out[reason]:,} {word}" for reason, word in words.items() if left_out.get(reason))
    return Doubt(
        item="Guides per cell",
        found=f"left out: {out:,} of {usable + out:,} cells: {parts}",
        fix="is the threshold of the guides right, and Kmax large enough?",
    )


def doubt_carriers(cells: np.ndarray) -> Doubt | None:
    """Are most guides in few cells? cells: int [guides], usable cells that carry each; guides in none aside."""
    cells = cells[cells > 0]
    least = CONSTANTS.few_cells
    few = int((cells < least).sum())
    if few <= len(cells) / 2:
        return None
    found = f"median {np.median(cells):,.0f}; {few:,} of {len(cells):,} guides in fewer than {least}"
    return Doubt(item="Cells per guide", found=found)


def doubt_days(levels: Sequence[str], doubt: str) -> Doubt | None:
    """Are these days, in the order of time? doubt: what `order_days` found, or ""."""
    if len(levels) > MOST_LEVELS:
        found = f"{len(levels):,} days, such as {first_few(levels)}"
        return Doubt(item="Days", found=found, fix="is this the column of the day?")
    if len(levels) == 1 and levels[0] != ONE_DAY:
        found = f"one day, {levels[0]}: no change over days can be told"
        return Doubt(item="Days", found=found, fix="is this the column of the day? Else set day_key: null")
    if not doubt:
        return None
    fix = "if that is not the order of time, set it as day_levels"
    return Doubt(item="Days", found=f"{' < '.join(levels)}: {doubt}", fix=fix)


def doubt_replicates(levels: Sequence[str], n_cells: int) -> Doubt | None:
    """Is there one replicate, or are these none? n_cells: usable cells."""
    if len(levels) > MOST_LEVELS:
        found = f"{len(levels):,} replicates, such as {first_few(levels)}"
        return Doubt(item="Replicates", found=found, fix="is this the column of the replicate?")
    if twice := [level for level in levels if sum(level.casefold() == other.casefold() for other in levels) > 1]:
        found = f"{first_few(twice)} differ by upper and lower case only and are taken as different replicates"
        return Doubt(item="Replicates", found=found, fix="if they are one, write them in one way")
    if len(levels) > 1:
        return None
    found = f"one replicate, {levels[0]} ({n_cells:,} cells): no SE can include how cultures differ"
    return Doubt(item="Replicates", found=found)


def doubt_covariates(levels: Mapping[str, int]) -> Doubt | None:
    """Have labels as covariates many levels? levels: their number by covariate, 0 for one of numbers."""
    if max(levels.values(), default=0) <= MOST_LEVELS:
        return None
    fix = "so many levels may name cells or clones: cluster_key is for these"
    return Doubt(item="Covariates", found=covariate_words(levels), fix=fix)


def covariate_words(levels: Mapping[str, int]) -> str:
    """Covariates with their numbers of levels; arguments as for `doubt_covariates`."""
    return ", ".join(f"{name} ({f'{n} levels' if n else 'numbers'})" for name, n in levels.items())


def doubt_clusters(sizes: np.ndarray, largest: str = "") -> Doubt | None:
    """Is one cluster a large part of the cells? sizes: int [clusters]; largest: its label, where it is known."""
    if sizes.max() <= LARGE_CLUSTER * sizes.sum():
        return None
    fix = f"are the cells of {largest or 'the largest'} of no known cluster? Give each a label of its own"
    return Doubt(item="Clusters", found=cluster_words(sizes, largest), fix=fix)


def cluster_words(sizes: np.ndarray, largest: str = "") -> str:
    """How many clusters, and how large; arguments as for `doubt_clusters`."""
    name = f", {largest}," if largest else ""
    return f"{len(sizes):,} clusters of {sizes.mean():.1f} cells; the largest{name} has {sizes.max():,}"


def _doubt_units(sizes: np.ndarray, settings: Settings) -> Doubt | None:
    """Of the clusters of cells, a column's or clones told by their guides; sizes: int [clusters]."""
    return doubt_clones(sizes) if settings.cluster_key is None else doubt_clusters(sizes)


def doubt_clones(sizes: np.ndarray) -> Doubt:
    """That clones were told by their guides (`clones_by_guides`). sizes: int [clones], those of one cell included."""
    several = sizes[sizes > 1]
    return Doubt(
        item="Clones",
        found=f"{several.sum():,} of {sizes.sum():,} cells share all their guides with other cells, more than chance "
        f"makes: they are taken for {len(several):,} clones, each of which is one unit of noise",
        fix="where a column names the clones, set cluster_key; clones_by_guides: false takes each cell alone",
    )  # fmt: skip


def sizes_of(screen: Screen, n_cells: int) -> str:
    """Sizes of a screen of so many cells, in words."""
    sizes = f"{n_cells:,} usable cells, {screen.n_genes:,} genes, {screen.n_guides:,} guides"
    return f"{sizes}, {screen.n_ntc:,} controls"


def _doubt_crossing(screen: Screen, samples: np.ndarray) -> Doubt | None:
    """Has each of several days one replicate, which is of no other? samples: int [D, R], cells."""
    if not 1 < screen.n_days == screen.n_replicates == np.count_nonzero(samples):
        return None
    found = "each day has a replicate of its own: days and replicates cannot be told apart"
    return Doubt(item="Replicates by day", found=found, fix="no SE can include how cultures differ")


def _levels_of_covariates(screen: Screen, names: Sequence[str]) -> dict[str, int]:
    """Levels of each covariate, 0 for one of numbers: a column "lane=A" is one level of labels."""
    columns = screen.covariate_names
    return {name: sum(column.startswith(f"{name}=") for column in columns if column not in names) for name in names}


def _doubt_missing(screen: Screen) -> Doubt | None:
    n = screen.left_out.get("no_fate_probs", 0)
    if n == 0:
        return None
    found = f"{n:,} cell{'' if n == 1 else 's'} without fate probabilities {'is' if n == 1 else 'are'} left out"
    return Doubt(item="Fate probabilities", found=found, fix="is it known why? missing_fates: error refuses them")


def _doubt_sizes(screen: Screen, n_cells: int) -> Doubt | None:
    sizes, genes = sizes_of(screen, n_cells), screen.dropped_genes
    if not genes:
        return None
    return Doubt(item="Screen", found=f"{sizes}; genes without any carried guide are dropped: {first_few(genes)}")


def _doubt_guides_per_gene(screen: Screen) -> Doubt | None:
    one = [name for name, guides in zip(screen.gene_names, screen.guides_per_gene) if guides == 1]
    if not one:
        return None
    verb = "gene has" if len(one) == 1 else "genes have"
    found = f"{len(one):,} {verb} one guide and cannot be checked by another: {first_few(one)}"
    return Doubt(item="Guides per gene", found=found)


def _doubt_fates(fates: Sequence[str]) -> Doubt | None:
    if len(fates) <= MOST_FATES:
        return None
    found = f"{len(fates)} fates; fits are tried with {MOST_FATES} at most, and memory grows with their square"
    return Doubt(item="Fates", found=found, fix="join fates that are alike, or those that few cells have")


def _doubt_effective(screen: Screen, effective: np.ndarray, contrast: str) -> Doubt | None:
    few = np.argwhere(effective < LEAST_EFFECTIVE)
    if len(few) == 0:
        return None
    gene, day = few[0]
    first = f"{screen.gene_names[gene]} on {screen.day_labels[day]} ({effective[gene, day]:.1f})"
    found = f"{len(few):,} of {effective.size:,} genes x days have under {LEAST_EFFECTIVE:.0f} effective cells of the "
    return Doubt(
        item="Effective cells",
        found=f"{found}rarer fate of {contrast} (sum of its probability over the gene's cells), first {first}",
        fix="their estimates are weak: more cells, or a contrast of commoner fates",
    )
