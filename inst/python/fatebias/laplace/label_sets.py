"""Several label sets of the same cells: one fit each, combined by Rubin's rules (Rubin 1987, Multiple Imputation).

    estimate = mean over sets,    covariance = W + (1 + 1/m) B,    W within sets, B between m sets
The sets stand for what the labels could have been. A part of their difference is another one in every cell; it is in
the scatter of the labels of every set, and Rubin's sum would count it twice. So W is that of the mean of the sets'
labels, and B is what sets differ by beyond V, their differences from cell to cell, which is the part of W that the mean
takes off: V = m / (m - 1) (mean over sets of W - W of the mean labels). What is left is shared by cells of a gene,
which lie together in the graph that labels are made from; more cells do not average it out.

A gene's own B has m - 1 degrees of freedom only, so that it is moderated over genes as the variance of guides is
(`guide_variance`): B[l] = lambda[l] P, P the covariance over days and fates that genes share, lambda ~ scaled inverse
chi-squared, by maximum marginal likelihood with V counted. Sizes are means over all fates of log probabilities less
their mean over fates, so that nothing depends on the reference. An error that all sets share is not seen. L genes, D
days, F logits (the fates beside the reference), m sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln, logsumexp

from .all_fates import AllFates

TURNS = 5  # of weights that follow from what they weigh
GRID = np.geomspace(0.02, 50.0, 60)  # lambda
PRIOR_DF = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
PRIOR_SCALE = np.geomspace(0.1, 4.0, 24)  # of lambda


@dataclass(frozen=True, kw_only=True)
class BetweenSets:
    """Covariance between label sets beyond their differences from cell to cell.

    covariance [L, D, F, D, F]: B, NaN where a gene is not known on a day. size [L]: lambda. df: degrees of freedom of
    its prior. n_sets: m.
    """

    covariance: np.ndarray
    size: np.ndarray
    df: float
    n_sets: int

    @property
    def of_mean(self) -> np.ndarray:
        """What is added to the covariance of the mean over sets."""
        return (1 + 1 / self.n_sets) * self.covariance


def combine_sets(sets: Sequence[AllFates], of_mean_labels: AllFates) -> AllFates:
    """Effects of all fates from those of each label set, and those of their mean labels: estimates are means over sets,
    covariances those of the mean labels, and `labels` is what sets differ by.
    """
    theta = np.stack([one.theta for one in sets])
    by_cell = np.mean([one.noise for one in sets], axis=0) - of_mean_labels.noise
    between = between_sets(theta, by_cell * len(sets) / (len(sets) - 1))
    guides, replicates = of_mean_labels.guides, of_mean_labels.replicates
    return replace(
        of_mean_labels, theta=theta.mean(0), labels=between.of_mean,
        guides=replace(guides, y=np.mean([one.guides.y for one in sets], axis=0)),
        replicates=replace(replicates, theta=np.mean([one.replicates.theta for one in sets], axis=0)),
    )  # fmt: skip


def between_sets(theta: np.ndarray, by_cell: np.ndarray) -> BetweenSets:
    """theta [m, L, D, F]: estimates by set. by_cell [L, D, F, D, F]: V, their covariance by differences from cell to
    cell.
    """
    m, n_genes, d, f = theta.shape
    known = ~np.isnan(theta[0, :, :, 0])
    moved = np.where(known[:, :, None], theta - theta.mean(0), 0.0).reshape(m, n_genes, d * f)
    by_cell = np.nan_to_num(by_cell).reshape(n_genes, d * f, d * f)
    metric = np.kron(np.eye(d), np.eye(f) - 1 / (f + 1))
    seen = np.repeat(known, f, axis=1).astype(float)
    shared = _shared_covariance(moved, by_cell, metric, seen, f)
    size, df = _sizes(moved, by_cell, shared, metric, seen)
    whole = np.where(seen > 0, 1.0, np.nan) * np.sqrt(size)[:, None]
    covariance = whole[:, :, None] * shared * whole[:, None]
    return BetweenSets(covariance=covariance.reshape(n_genes, d, f, d, f), size=size, df=df, n_sets=m)


def _shared_covariance(
    moved: np.ndarray, by_cell: np.ndarray, metric: np.ndarray, seen: np.ndarray, f: int
) -> np.ndarray:
    """P [D F, D F]: by moments, pooled over the genes that are known on both days, each by its precision; positive
    semidefinite.
    """
    n = seen.shape[1]
    excess = np.einsum("kli,klj->lij", moved, moved) / (len(moved) - 1) - by_cell
    sizes = np.maximum(_by_day(by_cell, metric, f), 0.0)  # [L, D]
    found = np.zeros((n, n))
    for _ in range(TURNS):
        total = sizes + np.maximum(_by_day(found[None], metric, f), 0.0)
        weight = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
        weight = np.repeat(weight, f, axis=1) * seen
        pairs = weight.T @ weight
        found = np.einsum("li,lij,lj->ij", weight, excess, weight)
        found = np.divide(found, pairs, out=np.zeros_like(found), where=pairs > 0)
        found = _without_negative(found, metric)
    return found


def _without_negative(covariance: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """The nearest positive semidefinite matrix to one, distances taken by the metric."""
    values, vectors = np.linalg.eigh(metric)
    root = (vectors * np.sqrt(values)) @ vectors.T
    values, vectors = np.linalg.eigh(root @ covariance @ root)
    back = np.linalg.solve(root, vectors)
    return np.asarray((back * np.maximum(values, 0.0)) @ back.T)


def _by_day(covariance: np.ndarray, metric: np.ndarray, f: int) -> np.ndarray:
    """Sizes by day [.., D] of covariances [.., D F, D F]."""
    diagonal = np.einsum("...ij,ji->...i", covariance, metric)
    return np.asarray(diagonal.reshape(*diagonal.shape[:-1], -1, f).sum(-1))


def _sizes(
    moved: np.ndarray, by_cell: np.ndarray, shared: np.ndarray, metric: np.ndarray, seen: np.ndarray
) -> tuple[np.ndarray, float]:
    """lambda [L], and degrees of freedom of its prior: from the sum of squares of a gene's deviations."""
    squares = np.einsum("kli,ij,klj->l", moved, metric, moved)
    usual = metric @ shared
    if not np.trace(usual) > 0:
        return np.ones(len(squares)), PRIOR_DF[-1]
    log_likelihood = np.empty((len(squares), len(GRID)))
    for k, size in enumerate(GRID):
        whole = metric @ (by_cell + size * shared) * seen[:, :, None] * seen[:, None]
        trace, squared = np.einsum("lii->l", whole), np.einsum("lij,lji->l", whole, whole)
        log_likelihood[:, k] = _log_density(squares, len(moved) - 1, trace, squared)
    posterior, df = _posterior(log_likelihood)
    return np.exp(posterior @ np.log(GRID)), df


def _log_density(squares: np.ndarray, n: int, trace: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """Of sums of squares of n normal vectors whose covariance has that trace, and that trace of its square.

    That of a multiple of chi-squared with the same first two moments (Satterthwaite 1946, Biometrics 2:110).
    """
    trace, squared = np.maximum(trace, np.finfo(float).tiny), np.maximum(squared, np.finfo(float).tiny)
    half, scale = n * trace**2 / squared / 2, squared / trace
    at = np.maximum(squares, np.finfo(float).tiny) / (2 * scale)
    return np.asarray((half - 1) * np.log(at) - at - gammaln(half) - np.log(2 * scale))


def _posterior(log_likelihood: np.ndarray) -> tuple[np.ndarray, float]:
    """Of lambda on GRID by gene [L, grid], under the likeliest prior, and that prior's degrees of freedom."""
    df, scale = (part.ravel() for part in np.meshgrid(PRIOR_DF, PRIOR_SCALE, indexing="ij"))
    log_prior = -df[:, None] / 2 * (np.log(GRID) + scale[:, None] / GRID)
    log_prior -= logsumexp(log_prior, axis=1, keepdims=True)
    marginal = [logsumexp(log_likelihood + one, axis=1).sum() for one in log_prior]
    best = int(np.argmax(marginal))
    joint = log_likelihood + log_prior[best]
    return np.exp(joint - logsumexp(joint, axis=1, keepdims=True)), float(df[best])
