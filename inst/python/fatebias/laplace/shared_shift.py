"""The shift of all genes' effects on a day, which screens hardly tell from the baseline, as the model's prior has it.

What all effects have in common on a day is told from intercepts and burden slopes by the cells with controls alone, so
that it is the least known part of every estimate, and the same error in all of them. The estimates' own prior leaves it
free. The model does not: effects theta_l ~ N(0, Sigma), independent over genes, have a mean over genes m = sum of a_l
theta_l of the covariance T = Sigma sum of a_l^2 (over fates: `_variance_of_mean`). With m = 0 + N(0, T) as one more
observation (Theil & Goldberger 1961, Int. Econ. Rev. 2:65), C_l = Cov(theta_l, m) and V = Var(m),

    theta_l - K_l m,    covariance R_l + (G_l - K_l) V (G_l - K_l)' + K_l T K_l'

K_l = C_l (V + T)^-1 is the model's; R_l, what theta_l has beyond m, and C_l, V, G_l = C_l V^-1 are the model's or the
sandwich's. C_l and V are solved for; R_l is simulated, by draws of theta_l and m together, so that it stays a
covariance where most of an estimate's variance is shared. L genes, D days, F logits (the fates beside the reference).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .contrasts import theta_covariance, theta_of_columns
from .covariance import positive_definite, solve_columns
from .estimates import SolvedEstimates
from .sandwich import Sandwich


@dataclass(frozen=True, kw_only=True)
class SharedShift:
    """theta [L, D, F]: what is taken off the estimates; model, sandwich [L, D, F, D, F]: covariances without it."""

    theta: np.ndarray
    model: np.ndarray
    sandwich: np.ndarray


def shared_shift(solved: SolvedEstimates, sandwich: Sandwich) -> SharedShift:
    """Of fixed effects that were solved for with their mean over genes."""
    mean, design = solved.mean, solved.design
    assert mean is not None and sandwich.with_mean is not None and sandwich.of_mean is not None
    shape = (len(mean.weight), design.n_days, design.n_logits, design.n_days, design.n_logits)
    scattered = solve_columns(solved.effects.curvature, solved.scattered_mean, mean.tolerance)

    def joint(by_group: list[Tensor], with_mean: list[Tensor], of_mean: Tensor, columns: Tensor) -> _Joint:
        exact, of_exact = _with_mean(solved, columns)
        return _Joint(
            theta=theta_covariance(design, by_group).reshape(exact.shape),
            exact_with_mean=exact, exact_of_mean=of_exact,
            with_mean=design.by_gene([part[:, : exact.shape[1]] for part in with_mean]).cpu().numpy(),
            of_mean=of_mean.cpu().numpy(),
        )  # fmt: skip

    gain = gain_of(solved)
    model = joint(solved.model, mean.with_mean, mean.of_mean, solved.toward_mean)
    scatter = joint(sandwich.by_group, sandwich.with_mean, sandwich.of_mean, scattered)
    theta = design.theta(solved.effects.x).transpose(1, 2).cpu().numpy()[None]
    return SharedShift(
        theta=(theta - gain.off(theta))[0], model=model.given(gain).reshape(shape),
        sandwich=scatter.given(gain).reshape(shape),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Gain:
    """K [L, D F, D F]. prior [D F, D F]: T; weight [L, D]: a."""

    gain: np.ndarray
    prior: np.ndarray
    weight: np.ndarray

    def off(self, theta: np.ndarray, more: np.ndarray | float = 0.0) -> np.ndarray:
        """theta - K (m + more) of each of S estimates theta [S, L, D, F]; more: [S, D F]."""
        mean = np.einsum("ld,sldf->sdf", self.weight, theta).reshape(len(theta), -1) + more
        return np.asarray(theta - np.einsum("lij,sj->sli", self.gain, mean).reshape(theta.shape))


def gain_of(solved: SolvedEstimates) -> Gain:
    """How much of the mean over genes goes off each gene."""
    assert solved.mean is not None
    cross, variance = _with_mean(solved, solved.toward_mean)
    prior = _variance_of_mean(solved.scales, solved.mean.weight).reshape(variance.shape)
    return Gain(gain=cross @ np.linalg.inv(variance + prior), prior=prior, weight=solved.mean.weight)


def estimated_theta(
    solved: SolvedEstimates, columns: Tensor, contrast: np.ndarray, generator: np.random.Generator | None = None
) -> np.ndarray:
    """Contrast [F] of the estimates of theta that effects in columns [P, S] stand for: [S, L, D].

    generator: the columns are errors of the effects, and the observation of the mean has an error as well.
    """
    theta = np.moveaxis(solved.design.theta(columns).double().cpu().numpy(), 3, 0).transpose(0, 1, 3, 2)
    if solved.mean is not None:
        gain = gain_of(solved)
        error = 0.0 if generator is None else generator.multivariate_normal(
            np.zeros(len(gain.prior)), gain.prior, len(theta)
        )  # fmt: skip
        theta = gain.off(theta, error)
    return np.asarray(theta @ contrast)


def _with_mean(solved: SolvedEstimates, columns: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of theta with the mean [L, D F, D F], and of the mean, from columns A^-1 (..) a [P, D F]."""
    assert solved.mean is not None
    cross = theta_of_columns(solved.design, columns)
    k = cross.shape[1] * cross.shape[2]
    return cross.reshape(-1, k, k), np.einsum("ld,ldfeg->dfeg", solved.mean.weight, cross).reshape(k, k)


@dataclass(frozen=True, kw_only=True)
class _Joint:
    """Covariance of theta [L, k, k], k = D F, with the mean [L, k, k], and of that [k, k]: of draws; and exactly."""

    theta: np.ndarray
    with_mean: np.ndarray
    of_mean: np.ndarray
    exact_with_mean: np.ndarray
    exact_of_mean: np.ndarray

    def given(self, gain: Gain) -> np.ndarray:
        """Covariance of theta - K (m + e) [L, k, k], e ~ N(0, T)."""
        on_mean = self.exact_with_mean @ np.linalg.inv(self.exact_of_mean)
        product = self.with_mean @ on_mean.swapaxes(1, 2)
        beyond = self.theta - product - product.swapaxes(1, 2) + _around(on_mean, self.of_mean)
        own = positive_definite(torch.from_numpy(beyond)).numpy()
        return np.asarray(own + _around(on_mean - gain.gain, self.exact_of_mean) + _around(gain.gain, gain.prior))


def _around(left: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """left middle left' of each [L, k, k]."""
    return np.asarray(left @ middle @ left.swapaxes(1, 2))


def _variance_of_mean(scales: Tensor, weight: np.ndarray) -> np.ndarray:
    """T, of the model's random walk over days: [D, F, D, F]. scales [D + 1, F]: tau, sigma_time, sigma_guide.

    All fates alike, with as much variance of the log probabilities in all as the logits have: of K fates' logits the
    covariance sum of variances / K (I + 1 1'). It is nearly the same whichever fate logits are against.
    """
    walk = np.cumsum(scales[:-1].cpu().numpy() ** 2, axis=0)  # [D, F], variance of theta by day
    days, f = np.arange(len(walk)), walk.shape[1]
    of_fate = walk.sum(1)[np.minimum(days[:, None], days)] / (f + 1)
    return np.asarray(np.einsum("de,fg->dfeg", of_fate * (weight.T @ weight), np.eye(f) + 1))
