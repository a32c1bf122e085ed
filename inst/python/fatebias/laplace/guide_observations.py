"""What the labels say of each guide on each day, for all fates at once: one step of Newton's method for it alone.

For any contrast c of the logits y is linear, and its variance v quadratic times a ratio of quadratics, so that the
layouts of every contrast (`guide_days`) come from the same arrays. v is the model's variance times a factor a day, that
of the scatter of the labels (Huber 1967) where `se` asks for it. G guides in the screen's order, D days, F logits.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..model import Design, centred
from .cell_matrices import curvature_by_cell
from .curvature import Curvature
from .guide_days import GuideDays


@dataclass(frozen=True, kw_only=True)
class GuideObservations:
    """y [G, D, F]: the guide's effect. inverse [G, D, F, F]: its covariance by the model, the inverse of the guide's
    information. scatter [G, D, F, F]: inverse M inverse, M the scatter of the guide's scores, or None where variances
    are the model's. NaN where no cell carries the guide. gene [G]: of each guide, increasing. prior_sd [F]: SD of a
    guide's deviation in the model.
    """

    y: np.ndarray
    inverse: np.ndarray
    scatter: np.ndarray | None
    gene: np.ndarray
    prior_sd: np.ndarray

    @property
    def per_gene(self) -> np.ndarray:
        """Guides of each gene [L]."""
        return np.bincount(self.gene)

    def prior_variance(self, contrast: np.ndarray) -> float:
        """Variance of the deviations' contrast [F] in the model."""
        return float(((contrast * self.prior_sd) ** 2).sum())

    def layouts(self, contrast: np.ndarray) -> tuple[GuideDays, ...]:
        """Pseudo-observations of the contrast [F], by group of genes with as many guides."""
        carried = ~np.isnan(self.inverse).any((2, 3))
        y, v = np.where(carried, self.y @ contrast, 0.0), self._variance(contrast, carried)
        found = []
        for n in np.unique(self.per_gene):
            genes = np.flatnonzero(self.per_gene == n)
            guides = np.flatnonzero(np.isin(self.gene, genes)).reshape(-1, n)
            found.append(GuideDays(y=y[guides], v=v[guides], genes=genes, guides=guides))
        return tuple(found)

    def _variance(self, contrast: np.ndarray, carried: np.ndarray) -> np.ndarray:
        """[G, D], infinite where no cell carries the guide."""
        model = np.where(carried, _quadratic(self.inverse, contrast), np.inf)
        return model if self.scatter is None else model * self._factor(contrast, model)

    def _factor(self, contrast: np.ndarray, model: np.ndarray) -> np.ndarray:
        """Scatter over the model's variance by day, every guide with the weight of its information: [D]."""
        assert self.scatter is not None
        information = 1 / model
        scattered = np.where(np.isinf(model), 0.0, _quadratic(self.scatter, contrast))
        total = information.sum(0)
        return np.asarray((scattered * information**2).sum(0) / np.maximum(total, np.finfo(float).tiny))


def observe_guides(
    curvature: Curvature, x: Tensor, gene: np.ndarray, prior_sd: np.ndarray, scatter: Tensor | None
) -> GuideObservations:
    """Pseudo-observations at effects x [P]. gene [G], prior_sd [F]: see `GuideObservations`. scatter: [G D, F, F], the
    sum over units of noise (cells or clusters) of score score' by guide and day as `Design.guide_sums` has them, or
    None for the model's variance.
    """
    design = curvature.design
    d, order = design.n_days, design.screen_order
    score = curvature.weight.unsqueeze(1) * design.likelihood.score(design.labels, curvature.mean)
    information = curvature_by_cell(design.likelihood, curvature.mean, curvature.weight).guide_sums(design)
    carried = information.diagonal(dim1=1, dim2=2).amin(1) > 0
    unit = torch.eye(design.n_logits, dtype=information.dtype, device=information.device)
    inverse = torch.linalg.inv(torch.where(carried[:, None, None], information, unit))
    inverse = torch.where(carried[:, None, None], inverse, torch.nan)
    onto = inverse.transpose(1, 2)
    miss = (onto * design.guide_sums(score).unsqueeze(1)).sum(2)

    def in_order(values: Tensor) -> np.ndarray:
        return order.by_guide([values.view(-1, d, *values.shape[1:])]).cpu().numpy()

    return GuideObservations(
        y=in_order(_fitted(design, x) + miss), inverse=in_order(onto @ information @ inverse),
        scatter=None if scatter is None else in_order(onto @ scatter @ inverse), gene=gene, prior_sd=prior_sd,
    )  # fmt: skip


def _fitted(design: Design, x: Tensor) -> Tensor:
    """Effects of guides by day in x [P], in the order of `Design.guide_sums`: [G D, F]."""
    d, found = design.n_days, []
    for group in design.groups:
        block = design.blocks(x, group).permute(2, 0, 1).contiguous()  # [F, l, D + n]
        effects = block[:, :, None, :d] + centred(block[:, :, d:], 2).unsqueeze(3)
        found.append(effects.flatten(1))
    return torch.cat(found, 1).T


def _quadratic(matrices: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """c' A c of each matrix [.., F, F]."""
    return np.asarray(np.einsum("...fg,f,g->...", matrices, contrast, contrast))
