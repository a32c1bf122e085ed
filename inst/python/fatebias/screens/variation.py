"""Do the fate probabilities of a day vary from cell to cell? Where none does, their dispersion cannot be told."""

import numpy as np

from ..base import ScreenError, Settings, first_few
from .screen import Screen

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
