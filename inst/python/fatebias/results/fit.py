"""A fit from a screen file to a results folder: the order of steps, and the manifest that records them."""

import datetime
import platform
import resource
import sys
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from .. import __version__
from ..base import FitError, FitWarning, Progress, Settings, Stopwatch, open_checkpoint, prepare_out_dir
from ..screens import CELLS_TABLE, Screen, count_cells_by_guide, read_screen, summarise_screen
from ..vi import SVIFit
from .engines import Inference, choose_device, infer
from .key import fit_key
from .qc import qc_tables
from .tables import effect_arrays, effect_tables, estimate_tables, write_files

_ALL_THREADS = torch.get_num_threads()  # as many as there are cores, before any fit of this process sets a number
_LOSSES_KEPT = 500  # losses in the manifest, evenly spaced over the steps


def fit_screen(
    screen_path: str | Path,
    guide_map: str | Path,
    out_dir: str | Path,
    settings: Settings,
    progress: bool | None = False,
) -> dict:
    """Fit a screen, write every file of DESIGN section 6 that a fit owns, and return the manifest.

    QC tables are written; whoever calls asserts them (`qc.assert_qc`, or R's `assert_qc()`).
    A fit that was killed is gone on with from the checkpoint in `out_dir`, which goes when a fit ends.
    Raises a FatebiasError; then no file of results has been written or changed.
    """
    watch, bars = Stopwatch(), Progress(progress)
    out_dir = prepare_out_dir(out_dir)
    device = choose_device(settings.device)
    torch.set_num_threads(settings.threads or _ALL_THREADS)
    with watch.stage("read"):
        screen = read_screen(screen_path, guide_map, settings, bars)
    checkpoint = open_checkpoint(out_dir, fit_key(screen, settings, device, _versions()), bars.shown)
    try:
        found = infer(screen, settings, device, bars, watch, checkpoint)
    except FitError:  # going on from there would fail again
        checkpoint.remove()
        raise
    with watch.stage("export"):
        tables, arrays = _tables(found, screen), effect_arrays(found, screen, settings)
    manifest = {
        "fatebias_version": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
        "settings": settings.as_dict("screen", "fit"),
        "seed": settings.seed,
        "device": device,
        "threads": torch.get_num_threads(),
        "screen": {"path": str(screen_path), "guide_map": str(guide_map)} | summarise_screen(screen),
        "days": list(screen.day_labels),
        "fates": list(screen.fates),
        "contrast": settings.contrast_fate,
        **_findings(found, settings),
        "resumed": checkpoint.resumed,
        "seconds": watch.seconds,
        "peak_memory_gb": _peak_memory_gb(),
    }
    manifest = write_files(out_dir, tables, arrays, manifest)
    checkpoint.remove()
    if found.svi:
        _warn_unless_converged(found.svi)
    return manifest


def _tables(found: Inference, screen: Screen) -> dict[str, pd.DataFrame]:
    """All tables of a fit, by the name of their file."""
    return (
        effect_tables(found.summary, screen)
        | estimate_tables(found, screen)
        | qc_tables(found.summary, screen)
        | {CELLS_TABLE: count_cells_by_guide(screen)}
    )


def _findings(found: Inference, settings: Settings) -> dict:
    """The manifest's page of numbers: weight, scales, convergence of both engines, losses, sandwich ratio."""
    laplace = found.laplace
    return {
        "likelihood_weight": _one_or_by_day(laplace.weight),
        "dispersion": _one_or_by_day(laplace.dispersion),
        "effective_parameters": float(laplace.p_eff.sum()),
        "scales": found.scales,
        "convergence": _convergence(found, settings),
        "losses": _thinned(found.svi.losses) if found.svi else [],
        "estimates": {"se": settings.se, "sandwich_ratio": found.estimates.sandwich_ratio},
    }


def _convergence(found: Inference, settings: Settings) -> dict:
    """How each engine ended; `converged` at the top is that of the engine asked for."""
    laplace, svi = found.laplace.convergence, found.svi
    return {
        "engine": settings.inference,
        "approx_posterior": settings.approx_posterior if svi else None,
        "converged": svi.converged if svi else laplace.converged,
        "laplace": {
            "newton_steps": laplace.newton_steps, "em_rounds": laplace.rounds, "cg_iterations": laplace.cg_iterations,
            "gradient": laplace.gradient, "rule": laplace.rule,
        },
        "svi": {"steps": svi.steps, "converged": svi.converged, "rule": svi.rule} if svi else None,
    }  # fmt: skip


def _one_or_by_day(values: np.ndarray) -> float | list[float]:
    """One number where all days share it."""
    return float(values[0]) if np.ptp(values) == 0 else values.tolist()


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
