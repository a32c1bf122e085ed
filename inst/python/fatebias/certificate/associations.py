"""Columns of the file that the model lacks: do they confound guides with fates, or group cells that share noise?

A confounder moves the labels and goes along with guides: a lane in which some guides are more frequent, a depth at
which some are found more easily. Both are tested within day and replicate; guides against the other guides of their
gene and controls against none, so that what a knock-down itself does to a column is no association.
Cells of a group (a clone) that share noise and guides make standard errors too small, whatever the model: `groups`.
"""

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import chdtrc

from ..screens import Screen, day_replicate
from .added import Added, add_columns
from .groups import shared_noise
from .source import Source

MOST_LEVELS = 50  # of a column of labels that could be a covariate
LEAST_CELLS = 20  # of a level
OUTCOME = 0.25  # share of the labels' variance from which a column may be another name of them
MOST_COLUMNS = 200  # looked at: the first of the file


def associate_columns(source: Source) -> dict[str, list[dict[str, Any]]]:
    """Confounders and groups of the file's columns, one record a column: see `_confounding` and `groups`."""
    screen = source.screen
    labels = within_strata(source.baseline.design.labels.cpu().numpy(), screen)
    found: dict[str, list[dict[str, Any]]] = {"columns": [], "groups": []}
    for name, values in list(source.columns.items())[:MOST_COLUMNS]:
        column = values.to_numpy()
        codes, levels = pd.factorize(column)
        named = column.dtype == object or (len(levels) <= MOST_LEVELS and bool((column == np.round(column)).all()))
        indicators = np.eye(len(levels))[codes] if named and len(levels) <= MOST_LEVELS else None
        if indicators is not None:
            indicators = indicators[:, indicators.sum(0) >= LEAST_CELLS]
        columns = indicators if named else column[:, None].astype(np.float64)
        if columns is not None:
            record = _confounding(source, columns, labels)
            if record:
                found["columns"].append({"name": str(name), "labels": named} | record)
        if MOST_LEVELS < len(levels) <= screen.n_cells / 2:
            found["groups"].append({"name": str(name)} | shared_noise(source, codes))
    return found


def _confounding(source: Source, columns: np.ndarray, labels: np.ndarray) -> dict[str, Any] | None:
    """p of guides, p of labels, and how far estimates would move (`moved`, root mean square in SEs).

    None where day, replicate and burden leave nothing of the column. Of one that explains more than OUTCOME of the
    labels [N, F], maybe another name of them, controls alone are asked. Labels are looked at only where guides are
    associated.
    """
    screen = source.screen
    own = independent_columns(within_strata(columns, screen))
    if own.shape[1] == 0:
        return None
    likely = explained_share(own, labels) <= OUTCOME
    p_guides = guide_association(screen, source.cells_of_controls, own, within_genes=likely)
    record: dict[str, Any] = {"p_guides": p_guides, "p_labels": None, "moved": 0.0}
    if p_guides < 1e-2:
        added: Added = add_columns(source, own)
        record["p_labels"] = float(chdtrc(len(added.slope), added.chi_square))
        record["moved"] = float(np.sqrt(np.nanmean((added.moved / source.estimates.se) ** 2)))
    return record


def within_strata(columns: np.ndarray, screen: Screen) -> np.ndarray:
    """Columns [N, k] less their mean in each day and replicate, and less what goes with burden there."""
    stratum = day_replicate(screen)
    both = np.c_[columns, screen.burden]
    n = np.bincount(stratum)
    for j in range(both.shape[1]):
        both[:, j] -= (np.bincount(stratum, weights=both[:, j]) / np.maximum(n, 1))[stratum]
    burden, rest = both[:, -1], both[:, :-1]
    size = np.bincount(stratum, weights=burden**2)
    for j in range(rest.shape[1]):
        slope = np.bincount(stratum, weights=burden * rest[:, j]) / np.where(size > 0, size, 1.0)
        rest[:, j] -= slope[stratum] * burden
    return np.asarray(rest)


def independent_columns(columns: np.ndarray) -> np.ndarray:
    """Combinations [N, r] of columns [N, k], uncorrelated and of mean square 1: all that is in them."""
    gram = columns.T @ columns / len(columns)
    values, vectors = np.linalg.eigh(gram)
    keep = values > 1e-8 * max(float(values.max(initial=0.0)), 1e-12)
    return np.asarray(columns @ (vectors[:, keep] / np.sqrt(values[keep])))


def explained_share(columns: np.ndarray, labels: np.ndarray) -> float:
    """Largest share of the variance of labels [N, F], of mean 0, that independent columns [N, r] explain."""
    onto = columns.T @ labels / len(columns)
    return float(((onto**2).sum(0) / (labels**2).mean(0)).max())


def guide_association(screen: Screen, controls: sp.csr_matrix, columns: np.ndarray, within_genes: bool = True) -> float:
    """p of columns [N, r] (from `within_strata`) that do not differ between guides of a gene, nor from 0 for controls.

    The sum over a guide's cells has the mean 0 and the variance n V within strata; V that of the columns there. A chi
    square over controls (cells x controls) and, with `within_genes`, over guides within genes.
    """
    stratum, r = day_replicate(screen), columns.shape[1]
    carried = sp.csr_matrix((np.ones(len(screen.guide_idx)), screen.guide_idx, screen.guide_ptr),
                            shape=(screen.n_cells, screen.n_guides))  # fmt: skip
    by_stratum = sp.csr_matrix((np.ones(screen.n_cells), (np.arange(screen.n_cells), stratum)))
    n = np.asarray(by_stratum.sum(0)).ravel()
    statistic, freedom = 0.0, 0
    for j in range(r):
        spread = np.bincount(stratum, weights=columns[:, j] ** 2) / np.maximum(n - 1, 1)
        for presence, gene in ((carried, screen.guide_gene), (controls, None))[0 if within_genes else 1 :]:
            counts = (presence.T @ by_stratum).toarray()
            variance = (counts * np.maximum(1 - counts / np.maximum(n, 1), 0) * spread).sum(1)
            usable = (counts.sum(1) >= 2) & (variance > 0)
            mean = ((presence.T @ columns[:, j]) / np.maximum(counts.sum(1), 1))[usable]
            v = (variance / np.maximum(counts.sum(1), 1) ** 2)[usable]
            q, df = _within_genes(mean, v, gene[usable]) if gene is not None else (float((mean**2 / v).sum()), len(v))
            statistic, freedom = statistic + q, freedom + df
    return float(chdtrc(freedom, statistic)) if freedom > 0 else 1.0


def _within_genes(mean: np.ndarray, variance: np.ndarray, gene: np.ndarray) -> tuple[float, int]:
    """Q of guides' means around their gene's, and its degrees of freedom."""
    w = 1 / variance
    size = np.bincount(gene)
    whole = np.bincount(gene, weights=w) + np.finfo(float).tiny
    centre = np.bincount(gene, weights=w * mean) / whole
    return float((w * (mean - centre[gene]) ** 2).sum()), int(np.maximum(size - 1, 0).sum())
