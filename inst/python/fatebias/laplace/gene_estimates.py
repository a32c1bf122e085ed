"""Estimates of theta with all that a standard error of a knock-down must contain: what mash is meant to be fed.

    covariance = noise of the labels + G + R
G, since other guides of the gene would have other effects (`guide_variance`), and R, since effects would differ in
other cultures (`replicates`). `estimand: guides` leaves both out: these guides, these cultures. L genes, D days.
"""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch

from ..base import QUIET, Run
from ..screens import Screen
from .baseline import Baseline
from .contrasts import carried_by_day, known_covariance, known_theta, sd_of
from .estimates import SolvedEstimates, solve_estimates
from .gene_p_values import GenePValues, Spread, gene_p_values
from .guide_days import GuideDays, observe_guides
from .guide_estimates import GeneNoise, GuideEstimates, estimate_guides
from .guide_variance import GuideVariance, moderated_variance
from .options import LaplaceOptions
from .replicates import ByReplicate, ReplicateVariance, estimate_by_replicate, replicate_variance

RATIO_DRAWS = 16  # draws behind the median ratio of SEs, where the sandwich itself is not asked for


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Estimates of theta for the contrast; NaN on a day without a cell that carries the gene.

    theta_hat [L, D]; covariance [L, D, D], all that the estimand asks for; noise [L, D, D], the part of the labels, of
    the kind that `se` asks for. model_covariance, sandwich_covariance: both kinds (the sandwich from RATIO_DRAWS draws
    only where `se` does not ask for it). guides, by_replicate: estimates by guide and by replicate. guide_variance,
    replicate_variance: how much they differ. p_values: of a fit that is asked for them.
    """

    theta_hat: np.ndarray
    covariance: np.ndarray
    noise: np.ndarray
    model_covariance: np.ndarray
    sandwich_covariance: np.ndarray
    guides: GuideEstimates
    guide_variance: GuideVariance
    by_replicate: ByReplicate
    replicate_variance: ReplicateVariance
    p_values: GenePValues | None = None

    @property
    def se(self) -> np.ndarray:
        """[L, D]."""
        return sd_of(self.covariance)

    @property
    def sandwich_ratio(self) -> float:
        """Median over genes and days of the sandwich SE divided by the model's; near 1 under a right model."""
        return float(np.nanmedian(sd_of(self.sandwich_covariance) / sd_of(self.model_covariance)))


def estimate_theta(
    baseline: Baseline, screen: Screen, contrast: np.ndarray, options: LaplaceOptions, run: Run = QUIET
) -> Estimates:
    """Estimates for the contrast with these weights [F], from where the checkpoint stands. Raises FitError."""
    saved = run.checkpoint.load()
    if saved:
        return _from_tree(saved)
    solved = solve_estimates(baseline, options, run)
    found = estimates_of(solved, screen, contrast, options, run)
    if options.p_values:
        found = replace(found, p_values=_p_values(solved, found, screen, contrast, options))
    run.checkpoint.save(_as_tree(found), 1, final=True)
    return found


def estimates_of(
    solved: SolvedEstimates, screen: Screen, contrast: np.ndarray, options: LaplaceOptions, run: Run = QUIET
) -> Estimates:
    """What follows from fixed effects and the covariance of their noise: of a fit, and of every refit."""
    known, design = carried_by_day(screen), solved.design
    wanted, asked = options.se == "sandwich", options.perturbations
    draws = asked if wanted else replace(asked, number=min(RATIO_DRAWS, asked.number))
    model, sandwich = (
        known_covariance(design, by_group, contrast, known)
        for by_group in (solved.model, solved.sandwich(draws, run.at("sandwich")))
    )
    theta_hat = known_theta(design, solved.effects.x, contrast, known)
    noise = sandwich if wanted else model
    layouts = _layouts(solved, contrast, wanted)
    guides = moderated_variance(layouts, screen.n_genes)
    by_replicate = estimate_by_replicate(solved, screen, contrast, sd_of(noise) / sd_of(model), asked, run)
    replicates = replicate_variance(by_replicate)
    counted = float(options.estimand == "gene")
    of_guides, of_replicates = counted * guides.of_mean(screen.guides_per_gene), counted * replicates.of_mean
    genes = GeneNoise(
        theta_hat=theta_hat, variance=np.einsum("ldd->ld", noise), guides=guides,
        of_guides=np.einsum("ldd->ld", of_guides), replicates=of_replicates.diagonal(),
        guide_prior=_guide_prior(solved, contrast),
    )  # fmt: skip
    return Estimates(
        theta_hat=theta_hat, covariance=noise + of_guides + of_replicates, noise=noise, model_covariance=model,
        sandwich_covariance=sandwich, guides=estimate_guides(layouts, genes), guide_variance=guides,
        by_replicate=by_replicate, replicate_variance=replicates,
    )  # fmt: skip


def _p_values(
    solved: SolvedEstimates, found: Estimates, screen: Screen, contrast: np.ndarray, options: LaplaceOptions
) -> GenePValues:
    shared, varies = solved.design.cluster is not None, options.estimand == "gene"
    beside = Spread(
        noise=np.einsum("ldd->ld", found.noise) if shared else None,
        guides=found.guide_variance if varies else None, replicates=found.replicate_variance if varies else None,
    )  # fmt: skip
    return gene_p_values(solved, screen, contrast, beside)


def _layouts(solved: SolvedEstimates, contrast: np.ndarray, by_scatter: bool) -> tuple[GuideDays, ...]:
    scatter = solved.scatter.by_guide_day() if by_scatter else None
    return observe_guides(solved.effects.curvature, solved.effects.x, contrast, scatter)


def _guide_prior(solved: SolvedEstimates, contrast: np.ndarray) -> float:
    """Variance of the deviations' contrast in the model."""
    sigma = solved.effects.problem.prior.sigma_guide.cpu().numpy()
    return float(((contrast * sigma) ** 2).sum())


def _as_tree(found: Any) -> dict[str, Any]:
    """A record of arrays and numbers, and of such records, as mappings that a checkpoint holds."""
    tree: dict[str, Any] = {}
    for field in fields(found):
        value = getattr(found, field.name)
        if is_dataclass(value):
            tree[field.name] = _as_tree(value)
        else:
            tree[field.name] = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
    return tree


def _from_tree(tree: dict[str, Any]) -> Estimates:
    records = {
        "guides": GuideEstimates, "guide_variance": GuideVariance, "by_replicate": ByReplicate,
        "replicate_variance": ReplicateVariance, "p_values": GenePValues,
    }  # fmt: skip
    plain = {name: _arrays(value) for name, value in tree.items()}
    return Estimates(
        **{name: records[name](**value) if isinstance(value, dict) else value for name, value in plain.items()}
    )


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _arrays(one) for name, one in value.items()}
    return value.cpu().numpy() if hasattr(value, "cpu") else value
