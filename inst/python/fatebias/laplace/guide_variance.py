"""How much the guides of a gene differ: s^2 of each gene, moderated towards what is usual among genes.

A gene has few guides, so that its own spread says little of s^2, while some genes have a guide with an effect of its
own (off-target) and really spread more. s^2 ~ scaled inverse chi-squared(df, scale^2), both found by maximum marginal
likelihood over all genes (Smyth 2004, Stat. Appl. Genet. Mol. Biol. 3:3, here with the noise of every guide counted),
and a gene's s^2 is exp(E[log s^2 | its guides]). All on one grid of s, in units of the profile: the SD of guides by
day.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from ..model import shrink_over_days
from .between import one_way_variance, profile_of
from .guide_days import VAGUE, GuideDays, day_variance, fit_layout

GRID = np.geomspace(0.005, 3.0, 64) ** 2  # s^2, in logits^2
PRIOR_DF = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


@dataclass(frozen=True, kw_only=True)
class GuideVariance:
    """by_gene: s^2 [L], a gene with one guide having that of the prior. scale: SD, and df of the prior; day: s_gd^2.

    profile [D]: what their SDs are multiplied by on each day, 1 on the day on which guides differ most. posterior:
    of each gene's s^2 on GRID [L, grid].
    """

    by_gene: np.ndarray
    scale: float
    df: float
    day: float
    profile: np.ndarray
    posterior: np.ndarray

    def of_mean(self, n_guides: np.ndarray) -> np.ndarray:
        """G: covariance of the mean effect of so many guides [L] over days: [L, D, D]."""
        constant, own = self.by_gene / n_guides, self.day / n_guides
        between = constant[:, None, None] + own[:, None, None] * np.eye(len(self.profile))
        return np.asarray(between * np.outer(self.profile, self.profile))

    def unit(self, layout: GuideDays) -> GuideDays:
        """A layout in units of the profile."""
        return layout.divided(self.profile)


def guide_profile(layouts: tuple[GuideDays, ...]) -> np.ndarray:
    """SD of guides within a gene by day, in units of the largest: [D]."""
    n_days = layouts[0].y.shape[2]
    parts = [one_way_variance(layout.y, layout.v) for layout in layouts if layout.n > 1]
    if not parts:
        return np.ones(n_days)
    found, error = (np.stack(part) for part in zip(*parts))
    w = 1 / error
    whole = np.maximum(w.sum(0), np.finfo(float).tiny)
    return profile_of(np.maximum(shrink_over_days((w * found).sum(0) / whole, 1 / whole)[0], 0.0))


def moderated_variance(layouts: tuple[GuideDays, ...], n_genes: int) -> GuideVariance:
    """s^2 of each gene of a screen from the layouts of all."""
    profile = guide_profile(layouts)
    layouts = tuple(layout.divided(profile) for layout in layouts)
    day = day_variance(layouts)
    log_likelihood = np.zeros((n_genes, len(GRID)))
    for layout in layouts:
        if layout.n > 1:
            log_likelihood[layout.genes] = _log_likelihood(layout, day)
    priors = _priors()
    likelihood = np.exp(log_likelihood - log_likelihood.max(1, keepdims=True))
    best = int(np.log(likelihood @ np.exp(priors.log_mass).T).sum(0).argmax())
    posterior = likelihood * np.exp(priors.log_mass[best])
    total = posterior.sum(1)
    return GuideVariance(
        by_gene=np.exp((posterior @ np.log(GRID)) / total), scale=float(priors.scale[best]),
        df=float(priors.df[best]), day=day, profile=profile, posterior=posterior / total[:, None],
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Priors:
    """Candidates: df, scale [c], log_mass [c, grid]."""

    df: np.ndarray
    scale: np.ndarray
    log_mass: np.ndarray


def _priors() -> _Priors:
    """Scaled inverse chi-squared on the grid, whose points are even in log s^2."""
    df, scale = (part.ravel() for part in np.meshgrid(PRIOR_DF, np.sqrt(GRID), indexing="ij"))
    log_mass = -df[:, None] / 2 * (np.log(GRID) + scale[:, None] ** 2 / GRID)
    log_mass -= logsumexp(log_mass, axis=1, keepdims=True)
    return _Priors(df=df, scale=scale, log_mass=log_mass)


def _log_likelihood(layout: GuideDays, day: float) -> np.ndarray:
    """Of each s^2 of the grid, by gene [l, grid]: deviations as fixed effects, noise and s^2 around 0."""
    found = fit_layout(layout.y, layout.v + day, VAGUE)
    d, n = found.n_days, layout.n
    basis = np.linalg.qr(np.c_[np.ones(n), np.eye(n)[:, : n - 1]])[0][:, 1:]  # of deviations with mean 0
    noise, vectors = np.linalg.eigh(basis.T @ found.covariance[:, d:, d:] @ basis)
    along = np.einsum("lij,li->lj", vectors, found.delta @ basis)
    total = np.maximum(noise, 0)[:, :, None] + GRID
    return np.asarray(-0.5 * (np.log(total) + along[:, :, None] ** 2 / total).sum(1))
