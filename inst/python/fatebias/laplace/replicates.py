"""Estimates by replicate, and how much effects vary between replicates beyond their noise.

A replicate's estimates are one step of Newton's method from those of all cells, with its own cells alone. Their
covariance is the model's, from few draws since it is of many genes that it must be right, widened as that of the whole
screen is by the scatter of the labels, and by the replicate's own dispersion over that of all, in which differences of
replicates are noise. R replicates, L genes, D days.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.special import chdtrc

from ..base import QUIET, Run
from ..model import dispersion_at, shrink_over_days
from ..screens import Screen
from .between import one_way_variance
from .contrasts import (
    carried_by_day,
    contrast_covariance,
    known_covariance,
    known_theta,
    mean_vectors,
    mean_weights,
    theta_of_columns,
)
from .covariance import gene_covariances, solve_columns
from .estimates import SolvedEstimates
from .mode import newton_step
from .options import Perturbations

DRAWS = 16  # behind the covariances of a replicate
LEAST_OWN = 0.1  # share of a gene's variance that it does not share with all genes, at least


@dataclass(frozen=True, kw_only=True)
class ByReplicate:
    """theta [R, L, D] and covariance [R, L, D, D] of the contrast; NaN where a replicate has no cell of the gene that
    day. centred: theta less its mean over genes, which all share; its covariance. R = 0 where the screen has one
    replicate.
    """

    theta: np.ndarray
    covariance: np.ndarray
    centred: np.ndarray
    centred_covariance: np.ndarray

    @property
    def n(self) -> int:
        return len(self.theta)

    @property
    def se(self) -> np.ndarray:
        """[R, L, D]."""
        return np.asarray(np.sqrt(np.einsum("rldd->rld", self.covariance)))


@dataclass(frozen=True, kw_only=True)
class ReplicateVariance:
    """Of a gene's effect between replicates: by_day, its variance [D]; constant, the share of it that is the same on
    all days. n_replicates: R; with one there is nothing to tell them from, and both are 0.
    """

    by_day: np.ndarray
    constant: float
    n_replicates: int

    @property
    def of_mean(self) -> np.ndarray:
        """R of the design: covariance of the mean effect over the replicates, [D, D]."""
        sd = np.sqrt(self.by_day)
        correlation = self.constant + (1 - self.constant) * np.eye(len(sd))
        return np.asarray(correlation * np.outer(sd, sd) / self.n_replicates)


@dataclass(frozen=True, kw_only=True)
class ReplicateObservations:
    """What each replicate's cells alone say, for all fates at once; NaN where a replicate has no cell of the gene that
    day.

    theta [R, L, D, F] and covariance [R, L, D, F, D, F], the model's. weight [R, L, D]: of genes in their mean;
    with_mean [R, L, D, F, D, F]: covariance of a gene's theta (first day and logit) with that mean (the last two).
    ratio [R, D]: root of the replicate's dispersion over that of all cells. R = 0 where the screen has one replicate.
    """

    theta: np.ndarray
    covariance: np.ndarray
    weight: np.ndarray
    with_mean: np.ndarray
    ratio: np.ndarray

    def of_contrast(self, contrast: np.ndarray, widening: np.ndarray) -> ByReplicate:
        """widening: SEs of the contrast's estimates of all cells over those of the model [L, D].

        Genes share the noise of the baseline, of which there is one draw only. What goes from the centred covariance is
        Cov(theta, mean) and its transpose, less Var(mean); the covariance is simulated, so that LEAST_OWN of it stays.
        """
        theta = self.theta @ contrast
        covariance, cross = (contrast_covariance(part, contrast) for part in (self.covariance, self.with_mean))
        of_mean = np.einsum("rld,rlde->rde", self.weight, cross)
        own = covariance - cross - cross.swapaxes(2, 3) + of_mean[:, None]
        least = LEAST_OWN * np.einsum("rldd->rld", covariance)
        too_small = (np.einsum("rldd->rld", own) < least).any(2)
        own = np.where(too_small[:, :, None, None], LEAST_OWN * covariance, own)
        mean = np.where(np.isnan(theta), 0.0, self.weight * theta).sum(1)
        sd = widening * self.ratio[:, None]
        wider = sd[..., :, None] * sd[..., None, :]
        return ByReplicate(
            theta=theta, covariance=wider * covariance, centred=theta - mean[:, None], centred_covariance=wider * own
        )


def observe_replicates(
    solved: SolvedEstimates, screen: Screen, perturbations: Perturbations, run: Run = QUIET
) -> ReplicateObservations:
    """One step of Newton's method from the estimates of all cells with each replicate's own."""
    effects, design = solved.effects, solved.design
    l, d, f = screen.n_genes, screen.n_days, screen.n_logits
    if screen.n_replicates == 1:
        none = np.empty((0, l, d, f, d, f))
        return ReplicateObservations(
            theta=np.empty((0, l, d, f)), covariance=none, weight=np.empty((0, l, d)), with_mean=none,
            ratio=np.empty((0, d)),
        )  # fmt: skip
    draws = replace(perturbations, number=min(DRAWS, perturbations.number))
    common = dispersion_at(design, effects.mode.mean, solved.p_eff)
    found = []
    for r in range(screen.n_replicates):
        own = effects.problem.of_cells(screen.replicate == r)
        x, _, curvature, _ = newton_step(own, effects.x, draws.tolerance)
        known = carried_by_day(screen, screen.replicate == r)
        of_model = gene_covariances(curvature, draws, run.at(f"replicate {r}"), of_many=True)
        ratio = dispersion_at(own.design, own.mean(x), of_model.p_eff) / common
        covariance = known_covariance(design, of_model.by_group, known)
        weight = mean_weights(covariance)
        toward_mean = solve_columns(curvature, mean_vectors(design, weight), draws.tolerance)
        found.append(
            {
                "theta": known_theta(design, x, known), "covariance": covariance, "weight": weight,
                "with_mean": theta_of_columns(design, toward_mean),
                "ratio": ratio.nan_to_num(1.0).sqrt().cpu().numpy(),
            }
        )  # fmt: skip
    return ReplicateObservations(**{name: np.stack([one[name] for one in found]) for name in found[0]})


def replicate_variance(found: ByReplicate) -> ReplicateVariance:
    """From the scatter of each gene's estimates over replicates beyond their noise, pooled over genes.

    One standard error above the estimate: a variance that is put in as if it were known makes intervals too short
    (Kackar & Harville 1984, J. Am. Stat. Assoc. 79:853), and too small a one is the dearer mistake.
    """
    n, _, d = found.theta.shape
    if n == 0:
        return ReplicateVariance(by_day=np.zeros(d), constant=0.0, n_replicates=1)
    theta, covariance = found.centred.transpose(1, 0, 2), found.centred_covariance.transpose(1, 0, 2, 3)
    noise = np.einsum("lrdd->lrd", covariance)
    by_day, error = shrink_over_days(*one_way_variance(theta, np.where(np.isnan(theta), np.inf, noise)))
    by_day = np.maximum(by_day + np.sqrt(error), 0.0)
    return ReplicateVariance(by_day=by_day, constant=_constant_share(theta, covariance, by_day), n_replicates=n)


def _constant_share(theta: np.ndarray, covariance: np.ndarray, by_day: np.ndarray) -> float:
    """Correlation between days of what replicates differ by, from differences of every two: within 0 and 1."""
    sd, top, bottom = np.sqrt(by_day), 0.0, 0.0
    for one, other in combinations(range(theta.shape[1]), 2):
        moved, noise = theta[:, one] - theta[:, other], covariance[:, one] + covariance[:, other]
        scale = np.sqrt(np.einsum("ldd->ld", noise) + 2 * by_day)
        products = (moved[:, :, None] * moved[:, None] - noise) / (scale[:, :, None] * scale[:, None])
        full = 2 * np.outer(sd, sd) / (scale[:, :, None] * scale[:, None])
        first, second = np.triu_indices(len(sd), 1)
        known = ~np.isnan(products[:, first, second])
        top += float((full * products)[:, first, second][known].sum())
        bottom += float((full**2)[:, first, second][known].sum())
    return min(1.0, max(0.0, top / bottom)) if bottom > 0 else 0.0


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
    by_day, df_by_day = scatter_of_replicates(found.theta, np.einsum("rldd->rld", found.covariance))
    q, df = by_day.sum(1), df_by_day.sum(1)
    return Agreement(q=q, df=df, p=np.where(df > 0, chdtrc(np.maximum(df, 1), q), np.nan))


def scatter_of_replicates(theta: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cochran's Q of each gene and day and its degrees of freedom [L, D], of estimates and variances [R, L, D]."""
    seen = ~np.isnan(theta)
    weight = np.where(seen, 1 / variance, 0.0)
    known = np.where(seen, theta, 0.0)
    mean = (weight * known).sum(0) / np.maximum(weight.sum(0), np.finfo(float).tiny)
    return (weight * (known - mean) ** 2).sum(0), np.maximum(seen.sum(0) - 1, 0)
