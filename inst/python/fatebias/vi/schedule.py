"""When SVI ends: levels of the learning rate, each as long as the loss gains."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WINDOW_STEPS = 100  # at least so many steps are averaged before two windows are compared
NOISE = 2.0  # standard errors within which two windows are the same
FALSE_ALARM = 1e-3  # probability that the noise of the windows makes a fit at rest seem not converged
RATE_LEVELS = 3  # the learning rate falls from first to last in this many levels


@dataclass
class Schedule:
    """Learning rate levels: a level ends when the mean loss stops improving from one window of steps to the next.

    An improvement counts relative to that since the first window, so that neither the number of cells
    nor the constant part of the loss matters; while all of it is within the noise (a start at the
    optimum), a level ends after one window. A fit whose last window lies above its best one has not converged:
    the best is the smallest of several windows, so it lies below the last by more than the noise of two.
    """

    window: int
    tolerance: float
    level: int = 0
    first: Floats | None = None
    best: Floats | None = None
    last: Floats | None = None
    windows: int = 0
    new_level: bool = False

    def level_ended(self, losses: list[float]) -> bool:
        """True when a window is complete and no better than the one before it at this learning rate."""
        if len(losses) % self.window:
            return False
        before, last = self.last, np.array(losses[-self.window :])
        self.last, self.windows = last, self.windows + 1
        if before is None or self.first is None or self.best is None:
            self.first = self.best = last
            return False
        if last.mean() < self.best.mean():
            self.best = last
        gained, gain = self.first.mean() - last.mean(), before.mean() - last.mean()
        at_rest = abs(gained) <= NOISE * self._standard_error(self.first, last)
        if not at_rest and (self.new_level or gain >= self.tolerance * abs(gained)):
            self.new_level = False
            return False
        self.level, self.new_level = self.level + 1, True
        return True

    @property
    def done(self) -> bool:
        return self.level == RATE_LEVELS

    @property
    def converged(self) -> bool:
        """All levels ended, the last window not above the best of all (Bonferroni's bound for so many)."""
        if not self.done or self.last is None or self.best is None:
            return False
        margin = NormalDist().inv_cdf(1 - FALSE_ALARM / (self.windows - 1))
        return bool(self.last.mean() - self.best.mean() <= margin * self._standard_error(self.best, self.last))

    @property
    def first_mean(self) -> float:
        """Mean loss of the first window; NaN before its end."""
        return float("nan") if self.first is None else float(self.first.mean())

    def _standard_error(self, one: Floats, other: Floats) -> float:
        """Of the difference of two means, from successive differences: trends drop out."""
        variance = (np.diff(one) ** 2).mean() / 2 + (np.diff(other) ** 2).mean() / 2
        return float(np.sqrt(variance / self.window))

    @property
    def rule(self) -> str:
        return (
            f"at each of {RATE_LEVELS} falling learning rates, the mean loss of {self.window} steps improves by less "
            f"than {self.tolerance:g} of the improvement since the first {self.window} steps, or that is within "
            f"{NOISE:g} standard errors of 0; and the last {self.window} steps are not above the best ones by more "
            f"than noise, which does so once in {1 / FALSE_ALARM:,.0f} fits"
        )
