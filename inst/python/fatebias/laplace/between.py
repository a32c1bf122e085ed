"""Variance between units (guides, replicates) day by day, from estimates whose noise is known.

By moments, day by day: small where labels are nearly flat, large where they are nearly one-hot. Each day's estimate is
then drawn towards what is common to all days (`shrink_over_days`).
"""

import numpy as np

TURNS = 5  # of weights that follow from the variance itself
LEAST_PROFILE = 0.05  # of the largest SD of a day: a day without any variance would take no part in anything


def one_way_variance(y: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance of units around the mean of their row beyond noise, by day, and the variance of that estimate: [D] each.

    y, v [rows, units, D]: estimates and their noise variance, infinite where there is none. Negative where units
    agree better than noise would have it.
    """
    seen = np.isfinite(v)
    y, v = np.where(seen, y, 0.0), np.where(seen, v, 0.0)
    found = np.zeros(y.shape[2])
    for _ in range(TURNS):
        total = np.where(seen, v + np.maximum(found, 0.0), np.inf)
        w = 1 / total
        whole = np.maximum(w.sum(1), np.finfo(float).tiny)
        mean = (w * y).sum(1) / whole
        q = (w * (y - mean[:, None]) ** 2).sum(1)
        expected = (w * v).sum(1) - (w**2 * v).sum(1) / whole
        slope = w.sum(1) - (w**2).sum(1) / whole
        freedom = np.maximum(seen.sum(1) - 1, 0)
        # each row with the weight of its information on the variance
        share = np.divide(slope, np.maximum(freedom, 1))
        top, bottom = (share * (q - expected)).sum(0), (share * slope).sum(0)
        error = (2 * freedom * share**2).sum(0)
        found = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    return found, np.divide(error, bottom**2, out=np.full_like(error, np.inf), where=bottom > 0)


def profile_of(variance: np.ndarray) -> np.ndarray:
    """SDs of the days [D] in units of the largest; 1 on all where there is no variance."""
    top = variance.max()
    return np.maximum(np.sqrt(variance / top), LEAST_PROFILE) if top > 0 else np.ones_like(variance)
