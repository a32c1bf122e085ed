"""A screen in numbers: sizes, levels, counts and means for prints, the manifest and the report."""

from typing import Any

import numpy as np
import pandas as pd

from .screen import Screen

CELLS_TABLE = "qc_cells_by_guide.csv"


def summarise_screen(screen: Screen) -> dict[str, Any]:
    """Sizes, levels, counts and means of a screen as plain numbers and lists (for prints and the manifest)."""
    cells, sums = _by_day_and_replicate(screen), _fate_sums(screen)
    return {
        "n_cells": screen.n_cells,
        "n_cells_file": screen.n_cells_file,
        "left_out": dict(screen.left_out),
        "mended": dict(screen.mended),
        "days": list(screen.day_labels),
        "day_values": None if screen.day_values is None else list(screen.day_values),
        "replicates": list(screen.replicate_labels),
        "fates": list(screen.fates),
        "covariates": list(screen.covariate_names),
        "n_clusters": screen.n_clusters,
        **({"label_sets": list(screen.label_sets)} if screen.n_sets > 1 else {}),
        "n_genes": screen.n_genes,
        "n_guides": screen.n_guides,
        "n_ntc": screen.n_ntc,
        "uncarried_guides": list(screen.uncarried_guides),
        "dropped_genes": list(screen.dropped_genes),
        "cells_by_day_replicate": cells.tolist(),
        "guides_per_cell_mean": float(screen.burden.mean()),
        "burden_counts": {"n_guides": list(range(len(screen.burden_counts))), "n_cells": screen.burden_counts.tolist()},
        "fate_means_by_day": (sums.sum(1) / cells.sum(1)[:, None]).tolist(),
        "fate_means_by_day_replicate": _means_or_none(sums, cells),
    }


def count_cells_by_guide(screen: Screen) -> pd.DataFrame:
    """Columns guide, gene (missing for a control), is_ntc, n_cells_d0, ..: usable cells that carry a guide, by day."""
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    code = screen.guide_idx.astype(np.int64) * screen.n_days + screen.day[cell]
    counts = np.bincount(code, minlength=screen.n_guides * screen.n_days).reshape(screen.n_guides, screen.n_days)
    genes = [screen.gene_names[gene] for gene in screen.guide_gene]
    days = [f"n_cells_d{day}" for day in range(screen.n_days)]
    return pd.DataFrame(
        {
            "guide": [*screen.guide_names, *screen.ntc_names],
            "gene": [*genes, *[None] * screen.n_ntc],
            "is_ntc": [0] * screen.n_guides + [1] * screen.n_ntc,
            **dict(zip(days, np.concatenate([counts, screen.ntc_cells]).T)),
        }
    )


def _by_day_and_replicate(screen: Screen, weights: np.ndarray | None = None) -> np.ndarray:
    """[D, R], cells or the sum of their weights."""
    d, r = screen.n_days, screen.n_replicates
    return np.bincount(screen.day * r + screen.replicate, weights, minlength=d * r).reshape(d, r)


def _fate_sums(screen: Screen) -> np.ndarray:
    """[D, R, F + 1], fate probabilities summed over cells."""
    return np.stack([_by_day_and_replicate(screen, column) for column in screen.fate_probs.T], -1)


def _means_or_none(sums: np.ndarray, cells: np.ndarray) -> list[list[list[float | None]]]:
    """[D][R][F + 1], None where a replicate has no cell on a day: JSON has no NaN."""
    return [
        [(total / n).tolist() if n else [None] * len(total) for total, n in zip(by_replicate, counts)]
        for by_replicate, counts in zip(sums, cells)
    ]
