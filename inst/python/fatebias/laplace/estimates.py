"""Fixed-effect estimates of theta with their covariance: what mash is meant to be fed (end of DESIGN section 5).

A posterior is shrunk, an estimate is not. theta's prior becomes N(0, estimate_prior_sd^2), independent over
genes and days; deviations stay random with the fitted sigma_guide, and the fitted weight is kept.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..base import NOWHERE, SILENT, Checkpoint, Progress, Settings
from ..model import Design, fixed_effect_prior
from ..screens import Screen, contrast_weights
from .covariance import gene_covariances, sandwich_covariances
from .curvature import curvature_at
from .fit import LaplaceFit, named_effects
from .mode import find_mode

RATIO_DRAWS = 16  # draws behind the median ratio of SEs, where the sandwich itself is not asked for


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Estimates of theta for the contrast. L genes, D days; NaN on a day without a cell that carries the gene.

    theta_hat [L, D]; covariance [L, D, D], of the kind that `se` asks for; model_covariance and
    sandwich_covariance, both kinds (the sandwich from RATIO_DRAWS draws only where `se` does not ask for it).
    sandwich_ratio: median over genes and days of the sandwich SE divided by the model's; near 1 under a right model.
    """

    theta_hat: np.ndarray
    covariance: np.ndarray
    model_covariance: np.ndarray
    sandwich_covariance: np.ndarray
    sandwich_ratio: float

    @property
    def se(self) -> np.ndarray:
        """[L, D]."""
        return sd_of(self.covariance)


def estimate_effects(
    fit: LaplaceFit,
    screen: Screen,
    settings: Settings,
    checkpoint: Checkpoint = NOWHERE,
    progress: Progress = SILENT,
) -> Estimates:
    """Estimates at a fit's sigma_guide and weight, searched from its mode and where the checkpoint stands.

    Raises FitError.
    """
    saved = checkpoint.load()
    if saved:
        return Estimates(**{name: v.cpu().numpy() if isinstance(v, Tensor) else v for name, v in saved.items()})
    found = _estimate_effects(fit, screen, settings, checkpoint, progress)
    arrays = {name: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for name, v in vars(found).items()}
    checkpoint.save(arrays, 1, final=True)
    return found


def _estimate_effects(
    fit: LaplaceFit, screen: Screen, settings: Settings, checkpoint: Checkpoint, progress: Progress
) -> Estimates:
    design = fit.design
    like = design.nuisance
    weight = like.new_tensor(fit.weight)
    prior = fixed_effect_prior(design, like.new_tensor(fit.scales["sigma_guide"]), settings)
    mode = find_mode(design, prior, weight, fit.x, settings, checkpoint=checkpoint.at("mode"), progress=progress)
    curvature = curvature_at(design, prior, mode.pi, weight[design.day])
    contrast = contrast_weights(settings.contrast_fate, screen.fates)
    known = carried_by_day(screen)

    def of_contrast(by_group: list[Tensor]) -> np.ndarray:
        return np.where(known[:, :, None] & known[:, None, :], theta_covariance(fit.design, by_group, contrast), np.nan)

    found = gene_covariances(curvature, settings, checkpoint.at("covariances"), progress)
    model = of_contrast(found.by_group)
    wanted = settings.se == "sandwich"
    n_draws = settings.num_perturbations if wanted else min(RATIO_DRAWS, settings.num_perturbations)
    n_parameters = float(found.p_eff.sum())
    sandwich = of_contrast(
        sandwich_covariances(curvature, n_parameters, n_draws, settings, checkpoint.at("sandwich"), progress)
    )
    ratio = sd_of(sandwich) / sd_of(model)
    return Estimates(
        theta_hat=np.where(known, np.einsum("lfd,f->ld", named_effects(design, mode.x)["theta"], contrast), np.nan),
        covariance=sandwich if wanted else model,
        model_covariance=model,
        sandwich_covariance=sandwich,
        sandwich_ratio=float(np.nanmedian(ratio)),
    )


def sd_of(covariance: np.ndarray) -> np.ndarray:
    """SDs [L, D] of covariances [L, D, D]."""
    return np.sqrt(np.einsum("ldd->ld", covariance))


def carried_by_day(screen: Screen) -> np.ndarray:
    """bool [L, D]: does any cell of the day carry a guide of the gene?"""
    day = np.repeat(screen.day, np.diff(screen.guide_ptr))
    out = np.zeros((screen.n_genes, screen.n_days), dtype=bool)
    out[screen.guide_gene[screen.guide_idx], day] = True
    return out


def theta_covariance(design: Design, by_group: list[Tensor], contrast: np.ndarray) -> np.ndarray:
    """Covariance over days of the contrast of theta, genes in the screen's order: [L, D, D]."""
    d, f = design.n_days, design.n_fates
    weights = torch.as_tensor(contrast, dtype=torch.float64, device=by_group[0].device)
    parts = [c[:, : d * f, : d * f].reshape(-1, d, f, d, f) for c in by_group]
    covariance = torch.cat([torch.einsum("ldfeg,f,g->lde", part, weights, weights) for part in parts])
    return covariance.cpu().numpy()[np.argsort(design.gene_order)]
