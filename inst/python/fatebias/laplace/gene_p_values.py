"""p-values of all genes and days, from how guides came into cells rather than from how labels scatter.

Two nulls, both about the contrast on one day (`day_scores` has the statistic T):
    guides    the gene's guides do nothing: T is that of guides which lie at random
    gene      the mean effect of such guides, in such cultures, is zero: T is that plus I (G + R)^(1/2) z
with I the information of T, G and R the variances between guides and between replicates that the estimates' covariances
have. The variance between a gene's guides is known from a few of them: the tail is its mean over what the guides say
of it (`GuideVariance.posterior`), as that of a t-test is. Where T shares noise with the effects of other genes and the
baseline beyond what the randomisation shows, a normal of that variance is added under both nulls; where cells of a
cluster share noise, all of the estimates' variance beyond the randomisation's. L genes, D days.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import log_ndtr, logsumexp, ndtri_exp

from ..screens import Screen, burden_strata
from .day_scores import DayScores, DayTests, FittedScores, day_tests
from .estimates import SolvedEstimates
from .guide_variance import GRID, GuideVariance
from .replicates import ReplicateVariance
from .saddlepoint import Floats, add_up, moments, normal_score

NODES = np.array([1, 2 / 3, 1 / 3])  # shares of the largest share of the randomisation, at which a tail is computed
LEAST_P = 1e-300  # smaller ones are given as this; z is not bounded


@dataclass(frozen=True, kw_only=True)
class GenePValues:
    """[L, D] each, NaN on a day without a cell that carries the gene, or where it could lie in no other cell.

    z: the standard normal number with the same tail, positive where the contrast is raised; p: two-sided, twice the
    smaller tail, both of the estimand's null; p_guides: of the null that these guides do nothing.
    """

    z: Floats
    p: Floats
    p_guides: Floats


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What a gene's T has beside the randomisation. noise [L, D]: variance of the estimates' noise where cells of a
    cluster share it, else None. guides, replicates: how much effects vary between them, or None for the null `guides`.
    """

    noise: Floats | None
    guides: GuideVariance | None
    replicates: ReplicateVariance | None


def gene_p_values(solved: SolvedEstimates, screen: Screen, contrast: Floats, beside: Spread) -> GenePValues:
    """Of all genes and days of a screen, from its fixed effects. contrast: [F]."""
    fitted = FittedScores.of(solved, screen, contrast, burden_strata(screen))
    z, z_guides = (np.full((screen.n_genes, screen.n_days), np.nan) for _ in range(2))
    for d in range(screen.n_days):
        day = fitted.on_day(d)
        shared = _shared_noise(solved, day.direction, d)
        for tests in day_tests(day):
            own = _Own.of(day, tests)
            normal = own.beyond(shared[tests.genes], None if beside.noise is None else beside.noise[tests.genes, d])
            z_guides[tests.genes, d] = normal_score(tests.x, tests.pools, normal)
            if beside.guides is not None:
                z[tests.genes, d] = _of_gene(tests, own, normal, beside, d)
    z = z_guides if beside.guides is None else z
    return GenePValues(z=z, p=two_sided(z), p_guides=two_sided(z_guides))


def two_sided(z: Floats) -> Floats:
    """Twice the smaller tail of a standard normal, at least LEAST_P."""
    return np.asarray(np.maximum(2 * np.exp(log_ndtr(-np.abs(z))), np.where(np.isnan(z), np.nan, LEAST_P)))


@dataclass(frozen=True, kw_only=True)
class _Own:
    """Of tests [T]. variance: by the randomisation; information: of T at the gene's effect, whole: with the fitted
    baseline in place; of_guides: sum over guides of the square of each one's share of the information.
    """

    variance: Floats
    information: Floats
    whole: Floats
    of_guides: Floats

    @classmethod
    def of(cls, day: DayScores, tests: DayTests) -> "_Own":
        n, pairs = len(tests.genes), tests.pairs
        test = np.searchsorted(tests.genes, day.gene[pairs])
        by_pair = day.carried[pairs] * day.information[day.cell[pairs]] * (tests.spare > 0)
        entries = slice(*np.searchsorted(day.entry_pair, (pairs.start, pairs.stop)))
        pair = day.entry_pair[entries] - pairs.start
        guides, guide = np.unique(day.entry_guide[entries], return_inverse=True)
        by_guide = add_up(guide, (by_pair * tests.spare)[pair], len(guides))
        of_guide = np.zeros(len(guides), dtype=np.int64)
        of_guide[guide] = test[pair]
        own = by_pair * day.carried[pairs]
        return cls(
            variance=moments(tests.pools, n)[1], information=add_up(test, own * tests.spare, n),
            whole=add_up(test, own, n), of_guides=add_up(of_guide, by_guide**2, n),
        )  # fmt: skip

    def beyond(self, shared: Floats, noise: Floats | None) -> Floats:
        """Variance of T that the randomisation lacks [T]. shared: of the fitted T, by the noise of other effects."""
        whole = np.maximum(self.whole, np.finfo(float).tiny)
        left = self.information / whole
        found = self.variance * (left * (1 + shared / whole) - 1) if noise is None else (
            self.information**2 * noise - self.variance
        )  # fmt: skip
        return np.maximum(found, 0.0)


def _shared_noise(solved: SolvedEstimates, a: torch.Tensor, day: int) -> Floats:
    """Variance of a gene's score on a day along `a` [F] by the noise of all other effects, in the screen's order [L].

    A gene's score without its own effect moves by -B c, B its block of the curvature, c c' what its covariance has
    beyond B^-1 (`covariance`).
    """
    effects, f = solved.effects, solved.design.n_logits
    parts = []
    for inverse, model in zip(effects.curvature.inverses, solved.model):
        unit = inverse.new_zeros((inverse.shape[1], 1))
        unit[day * f : (day + 1) * f, 0] = a
        moved = torch.linalg.solve(inverse, unit.expand(len(inverse), -1, -1))
        parts.append((moved.transpose(1, 2) @ (model - inverse) @ moved)[:, 0, 0])
    return np.asarray(solved.design.by_gene(parts).cpu().numpy())


def _of_gene(tests: DayTests, own: _Own, normal: Floats, beside: Spread, day: int) -> Floats:
    """z under the null of the estimand `gene` [T]."""
    assert beside.guides is not None and beside.replicates is not None
    between, profile = beside.guides, beside.guides.profile[day] ** 2
    fixed = normal + own.information**2 * beside.replicates.of_mean[day, day]
    variance = fixed[:, None] + profile * own.of_guides[:, None] * (GRID + between.day)
    return mean_tail(_scores(tests, own, variance), between.posterior[tests.genes])


def _scores(tests: DayTests, own: _Own, variance: Floats) -> Floats:
    """r* of tests with normals of many variances beside the randomisation [T, K], increasing.

    r* times T's SD is nearly a polynomial in the share of the randomisation in T's variance, by Edgeworth's expansion,
    and T less its mean where that share is 0; so that a few are enough.
    """
    mean, _ = moments(tests.pools, len(tests.x))
    varies = own.variance > 0
    share = own.variance[:, None] / np.where(varies[:, None], own.variance[:, None] + variance, 1.0)
    top = np.where(varies, share[:, 0], 1.0)
    places = np.r_[0.0, NODES]
    total = NODES * top[:, None]
    beside = np.maximum(own.variance[:, None] * (1 / total - 1), 0.0)
    scaled = np.c_[
        (tests.x - mean) / np.sqrt(np.where(varies, own.variance, np.nan)),
        normal_score(tests.x, tests.pools, beside) / np.sqrt(total),
    ]
    found, at = np.zeros_like(share), share / top[:, None]
    for k, place in enumerate(places):
        others = np.delete(places, k)
        found += scaled[:, k, None] * np.prod([(at - other) / (place - other) for other in others], axis=0)
    return np.asarray(found * np.sqrt(share))


def mean_tail(scores: Floats, weight: Floats) -> Floats:
    """The standard normal number whose tails are the weighted means of those of scores [T, K]; weight: [T, K]."""
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight)
    above, below = (logsumexp(log_ndtr(sign * scores) + log_weight, axis=1) for sign in (-1, 1))
    return np.asarray(np.where(above < below, -ndtri_exp(np.minimum(above, 0.0)), ndtri_exp(np.minimum(below, 0.0))))
