"""The curvature A = J' W J + Q of the log posterior, its gene blocks, and linear solves with it.

W is the curvature of each cell's likelihood, [F, F] (F logits, the fates beside the reference). A is never formed:
conjugate gradients need products with it only. They are preconditioned by the exact gene blocks of A, and
deflated (A-DEF2; Tang, Nabben, Vuik & Erlangga 2009, J. Sci. Comput. 39:340) by a coarse space Z: the
nuisance effects and, by day and logit, one theta for all genes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from ..base import FitError, share_of_way, unheard
from ..model import Design, GeneGroup, Prior, centred
from .cell_matrices import CellMatrices, curvature_by_cell

MOST_ITERATIONS = 1000  # 4 to 15 are usual
MOST_SINGLE_ITERATIONS = 60  # in float32; then the solve starts again in float64


@dataclass(frozen=True, kw_only=True)
class Solution:
    """x with A x = b. iterations: of conjugate gradients; residual: the largest of a column (`Curvature.solve`)."""

    x: Tensor
    iterations: int
    residual: float


@dataclass(frozen=True, kw_only=True)
class Curvature:
    """A at means of the labels [U, F], weights of rows [U] and a prior, ready to be solved with.

    inverses: by group of genes the inverses [genes, k, k] of A's diagonal blocks, k = (D + n) F.
    coarse_image, coarse, coarse_inverse: A Z [P, c] in single precision, Z' A Z and its inverse [c, c] in double;
        c = (K + D) F.
    """

    design: Design
    prior: Prior
    mean: Tensor
    weight: Tensor
    inverses: tuple[Tensor, ...]
    coarse_image: Tensor
    coarse: Tensor
    coarse_inverse: Tensor

    def times(self, x: Tensor) -> Tensor:
        """A x, x [P, S]."""
        eta = self.design.likelihood.curve_(self.design.forward(x), self.mean, self.weight)
        return self.design.transpose(eta).add_(self.prior.precision(self.design, x))

    def solve(
        self, b: Tensor, tolerance: float, start: Tensor | None = None, told: Callable[[float], None] = unheard
    ) -> Solution:
        """Solve A x = b, b [P, S], from `start` or 0, until every column has converged.

        In the precision of b, or in double where float32 stalls.

        The residual r is measured as sqrt(r' M r / b' M b), M the preconditioner: nearly the error of x
        in posterior SDs, relative, whatever the units of its entries. told: which share is done. Raises FitError.
        """
        solution = self._to(b.dtype)._conjugate_gradients(b, tolerance, start, told)
        if b.dtype == torch.float32 and not solution.residual <= tolerance:  # effects known to very different precision
            solution = self._conjugate_gradients(b.double(), tolerance, None, told)
        if not solution.residual <= tolerance:
            raise FitError(
                f"A linear solve stopped at a relative residual of {solution.residual:.2g} after {solution.iterations} "
                f"iterations of conjugate gradients. Raise `cg_tolerance` ({tolerance:g}), or narrow the priors."
            )
        return replace(solution, x=solution.x.to(b.dtype))

    def on_blocks(self, r: Tensor) -> Tensor:
        """The gene blocks' inverses times r [P, S]; 0 for the nuisance effects."""
        y = torch.zeros_like(r)
        for group, inverse in zip(self.design.groups, self.inverses):
            torch.matmul(inverse.to(r.dtype), gene_columns(r, group), out=gene_columns(y, group))
        return y

    def _to(self, dtype: torch.dtype) -> "Curvature":
        return replace(
            self, mean=self.mean.to(dtype), weight=self.weight.to(dtype), coarse_image=self.coarse_image.to(dtype),
            inverses=tuple(inverse.to(dtype) for inverse in self.inverses),
        )  # fmt: skip

    def _conjugate_gradients(
        self, b: Tensor, tolerance: float, start: Tensor | None, told: Callable[[float], None]
    ) -> Solution:
        x = torch.zeros_like(b) if start is None else start.clone()
        r = b.clone() if start is None else b - self.times(x)
        on_coarse = self.coarse_inverse @ coarse_part(self.design, r)
        add_coarse_(self.design, x, on_coarse)
        if b.dtype == torch.float64:
            r = b - self.times(x)  # the coarse image is known in single precision
        else:
            r -= self.coarse_image @ on_coarse.to(b.dtype)
        z = self._precondition(r)
        direction, rz, size = z.clone(), _dot(r, z), _dot(b, self._precondition(b))
        most = MOST_ITERATIONS if b.dtype == torch.float64 else MOST_SINGLE_ITERATIONS
        iterations, residual = 0, _relative(rz, size)
        first = residual
        while residual > tolerance and iterations < most:
            product = self.times(direction)
            step = _ratio(rz, _dot(direction, product)).to(b.dtype)
            x.addcmul_(direction, step)
            r.addcmul_(product, step, value=-1)
            z = self._precondition(r)
            rz, before = _dot(r, z), rz
            direction.mul_(_ratio(rz, before).to(b.dtype)).add_(z)
            iterations, residual = iterations + 1, _relative(rz, size)
            told(share_of_way(first, residual, tolerance))
        return Solution(x=x, iterations=iterations, residual=residual)

    def _precondition(self, r: Tensor) -> Tensor:
        """A-DEF2: gene blocks, made A-orthogonal to the coarse space, plus the solve on the coarse space."""
        y = self.on_blocks(r)
        rest = coarse_part(self.design, r) - (self.coarse_image.T @ y).double()
        return add_coarse_(self.design, y, self.coarse_inverse @ rest)


def curvature_at(design: Design, prior: Prior, mean: Tensor, weight: Tensor) -> Curvature:
    """A at means of the labels [U, F] and weights of rows [U], with its gene blocks inverted."""
    by_cell = curvature_by_cell(design.likelihood, mean, weight)
    inverses = []
    for group, gram in zip(design.groups, gene_grams(design, by_cell)):
        factor = torch.linalg.cholesky(gram + prior.block(group.n))
        inverses.append(torch.cholesky_inverse(factor))
    image, coarse, inverse = _coarse_space(design, prior, by_cell)
    return Curvature(
        design=design, prior=prior, mean=mean, weight=weight, inverses=tuple(inverses),
        coarse_image=image, coarse=coarse, coarse_inverse=inverse,
    )  # fmt: skip


def gene_grams(design: Design, by_cell: CellMatrices) -> list[Tensor]:
    """Gene blocks [genes, k, k] of J' W J for any symmetric W by cell; float64, one tensor a group.

    Guides that one cell carries of the same gene are counted exactly, and so is the centring of v.
    """
    d, f = design.n_days, design.n_logits
    by_guide = by_cell.guide_sums(design).view(-1, d, f * f)
    return [_group_grams(group, by_guide[group.guides], by_cell, d, f) for group in design.groups]


def _group_grams(group: GeneGroup, by_guide: Tensor, by_cell: CellMatrices, d: int, f: int) -> Tensor:
    l, n = group.n_genes, group.n
    both = by_guide.new_zeros((l, n, n, d, f * f))  # W summed over the cells that carry guides i and j, by day
    pairs = by_cell.at(group.pair_cell).view(-1, f * f)
    both.view(-1, f * f).index_add_(0, group.pair_entry, pairs)
    both += both.transpose(1, 2).clone()
    both.diagonal(dim1=1, dim2=2).copy_(by_guide.view(l, n, d, f * f).permute(0, 2, 3, 1))
    both = both.view(l, n, n, d, f, f)
    out = by_guide.new_zeros((l, d + n, f, d + n, f))
    row = both.sum(2)
    days = torch.arange(d, device=out.device)
    out[:, days, :, days] = row.sum(1).transpose(0, 1)
    cross = centred(row, 1).permute(0, 1, 3, 2, 4)  # v with theta
    out[:, d:, :, :d] = cross
    out[:, :d, :, d:] = cross.permute(0, 3, 4, 1, 2)
    out[:, d:, :, d:] = centred(centred(both.sum(3), 1), 2).permute(0, 1, 3, 2, 4)
    return out.view(l, (d + n) * f, (d + n) * f)


def _coarse_space(design: Design, prior: Prior, by_cell: CellMatrices) -> tuple[Tensor, Tensor, Tensor]:
    """A Z, Z' A Z and its inverse. J Z needs no sums over guides: it is the columns of cells below, logit by logit."""
    columns = design.shared_columns
    of_prior = _prior_image(design, prior)
    of_cells = by_cell.products(columns)
    products = coarse_part(design, of_prior) + of_cells
    image = of_prior.add_(by_cell.image(design, columns, of_cells))
    return image, products, torch.cholesky_inverse(torch.linalg.cholesky(products))


def _prior_image(design: Design, prior: Prior) -> Tensor:
    """Q Z: [P, c]."""
    d, f, k = design.n_days, design.n_logits, design.n_nuisance
    out = design.nuisance.new_zeros((design.n_effects, (k + d) * f))
    out[design.groups[-1].entries.stop :, : k * f] = torch.diag(prior.nuisance_sd.reshape(-1) ** -2)
    for group in design.groups:
        gene_columns(out, group)[:, :, k * f :] = prior.block(group.n)[:, : d * f]
    return out


def coarse_part(design: Design, x: Tensor) -> Tensor:
    """Z' x in float64: [P, S] -> [c, S]."""
    d, s = design.n_days, x.shape[1]
    theta = reduce(torch.add, [design.blocks(x, group)[:, :d].sum(0) for group in design.groups])
    return torch.cat([design.nuisance_part(x).reshape(-1, s), theta.reshape(-1, s)]).double()


def add_coarse_(design: Design, x: Tensor, c: Tensor) -> Tensor:
    """x + Z c, in place: x [P, S], c [c, S]."""
    d, f, k = design.n_days, design.n_logits, design.n_nuisance
    c = c.to(x.dtype).view(k + d, f, x.shape[1])
    design.nuisance_part(x).add_(c[:k])
    for group in design.groups:
        design.blocks(x, group)[:, :d].add_(c[k:])
    return x


def gene_columns(x: Tensor, group: GeneGroup) -> Tensor:
    """The gene blocks of x [P, S] as columns: view [genes, k, S]."""
    return x[group.entries].view(group.n_genes, -1, x.shape[1])


def _relative(rz: Tensor, size: Tensor) -> float:
    """The residual of `Curvature.solve`, the largest of a column; NaN stays NaN."""
    return float(_ratio(rz, size).clamp(min=0).max().sqrt())


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(0).double()


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """a / b, 0 where both are 0: a column that has been solved exactly."""
    return torch.where(a == 0, 0.0, a / b)
