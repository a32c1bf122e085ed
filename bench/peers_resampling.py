"""Conditional randomisation of who carries a gene, as sceptre does it, for a response that is a number.

sceptre itself takes counts of RNA. The steps here are its own: the chance that a cell carries the gene is a logistic
regression on what is given of the cell; carriers are drawn anew by these chances; the score statistic of the response
is computed with the carriers that were seen and with each draw; and p comes from a skew normal distribution that is
fitted to the draws, since they are few (Barry, Wang, Morris, Roeder & Katsevich 2021, Genome Biology 22:344; score
statistic and skew normal: Barry, Mason, Roeder & Katsevich 2024, Genome Biology 25:124). The response is a Gaussian
one here instead of a negative binomial.
"""

import numpy as np
from scipy import special, stats

STEPS = 25  # of the logistic regression, at most
TOLERANCE, LONGEST = 1e-6, 2.0  # of a step: the last one, and any
RIDGE = 0.01
MOST_SKEW = 0.99  # a skew normal distribution has less than .9953


def randomisation_p(
    rng: np.random.Generator, y: np.ndarray, carried: np.ndarray, given: np.ndarray, resamples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Score statistic and two-sided p of each gene [L]; NaN where it has no variation beside what is given.

    y: response [N]; carried: booleans [N, L]; given: covariates [N, K] whose span holds the constant. All genes share
    the uniform numbers that the carriers are drawn with.
    """
    basis = np.linalg.svd(given, full_matrices=False)
    basis = basis[0][:, basis[1] > 1e-9 * basis[1][0]]
    residual = y - basis @ (basis.T @ y)
    sd = np.sqrt(residual @ residual / (len(y) - basis.shape[1]))
    uniform = rng.random((resamples, len(y)), dtype=np.float32)
    z, p = (np.full(carried.shape[1], np.nan) for _ in range(2))
    for gene in np.flatnonzero(carried.any(0) & ~carried.all(0)):
        drawn = uniform < carrier_chances(carried[:, gene], basis)
        null = scores(drawn, residual, basis) / sd
        z[gene] = scores(carried[None, :, gene], residual, basis)[0] / sd
        if np.isfinite(z[gene]) and np.isfinite(null).mean() > 0.5:
            p[gene] = skew_normal_p(z[gene], null[np.isfinite(null)])
    return z, p


def scores(carried: np.ndarray, residual: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """x'e / sqrt(x'x - x'Q Q'x) of indicators x [B, N]: the score of a linear regression, but for the SD of e."""
    x = carried.astype(np.float32)
    sums = x @ np.c_[residual, basis].astype(np.float32)
    left = x.sum(1) - (sums[:, 1:] ** 2).sum(1)
    return np.divide(sums[:, 0], np.sqrt(left.clip(0)), out=np.full(len(x), np.nan), where=left > 1e-3)


def carrier_chances(carried: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Fitted chances [N] of a logistic regression of who carries the gene (Newton's method with bounded steps).

    Coefficients of columns of mean square 1 have the prior N(0, 1 / RIDGE), which matters only where covariates
    separate a few carriers from all other cells.
    """
    x = basis * np.sqrt(len(carried))
    mean = carried.mean()
    coefficients = x.mean(0) * np.log(mean / (1 - mean))  # of the same chance for all cells
    for _ in range(STEPS):
        chance = special.expit(x @ coefficients)
        curvature = x.T @ (x * (chance * (1 - chance))[:, None]) + RIDGE * np.eye(x.shape[1])
        step = np.linalg.solve(curvature, x.T @ (carried - chance) - RIDGE * coefficients)
        coefficients += step * min(1.0, LONGEST / np.abs(step).max())
        if np.abs(step).max() < TOLERANCE:
            break
    return special.expit(x @ coefficients)


def skew_normal_p(z: float, null: np.ndarray) -> float:
    """Twice the smaller tail beyond z of the skew normal distribution with mean, SD and skewness of the draws."""
    mean, sd, skew = null.mean(), null.std(), np.clip(stats.skew(null), -MOST_SKEW, MOST_SKEW)
    root = np.abs(skew) ** (2 / 3)
    delta = np.sign(skew) * np.sqrt(np.pi / 2 * root / (root + ((4 - np.pi) / 2) ** (2 / 3)))
    scale = sd / np.sqrt(1 - 2 * delta**2 / np.pi)
    place = mean - scale * delta * np.sqrt(2 / np.pi)
    shape = delta / np.sqrt(1 - delta**2)
    tails = [tail(z, shape, loc=place, scale=scale) for tail in (stats.skewnorm.cdf, stats.skewnorm.sf)]
    return float(min(1.0, 2 * min(tails)))
