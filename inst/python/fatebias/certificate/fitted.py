"""Checks of what the fit's own standard errors contain: guides, replicates, dispersion, burden by day.

Each takes the fit's estimates as they are, refits nothing, and gives a statistic with what sampling alone does to it.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..laplace import ByReplicate, Scatter, find_mode, scatter_of_replicates, theta_covariance
from ..model import labels_by_day
from ..screens import Screen
from .added import added_at
from .source import Source

LEAST_BURDEN = 1e-9  # guides in a cell beyond the mean of its day: less is rounding
LEAST_EFFECT = 0.02  # SD of theta, in logits, with which burden slopes are told from effects


def guide_share(source: Source) -> dict[str, Any]:
    """Share of the estimates' variance that other guides would make and that the SEs lack.

    share: mean over genes and days of G / (noise + G). lacking: the same where SEs are of these guides alone, else 0.
    chance: SD of the share where guides do not differ.
    """
    found, n = source.estimates, source.screen.guides_per_gene[:, None]
    variance = np.einsum("ldd->ld", found.guide_variance.of_mean(n[:, 0]))
    noise = np.einsum("ldd->ld", found.noise)
    share = float(np.nanmean(variance / (noise + variance)))
    # by moments, of guides with the variance n * noise each: 2 (n noise)^2 / (n - 1) for a gene and day
    information = np.nansum((n - 1) / (2 * (n * noise) ** 2))
    chance = float(np.nanmean(1 / n / (noise + variance)) / information**0.5) if information > 0 else None
    return {
        "share": share, "lacking": 0.0 if source.counts_populations else share, "chance": chance,
        "guide_sd": found.guide_variance.scale, "estimand": source.options.estimand,
    }  # fmt: skip


def replicate_scatter(source: Source) -> dict[str, Any]:
    """Cochran's Q over genes, days and replicates, with all variance that the SEs contain.

    q, df: sums; q_variance: of q under a right model. df is 0 with one replicate.
    """
    by, between = source.estimates.by_replicate, source.estimates.replicate_variance
    if by.n == 0:
        return {"q": 0.0, "df": 0, "q_variance": 0.0, "n_replicates": 1}
    extra = between.of_mean * between.n_replicates * float(source.counts_populations)
    q, df, variance = cochran_q(by, extra)
    return {"q": q, "df": df, "q_variance": variance, "n_replicates": by.n}


def cochran_q(by: ByReplicate, extra: np.ndarray) -> tuple[float, int, float]:
    """Q, its degrees of freedom and its variance; extra [D, D]: covariance beyond each replicate's noise.

    Of estimates less what all genes share in a replicate on a day, noise of its baseline or an intercept. Days of a
    gene are correlated: Var Q = 2 sum over genes and pairs of days of df corr^2.
    """
    covariance = by.centred_covariance + extra
    variance = np.einsum("rldd->rld", covariance)
    q, df = scatter_of_replicates(by.centred, variance)
    sd = np.sqrt(variance)
    correlation = covariance / (sd[:, :, :, None] * sd[:, :, None, :])
    squared = np.nan_to_num(np.nanmean(np.where(np.isnan(correlation), 0.0, correlation) ** 2, axis=0))
    both = np.minimum(df[:, :, None], df[:, None, :])
    return float(q.sum()), int(df.sum()), float(2 * (both * squared).sum())


def label_dispersion(source: Source) -> dict[str, Any]:
    """Dispersion of the labels times the weight used, 1 where they agree, by day [D] and by day and replicate.

    sd: of each, by the scatter over the cells. sample: its day and replicate, as indices.
    """
    solved, screen = source.solved, source.screen
    design, mean = solved.design, solved.effects.curvature.mean
    parameters = source.baseline.weight * solved.pearson_excess
    freedom = 1 - (parameters / labels_by_day(design)).cpu().numpy()
    pearson = design.likelihood.pearson(design.labels, mean) / design.n_logits
    ratio = (pearson * source.baseline.cell_weight).cpu().numpy() / freedom[screen.day]
    by_day, day_sd = _means(ratio, screen.day)
    sample = screen.day * screen.n_replicates + screen.replicate
    present, number = np.unique(sample, return_inverse=True)
    by_sample, sample_sd = _means(ratio, number)
    return {
        "by_day": by_day, "day_sd": day_sd, "by_sample": by_sample, "sample_sd": sample_sd,
        "sample_day": present // screen.n_replicates,
        "sample_name": [sample_name(screen, int(one)) for one in present],
    }  # fmt: skip


def sample_name(screen: Screen, sample: int) -> str:
    """Day and replicate of a sample in words."""
    day, replicate = divmod(sample, screen.n_replicates)
    return f"{screen.day_labels[day]}, {screen.replicate_labels[replicate]}"


def burden_slopes(source: Source) -> dict[str, Any]:
    """Score test of burden slopes that differ by day: chi_square with df, and slope [D], in SEs of a gene.

    With theta free, a slope could not be told from what all genes do together on a day: theta is N(0, s^2) here, s^2
    what the estimates of all genes show by day and logit. Of the contrast alone: effects on logits go together.
    n_days: days on which cells differ in their number of guides; with fewer than two nothing is tested. in_model: such
    slopes are in the model, and nothing is tested either.
    """
    screen = source.screen
    by_day = np.eye(screen.n_days)[screen.day] * screen.burden_centered[:, None]
    varied = np.flatnonzero(np.abs(by_day).max(0) > LEAST_BURDEN)
    found = {"in_model": source.options.terms.burden_by_day, "n_days": len(varied)}
    if found["in_model"] or found["n_days"] < 2:
        return found
    slope, covariance = _slopes_added(source, by_day[:, varied[1:]])
    weight = (by_day[:, varied] ** 2).sum(0)
    onto = (np.eye(len(varied)) - weight / weight.sum())[:, 1:]  # from differences to the first day
    departs = np.zeros(screen.n_days)
    departs[varied] = onto @ slope
    return found | {
        "chi_square": float(slope @ np.linalg.solve(covariance, slope)), "df": len(slope),
        "slope": departs / np.nanmedian(source.estimates.se, axis=0),
    }  # fmt: skip


def _slopes_added(source: Source, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the contrast on columns [N, k] that the model lacks, effects of genes random: [k], and [k, k]."""
    problem = source.baseline.estimate_problem(source.options.priors)
    spread = 1 / torch.as_tensor(effect_sd(source), device=source.baseline.x.device)
    problem = replace(problem, prior=replace(problem.prior, half_theta=torch.diag_embed(spread)))
    mode = find_mode(problem, source.baseline.x, source.options.tolerances)
    curvature = problem.curvature(mode.mean)
    scatter = Scatter.at(curvature, float(source.solved.p_units))
    return added_at(curvature, scatter, source.contrast, columns).of_contrast(source.contrast)


def effect_sd(source: Source) -> np.ndarray:
    """SD of theta around 0 by logit and day, beyond the noise of its estimates: [F, D]."""
    solved = source.solved
    square = solved.design.theta(solved.effects.x).cpu().numpy() ** 2
    noise = np.einsum("ldfdf->lfd", theta_covariance(solved.design, solved.model))
    found = (square - noise).mean(0)
    return np.asarray(np.sqrt(np.maximum(found, LEAST_EFFECT**2)))


def _means(values: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each group from 0, and the SD of that mean."""
    n = np.bincount(group)
    mean = np.bincount(group, weights=values) / n
    square = np.bincount(group, weights=(values - mean[group]) ** 2) / np.maximum(n - 1, 1)
    return mean, np.sqrt(square / n)
