"""A screen put together: cells, days and fate probabilities of a file, and guides that came from elsewhere.

    guides = read_cellranger("filtered_feature_bc_matrix")
    assemble_screen("cells.h5ad", guides, "screen.h5ad", day="day", replicate="sample", fate_probs="lineages_fwd")

Cells are matched by name. Of the file of the cells only the columns named are read, never its expression.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from ..base import ScreenError, refuse_unwritable
from ..containers import ones_of, write_screen
from .cell_names import match_cells
from .fate_table import check_fate_table, tolerance_of
from .guide_counts import MIN_UMI, GuideCounts, count_by_threshold
from .label_sets import fates_fault
from .parts import read_covariates, read_fate_probs, read_labels
from .screen import ONE_REPLICATE

_TABLE = "the table of fate probabilities"


class Assembly(TypedDict):
    """What was put together: counts of cells by what became of them; see `assemble_screen`."""

    path: str
    n_cells: int
    unmatched: dict[str, int]
    guides_per_cell: list[int]
    fates: list[str]


def assemble_screen(
    h5ad: str | Path,
    guides: GuideCounts,
    out: str | Path,
    *,
    day: str = "day",
    replicate: str | None = None,
    fate_probs: str | Sequence[str] | pd.DataFrame = "lineages_fwd",
    fates: Sequence[str] | None = None,
    min_umi: float = MIN_UMI,
    rescale: bool = False,
    drop_suffix: bool = False,
    covariates: Sequence[str] = (),
    modality: str | None = None,
) -> Assembly:
    """Write a screen file in the default layout, whole or not at all, of the cells that all parts have.

    h5ad: file with the cells (.h5ad, .h5mu, .zarr). day, replicate: columns of its obs; replicate None: there is one.
    fate_probs: the key in its obsm, or several of label sets, or a table (cell names as index, a column a fate). fates:
    names of its columns in order, where the file has none. min_umi: a cell carries a guide with so many UMIs or more.
    rescale: rows of probabilities that sum to 1 within 0.05 are divided by their sum. drop_suffix: names of cells match
    without "-1" at their end. covariates: further columns of its obs to keep, for the settings `covariates` and
    `cluster_key`. modality: of MuData, that of the cells.
    Returns "path", "fates", and counts: "n_cells", "unmatched" (cells left out of "cells", "guides", "fate_probs"),
    "guides_per_cell" (cells with 0, 1, .. guides).
    """
    _refuse_source(out, cells=h5ad, guides=guides.source)
    refuse_unwritable(out)
    names, labels = read_labels(h5ad, [day] if replicate is None else [day, replicate], modality)
    columns = read_covariates(h5ad, covariates, modality)
    sides: dict[str, Collection[str]] = {"cells": names, "guides": guides.cells}
    called = {"cells": Path(h5ad).name, "guides": guides.source}
    if isinstance(fate_probs, pd.DataFrame):
        tables = {"": check_fate_table(fate_probs, _TABLE, rescale)}
        sides["fate_probs"], called["fate_probs"] = tables[""].index, _TABLE
    else:
        keys = [fate_probs] if isinstance(fate_probs, str) else fate_probs
        of_keys = {key: _probs_of(h5ad, key, fates, names, rescale, modality) for key in keys}
        tables = {key: check_fate_table(table, str(h5ad), rescale) for key, table in of_keys.items()}
    presence = guides.presence(min_umi)
    match = match_cells(sides, drop_suffix, called)
    cells, presence = match.rows["cells"], presence[match.rows["guides"]]
    names_of, probs = _side_by_side(tables, match.rows.get("fate_probs", cells), str(h5ad))
    write_screen(
        out, presence, guides.guides, probs, names_of,
        labels[0][cells], labels[1][cells] if replicate else np.repeat(ONE_REPLICATE, len(cells)), match.names,
        columns.iloc[cells],
    )  # fmt: skip
    return {
        "path": str(out),
        "n_cells": len(match.names),
        "unmatched": match.unmatched,
        "guides_per_cell": np.bincount(np.diff(presence.indptr)).tolist(),
        "fates": names_of,
    }


def _refuse_source(out: str | Path, **read_from: str | Path) -> None:
    for part, path in read_from.items():
        if os.path.realpath(path) == os.path.realpath(out):
            raise ScreenError(
                f"The screen cannot be written to {out}, from which its {part} are read; name another file."
            )


def _probs_of(
    h5ad: str | Path, key: str, fates: Sequence[str] | None, names: np.ndarray, rescale: bool, modality: str | None
) -> pd.DataFrame:
    columns, probs = read_fate_probs(h5ad, key, fates, tolerance_of(rescale), modality)
    if len(probs) != len(names):
        raise ScreenError(f"{h5ad}: obsm['{key}'] has {len(probs)} rows, but obs has {len(names)} cells.")
    return pd.DataFrame(probs, columns=columns, index=names)


def _side_by_side(
    tables: Mapping[str, pd.DataFrame], rows: np.ndarray, where: str
) -> tuple[list[str], np.ndarray | dict[str, np.ndarray]]:
    """Names of the fates, and probabilities of some cells: of one table, or of several by their keys."""
    if fault := fates_fault(list(tables), [list(table.columns) for table in tables.values()]):
        raise ScreenError(f"{where}: {fault}.")
    fates = list(next(iter(tables.values())).columns)
    probs = {key: table[fates].to_numpy()[rows] for key, table in tables.items()}
    return fates, probs if len(probs) > 1 else next(iter(probs.values()))


def columns_of(counts: GuideCounts) -> dict[str, Any]:
    """Counts as columns of entries (`cell`, `guide`: row and column from 0; `umi`), their names, and numbers by
    threshold. present: the counts are ones for guides that are present.
    """
    entries = counts.counts.tocoo()
    return {
        "cells": counts.cells, "guides": counts.guides, "cell": entries.row, "guide": entries.col,
        "umi": entries.data, "thresholds": count_by_threshold(counts), "present": counts.present,
    }  # fmt: skip


def assemble_parts(
    h5ad: str | Path,
    presence: sp.csr_matrix | sp.csc_matrix | np.ndarray,
    guide_cells: list[str],
    guide_names: list[str],
    out: str | Path,
    fate_probs: str | Sequence[str] | None,
    fate_table: npt.ArrayLike | None = None,
    fate_cells: list[str] | None = None,
    **more: Any,
) -> Assembly:
    """As assemble_screen, of presence and, if given, a matrix of fate probabilities with the names of `fates`.

    fate_probs: the key of obsm, or several, or None where there is a matrix.
    """
    guides = GuideCounts(
        counts=ones_of(presence, guide_names, guide_cells), cells=np.asarray(guide_cells, dtype=object),
        guides=tuple(guide_names), source="guides",
    )  # fmt: skip
    if fate_table is None:
        more["fate_probs"] = fate_probs
    else:
        more["fate_probs"] = pd.DataFrame(np.asarray(fate_table), index=fate_cells, columns=more.pop("fates"))
    return assemble_screen(h5ad, guides, out, min_umi=1, **more)
