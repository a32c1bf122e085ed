"""The structured approximate posterior: Gaussian blocks of genes, given the scales.

    q(scales) = LogNormal
    q(block | scales) ~ prior(block | scales) N(block; m, Lambda^-1)          one block a gene: theta [D, F], v [n, F]
    q(nuisance | blocks) = N(c - A_nn^-1 A_nb (blocks - mode), C)             A: curvature at engine laplace's mode

Lambda is what the data say about a block, taken from engine laplace and held there: blocks that are
independent between genes would otherwise shrink by what genes share (the mean-field error). The
width of a block still follows the scales, as in the exact posterior. Learned are the means of the
blocks, the distribution of the scales, and c and C.

With Sigma = R R' a block's covariance at the start and x = R y, the precision of y is R' Q(scales) R + T T',
T T' = R' Lambda R, and its mean solves P mean = h; steps of h are fractions of a posterior SD, whatever
the screen. Densities are taken at parameters held fixed ("sticking the landing", Roeder, Wu & Duvenaud
2017, NeurIPS 30): the same gradient in expectation, without noise where q is exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from pyro.nn import PyroModule, PyroParam
from torch import Tensor
from torch.distributions import constraints

from ..laplace import LaplaceFit
from ..model import Priors, ScreenOrder, increments_of_block

LEAST_PRECISION = 1e-4  # of y from the data, where the prior alone holds a direction (the mean of v over a gene)
UNIT = 0.1  # posterior SDs that a step of one moves a mean: the learning rate is shared with other families
WIDEST_LOG_SCALE = 1.0  # SD of a log scale whose information is not positive definite


@dataclass(frozen=True, kw_only=True)
class BlockStart:
    """Genes with n guides each where engine laplace left them: k = (D + n) F numbers a gene, logits innermost.

    genes: int64 [l], guides: int64 [l, n], indices in the screen. mean: [l, k]. covariance: [l, k, k].
    nuisance_on_block: [K F, l, k], how the nuisance effects move with the block: -A_nn^-1 A_nb.
    """

    genes: Tensor
    guides: Tensor
    mean: Tensor
    covariance: Tensor
    nuisance_on_block: Tensor


@dataclass(frozen=True, kw_only=True)
class StructuredStart:
    """Where the structured posterior starts. K nuisance effects a logit; kinds: where those of each kind lie.

    order: from the genes and guides of the blocks to those of the screen.
    log_scales, sd_log: [D + 1, F]: tau, sigma_time of each interval, sigma_guide.
    nuisance_mean: [K F]; nuisance_covariance: [K F, K F], given the blocks.
    """

    blocks: tuple[BlockStart, ...]
    order: ScreenOrder
    log_scales: Tensor
    sd_log: Tensor
    nuisance_mean: Tensor
    nuisance_covariance: Tensor
    kinds: Mapping[str, slice]


def structured_start(fit: LaplaceFit, priors: Priors) -> StructuredStart:
    """The start from a fit of engine laplace, float64 on the fit's device."""
    baseline, design = fit.baseline, fit.baseline.design
    posterior = baseline.posterior_problem(priors)
    curvature = posterior.curvature(posterior.mean(baseline.x))
    size = design.n_nuisance * design.n_logits
    image = curvature.coarse_image[:, :size].double()  # A's columns of the nuisance effects
    # in double: intercepts of days and of replicates are told apart by their prior alone, which rounding would drown
    within = curvature.coarse[:size, :size]
    covariance = torch.linalg.inv((within + within.T) / 2)

    def tensor(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, device=baseline.x.device)

    blocks = tuple(
        BlockStart(
            genes=tensor(block.genes),
            guides=tensor(block.guides),
            mean=tensor(block.mean).flatten(1),
            covariance=tensor(block.covariance),
            nuisance_on_block=-(covariance @ image[group.entries].T).view(size, len(block.genes), -1),
        )
        for group, block in zip(design.groups, fit.blocks)
    )
    return StructuredStart(
        blocks=blocks,
        order=design.screen_order,
        log_scales=baseline.scales.log(),
        sd_log=_stacked(fit.scales_sd_log, baseline.x).nan_to_num(WIDEST_LOG_SCALE).clamp(max=WIDEST_LOG_SCALE),
        nuisance_mean=design.nuisance_part(baseline.x).reshape(-1),
        nuisance_covariance=covariance,
        kinds=design.kinds,
    )


class StructuredPosterior(PyroModule):
    """Samples every site of the model; callable like Pyro's own families.

    The blocks are drawn as increments and deviations over their scales, which are the model's z0, eps, u.
    """

    def __init__(self, start: StructuredStart, dtype: torch.dtype):
        super().__init__()
        self._rows, self._n_logits = start.log_scales.shape
        self.scales = _WhiteGaussian(start.log_scales.reshape(-1), torch.diag(start.sd_log.reshape(-1) ** 2), dtype)
        self.nuisance = _WhiteGaussian(start.nuisance_mean, start.nuisance_covariance, dtype)
        blocks = [_Blocks(one, start.log_scales, dtype) for one in start.blocks]
        self.blocks: Any = PyroModule[torch.nn.ModuleList](blocks)  # type: ignore[arg-type]  # a class by its item
        self._order, self._kinds = start.order, start.kinds

    @property
    def numbers_a_draw(self) -> int:
        """Numbers in the precisions of all blocks, which every draw of the scales has its own of."""
        return sum(int(block.of_data.numel()) for block in self.blocks)

    def forward(self, *args: Any, **kwargs: Any) -> None:
        """Sample all sites; the arguments are the model's and are not looked at."""
        values, log_density = self.draw()
        for name, value in values.items():
            at = log_density if name == "z0" else torch.zeros_like(log_density)  # the joint density, once
            pyro.sample(name, dist.Delta(value, log_density=at, event_dim=value.ndim))

    def draw(self, *n_draws: int) -> tuple[dict[str, Tensor], Tensor]:
        """Values by site, with a first axis of draws where a number is given, and their joint log density."""
        d, f = self._rows - 1, self._n_logits
        log_scales, log_density = self.scales.draw(n_draws)
        log_density = log_density - log_scales.sum(-1)  # of the scales, not of their logarithms
        scales = log_scales.view(*n_draws, d + 1, f).exp()
        effects, of_nuisance = self.nuisance.draw(n_draws)
        log_density = log_density + of_nuisance
        parts = []
        for block in self.blocks:
            part, of_block, moved = block.draw(scales)
            parts.append(part)
            log_density, effects = log_density + of_block, effects + moved
        effects = effects.view(*n_draws, -1, f)
        walk = self._order.by_gene([part[..., :d, :] for part in parts], -3)
        u = self._order.by_guide([part[..., d:, :].flatten(-3, -2) for part in parts], -2)
        values = {
            **{kind: effects[..., place, :].mT for kind, place in self._kinds.items()},
            "gamma": effects[..., self._kinds["gamma"].start, :],
            "tau": scales[..., 0, :], "sigma_time": scales[..., 1:d, :].mT, "sigma_guide": scales[..., d, :],
            "z0": walk[..., 0, :], "eps": walk[..., 1:, :].mT, "u": u,
        }  # fmt: skip
        return values, log_density


class _WhiteGaussian(PyroModule):
    """N(m + R a, R T T' R') with R R' the covariance at the start; a and the lower triangular T are learned."""

    def __init__(self, mean: Tensor, covariance: Tensor, dtype: torch.dtype):
        super().__init__()
        self.register_buffer("mean", mean.to(dtype))
        self.register_buffer("root", torch.linalg.cholesky(covariance).to(dtype))
        self.shift = PyroParam(torch.zeros_like(self.mean))
        self.spread = PyroParam(torch.eye(len(mean), dtype=dtype, device=mean.device), constraints.lower_cholesky)

    def draw(self, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Values [.., P] and their log density."""
        mean, root = self.mean + UNIT * (self.root @ self.shift), self.root @ self.spread
        x = dist.MultivariateNormal(mean, scale_tril=root).rsample(shape)
        return x, dist.MultivariateNormal(mean.detach(), scale_tril=root.detach()).log_prob(x)


class _Blocks(PyroModule):
    """Blocks of genes with the same number of guides; the means are learned."""

    def __init__(self, start: BlockStart, log_scales: Tensor, dtype: torch.dtype):
        super().__init__()
        d, f = log_scales.shape[0] - 1, log_scales.shape[1]
        n_genes, k = start.mean.shape
        self._shape = (n_genes, k // f, f)
        root = torch.linalg.cholesky(start.covariance)
        unit = torch.eye(k, dtype=root.dtype, device=root.device)
        change, scale_of = increments_of_block(d, f, k // f - d, root)
        to_increments = change @ root  # y -> increments of theta, and v
        at_start = to_increments / log_scales.exp().reshape(-1)[scale_of, None]
        values, vectors = torch.linalg.eigh(unit - at_start.mT @ at_start)  # R' Lambda R = I - R' Q R
        of_data = (vectors * values.clamp(min=LEAST_PRECISION).unsqueeze(-2)) @ vectors.mT
        linear = torch.linalg.solve_triangular(root, start.mean.unsqueeze(-1), upper=False)
        on_y = torch.einsum("clk,lkj->clj", start.nuisance_on_block, root)
        self.register_buffer("scale_of", scale_of)
        self.register_buffer("to_increments", to_increments.to(dtype))
        self.register_buffer("log_volume", root.diagonal(dim1=-2, dim2=-1).log().sum().to(dtype))
        self.register_buffer("of_data", of_data.to(dtype))
        self.register_buffer("linear", linear.to(dtype))
        self.register_buffer("nuisance_on_y", on_y.flatten(1).to(dtype))
        self.shift = PyroParam(torch.zeros_like(self.linear))

    def draw(self, scales: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Increments and deviations over their scales [.., l, D + n, F], their log density, and the nuisance's move."""
        own = scales.flatten(-2)[..., self.scale_of]
        standardise = self.to_increments / own[..., None, :, None]
        precision = standardise.mT @ standardise + self.of_data
        zero = precision.new_zeros(precision.shape[-1])
        root = dist.MultivariateNormal(zero, precision_matrix=precision).scale_tril
        shift: Any = self.shift  # a tensor, when it is read
        linear = self.linear + UNIT * shift
        y = _with_linear(linear, root).rsample()
        log_density = _with_linear(linear.detach(), root).log_prob(y).sum(-1)
        out = (standardise @ y.unsqueeze(-1)).squeeze(-1)
        log_volume = self.log_volume - len(self.linear) * own.log().sum(-1)  # of y -> out
        moved = (y - self.linear.squeeze(-1)).flatten(-2) @ self.nuisance_on_y.T
        return out.view(*out.shape[:-1], *self._shape[1:]), log_density - log_volume, moved


def _with_linear(linear: Tensor, root: Tensor) -> dist.MultivariateNormal:
    """N(P^-1 linear, P^-1) with P^-1 = root root'."""
    return dist.MultivariateNormal((root @ (root.mT @ linear)).squeeze(-1), scale_tril=root)


def _stacked(scales: dict[str, np.ndarray], like: Tensor) -> Tensor:
    """tau [F], sigma_time [F, D - 1], sigma_guide [F] as one tensor [D + 1, F]."""
    rows = np.concatenate([scales["tau"][:, None], scales["sigma_time"], scales["sigma_guide"][:, None]], axis=1).T
    return torch.as_tensor(rows, dtype=like.dtype, device=like.device)
