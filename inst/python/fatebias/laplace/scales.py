"""Scales of the random walk and of the guide deviations, at their posterior mode on the log scale.

The score of log sigma, by Fisher's identity from posterior second moments m2 of its n effects, is
    m2 / sigma^2 - (n - 1) - sigma^2 / s^2,
zero at the fixed point of EM, sigma^2 = m2 / (n - 1 + sigma^2 / s^2). Its derivative is the observed
information by Louis (1982, J. R. Stat. Soc. B 44:226): that of the effects, if they were known, less
the posterior covariance of the scores. One Newton step with it replaces dozens of EM steps where the
data say little about a scale; its inverse is the uncertainty of log sigma. F logits, the fates beside the reference.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..model import Design, Priors, increments_of_block

START = 0.3  # where every scale starts
LARGEST_STEP = 1.0  # of a log scale in one round
LEAST_SD = 0.15  # of a log scale: smaller uncertainty needs no finer answer
LEAST_SHARE = 0.002  # observed information, of that of known effects, that a direction is taken to have at least


@dataclass(frozen=True, kw_only=True)
class ScaleStep:
    """A Newton step of the log scales. [D + 1, F] each: step, and sd_log, the SD of the log scales before it.

    The step is for information raised to a share `damping` of that of known effects: 1 is EM, LEAST_SHARE Newton.
    unrest: how far the undamped step would go, the largest of a scale, in its SDs or in LEAST_SD if that is more.
    """

    step: Tensor
    sd_log: Tensor
    unrest: float


@dataclass(frozen=True, kw_only=True)
class Moments:
    """second: posterior second moments summed over the effects of a scale [c]; spread: posterior covariance of
    these sums of squares [c, c] (covariance between genes left out). c = (D + 1) F scales.
    """

    second: Tensor
    spread: Tensor


def effect_moments(design: Design, x: Tensor, covariances: list[Tensor]) -> Moments:
    """Moments of increments of theta and of v at the mode x [P], from covariances by group [genes, k, k]."""
    d, f = design.n_days, design.n_logits
    size = (d + 1) * f
    second, spread = x.new_zeros(size), x.new_zeros((size, size))
    for group, covariance in zip(design.groups, covariances):
        _, scale_of = increments_of_block(d, f, group.n, x)
        mean = _increments(design.blocks(x, group).reshape(group.n_genes, -1), d, f, 1)
        covariance = _increments(_increments(covariance.contiguous(), d, f, 1), d, f, 2)
        squares = 2 * covariance**2 + 4 * mean.unsqueeze(2) * mean.unsqueeze(1) * covariance
        second.index_add_(0, scale_of, (mean**2 + covariance.diagonal(dim1=1, dim2=2)).sum(0))
        folded = spread.new_zeros((size, len(scale_of))).index_add_(0, scale_of, squares.sum(0))
        spread.index_add_(1, scale_of, folded)
    return Moments(second=second, spread=spread)


def improve_scales(design: Design, scales: Tensor, moments: Moments, damping: float, priors: Priors) -> ScaleStep:
    """The step of the log scales [D + 1, F] from moments at these scales."""
    n, prior_scale = _counts(design, scales), _prior_scales(design, scales, priors)
    square = scales.reshape(-1) ** 2
    known, pull = moments.second / square, square / prior_scale**2
    score = known - (n - 1) - pull
    complete = 2 * known + 2 * pull
    root = complete.sqrt()
    spread = moments.spread / (square.unsqueeze(1) * square * root.unsqueeze(1) * root)
    shares, directions = torch.linalg.eigh(torch.eye(len(n), dtype=root.dtype, device=root.device) - spread)

    def step_for(least: float) -> Tensor:
        step: Tensor = directions @ ((directions.T @ (score / root)) / shares.clamp(min=least)) / root
        return step

    sd = ((directions**2 / shares.clamp(min=LEAST_SHARE)).sum(1)).sqrt() / root
    return ScaleStep(
        step=step_for(max(damping, LEAST_SHARE)).clamp(-LARGEST_STEP, LARGEST_STEP).view_as(scales),
        sd_log=sd.view_as(scales),
        unrest=float((step_for(LEAST_SHARE) / sd.clamp(min=LEAST_SD)).abs().max()),
    )


def _increments(values: Tensor, d: int, f: int, axis: int) -> Tensor:
    """Theta on the first day and its changes in place of theta by day, along an axis of blocks, (D + n) F long."""
    out, changes = values.clone(), (d - 1) * f
    out.narrow(axis, f, changes).sub_(values.narrow(axis, 0, changes))
    return out


def _counts(design: Design, scales: Tensor) -> Tensor:
    """Effects behind each scale: genes, and guides for sigma_guide."""
    n = torch.full_like(scales, design.n_genes)
    n[-1] = design.n_guides
    return n.view(-1)


def _prior_scales(design: Design, scales: Tensor, priors: Priors) -> Tensor:
    """Half-normal scales s of the priors."""
    s = torch.full_like(scales, priors.s_time)
    s[0], s[-1] = priors.s_tau, priors.s_guide
    return s.view(-1)
