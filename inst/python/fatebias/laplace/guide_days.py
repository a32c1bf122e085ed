"""What the labels say of each guide on each day, one number at a time, and what follows from it for a gene.

At the fixed effects the labels give every guide g and day d a pseudo-observation of its effect (`guide_observations`),
and all questions about the guides of a gene are those of a two-way layout,
    y[g, d] = theta[d] + delta[g] + zeta[g, d] + noise,    sum over g of delta = 0,    Var(noise) = v[g, d].
delta ~ N(0, s^2): how much guides differ, constant over days; zeta ~ N(0, s_gd^2): beyond that, day by day.
Arrays of the genes with n guides: y, v [l, n, D]; v is infinite where no cell carries the guide.
"""

from dataclasses import dataclass, replace

import numpy as np

VAGUE = 1e6  # variance of theta before the data, in logits^2: none to speak of


@dataclass(frozen=True, kw_only=True)
class GuideDays:
    """Pseudo-observations of the contrast by group of genes: y and v [l, n, D]; genes [l], guides [l, n] as in the
    screen.
    """

    y: np.ndarray
    v: np.ndarray
    genes: np.ndarray
    guides: np.ndarray

    @property
    def n(self) -> int:
        return int(self.y.shape[1])

    def divided(self, by: np.ndarray) -> "GuideDays":
        """The same in other units by day [D]."""
        return replace(self, y=self.y / by, v=self.v / by**2)


@dataclass(frozen=True, kw_only=True)
class LayoutFit:
    """Theta and deviations of many genes: mean [.., D + n] and covariance [.., D + n, D + n], theta first; the
    deviations have mean 0.
    """

    n_days: int
    mean: np.ndarray
    covariance: np.ndarray

    @property
    def theta(self) -> np.ndarray:
        return self.mean[..., : self.n_days]

    @property
    def delta(self) -> np.ndarray:
        return self.mean[..., self.n_days :]


def fit_layout(y: np.ndarray, v: np.ndarray, guide_variance: float) -> LayoutFit:
    """Generalised least squares of layouts y with variances v, [.., n, D]; deviations random with that variance, and
    fixed where it is VAGUE.
    """
    n, d = y.shape[-2:]
    w = 1 / v
    centre = np.eye(n) - 1 / n
    precision = np.zeros((*y.shape[:-2], d + n, d + n))
    days, guides = np.arange(d), np.arange(d, d + n)
    precision[..., days, days] = w.sum(-2)
    cross = centre @ w
    precision[..., d:, :d], precision[..., :d, d:] = cross, np.swapaxes(cross, -1, -2)
    own = np.zeros((*y.shape[:-2], n, n))
    own[..., np.arange(n), np.arange(n)] = w.sum(-1)
    precision[..., d:, d:] = centre @ own @ centre
    precision[..., days, days] += 1 / VAGUE
    precision[..., guides, guides] += 1 / guide_variance
    seen = np.where(w > 0, w * y, 0.0)
    right = np.concatenate([seen.sum(-2), seen.sum(-1) @ centre], axis=-1)
    covariance = np.linalg.inv(precision)
    mean = (covariance @ right[..., None])[..., 0]
    to_centred = np.eye(d + n)
    to_centred[d:, d:] = centre
    return LayoutFit(n_days=d, mean=mean @ to_centred, covariance=to_centred @ covariance @ to_centred)


def day_variance(layouts: tuple[GuideDays, ...]) -> float:
    """s_gd^2, pooled over genes: the moment estimate from what theta and delta leave of each gene's layout.

    Q = sum of squares of residuals over v, of a gene with n guides; E Q = (n - 1)(D - 1) + c s_gd^2, c the trace of
    the residuals' projection (DerSimonian & Laird 1986, Control. Clin. Trials 7:177, for a two-way layout). 0 with one
    day, on which theta and delta leave nothing: delta then holds all that guides differ by.
    """
    if layouts[0].y.shape[2] == 1:
        return 0.0
    excess, slope = 0.0, 0.0
    for layout in layouts:
        if layout.n > 1:
            q, freedom, c = _left_over(layout.y, layout.v)
            excess, slope = excess + float((q - freedom).sum()), slope + float(c.sum())
    return max(0.0, excess / slope) if slope > 0 else 0.0


def _left_over(y: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Q, its degrees of freedom and c of each layout [l, n, D]."""
    l, n, d = y.shape
    w = (1 / v).reshape(l, n * d)
    columns = np.hstack([np.tile(np.eye(d), (n, 1)), np.repeat(np.eye(n), d, 0)[:, 1:]])  # [n D, D + n - 1]
    weighted = w[:, :, None] * columns
    inverse = np.linalg.pinv(columns.T @ weighted, hermitian=True)
    flat = np.where(w > 0, y.reshape(l, n * d), 0.0)
    fitted = np.einsum("ik,lkm,ljm,lj->li", columns, inverse, weighted, flat)
    q = (w * (flat - fitted) ** 2).sum(1)
    leverage = np.einsum("ljk,lkm,jm->lj", weighted, inverse, columns)
    return q, (w > 0).sum(1) - leverage.sum(1), (w * (1 - leverage)).sum(1)
