"""Tables of a fit in long form: one row a gene (or guide), day and fate, days by their labels.

Imported when a table is first asked for: it needs pandas and, through `results`, torch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..base import day_columns
from ..results import Archive, contrast_tables

Columns = Mapping[str, str]  # by name: the statistic of a wide table, `betahat` of betahat_d0, betahat_d1, ..
ESTIMATE: Columns = {"estimate": "betahat", "se": "se"}
POSTERIOR: Columns = {"posterior_mean": "betahat", "posterior_sd": "se"}
LEFT_OUT: Columns = {"gene_without": "betahat", "gene_without_se": "se"}
P_VALUES: Columns = {"z": "z", "p": "p", "p_guides": "p_guides"}
CELLS: Columns = {"n_cells": "n_cells"}


def day_labels(days: Sequence[str], numbers: Any) -> pd.Categorical:
    """Labels of days by their numbers, in the order of time."""
    labels = np.asarray(days, dtype=object)
    return pd.Categorical(labels[np.asarray(numbers, dtype=int)], categories=pd.Index(labels), ordered=True)


def long(wide: pd.DataFrame, columns: Columns, days: Sequence[str]) -> pd.DataFrame:
    """One row a row of the wide table and day, in this order: the names of the row, the day, the statistics."""
    names = [name for name in ("guide", "gene") if name in wide]
    table = wide[names].loc[wide.index.repeat(len(days))].reset_index(drop=True)
    table["day"] = day_labels(days, np.tile(np.arange(len(days)), len(wide)))
    for name, statistic in columns.items():
        table[name] = wide[day_columns(statistic, len(days))].to_numpy().ravel()
    return table


def beside(table: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """A long table with the statistics of another, by names and day; missing where the other has no such row."""
    keys = [name for name in ("guide", "gene", "day") if name in table and name in more]
    return table.merge(more, how="left", on=keys)


def effects_of(archive: Archive, contrast: str, days: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Effects on a contrast, of `genes` and of `guides`.

    gene, day, fate (the contrast in words), estimate, se, posterior_mean, posterior_sd; of guides with guide before
    gene, and with gene_without, gene_without_se after these.
    """
    tables = contrast_tables(archive, contrast)

    def effects(of: str) -> pd.DataFrame:
        found = long(tables[f"{of}_daywise_likelihood.csv"], ESTIMATE, days)
        found.insert(list(found).index("day") + 1, "fate", contrast)
        return beside(found, long(tables[f"{of}_daywise_for_mash.csv"], POSTERIOR, days))

    guides = beside(effects("guide"), long(tables["guide_daywise_left_out.csv"], LEFT_OUT, days))
    return {"genes": effects("gene"), "guides": guides}


def stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of the same rows for several fates as one: the fates of a row one below the other."""
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
