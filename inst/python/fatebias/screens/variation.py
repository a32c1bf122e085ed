"""What no fit could tell of a screen, from how its labels vary and where its guides lie: it is refused with its cause.

Where too few cells may be behind a weight, that is a doubt: whether it can be found only the fit knows.
"""

import numpy as np

from ..base import ScreenError, Settings, first_few
from .counts import Counts
from .doubt import Doubt
from .screen import Screen
from .separation import doubt_separated, refuse_separated

LEAST_PROBABILITY = 0.05  # of a fate, summed over all cells: with less, no cell has it
LEAST_CELLS = 20  # in all, for a weight from how labels vary; fewer are a doubt
LEAST_OF_DAY = 7  # the same of a day, for a weight of its own; LEAST_CELLS where the day has more genes than cells
MOST_WEIGHT = 3e4  # times what a screen without any effect would call for
WEIGHT = "Likelihood weight"  # item of the doubts about it
_SAME = 1e-9  # probabilities that differ by less are the same


def refuse_untold(screen: Screen, counts: Counts, settings: Settings, where: str) -> None:
    """Raise ScreenError for what no fit could tell of a screen, with its cause: labels that do not vary, a fate that
    nobody has, a day without a gene, a weight far beyond how labels vary, labels that are separated.

    counts: of the whole screen; `screen` may be a part of it. where: the screen, as messages call it.
    """
    refuse_unvaried(screen, counts.spread, settings, where)
    _refuse_absent(screen, counts, where)
    if settings.se == "sandwich" or settings.estimate_shift == "prior":
        _refuse_idle_days(screen, counts, where)
    if not isinstance(settings.likelihood_weight, str):
        _refuse_weight(counts, settings.likelihood_weight, where)
    elif screen.n_cells == counts.n_cells:
        refuse_separated(screen, where)


def doubt_weight(screen: Screen, counts: Counts, settings: Settings) -> Doubt | None:
    """Labels that may not tell the weight that is asked for; arguments as for `refuse_untold`."""
    wanted = settings.likelihood_weight
    if not isinstance(wanted, str):
        return doubt_separated(screen) if screen.n_cells == counts.n_cells else None
    by_day = counts.samples.sum(1)
    if counts.n_cells < LEAST_CELLS:
        found = f"{counts.n_cells} usable cells are few for `likelihood_weight: {wanted}`, which how they vary tells"
        return Doubt(item=WEIGHT, found=found, fix="add cells, or set a number (1 for one-hot labels)")
    n_genes = (counts.places.of_gene > 0).sum(0)
    few = by_day < np.where(n_genes > by_day, LEAST_CELLS, LEAST_OF_DAY)
    if wanted != "auto_by_day" or not few.any():
        return None
    days = first_few([f"{screen.day_labels[day]} ({by_day[day]})" for day in np.flatnonzero(few)])
    return Doubt(
        item=WEIGHT,
        found=f"few usable cells on {days} for a weight of the day (`likelihood_weight: auto_by_day`)",
        fix="it is drawn towards the weights of other days; where no fit is found, set `likelihood_weight: auto`",
    )


def refuse_unvaried(screen: Screen, spread: np.ndarray, settings: Settings, where: str) -> None:
    """Raise ScreenError where all cells have the same fate probabilities, or all of a day whose `likelihood_weight` is
    to come from how they vary. spread: float [D], of the screen's `Counts`.
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


def _refuse_absent(screen: Screen, counts: Counts, where: str) -> None:
    absent = [name for name, total in zip(screen.fates, counts.places.of_all) if total < LEAST_PROBABILITY]
    if absent:
        raise ScreenError(
            f"{where}: no usable cell has the fate {first_few(absent)} (its probabilities sum to less than "
            f"{LEAST_PROBABILITY} over {counts.n_cells:,} cells): what guides do to it cannot be told. Leave its "
            "column out of the fate probabilities, or join it with another."
        )


def _refuse_idle_days(screen: Screen, counts: Counts, where: str) -> None:
    """Days without a cell that carries a gene: neither the scatter of effects nor their mean is known there."""
    idle = [name for name, cells in zip(screen.day_labels, counts.places.of_gene.sum(0)) if cells == 0]
    if idle:
        raise ScreenError(
            f"{where}: no usable cell of {first_few(idle)} carries a guide of a gene (controls alone): no effect of "
            "that day can be estimated. Leave its cells out, or set `se: model` with `estimate_shift: free`."
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
