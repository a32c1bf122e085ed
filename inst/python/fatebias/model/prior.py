"""Prior precision Q of the effects, gene by gene, for given scales; and a square root of it.

Scales are one tensor [D + 1, F]: tau, sigma_time of each interval, sigma_guide. With the
increments theta_0, theta_1 - theta_0, ... independent N(0, scale^2), theta's precision is H H',
H = step' / scale. The fixed-effect prior has theta ~ N(0, sd^2) independently instead. F logits, the fates beside the
reference.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ..base import Settings
from .design import Design


@dataclass(frozen=True, kw_only=True)
class Priors:
    """What the model believes before it has seen labels, as SDs of effects in logits.

    s_alpha, s_rep, s_gamma: of normal priors, of intercepts by day, replicate effects and burden slopes; s_gamma_day,
    s_sample, s_covariate: of those by day, of intercepts by day and replicate, and of covariates. s_tau, s_time,
    s_guide: of half-normal priors, of the scales tau, sigma_time, sigma_guide. estimate_prior_sd: of theta in the
    fixed-effect estimates.
    """

    s_alpha: float
    s_rep: float
    s_gamma: float
    s_tau: float
    s_time: float
    s_guide: float
    estimate_prior_sd: float
    s_gamma_day: float = 0.2
    s_sample: float = 0.5
    s_covariate: float = 0.8

    @classmethod
    def of(cls, settings: Settings) -> "Priors":
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})

    def of_nuisance(self, kind: str) -> float:
        """Prior SD of the nuisance effects of a kind."""
        own = {"alpha": "s_alpha", "b": "s_rep", "gamma": "s_gamma", "gamma_day": "s_gamma_day", "sample": "s_sample"}
        return float(getattr(self, own.get(kind, "s_covariate")))


def increments_matrix(n_days: int, like: Tensor) -> Tensor:
    """[D, D]: theta by day -> theta on the first day and its changes from day to day."""
    eye = torch.eye(n_days, dtype=like.dtype, device=like.device)
    return eye - torch.diag(torch.ones_like(eye[0, 1:]), -1)


def increments_of_block(d: int, f: int, n: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """A gene's block as independent effects: (C [k, k], scale_of [k]), k = (D + n) F.

    C maps theta by day and v by guide (fates innermost) to increments of theta and v; scale_of is the place of each
    one's scale among the (D + 1) F, of which every guide shares the last row.
    """
    fates, guides = (torch.eye(size, dtype=like.dtype, device=like.device) for size in (f, n * f))
    change = torch.block_diag(torch.kron(increments_matrix(d, like), fates), guides)
    scale_of = torch.arange((d + n) * f, device=like.device)
    scale_of[d * f :] = d * f + scale_of[d * f :] % f
    return change, scale_of


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Q = H H'. half_theta: H of theta by logit [F, D, D]; sigma_guide [F]; nuisance_sd [K, F]."""

    half_theta: Tensor
    sigma_guide: Tensor
    nuisance_sd: Tensor

    def half_block(self, n: int) -> Tensor:
        """H of one gene with n guides: [k, k], k = (D + n) F, in the order of its block of x."""
        f, d, _ = self.half_theta.shape
        out = self.half_theta.new_zeros((d + n, f, d + n, f))
        fates, guides = torch.arange(f), torch.arange(d, d + n)
        out[:d, fates, :d, fates] = self.half_theta
        out[guides[:, None], fates, guides[:, None], fates] = 1 / self.sigma_guide
        return out.view((d + n) * f, -1)

    def block(self, n: int) -> Tensor:
        """Q of one gene with n guides: [k, k]."""
        half = self.half_block(n)
        return half @ half.T

    def precision(self, design: Design, x: Tensor) -> Tensor:
        """Q x, x [P, ...]."""
        return self._apply(design, x, self.block, self.nuisance_sd**-2)

    def half_precision(self, design: Design, z: Tensor) -> Tensor:
        """H z: N(0, Q) for standard normal z."""
        return self._apply(design, z, self.half_block, 1 / self.nuisance_sd)

    def _apply(self, design: Design, x: Tensor, matrix: Callable[[int], Tensor], nuisance: Tensor) -> Tensor:
        columns = x.view(len(x), -1)
        out = torch.empty_like(columns)
        for group in design.groups:
            blocks = columns[group.entries].view(group.n_genes, -1, columns.shape[1])
            torch.matmul(matrix(group.n).to(x.dtype), blocks, out=out[group.entries].view_as(blocks))
        tail = nuisance.to(x.dtype).unsqueeze(-1)
        design.nuisance_part(out).copy_(tail * design.nuisance_part(columns))
        return out.view_as(x)


def random_walk_prior(design: Design, scales: Tensor, priors: Priors) -> Prior:
    """The model's prior at given scales [D + 1, F]."""
    step = increments_matrix(design.n_days, scales)
    half = step.T / scales[:-1].T.unsqueeze(1)
    return Prior(half_theta=half, sigma_guide=scales[-1], nuisance_sd=_nuisance_sd(design, priors))


def fixed_effect_prior(design: Design, sigma_guide: Tensor, priors: Priors) -> Prior:
    """theta independent N(0, estimate_prior_sd^2), deviations random as fitted: the prior of the estimates for mash."""
    eye = torch.eye(design.n_days, dtype=sigma_guide.dtype, device=sigma_guide.device)
    half = (eye / priors.estimate_prior_sd).expand(design.n_logits, -1, -1)
    return Prior(half_theta=half, sigma_guide=sigma_guide, nuisance_sd=_nuisance_sd(design, priors))


def _nuisance_sd(design: Design, priors: Priors) -> Tensor:
    sd = design.nuisance.new_empty(design.n_nuisance)
    for kind, place in design.kinds.items():
        sd[place] = priors.of_nuisance(kind)
    return sd.unsqueeze(1).expand(-1, design.n_logits)
