"""Covariates and clusters of the usable cells, as the model takes them: numbers standardised, labels as indicators.

What cannot be told from another part of the model is refused here: a constant, a label of its own for each cell, the
day or the replicate under another name.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..base import ScreenError, first_few
from .levels import sort_levels

LEAST_CLUSTERS = 10  # scores summed over fewer clusters tell no variance


def standardise_covariates(
    cells: pd.DataFrame, in_model: Mapping[str, np.ndarray | pd.Categorical], where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Columns [N, C] of the model and their names, of the covariates of N usable cells; raises ScreenError.

    cells: a column of numbers becomes one of mean 0 and SD 1; one of texts an indicator column for each level (0 or
    1, less its mean), named "lane=A". in_model: labels [N] that the model has already, by the key of their setting.
    """
    parts: list[np.ndarray] = []
    names: list[str] = []
    for name, column in cells.items():
        _refuse_useless(str(name), column, in_model, where)
        if pd.api.types.is_numeric_dtype(column):
            values = column.to_numpy(dtype=np.float64)
            parts.append((values - values.mean()) / values.std())
            names.append(str(name))
        else:
            labels = column.to_numpy(dtype=object)
            for level in sort_levels(labels):
                is_level = (labels == level).astype(np.float64)
                parts.append(is_level - is_level.mean())
                names.append(f"{name}={level}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ScreenError(f"{where}: two covariates would be called {first_few(twice)}. Rename one of their columns.")
    return (np.stack(parts, axis=1) if parts else np.zeros((len(cells), 0))), tuple(names)


def number_clusters(labels: np.ndarray | None, key: str | None, where: str) -> np.ndarray | None:
    """int64 [N], the cluster of each usable cell from 0; None where each cell is alone. Raises ScreenError."""
    if labels is None:
        return None
    names, cluster = np.unique(labels.astype(str), return_inverse=True)
    if len(names) == len(labels):
        return None
    if len(names) < LEAST_CLUSTERS:
        raise ScreenError(
            f"{where}: `cluster_key: {key}` has {len(names)} cluster(s) of usable cells ({first_few(names)}); "
            f"an SE by clusters needs {LEAST_CLUSTERS} or more. Name the column of smaller groups (clones), or leave "
            "the key out."
        )
    return np.asarray(cluster, dtype=np.int64)


def _refuse_useless(
    name: str, column: pd.Series, in_model: Mapping[str, np.ndarray | pd.Categorical], where: str
) -> None:
    codes, levels = pd.factorize(column)
    if len(levels) < 2 or _is_constant(column):
        raise ScreenError(
            f"{where}: the covariate {name} is constant ({levels[0]}) over the usable cells. Leave it out of "
            "`covariates`."
        )
    if len(levels) == len(column) and not pd.api.types.is_numeric_dtype(column):
        raise ScreenError(
            f"{where}: the covariate {name} has another label in each cell, such as {first_few(levels[:3])}; it names "
            "cells and is no covariate. Leave it out of `covariates`."
        )
    for key, labels in in_model.items():
        others, known = pd.factorize(labels)
        pairs = len(np.unique(codes.astype(np.int64) * len(known) + others))
        if pairs == len(levels) == len(known):
            raise ScreenError(
                f"{where}: the covariate {name} is the same as the {key}, which is in the model already. Leave it out "
                "of `covariates`."
            )


def _is_constant(column: pd.Series) -> bool:
    """Is a column of numbers the same but for rounding?"""
    if not pd.api.types.is_numeric_dtype(column):
        return False
    values = column.to_numpy(dtype=np.float64)
    return bool(np.ptp(values) <= 1e-9 * np.abs(values).max())
