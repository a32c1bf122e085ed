"""The manifest of a fit: what it is made of, its schema, and reading it.

`manifest.schema.json` beside this file (JSON Schema, draft 2020-12) says which keys there are and what they hold. It is
checked when a manifest is written and when one is read, by R as well.
"""

import datetime
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..base import (
    MANIFEST,
    ExportError,
    Settings,
    digest_of,
    file_digest,
    from_where,
    is_of_contrast,
    package_versions,
    regular_bytes,
)
from ..laplace import Estimates
from ..screens import Screen
from .engines import USUAL_WEIGHT, Inference

LARGEST = 64 << 20  # bytes of a manifest; one of 10,000 replicates and days has less
FORMAT = 2  # of the manifest; 1, of versions before this key, had no contents
SCHEMA = Path(__file__).parent / "manifest.schema.json"
ID_LETTERS = 16  # of a fit's identity: of a billion fits no two would share it by chance
_LOSSES_KEPT = 500  # losses in the manifest, evenly spaced over the steps


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """How a fit ran. screen: paths of its inputs and the screen in numbers. resumed: see `base.Checkpoint`.

    seconds: by stage, and in all.
    """

    screen: Mapping[str, Any]
    device: str
    threads: int
    resumed: Sequence[Mapping[str, Any]]
    seconds: Mapping[str, float]


def make_manifest(found: Inference, screen: Screen, settings: Settings, run: RunRecord) -> dict[str, Any]:
    """All of a manifest but what concerns the files: see the schema for each key."""
    laplace = found.laplace
    return {
        "format": FORMAT,
        "fatebias_version": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": fit_versions(),
        "settings": settings.as_dict("screen", "fit"),
        "seed": settings.seed,
        "device": run.device,
        "threads": run.threads,
        "screen": dict(run.screen),
        "days": list(screen.day_labels),
        "fates": list(screen.fates),
        "contrast": settings.contrast_fate,
        "likelihood_weight": _one_or_by_day(laplace.weight),
        "dispersion": _one_or_by_day(laplace.dispersion),
        "effective_parameters": float(laplace.p_eff.sum()),
        "scales": found.scales,
        "convergence": _convergence(found, settings),
        "losses": _thinned(found.svi.losses) if found.svi else [],
        "estimates": {"se": settings.se} | describe_estimates(found.estimates),
        **({"label_sets": _label_sets(found, screen)} if found.sets else {}),
        "constants": {"usual_weight": list(USUAL_WEIGHT)},
        "resumed": [dict(one) for one in run.resumed],
        "seconds": dict(run.seconds),
        "peak_memory_gb": _peak_memory_gb(),
    }


def describe_estimates(estimates: Estimates) -> dict[str, Any]:
    """What the estimates of a contrast are of, and what their standard errors contain; SDs in logits."""
    guides, replicates = estimates.guide_variance, estimates.replicate_variance
    several = len(guides.profile) > 1  # days; one cannot tell what is constant over days
    return {
        "sandwich_ratio": estimates.sandwich_ratio,
        "estimand": estimates.all_fates.estimand,
        "guide_sd": guides.scale,
        "guide_sd_df": guides.df,
        "guide_day_sd": math.sqrt(guides.day) if several else None,
        "guide_profile": guides.profile.tolist(),
        "replicate_sd": np.sqrt(replicates.by_day).tolist(),
        "replicate_constant_share": replicates.constant if several else None,
        "n_replicates": replicates.n_replicates,
        **_label_share(estimates),
    }


def _label_share(estimates: Estimates) -> dict[str, Any]:
    """Of a fit of several label sets: median over genes of their share of the variances, by day."""
    several = estimates.all_fates.labels is not None
    return {"label_share": np.nanmedian(estimates.label_share, axis=0).tolist()} if several else {}


def fit_versions() -> dict[str, str]:
    """Versions of Python and of the packages behind the numbers of a fit."""
    return package_versions("fit")


def read_manifest(out_dir: str | Path) -> dict[str, Any]:
    """The manifest in a folder of results, checked. Raises ExportError where there is none, or one that is damaged."""
    path = Path(out_dir) / MANIFEST
    try:
        manifest = json.loads(regular_bytes(path, LARGEST))
    except (OSError, ValueError, RecursionError) as error:
        where = from_where(out_dir) if isinstance(error, FileNotFoundError) else ""
        raise ExportError(f"{out_dir} is not the folder of a finished fit{where}: {error}") from error
    if not isinstance(manifest, dict):
        raise ExportError(f"{path} holds no manifest; fit again.")
    if "format" in manifest:  # a fit of an earlier version has none
        check_manifest(manifest, path)
    elif not _is_texts(manifest.get("files", [])):
        raise ExportError(f"{path} is damaged: `files` is no list of names. Fit again.")
    return manifest


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def verify_contents(out_dir: str | Path, names: Iterable[str] | None = None) -> dict[str, Any]:
    """The manifest of a folder of results, once files are found to be those that the fit has written, by size and
    sha256. names: of the files to look at; None for all.

    Raises ExportError with the names of files that are gone, cut, edited or of another fit. The manifest of an earlier
    version has no contents; then only whether files are there is looked at.
    """
    manifest, folder = read_manifest(out_dir), Path(out_dir)
    contents = _contents_of(manifest)
    wanted = sorted({*manifest.get("files", ()), *contents} if names is None else names)
    gone = [name for name in wanted if not (folder / name).exists()]
    if gone:
        raise ExportError(f"{out_dir} lacks {', '.join(gone)}, which the fit has written; fit again.")
    foreign = [name for name in wanted if contents and name not in contents and name != MANIFEST]
    changed = [name for name in wanted if name in contents and not _is_as_written(folder / name, contents[name])]
    if changed or foreign:
        raise ExportError(
            f"{out_dir} is not as the fit wrote it: {', '.join(changed + foreign)} changed, cut or of another fit. "
            "Copy the folder again, or fit again. What you change, change in a copy of the table."
        )
    return manifest


def fit_id(manifest: Mapping[str, Any]) -> str | None:
    """The identity of a fit: of the digests of its files, so that the same fit of the same screen has the same.

    Tables of further contrasts do not count, nor does the manifest, which says when the fit was made. None of an
    earlier version's fit. R/fit_identity.R does the same.
    """
    contents = _contents_of(manifest)
    if not contents:
        return None
    lines = [f"{name} {contents[name]['sha256']}\n" for name in sorted(contents) if not is_of_contrast(name)]
    return digest_of(line.encode() for line in lines)[:ID_LETTERS]


def _contents_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sizes and digests by name; none of an earlier version, whose manifest no schema has checked."""
    found: Mapping[str, Any] = manifest["contents"] if "format" in manifest else {}
    return found


def _is_as_written(path: Path, entry: Mapping[str, Any]) -> bool:
    return path.is_file() and path.stat().st_size == entry["bytes"] and file_digest(path) == entry["sha256"]


def check_manifest(manifest: Mapping[str, Any], path: Path) -> None:
    """Raise ExportError where a manifest does not follow the schema; it names the first place."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema()).iter_errors(manifest))
    if error is not None:
        place = "/".join(map(str, error.absolute_path)) or "the manifest"
        raise ExportError(f"{path} does not follow its schema at {place}: {error.message[:200]}. Fit again.")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a manifest."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


def _label_sets(found: Inference, screen: Screen) -> dict[str, Any]:
    """Of a fit of several: which, and how each was fitted."""
    fits = found.sets
    return {
        "keys": list(screen.label_sets),
        "likelihood_weight": [_one_or_by_day(fit.laplace.weight) for fit in fits],
        "dispersion": [_one_or_by_day(fit.laplace.dispersion) for fit in fits],
        "converged": [fit.svi.converged if fit.svi else fit.laplace.convergence.converged for fit in fits],
    }


def _convergence(found: Inference, settings: Settings) -> dict[str, Any]:
    """How each engine ended; `converged` at the top is that of the engine asked for."""
    laplace, svi = found.laplace.convergence, found.svi
    return {
        "engine": settings.inference,
        "approx_posterior": settings.approx_posterior if svi else None,
        "converged": svi.converged if svi else laplace.converged,
        "laplace": {
            "newton_steps": laplace.newton_steps,
            "em_rounds": laplace.rounds,
            "cg_iterations": laplace.cg_iterations,
            "gradient": laplace.gradient,
            "rule": laplace.rule,
        },
        "svi": {"steps": svi.steps, "converged": svi.converged, "rule": svi.rule} if svi else None,
    }


def _one_or_by_day(values: np.ndarray) -> float | list[float]:
    """One number where all days share it."""
    return float(values[0]) if np.ptp(values) == 0 else values.tolist()


def _thinned(losses: np.ndarray) -> list[list[float]]:
    steps = np.unique(np.linspace(0, len(losses) - 1, min(_LOSSES_KEPT, len(losses))).astype(int))
    return [[int(step) + 1, float(losses[step])] for step in steps]


def _peak_memory_gb() -> float | None:
    """Most memory of this process so far; None where the system does not tell (Windows)."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**30 if sys.platform == "darwin" else 2**20), 3)  # bytes on macOS, KiB elsewhere
