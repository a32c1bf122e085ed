"""What an effect is measured from: the cells that carry control guides.

On a day whose cells all carry the same number of guides no slope tells a guide from none. There the effects of guides
and the day's intercept are told apart by cells with controls alone, and all effects of the day share their error.
"""

from collections.abc import Sequence

import numpy as np

from ..base import ScreenError, first_few
from .counts import Burdens, Counts
from .doubt import Doubt
from .screen import Screen

_FIX = "are the controls of the map among the guides of the screen?"


def refuse_without_baseline(screen: Screen, burdens: Burdens, where: str) -> None:
    """ScreenError where a day has the same number of guides in every cell and a control in none.

    screen: the whole, or a part of it, whose cells are not looked at; burdens: those of the whole.
    """
    burden = burdens.constant
    lacking = np.isfinite(burden) & (burdens.controls == 0)
    if lacking.any():
        n = first_few(f"{number:g}" for number in np.unique(burden[lacking]))
        raise ScreenError(
            f"{where}: every usable cell of {first_few(_days(screen, lacking))} carries {n} guide(s) and none of them "
            "is a control: what guides do cannot be told from what cells of that day do without them. Add the cells "
            f"with control guides ({_FIX}), name guides that do nothing as controls (is_ntc in the guide map), or "
            "leave the day out."
        )


def doubt_baseline(screen: Screen, counts: Counts) -> list[Doubt]:
    """Days without a control in any cell, and those of one guide a cell where all effects rest on few controls.

    screen: as for `refuse_without_baseline`; counts: of the whole.
    """
    found, controls = [], counts.burdens.controls
    lacking = _days(screen, controls == 0)
    if lacking:
        place = "" if len(lacking) == screen.n_days else f" of {first_few(lacking)}"
        said = f"no usable cell{place} carries a control guide: effects are then relative to the average of all genes"
        found.append(Doubt(item="Controls", found=f"{said}, not to controls", fix=_FIX))
    usual = np.median(counts.guides_of_gene, axis=0)
    few = np.flatnonzero((counts.burdens.constant == 1) & (controls > 0) & (controls < usual))
    if len(few):
        shown = first_few(f"{screen.day_labels[day]} ({controls[day]})" for day in few)
        said = f"one guide in every cell, and a control in fewer than carry a usual gene: {shown}"
        found.append(Doubt(item="Controls", found=f"{said}; all effects share the error of these cells", fix=_FIX))
    return found


def _days(screen: Screen, which: np.ndarray) -> Sequence[str]:
    return [screen.day_labels[day] for day in np.flatnonzero(which)]
