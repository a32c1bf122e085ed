"""Estimates of theta with all that a standard error of a knock-down must contain: what mash is meant to be fed.

    covariance = noise of the labels + G + R + what label sets differ by
G, since other guides of the gene would have other effects (`guide_variance`), and R, since effects would differ in
other cultures (`replicates`). `estimand: guides` leaves both out: these guides, these cultures. The last
is of a fit of several label sets alone (`label_sets`). All of it follows from
what the fit says of all fates (`all_fates`). L genes, D days, F logits (the fates beside the reference).
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from ..base import QUIET, Run
from ..screens import Screen
from .all_fates import AllFates, draw_sandwich
from .baseline import Baseline
from .contrasts import contrast_covariance, sd_of
from .estimates import SolvedEstimates, solve_estimates
from .fate_baseline import FateBaseline, sample_baseline
from .gene_p_values import GenePValues, Spread, gene_p_values
from .guide_estimates import GeneNoise, GuideEstimates, estimate_guides
from .guide_variance import GuideVariance, moderated_variance
from .options import LaplaceOptions
from .replicates import ByReplicate, ReplicateVariance, replicate_variance


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Estimates of theta for the contrast; NaN on a day without a cell that carries the gene.

    theta_hat [L, D]; covariance [L, D, D], all that the estimand asks for; noise [L, D, D], the part of the labels, of
    the kind that `se` asks for. model_covariance, sandwich_covariance: both kinds. guides, by_replicate: estimates by
    guide and by replicate. guide_variance, replicate_variance: how much they differ. labels [L, D, D]: the part of the
    covariance by which label sets differ, 0 with one set. all_fates: what the estimates were made from. p_values: of
    the fit's own contrast alone, where it is asked for them. fate_baseline: cells of a fit.
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
    all_fates: AllFates
    labels: np.ndarray
    p_values: GenePValues | None = None
    fate_baseline: FateBaseline | None = None

    @property
    def se(self) -> np.ndarray:
        """[L, D]."""
        return sd_of(self.covariance)

    @property
    def label_share(self) -> np.ndarray:
        """[L, D], share of the variance by which label sets differ."""
        return np.asarray(np.einsum("ldd->ld", self.labels) / np.einsum("ldd->ld", self.covariance))

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
        parts = {part: {name: value.cpu().numpy() for name, value in own.items()} for part, own in saved.items()}
        found = estimates_of(AllFates.from_arrays(parts["all_fates"], options.estimand), contrast)
        p_values = GenePValues(**parts["p_values"]) if parts["p_values"] else None
        return replace(found, p_values=p_values, fate_baseline=FateBaseline(**parts["fate_baseline"]))
    solved = solve_estimates(baseline, options, run)
    sandwich = draw_sandwich(solved, options, run)
    free = AllFates.of_free_shift(solved, sandwich, screen, options, run)
    found = estimates_of(free.with_prior_shift(solved, sandwich, options.se), contrast)
    noise = contrast_covariance(free.noise, contrast)
    p_values = _p_values(solved, found, noise, screen, contrast) if options.p_values else None
    cells = sample_baseline(solved, screen)
    found = replace(found, p_values=p_values, fate_baseline=cells)
    parts = {
        "all_fates": found.all_fates.arrays(), "p_values": asdict(p_values) if p_values else {},
        "fate_baseline": asdict(cells),
    }  # fmt: skip
    tree = {part: {name: torch.from_numpy(value) for name, value in own.items()} for part, own in parts.items()}
    run.checkpoint.save(tree, 1, final=True)
    return found


def estimates_of(all_fates: AllFates, contrast: np.ndarray) -> Estimates:
    """The one way from what is known of all fates to the estimates of a contrast [F]: of a fit, of a contrast after it,
    and of every refit.
    """
    theta_hat = all_fates.theta @ contrast
    noise, model, sandwich = (
        contrast_covariance(part, contrast)
        for part in (all_fates.noise, all_fates.model_noise, all_fates.sandwich_noise)
    )
    layouts, n_guides = all_fates.guides.layouts(contrast), all_fates.guides.per_gene
    guides = moderated_variance(layouts, len(n_guides))
    by_replicate = all_fates.replicates.of_contrast(contrast, sd_of(noise) / sd_of(model))
    replicates = replicate_variance(by_replicate)
    counted = float(all_fates.estimand == "gene")
    of_guides, of_replicates = counted * guides.of_mean(n_guides), counted * replicates.of_mean
    between = all_fates.labels
    labels = np.zeros_like(noise) if between is None else contrast_covariance(between, contrast)
    genes = GeneNoise(
        theta_hat=theta_hat, variance=np.einsum("ldd->ld", noise), guides=guides, labels=np.einsum("ldd->ld", labels),
        of_guides=np.einsum("ldd->ld", of_guides), replicates=of_replicates.diagonal(),
        guide_prior=all_fates.guides.prior_variance(contrast),
    )  # fmt: skip
    return Estimates(
        theta_hat=theta_hat, covariance=noise + of_guides + of_replicates + labels, noise=noise, model_covariance=model,
        sandwich_covariance=sandwich, guides=estimate_guides(layouts, genes), guide_variance=guides,
        by_replicate=by_replicate, replicate_variance=replicates, all_fates=all_fates, labels=labels,
    )  # fmt: skip


def _p_values(
    solved: SolvedEstimates, found: Estimates, noise: np.ndarray, screen: Screen, contrast: np.ndarray
) -> GenePValues:
    """noise [L, D, D]: of the fixed effects themselves, which is what a gene's score has."""
    shared, varies = solved.design.cluster is not None, found.all_fates.estimand == "gene"
    beside = Spread(
        noise=np.einsum("ldd->ld", noise) if shared else None,
        guides=found.guide_variance if varies else None, replicates=found.replicate_variance if varies else None,
    )  # fmt: skip
    return gene_p_values(solved, screen, contrast, beside)
