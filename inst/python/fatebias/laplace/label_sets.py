"""Several label sets of the same cells: one fit each, combined by Rubin's rules (Rubin 1987, Multiple Imputation).

    estimate = mean over sets,    covariance = mean over sets + (1 + 1/m) B,    B the covariance between m sets
The sets stand for what labels could have been; an error that all of them share is not seen. A gene's own B has m - 1
degrees of freedom only, so that it is moderated over genes:
    B[l] = lambda[l] * root(g[l]) P root(g[l])
g[l, d] = a[d] + b[d] u[l, d] is what is usual for a gene whose noise has the size u (labels that differ from cell to
cell move a gene of few cells more: b; those that differ for all cells of a state do not: a), P the covariance over days
and fates that genes share, and lambda a gene's own size, drawn towards 1 as variances are by Smyth (2004, Stat. Appl.
Genet. Mol. Biol. 3:3). Sizes are means over all fates of log probabilities less their mean over fates, so that nothing
depends on the reference. L genes, D days, F logits (the fates beside the reference).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq, nnls
from scipy.special import digamma, polygamma

from .all_fates import AllFates

TURNS = 5  # of weights that follow from the sizes themselves
MOST_DF = 1e6  # of the prior: genes do not differ
LEAST_SHARE = 1e-6  # of the mean over genes: the size of a gene whose estimates all sets give alike


@dataclass(frozen=True, kw_only=True)
class BetweenSets:
    """Covariance between label sets. covariance [L, D, F, D, F]: B, NaN where a gene is not known on a day. size [L]:
    lambda. df: degrees of freedom of its prior. n_sets: m.
    """

    covariance: np.ndarray
    size: np.ndarray
    df: float
    n_sets: int

    @property
    def of_mean(self) -> np.ndarray:
        """What is added to the covariance of the mean over sets."""
        return (1 + 1 / self.n_sets) * self.covariance


def combine_sets(sets: Sequence[AllFates]) -> AllFates:
    """One set of effects of all fates from one of each label set: means, and `labels`, what sets differ by."""
    between = between_sets(np.stack([one.theta for one in sets]), np.mean([one.noise for one in sets], axis=0))
    return replace(_mean_of(sets), labels=between.of_mean)


def _mean_of(records: Sequence[Any]) -> Any:
    """A record whose arrays are the means of those of like records, and of the records within."""
    first, made = records[0], {}
    for field in fields(first):
        values = [getattr(one, field.name) for one in records]
        if isinstance(values[0], np.ndarray):
            whole = values[0].dtype.kind in "iub"  # indices, the same in all
            made[field.name] = values[0] if whole else np.mean(values, axis=0)
        elif hasattr(values[0], "__dataclass_fields__"):
            made[field.name] = _mean_of(values)
    return replace(first, **made)


def between_sets(theta: np.ndarray, noise: np.ndarray) -> BetweenSets:
    """theta [m, L, D, F]: estimates by set. noise [L, D, F, D, F]: mean over sets of their covariance."""
    m, n_genes, d, f = theta.shape
    known = ~np.isnan(theta[0, :, :, 0])
    moved = np.where(known[:, :, None], theta - theta.mean(0), 0.0)
    metric = np.eye(f) - 1 / (f + 1)
    own = np.einsum("kldf,fg,kldg->ld", moved, metric, moved) / ((m - 1) * (f + 1))
    of_noise = np.einsum("ldfdg,gf->ld", np.where(known[:, :, None, None, None], noise, 0.0), metric) / (f + 1)
    root = np.sqrt(_usual_size(own, of_noise, known))
    unit = np.divide(moved, root[:, :, None], out=np.zeros_like(moved), where=root[:, :, None] > 0)
    shared = _shared_covariance(unit.reshape(m, n_genes, d * f), np.repeat(known, f, axis=1))
    size, df = moderated_sizes(*_own_sizes(unit, shared, metric, known))
    scale = np.where(known, root, np.nan)[:, :, None] * np.ones(f) * np.sqrt(size)[:, None, None]
    covariance = scale[:, :, :, None, None] * shared.reshape(d, f, d, f) * scale[:, None, None]
    return BetweenSets(covariance=covariance, size=size, df=df, n_sets=m)


def _usual_size(own: np.ndarray, noise: np.ndarray, known: np.ndarray) -> np.ndarray:
    """g = a[d] + b[d] noise by least squares of `own` [L, D], a and b not below 0, each gene by its precision."""
    usual = np.zeros_like(own)
    for day in range(own.shape[1]):
        rows = known[:, day]
        y, columns = own[rows, day], np.c_[np.ones(rows.sum()), noise[rows, day]]
        fitted = np.full(rows.sum(), y.mean() if rows.any() else 0.0)
        for _ in range(TURNS if fitted.any() else 0):
            weighted = columns / fitted[:, None]  # the SD of a variance grows with it
            scale = np.maximum(np.linalg.norm(weighted, axis=0), np.finfo(float).tiny)
            fitted = columns @ (nnls(weighted / scale, y / fitted)[0] / scale)
            fitted = np.maximum(fitted, LEAST_SHARE * y.mean())
        usual[rows, day] = fitted
    return usual


def _shared_covariance(unit: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Of deviations [m, L, D F] over sets, pooled over the genes that are known on both days; positive semidefinite."""
    pairs = (len(unit) - 1) * (known.T.astype(float) @ known)
    total = np.einsum("kli,klj->ij", unit, unit)
    pooled = np.divide(total, pairs, out=np.zeros_like(total), where=pairs > 0)
    values, vectors = np.linalg.eigh(pooled)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _own_sizes(
    unit: np.ndarray, shared: np.ndarray, metric: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean square of each gene's deviations over what is usual [L], and its degrees of freedom (Satterthwaite) [L]."""
    m, _, d, f = unit.shape
    by_day = np.einsum("difg,gh->difh", shared.reshape(d, f, d, f).transpose(0, 2, 1, 3), metric)  # [D, D, F, F]
    trace = np.einsum("ddff->d", by_day)
    squared = np.einsum("difg,idgf->di", by_day, by_day)
    seen = known.astype(float)
    expected, spread = seen @ trace, np.einsum("ld,di,li->l", seen, squared, seen)
    found = np.einsum("kldf,fg,kldg->l", unit, metric, unit) / (m - 1)
    there = expected > 0
    ratio = np.divide(found, expected, out=np.ones_like(found), where=there)
    df = (m - 1) * np.divide(expected**2, spread, out=np.ones_like(found), where=there)
    return ratio, df


def moderated_sizes(size: np.ndarray, df: np.ndarray) -> tuple[np.ndarray, float]:
    """Sizes [L] of that many degrees of freedom [L], drawn towards what is usual, and the degrees of freedom of that.

    Smyth (2004), section 6.2: moments of log sizes.
    """
    log = np.log(np.maximum(size, LEAST_SHARE)) - digamma(df / 2) + np.log(df / 2)
    excess = float(log.var(ddof=1) - polygamma(1, df / 2).mean()) if len(size) > 2 else 0.0
    if excess <= polygamma(1, MOST_DF / 2):
        return np.ones_like(size), MOST_DF
    prior = float(brentq(lambda x: polygamma(1, np.exp(x) / 2) - excess, np.log(0.1), np.log(MOST_DF)))
    prior_df = float(np.exp(prior))
    usual = float(np.exp(log.mean() + digamma(prior_df / 2) - np.log(prior_df / 2)))
    return (prior_df * usual + df * size) / (prior_df + df), prior_df
