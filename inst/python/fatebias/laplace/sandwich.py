"""Covariances of the effects of each gene by the scatter M of the labels: blocks of A^-1 (M + Q) A^-1, simulated.

F logits, the fates beside the reference.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..base import QUIET, Run
from ..model import Design
from .control import Control
from .covariance import StandardNormal, columns_at_once, portions, positive_definite
from .curvature import Curvature, gene_columns
from .options import Perturbations
from .scatter import Scatter


@dataclass(frozen=True, kw_only=True)
class Sandwich:
    """by_group, with_mean, of_mean: as in `Covariances`, of A^-1 (M + Q) A^-1, M the scatter of the labels."""

    by_group: list[Tensor]
    with_mean: list[Tensor] | None = None
    of_mean: Tensor | None = None


def sandwich_covariances(
    curvature: Curvature,
    scatter: Scatter,
    perturbations: Perturbations,
    run: Run = QUIET,
    columns: Tensor | None = None,
) -> Sandwich:
    """Blocks of A^-1 (M + Q) A^-1, M the scatter of the labels, by group of genes.

    Draws x = A^-1 r, r ~ N(0, M + Q), with `Control` x~ as control variate: its covariance + mean of x x' - x~ x~',
    made positive definite. columns: a [P, S], for what goes with a' x.
    """
    control = Control.of(curvature)
    form: dict[str, Any] = {"totals": curvature.inverses, "n_found": 0, "with_mean": None, "of_mean": None}
    at = run.checkpoint.load(form)
    if at is None:
        at = form | _of_control(control, scatter, columns)
    with run.progress.bar("Sandwich", perturbations.number, at["n_found"]) as bar:
        for seed, count in portions(curvature, perturbations, at["n_found"]):
            r = score_perturbation(curvature, scatter, seed, count)
            x = curvature.solve(r, perturbations.tolerance, told=bar.part(count)).x.double()
            at = _with_draws(at, curvature.design, (x, control.times(r).double()), columns, 1 / perturbations.number)
            run.checkpoint.save(at, at["n_found"])
    by_group = [positive_definite(one) for one in at["totals"]]
    return Sandwich(by_group=by_group, with_mean=at["with_mean"], of_mean=at["of_mean"])


def _with_draws(
    at: dict[str, Any], design: Design, draws: tuple[Tensor, Tensor], columns: Tensor | None, share: float
) -> dict[str, Any]:
    """Sums with draws x and x~ [P, S] added, each with this share; what a checkpoint has taken stays as it is."""
    own = [(gene_columns(draws[0], group), gene_columns(draws[1], group)) for group in design.groups]
    found = {
        "totals": [torch.add(total, _moment(one, one), alpha=share) for total, one in zip(at["totals"], own)],
        "n_found": at["n_found"] + draws[0].shape[1],
    }
    if columns is not None:
        mean = columns.T @ draws[0], columns.T @ draws[1]
        found["with_mean"] = [
            torch.add(total, _moment(one, mean), alpha=share) for total, one in zip(at["with_mean"], own)
        ]
        found["of_mean"] = torch.add(at["of_mean"], _moment(mean, mean), alpha=share)
    return at | found


def _of_control(control: Control, scatter: Scatter, columns: Tensor | None) -> dict[str, Any]:
    """The control's own covariances: by group of genes, with a' x~, and of that."""
    curvature = control.curvature
    design, prior = curvature.design, curvature.prior
    blocks = [block + prior.block(group.n) for group, block in zip(design.groups, scatter.by_gene())]
    found: dict[str, Any] = {"totals": control.covariances(blocks, partial(scattered, curvature, scatter))}
    if columns is not None:
        along = control.times(scattered(curvature, scatter, control.transposed_times(columns)).double())
        found |= {
            "with_mean": [gene_columns(along, group).clone() for group in design.groups],
            "of_mean": columns.T @ along,
        }
    return found


def _moment(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> Tensor:
    """x y' - x~ y~', summed over draws: one (x, x~), other (y, y~), draws the last dimension."""
    return one[0] @ other[0].mT - one[1] @ other[1].mT


def scattered(curvature: Curvature, scatter: Scatter, columns: Tensor) -> Tensor:
    """(M + Q) times columns [P, S], so many at a time that memory does not grow with S; float32."""
    parts = []
    for part in columns.float().split(columns_at_once(curvature.design), dim=1):
        moved = scatter.perturb(scatter.along(curvature.design.forward(part)))
        parts.append(curvature.design.transpose(moved).add_(curvature.prior.precision(curvature.design, part)))
    return torch.cat(parts, dim=1)


def score_perturbation(curvature: Curvature, scatter: Scatter, seed: int, n_draws: int) -> Tensor:
    """r ~ N(0, M + Q): J' score z, one z a unit of noise, plus Q^(1/2) z; float32 [P, n_draws]."""
    design = curvature.design
    noise = StandardNormal(design.day.device, seed)
    e = scatter.perturb(noise(scatter.n_numbers, n_draws))
    return design.transpose(e).add_(curvature.prior.half_precision(design, noise(design.n_effects, n_draws)))
