"""The files of a fit (DESIGN section 6): tables and arrays in the contract's names, columns and axes.

Inside the package axes are draw, gene or guide, fate, day; here, and only here, `*_all` arrays are
put in the contract's order (fate first). Files are written whole or not at all: everything goes to
a stage folder first, then each file is moved in place, the manifest last.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ..base import ExportError, Settings, day_columns, run_whole
from ..laplace import sd_of
from ..model import PosteriorSummary
from ..screens import Screen
from .engines import Inference

MANIFEST = "fit_manifest.json"


def daywise_table(names: Mapping[str, tuple], mean: np.ndarray, sd: np.ndarray) -> pd.DataFrame:
    """Names, then betahat_d*, then se_d*; mean and sd are [rows, days]."""
    columns = dict(names)
    columns |= dict(zip(day_columns("betahat", mean.shape[1]), mean.T))
    columns |= dict(zip(day_columns("se", sd.shape[1]), sd.T))
    return pd.DataFrame(columns)


def effect_tables(summary: PosteriorSummary, screen: Screen) -> dict[str, pd.DataFrame]:
    """gene_daywise_for_mash.csv (theta) and guide_daywise_for_mash.csv (beta), for the contrast."""
    gene_of_guide = np.asarray(screen.gene_names, dtype=object)[screen.guide_gene]
    return {
        "gene_daywise_for_mash.csv": daywise_table({"gene": screen.gene_names}, summary.theta_mean, summary.theta_sd),
        "guide_daywise_for_mash.csv": daywise_table(
            {"guide": screen.guide_names, "gene": gene_of_guide}, summary.beta_mean, summary.beta_sd
        ),
    }


def estimate_tables(found: Inference, screen: Screen) -> dict[str, pd.DataFrame]:
    """gene_daywise_likelihood.csv and gene_daywise_cov.csv: fixed-effect estimates, and covariances between days."""
    d = screen.n_days
    day_1, day_2 = np.tril_indices(d)
    covariances = {"theta_cov": found.summary.theta_cov, "likelihood_cov": found.estimates.covariance}
    columns = {"gene": np.repeat(np.asarray(screen.gene_names, dtype=object), len(day_1))}
    columns |= {"day_1": np.tile(day_1, screen.n_genes), "day_2": np.tile(day_2, screen.n_genes)}
    columns |= {name: values[:, day_1, day_2].ravel() for name, values in covariances.items()}
    return {
        "gene_daywise_likelihood.csv": daywise_table(
            {"gene": screen.gene_names}, found.estimates.theta_hat, found.estimates.se
        ),
        "gene_daywise_cov.csv": pd.DataFrame(columns),
    }


def effect_arrays(found: Inference, screen: Screen, settings: Settings) -> dict[str, dict[str, np.ndarray]]:
    """The .npz files by name: arrays, names and axis labels."""
    summary = found.summary
    labels = {
        "gene_names": _texts(screen.gene_names),
        "fates": _texts(screen.fates[1:]),
        "day_labels": _texts(screen.day_labels),
        "contrast_fate": _texts([settings.contrast_fate]),
    }
    guides = labels | {"guide_names": _texts(screen.guide_names), "guide_gene": screen.guide_gene}
    arrays = {
        "theta_posterior_summary.npz": labels | {
            "theta_mean": summary.theta_mean, "theta_sd": summary.theta_sd, "theta_cov": summary.theta_cov,
            "likelihood_cov": found.estimates.covariance,
            "likelihood_se_model": sd_of(found.estimates.model_covariance),
            "likelihood_se_sandwich": sd_of(found.estimates.sandwich_covariance),
            "theta_mean_all": np.moveaxis(summary.theta_mean_all, 1, 0),
            "theta_sd_all": np.moveaxis(summary.theta_sd_all, 1, 0),
            "axes": _texts(["*: gene, day", "*_all: fate, gene, day", "*_cov: gene, day, day"]),
        },
        "delta_posterior_summary.npz": guides | {
            "delta_mean": summary.delta_mean, "delta_sd": summary.delta_sd,
            "delta_mean_all": summary.delta_mean_all.T, "delta_sd_all": summary.delta_sd_all.T,
            "axes": _texts(["*: guide", "*_all: fate, guide"]),
        },
    }  # fmt: skip
    if summary.theta_draws is not None:
        axes = ["theta: draw, gene, (fate,) day", "delta: draw, guide(, fate)"]
        arrays["posterior_draws.npz"] = guides | {
            "theta": summary.theta_draws, "delta": summary.delta_draws, "axes": _texts(axes)
        }  # fmt: skip
    return arrays


def write_files(out_dir: Path, tables: Mapping, arrays: Mapping, manifest: Mapping) -> dict:
    """Write all files of a fit, the manifest last; returns the manifest with the files' names added.

    A failure before the last byte is written leaves the files of an earlier fit as they were.
    """
    manifest = dict(manifest) | {"files": sorted([*tables, *arrays, MANIFEST])}
    stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=out_dir))
    try:
        for name, table in tables.items():
            table.to_csv(stage / name, index=False, float_format="%.10g")
        for name, members in arrays.items():
            np.savez_compressed(stage / name, **members)
        text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)
        (stage / MANIFEST).write_text(text + "\n", encoding="utf-8")
        run_whole(lambda: _move(stage, out_dir, [*tables, *arrays, MANIFEST]))  # Ctrl-C would leave half of them
    except (OSError, ValueError) as error:  # ValueError: a number in the manifest that JSON cannot hold
        raise ExportError(f"Cannot write the results to {out_dir}: {error}.") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return manifest


def _move(stage: Path, out_dir: Path, names: list[str]) -> None:
    """Move all files in place, the manifest last; those of an earlier fit that do not belong to this one go."""
    earlier = _files_of(out_dir)
    (out_dir / MANIFEST).unlink(missing_ok=True)  # a folder without manifest is no fit
    for name in earlier - set(names):
        (out_dir / name).unlink(missing_ok=True)
    for name in names:
        os.replace(stage / name, out_dir / name)


def _files_of(out_dir: Path) -> set[str]:
    """Names of the files that an earlier fit has left in a folder, by its manifest."""
    path = out_dir / MANIFEST
    return set(json.loads(path.read_text(encoding="utf-8"))["files"]) if path.is_file() else set()


def read_table(out_dir: str | Path, name: str) -> pd.DataFrame:
    """One CSV file of a fit."""
    path = Path(out_dir) / name
    if not path.is_file():
        raise ExportError(f"{out_dir} has no {name}; it is not the folder of a finished fit.")
    return pd.read_csv(path, dtype={"gene": str, "guide": str}, keep_default_na=False, na_values=["", "NaN", "nan"])


def _texts(values) -> np.ndarray:
    return np.asarray(list(values), dtype=str)
