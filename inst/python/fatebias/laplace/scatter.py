"""The scatter M of the labels' scores: sum over independent units of noise of s s', s the sum of a unit's scores.

Units are cells (Huber 1967; White 1982), or clusters of cells that share noise, such as clones (Liang & Zeger 1986,
Biometrika 73:13). Clusters are summed on the CPU, as sparse rows. F logits, the fates beside the reference.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from ..model import Design, GeneGroup, centred
from .cell_matrices import CellMatrices, HeldMatrices, squares_by_cell
from .curvature import Curvature, gene_grams

LEAST_FREEDOM = 0.05  # share of the scores that the effects leave, at least


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """score: float64 [N, F], of each cell, its weight counted and what the fit took off it put back."""

    design: Design
    score: Tensor

    @classmethod
    def at(cls, curvature: Curvature, n_parameters: float) -> "Scatter":
        """Where the curvature is. n_parameters: what the effects take off the scores of units (`Covariances.p_units`).

        Fitted labels lie too near their cells', so that M is multiplied by UF / (UF - n_parameters), U units (MacKinnon
        & White 1985, J. Econom. 29:305, HC1; of clusters Bell & McCaffrey 2002, Surv. Methodol. 28:169, on average).
        """
        design = curvature.design
        n = design.n_cells if design.cluster is None else int(design.cluster.max()) + 1
        factor = max(LEAST_FREEDOM, 1 - n_parameters / (n * design.n_logits))
        weight = design.cell_weight(curvature.weight).unsqueeze(1)
        score = weight * design.likelihood.score(design.cell_labels, design.by_cell(curvature.mean)) / factor**0.5
        return cls(design=design, score=score)

    def by_guide_day(self) -> Tensor:
        """M of each guide and day alone, in the order of `Design.guide_sums`: [G D, F, F]."""
        if self.design.cluster is None:
            return self._of_rows().guide_sums(self.design)
        parts = self._by_cluster
        found = [[np.asarray(a.multiply(b).sum(1)).ravel() for b in parts] for a in parts]
        return self._tensor(np.array(found).transpose(2, 0, 1))

    def by_gene(self) -> list[Tensor]:
        """M of each gene's effects, J_b' M J_b, by group of genes [genes, k, k]."""
        if self.design.cluster is None:
            return gene_grams(self.design, self._of_rows())
        return [self._group(group) for group in self.design.groups]

    def perturb(self, z: Tensor) -> Tensor:
        """Scores with M's covariance, z [`n_numbers`, S] -> float32 [U, F, S].

        Each cell's score times its unit's number, or where cells are alike F directions of each row's scatter.
        """
        if self.design.cells is not None:
            return self._root @ z.view(len(self._root), -1, z.shape[1])
        if self.design.cluster is not None:
            z = z.index_select(0, self.design.cluster)
        return self.score.float().unsqueeze(2) * z.unsqueeze(1)

    def along(self, eta: Tensor) -> Tensor:
        """Sums over each unit of score' eta, eta [U, F, S]: float32 [units, S], so that `perturb` of it is M J x where
        eta = J x, but for J'.
        """
        if self.design.cells is not None:
            return (self._root.mT @ eta.float()).flatten(0, 1)
        by_cell = (self.score.float().unsqueeze(2) * eta).sum(1)
        if self.design.cluster is None:
            return by_cell
        return by_cell.new_zeros((self.n_numbers, by_cell.shape[1])).index_add_(0, self.design.cluster, by_cell)

    @property
    def n_numbers(self) -> int:
        """Numbers of a draw for `perturb`: of units, or of directions."""
        cluster = self.design.cluster
        if self.design.cells is not None:
            return self.design.n_rows * self.design.n_logits
        return self.design.n_cells if cluster is None else int(cluster.max()) + 1

    def _of_rows(self) -> CellMatrices:
        """M of each row."""
        cells = self.design.cells
        return squares_by_cell(self.score) if cells is None else HeldMatrices(values=cells.scatter(self.score))

    @cached_property
    def _root(self) -> Tensor:
        """A with A A' the scatter of each row of cells that are alike: float32 [U, F, F]."""
        assert self.design.cells is not None
        return semidefinite_root(self.design.cells.scatter(self.score)).float()

    @cached_property
    def _by_cluster(self) -> list[sp.csr_matrix]:
        """By logit: sums of scores over a cluster's cells with a guide on a day, [G D, C]."""
        ptr, cells = self.design.guide_sums.lists
        assert self.design.cluster is not None
        cluster, score = self.design.cluster.cpu().numpy(), self.score.cpu().numpy()
        shape = (len(ptr) - 1, self.n_numbers)
        parts = [  # copies, since sum_duplicates() moves the pointers
            sp.csr_matrix((score[cells, f], cluster[cells], ptr), shape=shape, copy=True) for f in range(score.shape[1])
        ]
        for part in parts:
            part.sum_duplicates()
        return parts

    def _group(self, group: GeneGroup) -> Tensor:
        d, f, n = self.design.n_days, self.design.n_logits, group.n
        out = np.empty((group.n_genes, f * n * d, f * n * d))
        for k in range(group.n_genes):
            first = (group.guides.start + k * n) * d
            rows = sp.vstack([part[first : first + n * d] for part in self._by_cluster])
            out[k] = (rows @ rows.T).toarray()
        full = self._tensor(out).view(-1, f, n, d, f, n, d).permute(0, 2, 3, 1, 5, 6, 4)  # [l, n, D, F, n, D, F]
        onto = _block_of_guide_days(n, d, f, full)
        return onto @ full.reshape(-1, n * d * f, n * d * f) @ onto.T

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=self.score.dtype, device=self.score.device)


def semidefinite_root(matrices: Tensor) -> Tensor:
    """Lower triangular A with A A' = each of many small positive semidefinite matrices [m, F, F]."""
    root, f = torch.zeros_like(matrices), matrices.shape[1]
    least = torch.finfo(matrices.dtype).eps * matrices.diagonal(dim1=1, dim2=2)
    for j in range(f):
        rest = matrices[:, j:, j] - (root[:, j:, :j] @ root[:, j, :j, None])[:, :, 0]
        pivot = rest[:, 0].clamp(min=0)
        kept = pivot > f * least[:, j]
        root[:, j:, j] = torch.where(kept.unsqueeze(1), rest / pivot.sqrt().clamp(min=1e-150).unsqueeze(1), 0.0)
    return root


def _block_of_guide_days(n: int, d: int, f: int, like: Tensor) -> Tensor:
    """The transposed map of a gene's block onto its guides by day: [(D + n) F, n D F]."""
    guides, days, logits = (torch.eye(size, dtype=like.dtype, device=like.device) for size in (n, d, f))
    theta = torch.einsum("g,de->dge", torch.ones_like(guides[0]), days)
    v = torch.einsum("gh,e->ghe", centred(guides, 0), torch.ones_like(days[0]))
    return torch.kron(torch.cat([theta, v]).reshape(d + n, n * d), logits)
