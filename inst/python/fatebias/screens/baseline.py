"""What an effect is measured from: the cells that carry control guides.

On a day whose cells all carry the same number of guides no slope tells a guide from none. There the effects of guides
and the day's intercept are told apart by cells with controls alone, and all effects of the day share their error.
"""

from collections.abc import Sequence

import numpy as np

from ..base import ScreenError, first_few
from .doubt import Doubt
from .screen import Screen

_FIX = "are the controls of the map among the guides of the screen?"


def refuse_without_baseline(screen: Screen, where: str) -> None:
    """ScreenError where a day has the same number of guides in every cell and a control in none."""
    burden = _constant_burden(screen)
    lacking = np.isfinite(burden) & (_control_cells(screen) == 0)
    if lacking.any():
        n = first_few(f"{number:g}" for number in np.unique(burden[lacking]))
        raise ScreenError(
            f"{where}: every usable cell of {first_few(_days(screen, lacking))} carries {n} guide(s) and none of them "
            "is a control: what guides do cannot be told from what cells of that day do without them. Add the cells "
            f"with control guides ({_FIX}), name guides that do nothing as controls (is_ntc in the guide map), or "
            "leave the day out."
        )


def doubt_baseline(screen: Screen) -> list[Doubt]:
    """Days without a control in any cell, and those of one guide a cell where all effects rest on few controls."""
    found, controls = [], _control_cells(screen)
    lacking = _days(screen, controls == 0)
    if lacking:
        place = "" if len(lacking) == screen.n_days else f" of {first_few(lacking)}"
        said = f"no usable cell{place} carries a control guide: effects are then relative to the average of all genes"
        found.append(Doubt(item="Controls", found=f"{said}, not to controls", fix=_FIX))
    few = np.flatnonzero((_constant_burden(screen) == 1) & (controls > 0) & (controls < _cells_of_gene(screen)))
    if len(few):
        shown = first_few(f"{screen.day_labels[day]} ({controls[day]})" for day in few)
        said = f"one guide in every cell, and a control in fewer than carry a usual gene: {shown}"
        found.append(Doubt(item="Controls", found=f"{said}; all effects share the error of these cells", fix=_FIX))
    return found


def _days(screen: Screen, which: np.ndarray) -> Sequence[str]:
    return [screen.day_labels[day] for day in np.flatnonzero(which)]


def _constant_burden(screen: Screen) -> np.ndarray:
    """float [D]: guides in a cell on days on which all cells carry as many, else NaN."""
    least, most = np.full(screen.n_days, np.inf), np.zeros(screen.n_days)
    np.minimum.at(least, screen.day, screen.burden)
    np.maximum.at(most, screen.day, screen.burden)
    return np.where(least == most, most, np.nan)


def _control_cells(screen: Screen) -> np.ndarray:
    """int [D], usable cells that carry a control guide, by day."""
    carries = np.diff(screen.guide_ptr) < screen.burden
    return np.bincount(screen.day[carries], minlength=screen.n_days)


def _cells_of_gene(screen: Screen) -> np.ndarray:
    """float [D], median over genes of the number of guides of the gene in the cells of a day."""
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    place = screen.guide_gene[screen.guide_idx].astype(np.int64) * screen.n_days + screen.day[cell]
    counts = np.bincount(place, minlength=screen.n_genes * screen.n_days)
    return np.asarray(np.median(counts.reshape(screen.n_genes, screen.n_days), axis=0))
