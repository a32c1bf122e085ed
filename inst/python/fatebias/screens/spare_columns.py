"""Columns of a screen's file that its model does not use: what may have been overlooked."""

from pathlib import Path

import numpy as np
import pandas as pd

from ..base import Settings
from ..containers import open_screen
from .entries import covariate_table

MOST_MISSING = 0.5  # of a column's values; one with more tells little of the cells


def read_spare_columns(path: str | Path, settings: Settings) -> pd.DataFrame:
    """Columns of obs and of the covariates, numbers or texts, without those that `settings` name: one row a cell.

    A column of both tables is that of the covariates. Missing labels are a label of their own, missing numbers the
    mean; columns that are no labels or numbers, constant, mostly missing or another label in every cell are left out.
    """
    named = {settings.day_key, settings.rep_key, settings.cluster_key, *(settings.covariates or ())}
    found: dict[str, np.ndarray] = {}
    with open_screen(path, settings.modality, settings.guide_modality, settings.allow_external) as source:
        for table in dict.fromkeys([covariate_table(settings), "obs"]):
            for name, element in source.elements(table) if source.has_table(table) else ():
                values = element.read_labels() if element.kind in ("column", "categorical") else None
                if name in named or name in found or values is None or len(values) != source.n_cells:
                    continue
                column = _usable(values)
                if column is not None:
                    found[name] = column
        return pd.DataFrame(found, index=range(source.n_cells))


def _usable(values: pd.Series) -> np.ndarray | None:
    missing = values.isna().to_numpy()
    if missing.mean() > MOST_MISSING or values.nunique(dropna=False) < 2:
        return None
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        numbers[~np.isfinite(numbers)] = np.nan
        return None if np.isnan(numbers).all() else np.where(np.isnan(numbers), np.nanmean(numbers), numbers)
    labels = values.astype(object).where(~missing, "missing").astype(str).to_numpy(dtype=object)
    return None if len(np.unique(labels.astype(str))) == len(labels) else labels
