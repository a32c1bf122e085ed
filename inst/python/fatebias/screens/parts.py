"""Parts of a file from which a screen is assembled: labels of cells, fate probabilities, covariates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..base import ScreenError, Settings
from ..containers import open_screen
from .doubt import warn_of
from .entries import Reader
from .fate_table import PROBABILITY_TOLERANCE


def read_labels(
    path: str | Path, columns: Sequence[str], modality: str | None = None
) -> tuple[np.ndarray, list[pd.Categorical]]:
    """Names of the cells of a screen's file, and columns of its obs as categoricals of texts; raises ScreenError.

    modality: of MuData, that of the cells; here and below.
    """
    with open_screen(path, modality) as source:
        reader = Reader(source, Settings.from_mapping())
        if not source.has_table("obs"):
            raise ScreenError(f"{path} has no table obs; it is not an .h5ad file of anndata 0.7 or later.")
        names = np.asarray(source.cell_names(), dtype=object)
        return names, [reader.levelled(f"obs['{column}']", "obs", column).array for column in columns]


def read_fate_probs(
    path: str | Path,
    key: str,
    fates: Sequence[str] | None = None,
    tolerance: float = PROBABILITY_TOLERANCE,
    modality: str | None = None,
) -> tuple[list[str], np.ndarray]:
    """Names and checked probabilities [cells, fates] of obsm[key], columns as in the file; raises ScreenError.

    fates: names of the columns in order, where the file has none (see `name_fates`). tolerance: of sums around 1.
    Doubts about the names are given as warnings.
    """
    with open_screen(path, modality) as source:
        reader = Reader(source, Settings.from_mapping({"fate_prob_key": key, "fates": fates}))
        table = reader.fate_table(tolerance)
        reader.check_given_fates(table.fates)
    warn_of(table.doubts)
    return list(table.fates), table.probs


def read_covariates(path: str | Path, columns: Sequence[str], modality: str | None = None) -> pd.DataFrame:
    """Columns of obs, numbers or texts, with the names of the cells as index; raises ScreenError."""
    settings = Settings.from_mapping({"covar_key": None, "covariates": list(columns) or None})
    with open_screen(path, modality) as source:
        return Reader(source, settings).covariates().set_axis(source.cell_names(), axis=0)
