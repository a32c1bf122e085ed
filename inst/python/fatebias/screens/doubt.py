"""What is no fault of a screen, but should be known: it is told by the preflight, by reading and by fitting alike."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ..base import ScreenWarning


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """One warning: what it is about, what was found, what to do."""

    item: str
    found: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.item}: {self.found}" + (f"; {self.fix}" if self.fix else "")


def warn_of(doubts: Sequence[Doubt]) -> None:
    """Give each as a ScreenWarning."""
    for doubt in doubts:
        warnings.warn(str(doubt), ScreenWarning, stacklevel=3)
