"""From a screen to a posterior and to estimates for mash, by the engine that the settings name.

Engine laplace runs always: it finds the likelihood weight, starts SVI's structured posterior, and
gives the fixed-effect estimates, whichever engine makes the posterior.
"""

import dataclasses
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ..base import NOWHERE, SILENT, Checkpoint, FitError, FitWarning, Progress, Settings, Stopwatch
from ..laplace import Estimates, LaplaceFit, draw_blocks, estimate_effects, fit_laplace
from ..model import EffectBlock, PosteriorSummary, blocks_from_raw, summarise_draws, summarise_scales, to_tensors
from ..screens import Screen
from ..vi import SVIFit, draw_raw, fit_svi, structured_start

WEIGHT_RANGE = (0.5, 2.0)  # a fixed weight times the dispersion phi outside of this is warned about


@dataclass(frozen=True, kw_only=True)
class Inference:
    """What inference found on a screen.

    summary: posterior of the engine that was asked for. estimates: fixed effects for mash.
    scales: posterior mean and SD of tau [F], sigma_time [F, D - 1], sigma_guide [F], as lists.
    laplace: the fit of engine laplace. svi: that of SVI, or None.
    """

    summary: PosteriorSummary
    estimates: Estimates
    scales: dict[str, dict[str, list]]
    laplace: LaplaceFit
    svi: SVIFit | None


def infer(
    screen: Screen,
    settings: Settings,
    device: str = "cpu",
    progress: Progress = SILENT,
    watch: Stopwatch | None = None,
    checkpoint: Checkpoint = NOWHERE,
) -> Inference:
    """Fit a screen on a device, from where its checkpoint stands. Raises FitError; gives a FitWarning for a weight
    far from the labels' dispersion.
    """
    try:
        return _infer(screen, settings, device, progress, watch or Stopwatch(), checkpoint)
    except torch.linalg.LinAlgError as error:
        raise FitError(
            f"A matrix of the fit lost its positive definiteness ({error}). Lower `learning_rate` if SVI was running; "
            "otherwise check the labels, or widen the priors."
        ) from error


def _infer(
    screen: Screen, settings: Settings, device: str, progress: Progress, watch: Stopwatch, checkpoint: Checkpoint
) -> Inference:
    with watch.stage("laplace"):
        laplace = fit_laplace(screen, settings, progress, device, checkpoint.at("laplace"))
    _warn_if_weight_is_far(laplace, screen, settings, device, progress, checkpoint.at("auto weight"))
    with watch.stage("estimates"):
        estimates = estimate_effects(laplace, screen, settings, checkpoint.at("estimates"), progress)
    svi = None
    if settings.inference == "laplace":
        blocks, scales = draw_blocks(laplace, screen, settings), _lognormal_scales(laplace)
    else:
        with watch.stage("svi"):
            svi, blocks, scales = _infer_by_svi(laplace, screen, settings, device, progress, checkpoint.at("svi"))
    with watch.stage("posterior"):
        summary = summarise_draws(blocks, screen, settings, progress)
    return Inference(summary=summary, estimates=estimates, scales=scales, laplace=laplace, svi=svi)


def choose_device(wanted: str) -> str:
    """cpu or cuda; `auto` takes a GPU where there is one. Raises FitError when cuda is asked for and not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise FitError("`device: cuda` was asked for, but torch finds no CUDA GPU. Use `device: auto` or `cpu`.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _infer_by_svi(
    laplace: LaplaceFit, screen: Screen, settings: Settings, device: str, progress: Progress, checkpoint: Checkpoint
) -> tuple[SVIFit, Iterator[EffectBlock], dict]:
    cells, layout = to_tensors(screen, device, torch.float32)
    start = structured_start(laplace, screen, settings) if settings.approx_posterior == "structured" else None
    weight = torch.as_tensor(laplace.weight, dtype=torch.float32, device=device)
    fit = fit_svi(cells, layout, settings, weight, start, progress, checkpoint)
    raw = draw_raw(fit, cells, layout, settings)
    return fit, blocks_from_raw(raw, screen), summarise_scales(raw)


def _auto_weight(screen: Screen, settings: Settings, device: str, progress: Progress, checkpoint: Checkpoint) -> float:
    saved = checkpoint.load()
    if saved:
        return saved["weight"]
    automatic = dataclasses.replace(settings, likelihood_weight="auto")
    weight = float(fit_laplace(screen, automatic, progress, device, checkpoint.at("fit")).weight[0])
    checkpoint.save({"weight": weight}, 1)
    return weight


def _lognormal_scales(laplace: LaplaceFit) -> dict[str, dict[str, list]]:
    """Mean and SD of log-normal scales around the mode of their logarithms."""
    found = {}
    for name, mode in laplace.scales.items():
        variance = np.nan_to_num(laplace.scales_sd_log[name]) ** 2
        mean = mode * np.exp(variance / 2)
        found[name] = {"mean": mean.tolist(), "sd": (mean * np.sqrt(np.expm1(variance))).tolist()}
    return found


def _warn_if_weight_is_far(
    laplace: LaplaceFit, screen: Screen, settings: Settings, device: str, progress: Progress, checkpoint: Checkpoint
) -> None:
    """A fixed weight outside WEIGHT_RANGE / phi: fit once more with an automatic weight, and say what it finds."""
    fixed, phi, (low, high) = settings.likelihood_weight, float(laplace.dispersion.mean()), WEIGHT_RANGE
    if not isinstance(fixed, float) or low <= fixed * phi <= high:
        return
    try:
        auto = _auto_weight(screen, settings, device, progress, checkpoint)
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
