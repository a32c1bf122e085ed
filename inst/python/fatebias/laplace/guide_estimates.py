"""Each guide's own effect, unshrunk, and the gene's estimate with one guide left out; no refit, from the layouts.

G guides, L genes, D days, all in the screen's order.
"""

from dataclasses import dataclass

import numpy as np

from .guide_days import VAGUE, GuideDays, LayoutFit, fit_layout
from .guide_variance import GuideVariance


@dataclass(frozen=True, kw_only=True)
class GuideEstimates:
    """beta, se [G, D]: of each guide, with mean over a gene's guides as the gene's own. left_out, left_out_se [G, D]:
    of the gene without that guide, NaN where no other guide is carried.
    """

    beta: np.ndarray
    se: np.ndarray
    left_out: np.ndarray
    left_out_se: np.ndarray


@dataclass(frozen=True, kw_only=True)
class GeneNoise:
    """What is known of the genes: theta_hat [L, D], the variance of its noise [L, D], and what is added to the
    variance of a mean of guides beyond it: of_guides [L, D], of the mean of all, and replicates [D], both 0 where the
    estimand is of these guides; labels [L, D], by which label sets differ. guides: how much they differ. guide_prior:
    variance of the deviations in the model.
    """

    theta_hat: np.ndarray
    variance: np.ndarray
    guides: GuideVariance
    of_guides: np.ndarray
    replicates: np.ndarray
    labels: np.ndarray
    guide_prior: float


def estimate_guides(layouts: tuple[GuideDays, ...], genes: GeneNoise) -> GuideEstimates:
    """Of all guides, from the layouts of all genes."""
    n_guides = sum(layout.guides.size for layout in layouts)
    beta, se, left, left_se = (np.full((n_guides, genes.theta_hat.shape[1]), np.nan) for _ in range(4))
    for layout in layouts:
        found = _unshrunk(layout, genes)
        beta[layout.guides], se[layout.guides] = found
        if layout.n > 1:
            left[layout.guides], left_se[layout.guides] = _left_out(layout, genes)
    return GuideEstimates(beta=beta, se=se, left_out=left, left_out_se=left_se)


def _unshrunk(layout: GuideDays, genes: GeneNoise) -> tuple[np.ndarray, np.ndarray]:
    """Effects of guides and their SEs [l, n, D]: deviations that follow the profile of days."""
    unit, profile = genes.guides.unit(layout), genes.guides.profile
    found: LayoutFit = fit_layout(unit.y, unit.v + genes.guides.day, VAGUE)
    d = found.n_days
    variance = np.einsum("lkk->lk", found.covariance)
    of_theta, of_delta = variance[:, None, :d], variance[:, d:, None]
    both = of_theta + of_delta + 2 * np.swapaxes(found.covariance[:, :d, d:], 1, 2)
    wider = genes.variance[layout.genes] / variance[:, :d]
    delta = profile * found.delta[:, :, None]
    return genes.theta_hat[layout.genes][:, None] + delta, np.sqrt(
        both * wider[:, None] + genes.labels[layout.genes][:, None]
    )


def _left_out(layout: GuideDays, genes: GeneNoise) -> tuple[np.ndarray, np.ndarray]:
    """The gene's estimates and SEs without each guide in turn [l, n, D]."""
    n, d = layout.n, layout.y.shape[2]
    whole = fit_layout(layout.y, layout.v, genes.guide_prior)
    others = np.array([[j for j in range(n) if j != g] for g in range(n)])
    v = layout.v[:, others]
    without = fit_layout(layout.y[:, others], v, genes.guide_prior)
    days = np.arange(d)
    ratio = without.covariance[..., days, days] / whole.covariance[:, None, days, days]
    added = genes.of_guides[layout.genes] * n / (n - 1) + genes.replicates + genes.labels[layout.genes]
    variance = genes.variance[layout.genes][:, None] * ratio + added[:, None]
    theta = genes.theta_hat[layout.genes][:, None] + without.theta - whole.theta[:, None]
    seen = np.isfinite(v).any(2)
    return np.where(seen, theta, np.nan), np.where(seen, np.sqrt(variance), np.nan)
