"""What is no error in a screen but should be known: the check before a fit shows it, and reading it warns of it."""

import warnings

from ..base import ScreenWarning, Settings
from .baseline import doubt_baseline
from .screen import Doubt, Screen

CHANGE = "one day: no change over days can be told"


def doubts_of(screen: Screen, settings: Settings) -> list[Doubt]:
    """All doubts about a screen; one day is none where `day_key: null` says so."""
    found = []
    if screen.n_days == 1 and settings.day_key is not None:
        found.append(doubt_one_day(screen.day_labels[0], screen.n_cells))
    return found + doubt_baseline(screen)


def doubt_one_day(day: str, n_cells: int) -> Doubt:
    """The doubt about a column of days with one level."""
    return Doubt(item="Days", found=f"{CHANGE}; {day} ({n_cells:,} cells)", fix="is this the column of the day?")


def warn_of_doubts(screen: Screen, settings: Settings, where: str) -> Screen:
    """The screen as it is, with a ScreenWarning for each doubt."""
    for doubt in doubts_of(screen, settings):
        warnings.warn(f"{where}: {doubt.found} ({doubt.fix})", ScreenWarning, stacklevel=3)
    return screen
