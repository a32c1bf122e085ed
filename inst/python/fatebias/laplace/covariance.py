"""Covariances of the effects of each gene, by perturbation: x = A^-1 r with r ~ N(0, A) is N(0, A^-1).

Rao-Blackwell (per gene, B its block of A): Sigma = B^-1 + E[c c'], c = x_b - B^-1 r_b, so that only
the part of the variance that a gene shares with other genes and the nuisance effects is simulated.
F logits, the fates beside the reference.
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
RIDGE_SHARE = 0.7  # share of a variance that is simulated: .1 to .4 is usual, near 1 only on a ridge
RIDGE_FACTOR = 4  # more draws then halve the error of those SEs, about 10 % at 64 draws
COLUMN_NUMBERS = 64_000_000  # numbers of the linear predictors that are moved at once


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
) -> Covariances:
    """Posterior covariances from so many draws, RIDGE_FACTOR times as many where genes travel together.

    excess: give `pearson_excess` as well, which a weight needs and nothing else. columns: see `Covariances`.
    """
    n = perturbations.number
    total = _simulate(curvature, perturbations, run.at("draws"), excess, columns)
    if _largest_shared(curvature, total) > RIDGE_SHARE:
        more = replace(perturbations, number=(RIDGE_FACTOR - 1) * n, seed=perturbations.seed + n)
        total = _pooled(total, n, _simulate(curvature, more, run.at("more draws"), excess, columns), more.number)
    by_group = [inverse + moment for inverse, moment in zip(curvature.inverses, total.by_group)]
    if columns is None or total.with_mean is None:
        return replace(total, by_group=by_group)
    own = [inverse @ gene_columns(columns, g) for g, inverse in zip(curvature.design.groups, curvature.inverses)]
    return replace(total, by_group=by_group, with_mean=[a + b for a, b in zip(own, total.with_mean)])


def _simulate(
    curvature: Curvature, perturbations: Perturbations, run: Run, excess: bool, columns: Tensor | None
) -> Covariances:
    """The simulated part of the covariances, E[c c'], and what else the draws say."""
    form = dict.fromkeys(Covariances.__annotations__) | {"by_group": curvature.inverses, "cg_iterations": 0}
    saved = run.checkpoint.load({"found": form, "n_found": 0})
    found, n_found = (Covariances(**saved["found"]), saved["n_found"]) if saved else (None, 0)
    with run.progress.bar("Covariances", perturbations.number, n_found) as bar:
        for seed, count in portions(curvature, perturbations, n_found):
            r = perturbation(curvature, seed, count)
            solution = curvature.solve(r, perturbations.tolerance, told=bar.part(count))
            draws, r = match_coarse_moments(curvature, solution.x, r)
            eta = curvature.design.forward(draws)
            p_eff = effective_parameters_by_day(curvature, eta)
            beside = None if columns is None else columns.T @ draws.double()
            part = Covariances(
                by_group=shared_moment(curvature, draws, r),
                with_mean=None if beside is None else shared_moment(curvature, draws, r, beside),
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


def _largest_shared(curvature: Curvature, simulated: Covariances) -> float:
    """The largest share of an effect's variance that is simulated, not exact."""
    shares = []
    for inverse, moment in zip(curvature.inverses, simulated.by_group):
        exact, shared = (values.diagonal(dim1=1, dim2=2) for values in (inverse, moment))
        shares.append(float((shared / (exact + shared)).max()))
    return max(shares)


def perturbation(curvature: Curvature, seed: int, n_draws: int) -> Tensor:
    """r ~ N(0, A): J' W^(1/2) z + Q^(1/2) z, float32 [P, n_draws]; the same seed gives the same z."""
    design = curvature.design
    noise = StandardNormal(design.day.device, seed)
    z = noise(design.n_rows, design.n_logits, n_draws)
    e = design.likelihood.scale_by_root_(z, curvature.mean, curvature.weight)
    return design.transpose(e).add_(curvature.prior.half_precision(design, noise(design.n_effects, n_draws)))


def match_coarse_moments(curvature: Curvature, draws: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    """Draws x and r with exact sample moments of q = Z' r: covariance Z' A Z, none with the rest of x.

    q and the rest of x, which is A-orthogonal to the coarse space Z, are independent: so q may be recoloured, and
    the rest projected off it (and scaled up for the dimensions lost). That takes more than half off the error of the
    SEs, since genes share variance mostly through the coarse space. Few draws match as much of it as they can.
    """
    design, n_draws = curvature.design, draws.shape[1]
    matched = _matched(design, n_draws)
    if not len(matched):
        return draws, r
    q = coarse_part(design, r)[matched]
    coarse = curvature.coarse[matched][:, matched]
    onto = torch.eye(len(curvature.coarse), dtype=q.dtype, device=q.device)[:, matched]
    rows, _ = torch.linalg.qr(q.T)
    rest = torch.eye(n_draws, dtype=q.dtype, device=q.device) - rows @ rows.T
    rest = (rest * (n_draws / (n_draws - len(q))) ** 0.5).to(r.dtype)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(coarse))
    before = inverse @ q
    after = torch.linalg.cholesky(inverse) @ rows.T * n_draws**0.5
    image = curvature.coarse_image[:, matched].to(r.dtype)
    draws = add_coarse_(design, add_coarse_(design, draws.clone(), onto @ -before) @ rest, onto @ after)
    return draws, (r - image @ before.to(r.dtype)) @ rest + image @ after.to(r.dtype)


def _matched(design: Design, n_draws: int) -> Tensor:
    """Columns of the coarse space that so many draws can match, two a column: int64, increasing.

    Those of the model's own kinds and of theta all or none, since genes share most through them; then others kind by
    kind.
    """
    f, k = design.n_logits, design.n_nuisance
    kinds = {kind: list(range(place.start * f, place.stop * f)) for kind, place in design.kinds.items()}
    chosen = list(range(k * f, (k + design.n_days) * f))
    for kind in ("alpha", "b", "gamma"):
        chosen += kinds.pop(kind)
    if 2 * len(chosen) > n_draws:
        chosen = []
    else:
        for columns in kinds.values():
            chosen += columns if 2 * (len(chosen) + len(columns)) <= n_draws else []
    return torch.as_tensor(sorted(chosen), dtype=torch.int64, device=design.day.device)


def shared_moment(curvature: Curvature, draws: Tensor, r: Tensor, beside: Tensor | None = None) -> list[Tensor]:
    """Mean of c c' over draws x [P, S] of perturbations r, by group of genes [genes, k, k]; or that of c with
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
