"""From a screen to a posterior and to estimates for mash, by the engine that the settings name.

Engine laplace runs always: it finds the likelihood weight, starts SVI's structured posterior, and
gives the fixed-effect estimates, whichever engine makes the posterior.

Several label sets of the same cells are fitted one by one, each by the engines that the settings name; those after the
first start where its fit by laplace stands. Estimates are combined by Rubin's rules (`laplace.combine_sets`), draws of
the posterior are pooled, as many of each set. p-values are those of the mean of the sets' labels: the randomisation is
valid for any labels.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..base import QUIET, FitError, FitWarning, MemoryLimit, Run, Settings, Stopwatch, gpu_memory, telling_memory
from ..laplace import (
    Baseline,
    Estimates,
    LaplaceFit,
    LaplaceOptions,
    combine_sets,
    draw_blocks,
    estimate_theta,
    estimates_of,
    fit_laplace,
    run_rounds_like,
)
from ..model import (
    DrawPlan,
    EffectBlock,
    PosteriorSummary,
    Priors,
    Terms,
    blocks_from_raw,
    pooled_blocks,
    summarise_draws,
    summarise_scales,
    to_tensors,
)
from ..screens import Screen, contrast_weights
from ..vi import SVIFit, SVIOptions, Target, draw_raw, fit_svi, structured_start

_SINGULAR = (torch.linalg.LinAlgError, np.linalg.LinAlgError)  # type: ignore[attr-defined]  # no stub in torch
_LESS = "Run it where there is more, or lower `num_posterior_draws`, `num_perturbations` or `batch_size`."
USUAL_WEIGHT = (0.5, 2.0)  # a fixed weight times the dispersion phi outside of this is warned about


@dataclass(frozen=True, kw_only=True)
class Inference:
    """What inference found on a screen.

    posterior: of the engine that was asked for. estimates: fixed effects for mash.
    scales: posterior mean and SD of tau [F], sigma_time [F, D - 1], sigma_guide [F], as lists; F logits (the fates
    beside the reference).
    laplace: the fit of engine laplace. svi: that of SVI, or None. sets: of several label sets the fits of each, and
    scales, laplace and svi are those of the first.
    """

    posterior: PosteriorSummary
    estimates: Estimates
    scales: dict[str, dict[str, Any]]
    laplace: LaplaceFit
    svi: SVIFit | None
    sets: "tuple[SetFit, ...]" = ()


@dataclass(frozen=True, kw_only=True)
class SetFit:
    """The fits of one label set. blocks: draws of its posterior, which come once; scales: as in `Inference`."""

    laplace: LaplaceFit
    svi: SVIFit | None
    estimates: Estimates
    blocks: Iterator[EffectBlock]
    scales: dict[str, dict[str, Any]]


def infer(screen: Screen, settings: Settings, run: Run = QUIET, watch: Stopwatch | None = None) -> Inference:
    """Fit a screen, from where the checkpoint of `run` stands. Raises FitError, and MemoryLimitError where memory runs
    out; gives a FitWarning for a weight far from the labels' dispersion.
    """
    try:
        with telling_memory("The fit", _LESS):
            return _infer(screen, settings, run, watch or Stopwatch())
    except _SINGULAR as error:
        rate = "Lower `learning_rate`, or check" if settings.inference == "svi" else "Check"
        raise FitError(
            f"A matrix of the fit lost its positive definiteness ({error}). {rate} the labels, or widen the priors."
        ) from error


def _infer(screen: Screen, settings: Settings, run: Run, watch: Stopwatch) -> Inference:
    plans, fits = DrawPlan.of(settings).of_sets(screen.n_sets), list[SetFit]()
    for k, plan in enumerate(plans):
        at, like = (run.at(f"label set {k + 1}"), fits[0].laplace.baseline) if k else (run, None)
        fits.append(_fit_labels(screen.of_set(k), settings, plan, at, watch, like))
    first, several = fits[0], screen.n_sets > 1
    estimates = _combine(fits, screen, settings, run, watch) if several else first.estimates
    with watch.stage("posterior"):
        blocks = pooled_blocks([fit.blocks for fit in fits]) if several else first.blocks
        posterior = summarise_draws(blocks, screen, _contrast(screen, settings), plans[0], run)
    return Inference(
        posterior=posterior, estimates=estimates, scales=first.scales, laplace=first.laplace, svi=first.svi,
        sets=tuple(fits) if several else (),
    )  # fmt: skip


def _fit_labels(
    screen: Screen, settings: Settings, plan: DrawPlan, run: Run, watch: Stopwatch, like: Baseline | None
) -> SetFit:
    """Both engines on one label set; `like`: where the fit of the first set stands, None for that itself."""
    options = LaplaceOptions.of(settings)
    with watch.stage("laplace"):
        laplace = fit_laplace(screen, options, run.at("laplace"), like)
    if like is None:
        _warn_if_weight_is_far(laplace, screen, options, run.at("auto weight"))
    with watch.stage("estimates"):
        own = options if plan.in_all == plan.number else replace(options, p_values=False)
        estimates = estimate_theta(laplace.baseline, screen, _contrast(screen, settings), own, run.at("estimates"))
    svi = None
    if settings.inference == "laplace":
        blocks, scales = draw_blocks(laplace, screen, plan), _lognormal_scales(laplace)
    else:
        with watch.stage("svi"):
            svi, blocks, scales = _infer_by_svi(laplace, screen, settings, plan, run.at("svi"))
    return SetFit(laplace=laplace, svi=svi, estimates=estimates, blocks=blocks, scales=scales)


def _combine(fits: Sequence[SetFit], screen: Screen, settings: Settings, run: Run, watch: Stopwatch) -> Estimates:
    """Estimates of several label sets by Rubin's rules, with the p-values of their mean labels."""
    contrast, options, at = _contrast(screen, settings), LaplaceOptions.of(settings), run.at("mean of label sets")
    mean, like = screen.of_mean_labels(), fits[0].laplace.baseline
    with watch.stage("estimates"):
        design = options.design(mean, run.device, join_alike=True)
        state = run_rounds_like(design, options, like, at)
        of_mean = estimate_theta(state.baseline(design), mean, contrast, options, at.at("estimates"))
        combined = combine_sets([fit.estimates.all_fates for fit in fits], of_mean.all_fates)
        found = estimates_of(combined, contrast)
        return replace(found, p_values=of_mean.p_values, fate_baseline=of_mean.fate_baseline)


def _contrast(screen: Screen, settings: Settings) -> np.ndarray:
    return contrast_weights(settings.contrast_fate, screen.fates)


def choose_device(wanted: str) -> str:
    """cpu or cuda; `auto` takes a GPU where there is one. Raises FitError when cuda is asked for and not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise FitError("`device: cuda` was asked for, but torch finds no CUDA GPU. Use `device: auto` or `cpu`.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def device_limit(device: str) -> MemoryLimit | None:
    """The memory of the GPU that a fit runs on; None on the CPU."""
    return gpu_memory() if device == "cuda" else None


def _infer_by_svi(
    laplace: LaplaceFit, screen: Screen, settings: Settings, plan: DrawPlan, run: Run
) -> tuple[SVIFit, Iterator[EffectBlock], dict[str, dict[str, Any]]]:
    priors, options = Priors.of(settings), SVIOptions.of(settings)
    cells, layout = to_tensors(
        screen, run.device, torch.float32, laplace.baseline.design.likelihood, Terms.of(settings)
    )
    start = structured_start(laplace, priors) if options.family == "structured" else None
    weight = torch.as_tensor(laplace.weight, dtype=torch.float32, device=run.device)
    target = Target(cells=cells, layout=layout, priors=priors, weight=weight)
    fit = fit_svi(target, options, start, run)
    raw = draw_raw(fit, target, plan)
    return fit, blocks_from_raw(raw, screen, plan.in_all), summarise_scales(raw)


def _auto_weight(screen: Screen, options: LaplaceOptions, run: Run) -> float:
    saved = run.checkpoint.load({"weight": 1.0})
    if saved:
        return float(saved["weight"])
    weight = float(fit_laplace(screen, replace(options, weight="auto"), run.at("fit")).weight[0])
    run.checkpoint.save({"weight": weight}, 1)
    return weight


def _lognormal_scales(laplace: LaplaceFit) -> dict[str, dict[str, Any]]:
    """Mean and SD of log-normal scales around the mode of their logarithms."""
    found = {}
    for name, mode in laplace.scales.items():
        variance = np.nan_to_num(laplace.scales_sd_log[name]) ** 2
        mean = mode * np.exp(variance / 2)
        found[name] = {"mean": mean.tolist(), "sd": (mean * np.sqrt(np.expm1(variance))).tolist()}
    return found


def _warn_if_weight_is_far(laplace: LaplaceFit, screen: Screen, options: LaplaceOptions, run: Run) -> None:
    """A fixed weight outside USUAL_WEIGHT / phi: fit once more with an automatic weight, and say what it finds."""
    fixed, phi, (low, high) = options.weight, float(laplace.dispersion.mean()), USUAL_WEIGHT
    if isinstance(fixed, str) or low <= fixed * phi <= high:
        return
    try:
        auto = _auto_weight(screen, options, run)
    except FitError as error:  # a diagnosis must not end a fit that has succeeded
        finding = f"`likelihood_weight: auto` finds no weight on this screen ({error})"
    else:
        finding = (
            f"`likelihood_weight: auto` finds {auto:.3g}. Standard errors come out about "
            f"{math.sqrt(auto / fixed):.2g} times those at that weight."
        )
    message = (
        f"`likelihood_weight: {fixed:g}` is far from what the dispersion of the labels ({phi:.3g}) calls for: {finding}"
    )
    warnings.warn(message, FitWarning, stacklevel=3)
