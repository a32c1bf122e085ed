"""Preflight of covariates and clusters: the columns that settings name, looked at over the usable cells."""

import numpy as np
import pandas as pd

from ..screens import MOST_LEVELS, number_clusters, sort_levels, standardise_covariates
from .findings import Report

LARGE_CLUSTER = 0.2  # share of the cells that no clone has; a label such as "unassigned" has


def check_covariates(
    report: Report,
    covariates: pd.DataFrame,
    day: np.ndarray | None,
    replicate: np.ndarray | None,
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
        name: len(sort_levels(column))
        for name, column in covariates.iloc[keep].items()
        if not pd.api.types.is_numeric_dtype(column)
    }
    words = [f"{name} ({levels[name]} levels)" if name in levels else f"{name} (numbers)" for name in covariates]
    many = [name for name, n in levels.items() if n > MOST_LEVELS]
    if many:
        report.warn("Covariates", ", ".join(words), "so many levels may name cells or clones: cluster_key is for these")
    else:
        report.ok("Covariates", ", ".join(words))


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
    found = f"{len(sizes):,} clusters of {sizes.mean():.1f} cells; the largest, {largest}, has {sizes.max():,}"
    if sizes.max() > LARGE_CLUSTER * len(kept):
        report.warn(item, found, f"are the cells of {largest} of no known cluster? Give each a label of its own")
    else:
        report.ok(item, found)


def _rows(n: int, usable: np.ndarray | None) -> np.ndarray:
    """Usable cells; all n where it is not known which are usable."""
    return np.arange(n) if usable is None or len(usable) != n else np.flatnonzero(usable)
