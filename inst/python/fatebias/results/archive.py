"""The archive of all fates: what a fit knows of every fate at once, in one file, from which any contrast follows.

Values are logits of the fates against the reference, fate last; `axes` in the file names the axes of every array.
L genes, G guides, D days, F logits (the fates beside the reference). Of one label set the file also has where the fit
stands, so that refits of a certificate start there: effects in the engine's order, which this version alone can read.
"""

import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from .. import __version__
from ..base import ExportError, Settings
from ..laplace import AllFates, Baseline
from ..model import PosteriorSummary
from ..screens import Screen
from .key import screen_digest
from .manifest import read_manifest, verify_contents
from .texts import texts

ALL_FATES = "effects_all_fates.npz"
_Parsed = TypeVar("_Parsed")
AXES = (
    "theta, theta_mean: gene, day, fate",
    "noise, model_noise, sandwich_noise, theta_cov: gene, day, fate, day, fate",
    "beta_mean, guide_y: guide, day, fate",
    "beta_cov, guide_inverse, guide_scatter: guide, day, fate, fate",
    "guide_gene: guide",
    "guide_prior_sd: fate",
    "replicate_theta: replicate, gene, day, fate",
    "replicate_covariance, replicate_with_mean: replicate, gene, day, fate, day, fate",
    "replicate_weight: replicate, gene, day",
    "replicate_ratio: replicate, day",
)
BASELINE = {"x": "effect", "scales": "scale, fate", "weight": "day"}  # of one label set
LABELS = "labels: gene, day, fate, day, fate"  # of several label sets


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The file, read. fates: the reference first. all_fates: fixed effects. Of the posterior: theta_mean [L, D, F],
    theta_cov [L, D, F, D, F], beta_mean [G, D, F], beta_cov [G, D, F, F].
    """

    gene_names: tuple[str, ...]
    guide_names: tuple[str, ...]
    replicate_labels: tuple[str, ...]
    fates: tuple[str, ...]
    all_fates: AllFates
    theta_mean: np.ndarray
    theta_cov: np.ndarray
    beta_mean: np.ndarray
    beta_cov: np.ndarray

    @property
    def guide_gene(self) -> np.ndarray:
        """Index of each guide's gene [G]."""
        return self.all_fates.guides.gene


def archive_arrays(found: AllFates, posterior: PosteriorSummary, screen: Screen) -> dict[str, np.ndarray]:
    """All arrays of the file by name, but those of `baseline_arrays`."""
    of_one_set = [f"baseline_{name}: {axes}" for name, axes in BASELINE.items()]
    axes = (*AXES, *of_one_set) if found.labels is None else (*AXES, LABELS)
    names = {
        "genes": screen.gene_names, "guides": screen.guide_names, "days": screen.day_labels,
        "fates": screen.fates[1:], "ref_fate": screen.fates[:1], "estimand": [found.estimand], "axes": axes,
        "replicates": screen.replicate_labels[: len(found.replicates.theta)],
    }  # fmt: skip
    return {
        **{name: texts(values) for name, values in names.items()},
        **found.arrays(),
        "theta_mean": np.moveaxis(posterior.theta_mean_all, 1, 2), "theta_cov": posterior.theta_cov_all,
        "beta_mean": posterior.beta_mean_all, "beta_cov": posterior.beta_cov_all,
    }  # fmt: skip


def baseline_arrays(baseline: Baseline, screen: Screen) -> dict[str, np.ndarray]:
    """Where the fit of one label set stands, and the screen that it is of."""
    values = {f"baseline_{name}": getattr(baseline, name).cpu().numpy() for name in BASELINE}
    return values | {"baseline_screen": texts([screen_digest(screen)])}


def archive_of(arrays: Mapping[str, np.ndarray]) -> Archive:
    """The inverse of `archive_arrays`. Raises KeyError where an array is missing."""
    names = {name: tuple(map(str, arrays[name])) for name in ("genes", "guides", "replicates", "fates", "ref_fate")}
    return Archive(
        gene_names=names["genes"], guide_names=names["guides"], replicate_labels=names["replicates"],
        fates=names["ref_fate"] + names["fates"],
        all_fates=AllFates.from_arrays(arrays, str(arrays["estimand"][0])),
        **{name: arrays[name] for name in ("theta_mean", "theta_cov", "beta_mean", "beta_cov")},
    )  # fmt: skip


def read_archive(out_dir: str | Path) -> Archive:
    """The archive in a folder of results. Raises ExportError where there is none, or one that is damaged or of
    another fit.
    """
    if not (Path(out_dir) / ALL_FATES).is_file():
        raise ExportError(f"{out_dir} has no {ALL_FATES}, from which contrasts are made; fit again.")
    return _read(out_dir, lambda arrays: archive_of(dict(arrays)))


def read_baseline(out_dir: str | Path, screen: Screen, settings: Settings) -> dict[str, np.ndarray] | None:
    """Where the fit in a folder of results stands: x, scales and weight of its `Baseline`.

    None where none of this screen, these settings and this version is there, or one of several label sets. Raises
    ExportError where the file is damaged.
    """
    if not (Path(out_dir) / ALL_FATES).is_file():
        return None
    manifest, asked = read_manifest(out_dir), settings.as_dict("screen", "fit")
    made_with = manifest.get("settings") or {}
    alike = all(made_with.get(name) == value for name, value in asked.items() if name not in ("threads", "device"))
    if manifest.get("fatebias_version") != __version__ or not alike:
        return None
    return _read(out_dir, lambda arrays: _baseline_of(arrays, screen_digest(screen)))


def _baseline_of(arrays: Mapping[str, np.ndarray], digest: str) -> dict[str, np.ndarray] | None:
    if "baseline_screen" not in arrays or str(arrays["baseline_screen"][0]) != digest:
        return None
    return {name: arrays[f"baseline_{name}"] for name in BASELINE}


def _read(out_dir: str | Path, parsed: Callable[[Mapping[str, np.ndarray]], _Parsed]) -> _Parsed:
    path = Path(out_dir) / ALL_FATES
    verify_contents(out_dir, [ALL_FATES])
    try:
        with np.load(path) as file:
            return parsed(file)
    except (OSError, EOFError, ValueError, LookupError, zipfile.BadZipFile, zlib.error) as error:
        raise ExportError(f"{path} is damaged ({error}); fit again.") from error
