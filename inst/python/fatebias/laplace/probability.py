"""Effects as changes of probability: what one more guide of a gene does to the cells of a day.

The change of fate k's probability, averaged over the day's cells i (g-computation, Robins 1986, Math. Model. 7:1393):
    change[k] = mean over i of softmax(eta_i + theta)[k] - softmax(eta_i)[k],
eta_i the cell as it is, theta [F] the gene's effect on the day, that of an average guide of it. Controls have no effect
by definition, so this is what a guide of the gene does beyond a control in its place: what the number of guides in a
cell does is no part of it. Its error is that of the contrast that its gradient gives (delta method),
    d change[k] / d theta[j] = mean over i of pi[k] (1{j = k} - pi[j]) at eta_i + theta.
K fates, the reference first; F = K - 1 logits; L genes, D days.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from .fate_baseline import FateBaseline

LEVEL = 0.9  # of the intervals
BLOCK_NUMBERS = 4_000_000  # cells times genes that are moved at once


@dataclass(frozen=True, kw_only=True)
class ProbabilityChange:
    """change, low, high: [L, D, K], as shares of 1; NaN where theta is."""

    change: np.ndarray
    low: np.ndarray
    high: np.ndarray


def probability_change(baseline: FateBaseline, theta: np.ndarray, covariance: np.ndarray) -> ProbabilityChange:
    """theta [L, D, F]; covariance [L, D, K, K] of its error, on logits of all fates."""
    n_genes, n_days, n_logits = theta.shape
    change, sd = (np.empty((n_genes, n_days, n_logits + 1)) for _ in range(2))
    for day in range(n_days):
        probs = baseline.of_day(day)
        for genes in _blocks(n_genes, len(probs)):
            mean, gradient = moved(probs, theta[genes, day])
            change[genes, day] = mean - baseline.mean[day]
            sd[genes, day] = np.sqrt(np.einsum("lkj,ljm,lkm->lk", gradient, covariance[genes, day], gradient))
    half = ndtri((1 + LEVEL) / 2) * sd
    low, high = np.maximum(change - half, -baseline.mean), np.minimum(change + half, 1 - baseline.mean)
    return ProbabilityChange(change=change, low=low, high=high)


def moved(probs: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean probabilities [L, K] of cells moved by theta [L, F], and their gradient [L, K, K] in the logits of all
    fates. probs [n, K]: of the cells before.
    """
    n, k = probs.shape
    logits = np.c_[np.zeros(len(theta)), theta]
    odds = np.exp(logits - logits.max(1, keepdims=True))
    share = 1 / (probs @ odds.T)
    mean = odds * (share.T @ probs) / n
    one, other = np.triu_indices(k)
    both = (share**2).T @ (probs[:, one] * probs[:, other]) / n
    products = np.empty((len(theta), k, k))
    products[:, one, other] = products[:, other, one] = odds[:, one] * odds[:, other] * both
    return mean, np.eye(k) * mean[:, None] - products


def _blocks(n_genes: int, n_cells: int) -> Iterator[slice]:
    step = max(1, BLOCK_NUMBERS // n_cells)
    return (slice(first, first + step) for first in range(0, n_genes, step))
