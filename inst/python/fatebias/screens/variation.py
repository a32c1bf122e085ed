"""Do the fate probabilities of a day vary from cell to cell? Where none does, their dispersion cannot be told."""

import numpy as np

from ..base import ScreenError, Settings, first_few
from .counts import Counts
from .screen import Screen
from .separation import refuse_separated

LEAST_PROBABILITY = 0.05  # of a fate, summed over all cells: with less, no cell has it
LEAST_CELLS = 20  # in all, for a weight from how labels vary
LEAST_OF_DAY = 7  # cells of a day for a weight of its own; LEAST_CELLS where the day has more genes than cells
MOST_WEIGHT = 3e4  # times what a screen without any effect would call for
_SAME = 1e-9  # probabilities that differ by less are the same


def refuse_unvaried(screen: Screen, spread: np.ndarray, settings: Settings, where: str) -> None:
    """Raise ScreenError where all cells have the same fate probabilities, or all of a day whose `likelihood_weight` is
    to come from how they vary. spread: float [D], of the screen's `Counts`. where: the screen, as messages call it.
    """
    flat = [label for label, most in zip(screen.day_labels, spread) if most < _SAME]
    same = f"{where}: all usable cells of {first_few(flat)} have the same fate probabilities"
    if len(flat) == screen.n_days:
        raise ScreenError(f"{same}, which tell nothing of guides. Give those of each cell.")
    if flat and settings.likelihood_weight == "auto_by_day":
        raise ScreenError(
            f"{same}, so that `likelihood_weight: auto_by_day` cannot tell how they vary. Set `likelihood_weight: auto`"
            ", which is one weight for all days, or leave these cells out."
        )


def refuse_untold(screen: Screen, counts: Counts, settings: Settings, where: str, whole: bool = True) -> None:
    """Raise ScreenError for what no fit could tell of a screen, with its cause: a fate that nobody has, too few cells
    for a weight from how labels vary, a weight far beyond that, labels that are separated.

    counts: of the whole screen; whole: `screen` is all of it, not a part.
    """
    refuse_unvaried(screen, counts.spread, settings, where)
    _refuse_absent(screen, counts, where)
    if isinstance(settings.likelihood_weight, str):
        _refuse_few(screen, counts, settings.likelihood_weight, where)
    else:
        _refuse_weight(counts, settings.likelihood_weight, where)
    if whole:
        refuse_separated(screen, where)


def _refuse_absent(screen: Screen, counts: Counts, where: str) -> None:
    absent = [name for name, total in zip(screen.fates, counts.places.of_all) if total < LEAST_PROBABILITY]
    if absent:
        raise ScreenError(
            f"{where}: no usable cell has the fate {first_few(absent)} (its probabilities sum to less than "
            f"{LEAST_PROBABILITY} over {counts.n_cells:,} cells): what guides do to it cannot be told. Leave its "
            "column out of the fate probabilities, or join it with another."
        )


def _refuse_few(screen: Screen, counts: Counts, wanted: str, where: str) -> None:
    by_day, n_genes = counts.samples.sum(1), (counts.places.of_gene > 0).sum(0)
    if counts.n_cells < LEAST_CELLS:
        raise ScreenError(
            f"{where}: {counts.n_cells} usable cells are too few for `likelihood_weight: {wanted}`, which follows from "
            f"how labels vary between {LEAST_CELLS} or more. Give more cells, or set a number (1 for one-hot labels)."
        )
    few = by_day < np.where(n_genes > by_day, LEAST_CELLS, LEAST_OF_DAY)
    if wanted == "auto_by_day" and few.any():
        days = first_few([f"{screen.day_labels[day]} ({by_day[day]})" for day in np.flatnonzero(few)])
        raise ScreenError(
            f"{where}: `likelihood_weight: auto_by_day` takes each day's weight from how its labels vary, and has too "
            f"few usable cells on {days} (at least {LEAST_OF_DAY}; {LEAST_CELLS} where genes are more than cells). Set"
            " `likelihood_weight: auto`, which is one weight for all days, or leave these days out."
        )


def _refuse_weight(counts: Counts, weight: float, where: str) -> None:
    """phi: dispersion of the labels around their mean over all cells, more than that around a fit."""
    mean = counts.places.of_all / counts.n_cells
    phi = ((counts.places.squares / counts.n_cells - mean**2) / mean).sum() / (len(mean) - 1)
    if weight * phi > MOST_WEIGHT:
        raise ScreenError(
            f"{where}: `likelihood_weight: {weight:g}` takes labels to vary {weight * phi:,.0f} times less than they "
            f"do. Set `likelihood_weight: auto`, or a number near {1 / phi:.2g}."
        )
