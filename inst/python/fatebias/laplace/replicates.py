"""Estimates by replicate, and how much effects vary between replicates beyond their noise.

Each replicate's estimates are one step of Newton's method from those of all cells, with its own cells alone. Their
covariance is that of the gene by itself, widened as the whole screen's is by what genes share and by the scatter of
the labels.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import chi2

from .curvature import Curvature
from .estimates_parts import contrast_theta, theta_covariance
from .mode import newton_step
from .problem import Problem


@dataclass(frozen=True, kw_only=True)
class ByReplicate:
    """theta [R, L, D] and covariance [R, L, D, D] of the contrast; NaN where a replicate has no cell of the gene that
    day. Empty (R = 0) where the screen has one replicate.
    """

    theta: np.ndarray
    covariance: np.ndarray

    @property
    def n(self) -> int:
        return len(self.theta)

    @property
    def se(self) -> np.ndarray:
        return np.asarray(np.sqrt(np.einsum("rldd->rld", self.covariance)))


@dataclass(frozen=True, kw_only=True)
class ReplicateVariance:
    """Of a gene's effect between replicates: day, s_d^2, anew on each day, and constant, s_c^2, the same on all."""

    day: float
    constant: float
    n_replicates: int

    def of_mean(self, n_days: int) -> np.ndarray:
        """R: variance of the mean over the replicates, [D, D]; 0 with one, which says nothing of others."""
        between = self.day * np.eye(n_days) + self.constant
        return np.asarray(between / self.n_replicates if self.n_replicates > 1 else 0 * between)
