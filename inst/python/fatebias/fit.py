"""A fit from a screen file to a results folder: the order of steps, and the manifest that records them."""

import datetime
import platform
import resource
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

from . import __version__
from .cells import to_tensors
from .errors import FitError, FitWarning
from .export import effect_arrays, effect_tables, prepare_out_dir, write_files
from .posterior import blocks_from_raw, summarise_draws, summarise_scales
from .qc import qc_tables
from .screen import Screen, summarise_screen
from .screen_file import read_screen
from .settings import Settings
from .svi import SVIFit, draw_raw, fit_svi

_LOSSES_KEPT = 500  # losses in the manifest, evenly spaced over the steps


def describe_screen(screen_path: str | Path, guide_map: str | Path, settings: Settings) -> dict:
    """Read and check a screen without fitting it; sizes, levels and counts (`screen.summarise_screen`)."""
    return summarise_screen(read_screen(screen_path, guide_map, settings))


def fit_screen(
    screen_path: str | Path, guide_map: str | Path, out_dir: str | Path, settings: Settings, progress: bool = False
) -> dict:
    """Fit a screen, write every file of DESIGN section 6 that a fit owns, and return the manifest.

    QC tables are written; whoever calls asserts them (`qc.assert_qc`, or R's `assert_qc()`).
    Raises a FatebiasError; then no file has been written or changed.
    """
    clock = _Clock()
    out_dir = prepare_out_dir(out_dir)
    device = choose_device(settings.device)
    torch.set_num_threads(settings.threads or torch.get_num_threads())
    with clock.stage("read"):
        screen = read_screen(screen_path, guide_map, settings)
    with clock.stage("fit"):
        cells, layout = to_tensors(screen, device, torch.float32)
        fit = fit_svi(cells, layout, settings, progress)
    with clock.stage("posterior"):
        raw = draw_raw(fit, cells, layout, settings)
        summary = summarise_draws(blocks_from_raw(raw, screen), screen, settings)
    with clock.stage("export"):
        tables = effect_tables(summary, screen) | qc_tables(summary, screen)
        arrays = effect_arrays(summary, screen, settings)
    manifest = {
        "fatebias_version": __version__,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "versions": _versions(),
        "settings": settings.as_dict("screen", "fit", "qc"),
        "seed": settings.seed,
        "device": device,
        "threads": torch.get_num_threads(),
        "screen": {"path": str(screen_path), "guide_map": str(guide_map)} | summarise_screen(screen),
        "days": list(screen.day_labels),
        "fates": list(screen.fates),
        "contrast": settings.contrast_fate,
        "likelihood_weight": settings.likelihood_weight,
        "scales": summarise_scales(raw),
        "convergence": _convergence(fit, settings),
        "losses": _thinned(fit.losses),
        "seconds": clock.seconds,
        "peak_memory_gb": _peak_memory_gb(),
    }
    manifest = write_files(out_dir, tables, arrays, manifest)
    _warn_unless_converged(fit)
    return manifest


def choose_device(wanted: str) -> str:
    """cpu or cuda; `auto` takes a GPU where there is one. Raises FitError when cuda is asked for and not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise FitError("`device: cuda` was asked for, but torch finds no CUDA GPU. Use `device: auto` or `cpu`.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


class _Clock:
    """Seconds by stage, and in all."""

    def __init__(self):
        self._start, self._stages = time.perf_counter(), {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._stages[name] = round(time.perf_counter() - start, 3)

    @property
    def seconds(self) -> dict[str, float]:
        return self._stages | {"total": round(time.perf_counter() - self._start, 3)}


def _convergence(fit: SVIFit, settings: Settings) -> dict:
    return {
        "engine": settings.inference,
        "approx_posterior": settings.approx_posterior,
        "steps": fit.steps,
        "converged": fit.converged,
        "rule": fit.rule,
    }


def _warn_unless_converged(fit: SVIFit) -> None:
    if not fit.converged:
        message = (
            f"SVI stopped after {fit.steps} steps without meeting its convergence rule ({fit.rule}). "
            "The results were written; raise `num_steps` or `loss_tolerance`, and look at the losses in the manifest."
        )
        warnings.warn(message, FitWarning, stacklevel=3)


def _thinned(losses: np.ndarray) -> list[list[float]]:
    steps = np.unique(np.linspace(0, len(losses) - 1, min(_LOSSES_KEPT, len(losses))).astype(int))
    return [[int(step) + 1, float(losses[step])] for step in steps]


def _versions() -> dict[str, str]:
    packages = {"torch": "torch", "pyro": "pyro-ppl", "numpy": "numpy", "scipy": "scipy", "anndata": "anndata"}
    return {"python": platform.python_version()} | {name: metadata.version(dist) for name, dist in packages.items()}


def _peak_memory_gb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**30 if sys.platform == "darwin" else 2**20), 3)  # bytes on macOS, KiB elsewhere
