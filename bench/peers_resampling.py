"""Conditional randomisation of who carries a gene, as sceptre does it, for a response that is a number.

sceptre itself takes counts of RNA. The steps here are its own: the chance that a cell carries the gene is a logistic
regression on what is given of the cell; carriers are drawn anew by these chances; the score statistic of the response
is computed with the carriers that were seen and with each draw; and p comes from a skew normal distribution that is
fitted to the draws, since they are few (Barry, Wang, Morris, Roeder & Katsevich 2021, Genome Biology 22:344; score
statistic and skew normal: Barry, Mason, Roeder & Katsevich 2024, Genome Biology 25:124). The response is a Gaussian
one here instead of a negative binomial.
"""

import numpy as np
from scipy import stats

STEPS = 25  # of the logistic regression, at most
TOLERANCE = 1e-8  # on its coefficients
MOST_SKEW = 0.99  # a skew normal distribution has less than .9953


def randomisation_p(
    rng: np.random.Generator, y: np.ndarray, carried: np.ndarray, given: np.ndarray, resamples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Score statistic and two-sided p of each gene [L]; NaN where no cell or every cell carries it.

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
        p[gene] = skew_normal_p(z[gene], null[np.isfinite(null)])
    return z, p


def scores(carried: np.ndarray, residual: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """x'e / sqrt(x'x - x'Q Q'x) of indicators x [B, N]: the score of a linear regression, but for the SD of e."""
    x = carried.astype(np.float32)
    sums = x @ np.c_[residual, basis].astype(np.float32)
    left = x.sum(1) - (sums[:, 1:] ** 2).sum(1)
    return np.divide(sums[:, 0], np.sqrt(left.clip(0)), out=np.full(len(x), np.nan), where=left > 1e-3)


def carrier_chances(carried: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Fitted chances [N] of a logistic regression of who carries the gene (iteratively reweighted least squares)."""
    mean = carried.mean()
    coefficients = basis.T @ np.full(len(carried), np.log(mean / (1 - mean)))
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-(basis @ coefficients).clip(-30, 30)))
        weight = (chance * (1 - chance)).clip(1e-10)
        curvature = basis.T @ (basis * weight[:, None])
        step = np.linalg.solve(curvature, basis.T @ (carried - chance))
        coefficients = coefficients + step
        if np.abs(step).max() < TOLERANCE * max(1, np.abs(coefficients).max()):
            break
    return 1 / (1 + np.exp(-(basis @ coefficients).clip(-30, 30)))


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
