"""What is no error in a screen but should be known: the check before a fit shows it, and reading it warns of it."""

import warnings
from pathlib import Path

import numpy as np

from ..base import ScreenWarning, Settings
from .baseline import doubt_baseline
from .containers import open_screen
from .guide_map import first_few
from .levels import sort_levels
from .screen import Doubt, Screen
from .source import ScreenSource

DAY = "day"  # the column of obs where days are usually found


def doubt_days(day: np.ndarray, source: ScreenSource, settings: Settings) -> Doubt | None:
    """A column of days [cells] with one level; or no such column, where obs has one of the usual name."""
    if settings.day_key is not None:
        found = f"one day: no change over days can be told; {day[0]} ({len(day):,} cells)"
        return Doubt(item="Days", found=found, fix="is this the column of the day?") if (day == day[0]).all() else None
    element = source.element("obs", DAY)
    values = element.read_labels() if element is not None and element.kind in ("column", "categorical") else None
    levels = sort_levels([] if values is None else values.dropna().astype(str))
    if len(levels) < 2:
        return None
    found = f"all cells are taken as of one day (day_key: null), but obs['{DAY}'] has {first_few(levels)}"
    return Doubt(item="Days", found=found, fix=f"are these the days? Then set day_key: {DAY}")


def warn_of_doubts(screen: Screen, settings: Settings, path: str | Path) -> Screen:
    """The screen as it is, with a ScreenWarning for each doubt."""
    doubts = doubt_baseline(screen)
    if screen.n_days == 1:
        with open_screen(path) as source:
            days = doubt_days(np.array(screen.day_labels)[screen.day], source, settings)
        doubts = doubts if days is None else [days, *doubts]
    for doubt in doubts:
        warnings.warn(f"{path}: {doubt.found} ({doubt.fix})", ScreenWarning, stacklevel=3)
    return screen
