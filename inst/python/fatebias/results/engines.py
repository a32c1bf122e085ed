"""From a screen to a posterior and to estimates for mash, by the engine that the settings name.

Engine laplace runs always: it finds the likelihood weight, starts SVI's structured posterior, and
gives the fixed-effect estimates, whichever engine makes the posterior.
"""

import dataclasses
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..base import QUIET, FitError, FitWarning, Run, Settings, Stopwatch
from ..laplace import Estimates, LaplaceFit, LaplaceOptions, draw_blocks, estimate_theta, fit_laplace
from ..model import (
    DrawPlan,
    EffectBlock,
    PosteriorSummary,
    Priors,
    Terms,
    blocks_from_raw,
    summarise_draws,
    summarise_scales,
    to_tensors,
)
from ..screens import Screen, contrast_weights
from ..vi import SVIFit, SVIOptions, Target, draw_raw, fit_svi, structured_start

_SINGULAR = (torch.linalg.LinAlgError, np.linalg.LinAlgError)  # type: ignore[attr-defined]  # no stub in torch
_NO_MEMORY = ("allocate memory", "out of memory")  # of torch, whose error is a RuntimeError
USUAL_WEIGHT = (0.5, 2.0)  # a fixed weight times the dispersion phi outside of this is warned about


@dataclass(frozen=True, kw_only=True)
class Inference:
    """What inference found on a screen.

    posterior: of the engine that was asked for. estimates: fixed effects for mash.
    scales: posterior mean and SD of tau [F], sigma_time [F, D - 1], sigma_guide [F], as lists; F logits (the fates
    beside the reference).
    laplace: the fit of engine laplace. svi: that of SVI, or None.
    """

    posterior: PosteriorSummary
    estimates: Estimates
    scales: dict[str, dict[str, Any]]
    laplace: LaplaceFit
    svi: SVIFit | None


def infer(screen: Screen, settings: Settings, run: Run = QUIET, watch: Stopwatch | None = None) -> Inference:
    """Fit a screen, from where the checkpoint of `run` stands. Raises FitError; gives a FitWarning for a weight far
    from the labels' dispersion.
    """
    try:
        return _infer(screen, settings, run, watch or Stopwatch())
    except _SINGULAR as error:
        raise FitError(
            f"A matrix of the fit lost its positive definiteness ({error}). Lower `learning_rate` if SVI was running; "
            "otherwise check the labels, or widen the priors."
        ) from error
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in _NO_MEMORY):
            raise
        raise FitError(
            f"The fit needs more memory than there is ({' '.join(str(error).split())}). Run it where there is more, or "
            "lower `num_posterior_draws`, `num_perturbations` or `batch_size`."
        ) from error


def _infer(screen: Screen, settings: Settings, run: Run, watch: Stopwatch) -> Inference:
    options, plan = LaplaceOptions.of(settings), DrawPlan.of(settings)
    contrast = contrast_weights(settings.contrast_fate, screen.fates)
    with watch.stage("laplace"):
        laplace = fit_laplace(screen, options, run.at("laplace"))
    _warn_if_weight_is_far(laplace, screen, options, run.at("auto weight"))
    with watch.stage("estimates"):
        estimates = estimate_theta(laplace.baseline, screen, contrast, options, run.at("estimates"))
    svi = None
    if settings.inference == "laplace":
        blocks, scales = draw_blocks(laplace, screen, plan), _lognormal_scales(laplace)
    else:
        with watch.stage("svi"):
            svi, blocks, scales = _infer_by_svi(laplace, screen, settings, run.at("svi"))
    with watch.stage("posterior"):
        posterior = summarise_draws(blocks, screen, contrast, plan, run)
    return Inference(posterior=posterior, estimates=estimates, scales=scales, laplace=laplace, svi=svi)


def choose_device(wanted: str) -> str:
    """cpu or cuda; `auto` takes a GPU where there is one. Raises FitError when cuda is asked for and not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise FitError("`device: cuda` was asked for, but torch finds no CUDA GPU. Use `device: auto` or `cpu`.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _infer_by_svi(
    laplace: LaplaceFit, screen: Screen, settings: Settings, run: Run
) -> tuple[SVIFit, Iterator[EffectBlock], dict[str, dict[str, Any]]]:
    priors, options = Priors.of(settings), SVIOptions.of(settings)
    cells, layout = to_tensors(
        screen, run.device, torch.float32, laplace.baseline.design.likelihood, Terms.of(settings)
    )
    start = structured_start(laplace, priors) if options.family == "structured" else None
    weight = torch.as_tensor(laplace.weight, dtype=torch.float32, device=run.device)
    target = Target(cells=cells, layout=layout, priors=priors, weight=weight)
    fit = fit_svi(target, options, start, run)
    raw = draw_raw(fit, target, DrawPlan.of(settings))
    return fit, blocks_from_raw(raw, screen), summarise_scales(raw)


def _auto_weight(screen: Screen, options: LaplaceOptions, run: Run) -> float:
    saved = run.checkpoint.load()
    if saved:
        return float(saved["weight"])
    weight = float(fit_laplace(screen, dataclasses.replace(options, weight="auto"), run.at("fit")).weight[0])
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
