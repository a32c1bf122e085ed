"""The screens of tails.py, and what their fits hold before p-values."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import screen_of

from fatebias.base.settings import Settings
from fatebias.laplace import (
    AllFates,
    Estimates,
    LaplaceOptions,
    SolvedEstimates,
    estimates_of,
    fit_laplace,
    solve_estimates,
)
from fatebias.laplace.day_scores import DayScores, FittedScores
from fatebias.screens import Screen, burden_strata, contrast_weights, read_screen
from fatebias.simulation import Arguments, simulate

SETTINGS = Settings.from_mapping({"inference": "laplace", "p_values": True})
OPTIONS = LaplaceOptions.of(SETTINGS)
ALIKE = {"guide_sd": 0.0, "off_target": 0.0, "replicate_sd": 0.0}
KINDS: dict[str, Callable[[int], Screen]] = {
    "life_none, guides alike": lambda seed: simulated(seed, preset="life_none", **ALIKE),
    "none, one-hot labels": lambda seed: simulated(seed, preset="weak", effects="none", labels="onehot"),
}
LANDSCAPE = "landscape, no effects"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fitted:
    """A screen with its fixed effects."""

    screen: Screen
    solved: SolvedEstimates
    contrast: np.ndarray

    @classmethod
    def of(cls, screen: Screen) -> "Fitted":
        solved = solve_estimates(fit_laplace(screen, OPTIONS).baseline, OPTIONS)
        return cls(screen=screen, solved=solved, contrast=contrast_weights(SETTINGS.contrast_fate, screen.fates))

    @property
    def estimates(self) -> Estimates:
        return estimates_of(AllFates.of(self.solved, self.screen, OPTIONS), self.contrast)

    @property
    def days(self) -> list[DayScores]:
        scores = FittedScores.of(self.solved, self.screen, self.contrast, burden_strata(self.screen))
        return [scores.on_day(day) for day in range(self.screen.n_days)]


def simulated(seed: int, **arguments) -> Screen:
    return screen_of(simulate(Arguments.from_mapping({"seed": seed, **arguments})), SETTINGS)


def with_landscape(folder: Path | None) -> dict[str, Callable[[int], Screen]]:
    """KINDS, and screens without effects of `landscape.py` (null_SEED.h5ad) where a folder has some."""
    if folder is None:
        return KINDS
    files = sorted(folder.glob("null_*.h5ad"))

    def screen(seed: int) -> Screen:
        file = files[seed % len(files)]
        return read_screen(file, file.with_name(f"{file.stem}_guide_map.csv"), SETTINGS)

    return KINDS | {LANDSCAPE: screen}
