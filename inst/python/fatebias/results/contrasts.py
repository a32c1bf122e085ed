"""A contrast after a fit: its tables from the archive of all fates, as a fit with it as `contrast_fate` writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..base import FIT_FILES, writing
from ..laplace import Estimates, contrast_covariance, estimates_of
from ..screens import contrast_labels, contrast_weights
from .archive import Archive, read_archive
from .files import write_tables
from .manifest import describe_estimates
from .tables import tables_of_contrast


@dataclass(frozen=True, kw_only=True)
class ContrastPosterior:
    """Posterior of a contrast: theta_mean [L, D], theta_cov [L, D, D], beta_mean, beta_sd [G, D]."""

    theta_mean: np.ndarray
    theta_cov: np.ndarray
    beta_mean: np.ndarray
    beta_sd: np.ndarray

    @classmethod
    def of(cls, archive: Archive, contrast: np.ndarray) -> "ContrastPosterior":
        """contrast: [F]."""
        beta = np.einsum("gdfh,f,h->gd", archive.beta_cov, contrast, contrast)
        return cls(
            theta_mean=archive.theta_mean @ contrast, theta_cov=contrast_covariance(archive.theta_cov, contrast),
            beta_mean=archive.beta_mean @ contrast, beta_sd=np.sqrt(np.maximum(beta, 0.0)),
        )  # fmt: skip

    @property
    def theta_sd(self) -> np.ndarray:
        """[L, D]."""
        return np.asarray(np.sqrt(np.maximum(np.einsum("ldd->ld", self.theta_cov), 0.0)))


def contrast_tables(source: str | Path | Archive, contrast: str) -> dict[str, pd.DataFrame]:
    """Tables of a contrast of a fit, in its folder or as its archive, by the names of the fit's files.

    They lack p-values, which a fit makes of its `contrast_fate` alone. Raises ExportError where the folder has no
    archive, and ScreenError for a contrast that the fates do not allow.
    """
    archive = source if isinstance(source, Archive) else read_archive(source)
    return _tables_of(archive, contrast)[1]


def write_contrast(out_dir: str | Path, contrast: str, folder: str | Path) -> dict[str, Any]:
    """Write these tables to another folder; returns what the manifest of a fit would say of their estimates."""
    estimates, tables = _tables_of(read_archive(out_dir), contrast)
    with writing(Path(folder) / next(iter(tables))):
        write_tables(Path(folder), tables)
    return describe_estimates(estimates)


def named_files(contrasts: Sequence[str]) -> set[str]:
    """Names that tables of contrasts beside a fit's first, which is the first of these, may have."""
    stems = [Path(name).stem for name in FIT_FILES if name.endswith(".csv")]
    return {f"{stem}.{label}.csv" for stem in stems for label in contrast_labels(contrasts)[1:]}


def named_tables(archive: Archive, contrasts: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Tables of contrasts beside a fit's first, which is the first of these: `<name>.<label>.csv`."""
    found: dict[str, pd.DataFrame] = {}
    for contrast, label in list(zip(contrasts, contrast_labels(contrasts)))[1:]:
        tables = _tables_of(archive, contrast)[1]
        found |= {f"{Path(name).stem}.{label}.csv": table for name, table in tables.items()}
    return found


def _tables_of(archive: Archive, contrast: str) -> tuple[Estimates, dict[str, pd.DataFrame]]:
    weights = contrast_weights(contrast, archive.fates, "contrasts")
    estimates = estimates_of(archive.all_fates, weights)
    return estimates, tables_of_contrast(estimates, ContrastPosterior.of(archive, weights), archive)
