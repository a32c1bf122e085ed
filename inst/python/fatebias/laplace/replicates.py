"""Estimates by replicate, and how much effects vary between replicates beyond their noise.

A replicate's estimates are one step of Newton's method from those of all cells, with its own cells alone. Their
covariance is the gene's by itself, widened as that of the whole screen is by what genes share and by the scatter of the
labels. R replicates, L genes, D days.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from scipy.stats import chi2

from ..screens import Screen
from .contrasts import carried_by_day, known_covariance, known_theta, sd_of, theta_covariance
from .estimates import FixedEffects
from .mode import newton_step


@dataclass(frozen=True, kw_only=True)
class ByReplicate:
    """theta [R, L, D] and covariance [R, L, D, D] of the contrast; NaN where a replicate has no cell of the gene that
    day. R = 0 where the screen has one replicate.
    """

    theta: np.ndarray
    covariance: np.ndarray

    @property
    def n(self) -> int:
        return len(self.theta)

    @property
    def se(self) -> np.ndarray:
        """[R, L, D]."""
        return np.asarray(np.sqrt(np.einsum("rldd->rld", self.covariance)))


@dataclass(frozen=True, kw_only=True)
class ReplicateVariance:
    """Variance of a gene's effect between replicates: day, s_d^2, anew on each day; constant, s_c^2, the same on all.

    n_replicates: R; with one there is nothing to tell them from.
    """

    day: float
    constant: float
    n_replicates: int

    def of_mean(self, n_days: int) -> np.ndarray:
        """R of the design: variance of the mean effect over the replicates, [D, D]."""
        return np.asarray((self.day * np.eye(n_days) + self.constant) / self.n_replicates)


def estimate_by_replicate(
    effects: FixedEffects, screen: Screen, contrast: np.ndarray, noise: np.ndarray, tolerance: float
) -> ByReplicate:
    """noise: covariance of the estimates of all cells [L, D, D]; tolerance: of the linear solves."""
    design, d = effects.design, screen.n_days
    if screen.n_replicates == 1:
        return ByReplicate(theta=np.empty((0, screen.n_genes, d)), covariance=np.empty((0, screen.n_genes, d, d)))
    alone = sd_of(theta_covariance(design, effects.curvature.inverses, contrast))
    widening = sd_of(noise) / alone
    replicate = torch.as_tensor(screen.replicate, device=effects.x.device)
    found = []
    for r in range(screen.n_replicates):
        own = effects.problem.weighted((replicate == r).to(effects.x.dtype))
        x, _, curvature, _ = newton_step(own, effects.x, tolerance)
        known = carried_by_day(screen, screen.replicate == r)
        covariance = known_covariance(design, curvature.inverses, contrast, known)
        widened = covariance * widening[:, :, None] * widening[:, None, :]
        found.append((known_theta(design, x, contrast, known), widened))
    theta, covariances = zip(*found)
    return ByReplicate(theta=np.stack(theta), covariance=np.stack(covariances))


def replicate_variance(found: ByReplicate, of_guides: float) -> ReplicateVariance:
    """By moments of the differences between every two replicates, pooled over genes.

    of_guides: variance that guides give to the mean of a gene (cells of one clone are of one replicate and carry the
    same guides), which is not counted twice.
    """
    within, between, n_within, n_between = 0.0, 0.0, 0, 0
    for one, other in combinations(range(found.n), 2):
        difference = found.theta[one] - found.theta[other]
        noise = found.covariance[one] + found.covariance[other]
        days = ~np.isnan(difference).all(0)
        complete = ~np.isnan(difference[:, days]).any(1)
        moved, spread = difference[complete][:, days], noise[complete][:, days][:, :, days]
        n, d = moved.shape
        if n and d:
            centre = np.eye(d) - 1 / d
            within += float(((moved @ centre) ** 2).sum() - np.einsum("de,led->", centre, spread))
            n_within += 2 * (d - 1) * n
            between += float((moved.mean(1) ** 2).sum() - spread.sum() / d**2)
            n_between += 2 * n
            n_days = d
    day = max(0.0, within / n_within) if n_within else 0.0
    constant = max(0.0, between / n_between - day / n_days - of_guides) if n_between else 0.0
    return ReplicateVariance(day=day, constant=constant, n_replicates=max(1, found.n))


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Cochran's Q of each gene over replicates and days, its degrees of freedom and p [L]; NaN with one replicate."""

    q: np.ndarray
    df: np.ndarray
    p: np.ndarray


def replicate_agreement(found: ByReplicate) -> Agreement:
    """Each replicate's estimates against their mean over replicates, weighted by their noise."""
    n, l, d = found.theta.shape
    if n == 0:
        nothing = np.full(l, np.nan)
        return Agreement(q=nothing, df=nothing, p=nothing)
    seen = ~np.isnan(found.theta)
    variance = np.einsum("rldd->rld", found.covariance)
    weight = np.where(seen, 1 / variance, 0.0)
    theta = np.where(seen, found.theta, 0.0)
    mean = (weight * theta).sum(0) / np.maximum(weight.sum(0), np.finfo(float).tiny)
    q = (weight * (theta - mean) ** 2).sum((0, 2))
    df = np.maximum(seen.sum(0) - 1, 0).sum(1)
    return Agreement(q=q, df=df, p=np.where(df > 0, chi2.sf(q, np.maximum(df, 1)), np.nan))
