"""Effects as changes of probability: the table, and the cells that they are averaged over."""

import numpy as np
import pandas as pd

from ..laplace import Estimates, fate_covariance, fate_widening, probability_change
from ..screens import Screen
from .texts import texts

CHANGES, FATE_BASELINE = "gene_probability_change.csv", "fate_baseline.npz"
AXES = (
    "eta: cell, fate beside the reference",
    "day: cell",
    "baseline: day, fate",
    "widening: gene, day, fate",
)


def probability_files(
    found: Estimates, screen: Screen
) -> tuple[dict[str, pd.DataFrame], dict[str, dict[str, np.ndarray]]]:
    """The table and the arrays, each by the name of its file.

    gene_probability_change.csv: rows gene, day, fate, in this order; probabilities and their changes, 0 to 1.
    fate_baseline.npz: the cells of the sample (`laplace.FateBaseline`), by what noise is widened, names and axes.
    """
    cells = found.fate_baseline
    assert cells is not None  # of a fit there is one
    widening = fate_widening(found.all_fates)
    moved = probability_change(cells, found.all_fates.theta, fate_covariance(found.all_fates, widening))
    index = pd.MultiIndex.from_product(
        [screen.gene_names, range(screen.n_days), screen.fates], names=["gene", "day", "fate"]
    )
    columns = {"baseline": np.broadcast_to(cells.mean, moved.change.shape), "change": moved.change}
    columns |= {"low": moved.low, "high": moved.high}
    table = pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=index).reset_index()
    names = {"genes": screen.gene_names, "days": screen.day_labels, "fates": screen.fates, "axes": AXES}
    arrays = {"eta": cells.eta, "day": cells.day, "baseline": cells.mean, "widening": widening}
    return {CHANGES: table}, {FATE_BASELINE: {name: texts(values) for name, values in names.items()} | arrays}
