"""One method in Python on one screen: `python methods_one.py METHOD WHERE` writes WHERE/METHOD.csv.

Columns gene, day, estimate, se, p, empty where a method gives none. METHOD: least_squares, rank_sums, or tables (the
files for methods in R).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from methods_screens import log_ratio, write_tables
from scipy import sparse, stats

from fatebias.base.settings import Settings
from fatebias.screens.reader import read_screen
from fatebias.screens.screen import Screen


def least_squares(screen: Screen) -> pd.DataFrame:
    """Log-ratios on all genes by day at once, with day, replicate and burden."""
    by_gene = carriers(screen)
    on_day = [sparse.diags((screen.day == d).astype(float)) @ by_gene for d in range(screen.n_days)]
    nuisance = np.c_[np.eye(screen.n_days)[screen.day], np.eye(screen.n_replicates)[screen.replicate][:, 1:]]
    x = sparse.hstack([*on_day, sparse.csr_matrix(np.c_[nuisance, screen.burden_centered])]).tocsr()
    y, inverse = log_ratio(screen), np.linalg.pinv((x.T @ x).toarray())
    beta = inverse @ (x.T @ y)
    residual = y - x @ beta
    se = np.sqrt(np.diag(inverse).clip(0) * (residual @ residual) / (len(y) - x.shape[1]))
    k = screen.n_days * screen.n_genes
    return daywise(screen, beta[:k].reshape(screen.n_days, -1).T, se[:k].reshape(screen.n_days, -1).T)


def rank_sums(screen: Screen) -> pd.DataFrame:
    """Cells with the gene against the others of the day, gene by gene: difference of medians and Mann-Whitney's p."""
    by_gene, y = carriers(screen).tocsc(), log_ratio(screen)
    estimate, p = (np.full((screen.n_genes, screen.n_days), np.nan) for _ in range(2))
    for d in range(screen.n_days):
        cells = np.flatnonzero(screen.day == d)
        own = by_gene[cells].toarray() > 0
        for gene in np.flatnonzero(own.any(0) & ~own.all(0)):
            a, b = y[cells[own[:, gene]]], y[cells[~own[:, gene]]]
            estimate[gene, d] = np.median(a) - np.median(b)
            p[gene, d] = stats.mannwhitneyu(a, b).pvalue
    return daywise(screen, estimate, np.full_like(estimate, np.nan), p)


def carriers(screen: Screen) -> sparse.csr_matrix:
    """Guides of each gene in each cell [N, L]."""
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    gene = screen.guide_gene[screen.guide_idx]
    return sparse.csr_matrix((np.ones(len(cell)), (cell, gene)), shape=(screen.n_cells, screen.n_genes))


def daywise(screen: Screen, estimate: np.ndarray, se: np.ndarray, p: np.ndarray | None = None) -> pd.DataFrame:
    """Rows gene, day, estimate, se, p; p of a two-sided normal test where none is given."""
    gene, day = np.indices(estimate.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.norm.sf(np.abs(estimate / se)) if p is None else p
    names = np.asarray(screen.gene_names)[gene.ravel()]
    columns = {"estimate": estimate, "se": se, "p": p}
    return pd.DataFrame({"gene": names, "day": day.ravel()} | {k: v.ravel() for k, v in columns.items()})


if __name__ == "__main__":
    method, where = sys.argv[1], Path(sys.argv[2])
    screen = read_screen(where / "screen.h5ad", where / "guide_map.csv", Settings.from_mapping())
    if method == "tables":
        write_tables(where, screen)
    else:
        found = {"least_squares": least_squares, "rank_sums": rank_sums}[method](screen)
        found.to_csv(where / f"{method}.csv", index=False)
