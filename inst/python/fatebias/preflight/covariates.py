"""Preflight of covariates and clusters: the columns that settings name, looked at over the usable cells."""

import numpy as np
import pandas as pd

from ..screens import (
    cluster_words,
    covariate_words,
    doubt_clusters,
    doubt_covariates,
    number_clusters,
    sort_levels,
    standardise_covariates,
)
from .findings import Report


def check_covariates(
    report: Report,
    covariates: pd.DataFrame,
    day: pd.Categorical | None,
    replicate: pd.Categorical | None,
    usable: np.ndarray | None,
) -> None:
    """Numbers or labels that vary, and are not in the model already; raises ScreenError where they cannot be used."""
    if covariates.shape[1] == 0:
        return
    keep = _rows(len(covariates), usable)
    labels = {"day": day, "replicate": replicate}
    in_model = {name: one[keep] for name, one in labels.items() if one is not None and len(one) == len(covariates)}
    standardise_covariates(covariates.iloc[keep], in_model, "the screen")
    levels = {
        str(name): 0 if pd.api.types.is_numeric_dtype(column) else len(sort_levels(column))
        for name, column in covariates.iloc[keep].items()
    }
    if doubt := doubt_covariates(levels):
        report.doubt(doubt)
    else:
        report.ok("Covariates", covariate_words(levels))


def check_clusters(report: Report, labels: np.ndarray | None, usable: np.ndarray | None) -> None:
    """Enough clusters, none of which is most of the cells; raises ScreenError where there are too few."""
    if labels is None:
        return
    item, kept = "Clusters", labels[_rows(len(labels), usable)]
    cluster = number_clusters(kept, report.settings.cluster_key, "the screen")
    if cluster is None:
        report.ok(item, f"each of {len(kept):,} cells is alone, as without cluster_key")
        return
    sizes = np.bincount(cluster)
    largest = str(np.unique(kept.astype(str))[sizes.argmax()])
    if doubt := doubt_clusters(sizes, largest):
        report.doubt(doubt)
    else:
        report.ok(item, cluster_words(sizes, largest))


def _rows(n: int, usable: np.ndarray | None) -> np.ndarray:
    """Usable cells; all n where it is not known which are usable."""
    return np.arange(n) if usable is None or len(usable) != n else np.flatnonzero(usable)
