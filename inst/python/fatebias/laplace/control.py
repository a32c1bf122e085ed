"""A control variate for draws x = A^-1 r, r ~ N(0, V): what two levels of A make of r, whose covariance is known.

x~ = K r, K = Y + Z (Z' A Z)^-1 Z' (I - A Y), Y the gene blocks of A inverted and Z its coarse space, or a part of it:
the preconditioner of `Curvature.solve`. All of K V K' that is asked for comes from V (I - Y A) Z, without a solve. What
x has beyond x~ is small, so that few draws know the covariance of x from that of x~ (Hammersley & Handscomb 1964, Monte
Carlo Methods, section 5.5).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..model import Design
from .curvature import Curvature, add_coarse_, gene_columns

MOST_COLUMNS = 128  # of Z: each is a pass over the cells, where a draw takes some seven


@dataclass(frozen=True, kw_only=True)
class Control:
    """onto: Z (Z' A Z)^-1; rest: (I - Y A) Z; both float32 [P, c], so that K = Y + onto rest'."""

    curvature: Curvature
    onto: Tensor
    rest: Tensor

    @classmethod
    def of(cls, curvature: Curvature) -> "Control":
        design, size = curvature.design, len(curvature.coarse)
        chosen = _columns(design)
        image = curvature.coarse_image[:, chosen].float()
        z = torch.eye(size, dtype=image.dtype, device=image.device)[:, chosen]
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(curvature.coarse[chosen][:, chosen]))
        return cls(
            curvature=curvature,
            onto=add_coarse_(design, torch.zeros_like(image), z @ inverse.to(z.dtype)),
            rest=add_coarse_(design, curvature.on_blocks(image).neg_(), z),
        )

    def times(self, r: Tensor) -> Tensor:
        """K r, r [P, S]."""
        return self.curvature.on_blocks(r).add_(self.onto.to(r.dtype) @ (self.rest.T.to(r.dtype) @ r))

    def transposed_times(self, a: Tensor) -> Tensor:
        """K' a, a [P, S]."""
        return self.curvature.on_blocks(a).add_(self.rest.to(a.dtype) @ (self.onto.T.to(a.dtype) @ a))

    def covariances(self, blocks: list[Tensor], v: Callable[[Tensor], Tensor]) -> list[Tensor]:
        """Gene blocks of K V K', by group [genes, k, k], float64. blocks: those of V; v: V times columns [P, S]."""
        moved = v(self.rest)
        middle = self.rest.T.double() @ moved.double()
        beside, found = self.curvature.on_blocks(moved), []
        for group, inverse, block in zip(self.curvature.design.groups, self.curvature.inverses, blocks):
            onto = gene_columns(self.onto, group).double()
            cross = gene_columns(beside, group).double() @ onto.mT
            found.append(inverse @ block @ inverse + cross + cross.mT + onto @ middle @ onto.mT)
        return found


def _columns(design: Design) -> Tensor:
    """Columns of the coarse space, theta's and then kind by kind, as many as MOST_COLUMNS has room for: int64."""
    f, k = design.n_logits, design.n_nuisance
    chosen = list(range(k * f, (k + design.n_days) * f))
    for place in design.kinds.values():
        columns = range(place.start * f, place.stop * f)
        chosen += columns if len(chosen) + len(columns) <= MOST_COLUMNS else []
    return torch.as_tensor(sorted(chosen), dtype=torch.int64, device=design.day.device)
