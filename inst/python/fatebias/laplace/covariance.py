"""Covariances of the effects of each gene, by perturbation: x = A^-1 r with r ~ N(0, A) is N(0, A^-1).

Rao-Blackwell, twice. Per gene, B its block of A: Sigma = B^-1 + E[c c'], c = x_b - B^-1 r_b, so that only what a gene
shares with other genes and the nuisance effects is left. Most of that comes by the coarse space Z, and is known too:
with w = (Z' A Z)^-1 Z' r, x - Z w and r - A Z w are independent of w, so that

    Sigma = B^-1 + G (Z' A Z)^-1 G' + E[e e'],    G = (Z - B^-1 A Z)_b,    e = (x - Z w)_b - B^-1 (r - A Z w)_b

and the last part alone is simulated. F logits, the fates beside the reference.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..base import QUIET, Run
from ..model import Design, pearson_excess_by_day
from .curvature import Curvature, add_coarse_, coarse_part, gene_columns
from .options import Perturbations

LEAST_EIGENVALUE = 1e-6  # of a sandwich covariance, relative to its largest: simulation can leave one below 0
RIDGE_SHARE = 0.7  # share of a variance that is simulated, near 1 only on a ridge
MANY_SHARE = 0.4  # mean of these shares; below it, Cochran's Q from 16 draws is less than 2 % too large
RIDGE_FACTOR = 4  # more draws then halve the error of those SEs, about 10 % at 64 draws
COLUMN_NUMBERS = 64_000_000  # numbers of the linear predictors that are moved at once
COARSE_NUMBERS = 4_000_000  # of genes' rows of A Z


@dataclass(frozen=True, kw_only=True)
class Covariances:
    """by_group: posterior covariances of each gene's effects, by group of genes [genes, k, k].

    p_eff: effective parameters, trace(H_lik Sigma), by day [D]; p_units: the same of independent units of noise, which
    may be clusters of cells. pearson_excess: see `likelihood_weight`, [D].
    cg_iterations: of all solves. with_mean: of each gene's effects with columns a' x, by group [genes, k, S], and
    of_mean: of these [S, S], both of the same draws as by_group; None where no columns a [P, S] were given.
    """

    by_group: list[Tensor]
    p_eff: Tensor
    p_units: Tensor
    pearson_excess: Tensor
    cg_iterations: int
    with_mean: list[Tensor] | None = None
    of_mean: Tensor | None = None


def gene_covariances(
    curvature: Curvature,
    perturbations: Perturbations,
    run: Run = QUIET,
    excess: bool = False,
    columns: Tensor | None = None,
    of_many: bool = False,
) -> Covariances:
    """Posterior covariances from so many draws, RIDGE_FACTOR times as many where genes travel together.

    excess: give `pearson_excess` as well, which a weight needs and nothing else. columns: see `Covariances`. of_many:
    not that of each effect must be right, but those of many together.
    """
    n = perturbations.number
    known = known_covariances(curvature)
    total = _simulate(curvature, perturbations, run.at("draws"), excess, columns)
    shares = _simulated_shares(total.by_group, known)
    if shares.mean() > MANY_SHARE if of_many else shares.max() > RIDGE_SHARE:
        more = replace(perturbations, number=(RIDGE_FACTOR - 1) * n, seed=perturbations.seed + n)
        total = _pooled(total, n, _simulate(curvature, more, run.at("more draws"), excess, columns), more.number)
    by_group = [exact + moment for exact, moment in zip(known, total.by_group)]
    if columns is None or total.with_mean is None or total.of_mean is None:
        return replace(total, by_group=by_group)
    less, rest = beyond_coarse(curvature, torch.zeros_like(columns), columns)
    with_mean = [
        inverse @ gene_columns(rest, group) - gene_columns(less, group) + moment
        for group, inverse, moment in zip(curvature.design.groups, curvature.inverses, total.with_mean)
    ]
    return replace(total, by_group=by_group, with_mean=with_mean, of_mean=total.of_mean - columns.T @ less)


def known_covariances(curvature: Curvature) -> list[Tensor]:
    """What is known of the covariances without a draw: B^-1 + G (Z' A Z)^-1 G', by group of genes [genes, k, k]."""
    design, n, found = curvature.design, len(curvature.coarse), []
    theta = torch.eye(n, dtype=torch.float64, device=design.day.device)[design.n_nuisance * design.n_logits :]
    for group, inverses in zip(design.groups, curvature.inverses):
        parts, images = [], gene_columns(curvature.coarse_image, group)
        at_once = max(1, COARSE_NUMBERS // images[0].numel())
        for inverse, image in zip(inverses.split(at_once), images.split(at_once)):
            own = -(inverse @ image.double())
            own[:, : len(theta)] += theta
            parts.append(inverse + own @ curvature.coarse_inverse @ own.mT)
        found.append(torch.cat(parts))
    return found


def _simulate(
    curvature: Curvature, perturbations: Perturbations, run: Run, excess: bool, columns: Tensor | None
) -> Covariances:
    """The simulated part of the covariances, E[e e'], and what else the draws say."""
    form = dict.fromkeys(Covariances.__annotations__) | {"by_group": curvature.inverses, "cg_iterations": 0}
    saved = run.checkpoint.load({"found": form, "n_found": 0})
    found, n_found = (Covariances(**saved["found"]), saved["n_found"]) if saved else (None, 0)
    with run.progress.bar("Covariances", perturbations.number, n_found) as bar:
        for seed, count in portions(curvature, perturbations, n_found):
            r = perturbation(curvature, seed, count)
            solution = curvature.solve(r, perturbations.tolerance, told=bar.part(count))
            eta = curvature.design.forward(solution.x)
            p_eff = effective_parameters_by_day(curvature, eta)
            rest, r = beyond_coarse(curvature, solution.x, r)
            beside = None if columns is None else columns.T @ rest.double()
            part = Covariances(
                by_group=shared_moment(curvature, rest, r),
                with_mean=None if beside is None else shared_moment(curvature, rest, r, beside),
                of_mean=None if beside is None else beside @ beside.T / count,
                p_eff=p_eff,
                p_units=p_eff.sum() if curvature.design.cluster is None else parameters_of_clusters(curvature, eta),
                pearson_excess=pearson_excess_by_day(curvature.design, curvature.mean, eta) if excess else 0 * p_eff,
                cg_iterations=solution.iterations,
            )
            found = part if found is None else _pooled(found, n_found, part, count)
            n_found += count
            run.checkpoint.save({"found": vars(found), "n_found": n_found}, n_found)
    assert found is not None  # the number of draws is above 0
    return found


def _pooled(one: Covariances, n_one: int, other: Covariances, n_other: int) -> Covariances:
    """Means over the draws of both."""
    share = n_other / (n_one + n_other)
    return Covariances(
        by_group=[torch.lerp(a, b, share) for a, b in zip(one.by_group, other.by_group)],
        p_eff=torch.lerp(one.p_eff, other.p_eff, share),
        p_units=torch.lerp(one.p_units, other.p_units, share),
        pearson_excess=torch.lerp(one.pearson_excess, other.pearson_excess, share),
        cg_iterations=one.cg_iterations + other.cg_iterations,
        with_mean=_pooled_parts(one.with_mean, other.with_mean, share),
        of_mean=None if one.of_mean is None or other.of_mean is None else torch.lerp(one.of_mean, other.of_mean, share),
    )


def _pooled_parts(one: list[Tensor] | None, other: list[Tensor] | None, share: float) -> list[Tensor] | None:
    return None if one is None or other is None else [torch.lerp(a, b, share) for a, b in zip(one, other)]


def _simulated_shares(simulated: list[Tensor], known: list[Tensor]) -> Tensor:
    """The share of the variance of each effect that is simulated."""
    shares = []
    for moment, exact in zip(simulated, known):
        own, rest = (values.diagonal(dim1=1, dim2=2) for values in (moment, exact))
        shares.append((own / (own + rest)).flatten())
    return torch.cat(shares)


def perturbation(curvature: Curvature, seed: int, n_draws: int) -> Tensor:
    """r ~ N(0, A): J' W^(1/2) z + Q^(1/2) z, float32 [P, n_draws]; the same seed gives the same z."""
    design = curvature.design
    noise = StandardNormal(design.day.device, seed)
    z = noise(design.n_rows, design.n_logits, n_draws)
    e = design.likelihood.scale_by_root_(z, curvature.mean, curvature.weight)
    return design.transpose(e).add_(curvature.prior.half_precision(design, noise(design.n_effects, n_draws)))


def beyond_coarse(curvature: Curvature, x: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    """x - Z w and r - A Z w: draws [P, S] and their perturbations without what they owe to the coarse space."""
    w = curvature.coarse_inverse @ coarse_part(curvature.design, r)
    rest = add_coarse_(curvature.design, x.clone(), -w)
    return rest, r - (curvature.coarse_image @ w.to(curvature.coarse_image.dtype)).to(r.dtype)


def shared_moment(curvature: Curvature, draws: Tensor, r: Tensor, beside: Tensor | None = None) -> list[Tensor]:
    """Mean over draws of (x_b - B^-1 r_b) (..)', x and r [P, S], by group of genes [genes, k, k]; or that of it with
    numbers of the same draws, beside [n, S]: [genes, k, n].
    """
    out = []
    for group, inverse in zip(curvature.design.groups, curvature.inverses):
        c = gene_columns(draws, group) - inverse.to(r.dtype) @ gene_columns(r, group)
        product = (c @ c.transpose(1, 2)).double() if beside is None else c.double() @ beside.T
        out.append(product / draws.shape[1])
    return out


def effective_parameters_by_day(curvature: Curvature, eta: Tensor) -> Tensor:
    """trace(H_lik Sigma) by day [D]: mean over draws eta = J x [U, F, S], x ~ N(0, Sigma), of eta' W eta."""
    design = curvature.design
    bent = design.likelihood.curve_(eta.clone(), curvature.mean.to(eta.dtype), curvature.weight.to(eta.dtype))
    return design.sum_by_day(bent.mul_(eta).sum((1, 2)).double()) / eta.shape[2]


def parameters_of_clusters(curvature: Curvature, eta: Tensor) -> Tensor:
    """What the effects take off the sums of scores of clusters, as `effective_parameters_by_day` of cells: a number.

    A cluster with curvature S = sum of W over its cells has leverage trace(S^-1 E[s s']), s = sum of W eta; F at most.
    The mean over clusters is weighted by their numbers of cells: small clusters have little scatter and take little.
    """
    design = curvature.design
    assert design.cluster is not None
    n, f = int(design.cluster.max()) + 1, design.n_logits
    bent = design.likelihood.curve_(eta.clone(), curvature.mean.to(eta.dtype), curvature.weight.to(eta.dtype)).double()
    moved = bent.new_zeros((n, *bent.shape[1:])).index_add_(0, design.cluster, bent)
    total = curvature.mean.new_zeros((n, f, f))
    for cells in torch.arange(design.n_rows, device=total.device).split(max(1, COLUMN_NUMBERS // f**2)):
        by_cell = design.likelihood.curvature(curvature.mean[cells], curvature.weight[cells])
        total.index_add_(0, design.cluster[cells], by_cell)
    total = total + torch.finfo(torch.float32).tiny * torch.eye(f, dtype=total.dtype, device=total.device)
    leverage = (moved * torch.linalg.solve(total, moved)).sum((1, 2)) / eta.shape[2]
    size = torch.bincount(design.cluster, minlength=n).to(leverage.dtype)
    found: Tensor = n * (size * leverage).sum() / size.sum()
    return found


def solve_columns(curvature: Curvature, columns: Tensor, tolerance: float) -> Tensor:
    """A^-1 of columns [P, S], float32, so many at a time that memory does not grow with S."""
    parts = columns.float().split(columns_at_once(curvature.design), dim=1)
    return torch.cat([curvature.solve(part, tolerance).x for part in parts], dim=1)


def columns_at_once(design: Design) -> int:
    return max(1, COLUMN_NUMBERS // (design.n_rows * design.n_logits))


class StandardNormal:
    """Standard normal numbers from a seed, float32."""

    def __init__(self, device: torch.device, seed: int):
        self._device, self._generator = device, torch.Generator(device).manual_seed(seed)

    def __call__(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator, device=self._device)


def portions(curvature: Curvature, perturbations: Perturbations, n_found: int) -> Iterator[tuple[int, int]]:
    """Seeds and numbers of draws to solve for together, so that memory does not grow with the number of draws.

    n_found: draws of earlier portions, which are passed over.
    """
    width = min(perturbations.number, columns_at_once(curvature.design))
    for first in range(n_found, perturbations.number, width):
        yield perturbations.seed + first, min(width, perturbations.number - first)


def positive_definite(matrices: Tensor) -> Tensor:
    """Symmetric matrices with eigenvalues below LEAST_EIGENVALUE of the largest raised to it."""
    values, vectors = torch.linalg.eigh((matrices + matrices.transpose(1, 2)) / 2)
    least = LEAST_EIGENVALUE * values[:, -1:].clamp(min=0)
    raised: Tensor = (vectors * torch.maximum(values, least).unsqueeze(1)) @ vectors.transpose(1, 2)
    return raised
