"""Effects as changes of probability: the table, and the cells that they are averaged over."""

import numpy as np
import pandas as pd

from ..laplace import Estimates, FateBaseline, fate_covariance, probability_change
from ..screens import Screen
from .texts import texts

CHANGES, FATE_BASELINE = "gene_probability_change.csv", "fate_baseline.npz"
AXES = ("eta: cell, fate beside the reference", "day: cell", "baseline: day, fate")


def probability_tables(found: Estimates, screen: Screen) -> dict[str, pd.DataFrame]:
    """gene_probability_change.csv: rows gene, day, fate, in this order; probabilities and their changes, 0 to 1."""
    cells = _cells_of(found)
    moved = probability_change(cells, found.all_fates.theta, fate_covariance(found.all_fates))
    index = pd.MultiIndex.from_product(
        [screen.gene_names, range(screen.n_days), screen.fates], names=["gene", "day", "fate"]
    )
    columns = {"baseline": np.broadcast_to(cells.mean, moved.change.shape), "change": moved.change}
    columns |= {"low": moved.low, "high": moved.high}
    table = pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=index)
    return {CHANGES: table.reset_index()}


def baseline_arrays(found: Estimates, screen: Screen) -> dict[str, dict[str, np.ndarray]]:
    """fate_baseline.npz: the cells of the sample (`laplace.FateBaseline`), names and axis labels."""
    cells = _cells_of(found)
    names = {"days": screen.day_labels, "fates": screen.fates, "axes": AXES}
    arrays = {"eta": cells.eta, "day": cells.day, "baseline": cells.mean}
    return {FATE_BASELINE: {name: texts(values) for name, values in names.items()} | arrays}


def _cells_of(found: Estimates) -> FateBaseline:
    assert found.fate_baseline is not None  # of a fit there is one
    return found.fate_baseline
