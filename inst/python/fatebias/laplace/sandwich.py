"""Covariances of the effects of each gene by the scatter M of the labels: blocks of A^-1 (M + Q) A^-1, simulated.

F logits, the fates beside the reference.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..base import QUIET, Run
from .covariance import StandardNormal, portions, positive_definite
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
    columns: tuple[Tensor, Tensor] | None = None,
) -> Sandwich:
    """Blocks of A^-1 (M + Q) A^-1, M the scatter of the labels, by group of genes.

    Draws x = A^-1 r, r ~ N(0, M + Q), with y = B^-1 r_b, whose covariance B^-1 V B^-1 (V: the gene's block of M + Q)
    is known, as control variate: B^-1 V B^-1 + mean of x x' - y y', made positive definite. columns: a, and
    (M + Q) A^-1 a, both [P, S], for what goes with a' x.
    """
    design, prior = curvature.design, curvature.prior
    form: dict[str, Any] = {"totals": curvature.inverses, "n_found": 0, "with_mean": None, "of_mean": None}
    at = run.checkpoint.load(form)
    if at is None:
        middle = scatter.by_gene()
        known = [b @ (m + prior.block(g.n)) @ b for g, b, m in zip(design.groups, curvature.inverses, middle)]
        at = form | {"totals": known}
        if columns is not None:
            own = [b @ gene_columns(columns[1], g) for g, b in zip(design.groups, curvature.inverses)]
            at |= {"with_mean": own, "of_mean": torch.zeros_like(columns[0].T @ columns[1])}
    with run.progress.bar("Sandwich", perturbations.number, at["n_found"]) as bar:
        for seed, count in portions(curvature, perturbations, at["n_found"]):
            r = score_perturbation(curvature, scatter, seed, count)
            x = curvature.solve(r, perturbations.tolerance, told=bar.part(count)).x
            beside = None if columns is None else columns[0].T @ x.double()
            totals, with_mean = [], []
            for j, (group, inverse, total) in enumerate(zip(design.groups, curvature.inverses, at["totals"])):
                whole = gene_columns(x, group)
                alone = inverse.to(r.dtype) @ gene_columns(r, group)
                found = (whole @ whole.transpose(1, 2) - alone @ alone.transpose(1, 2)).double()
                totals.append(total.add(found, alpha=1 / perturbations.number))
                if beside is not None:
                    moved = (whole - alone).double() @ beside.T
                    with_mean.append(at["with_mean"][j].add(moved, alpha=1 / perturbations.number))
            at |= {"totals": totals, "n_found": at["n_found"] + count}
            if beside is not None:
                of_mean = at["of_mean"].add(beside @ beside.T, alpha=1 / perturbations.number)
                at |= {"with_mean": with_mean, "of_mean": of_mean}
            run.checkpoint.save(at, at["n_found"])
    by_group = [positive_definite(one) for one in at["totals"]]
    return Sandwich(by_group=by_group, with_mean=at["with_mean"], of_mean=at["of_mean"])


def score_perturbation(curvature: Curvature, scatter: Scatter, seed: int, n_draws: int) -> Tensor:
    """r ~ N(0, M + Q): J' score z, one z a unit of noise, plus Q^(1/2) z; float32 [P, n_draws]."""
    design = curvature.design
    noise = StandardNormal(design.day.device, seed)
    e = scatter.perturb(noise(scatter.n_numbers, n_draws))
    return design.transpose(e).add_(curvature.prior.half_precision(design, noise(design.n_effects, n_draws)))
