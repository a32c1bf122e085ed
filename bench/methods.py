"""What else a user could do, on the same screens: estimates of every method, for `methods.R` to compare.

    python methods.py FOLDER [--presets weak strong] [--seed N]

FOLDER/preset_effects_labels holds truth.csv, a CSV of each method (gene, day, estimate, se, p; what a method does not
give is empty), seconds.json, pseudobulk.csv (for limma), and the fits `calibrated/` (engine laplace) and `plain/`
(AutoNormal, weight 1: the first specification). What is there is kept. Log-ratio: log((MES + c) / (EC + c)), c = .005.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from measure import screen_of
from scipy import sparse, stats

from fatebias.errors import FatebiasWarning
from fatebias.fit import fit_screen
from fatebias.screen import Screen
from fatebias.settings import Settings
from fatebias.simulate import Arguments, simulate, simulate_to

EFFECTS = ("sparse", "random_walk", "none")
LABELS = ("dirichlet", "onehot", "logitnormal", "smoothed")
OFFSET = 0.005
PRESETS = {"calibrated": {"inference": "laplace", "threads": 1}, "plain": {"preset": "plain", "threads": 1}}


def log_ratio(screen: Screen) -> np.ndarray:
    """log odds of MES against EC of each cell."""
    return np.log((screen.fate_probs[:, 1] + OFFSET) / (screen.fate_probs[:, 0] + OFFSET))


def carriers(screen: Screen) -> sparse.csr_matrix:
    """Guides of each gene in each cell [N, L]."""
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    gene = screen.guide_gene[screen.guide_idx]
    return sparse.csr_matrix((np.ones(len(cell)), (cell, gene)), shape=(screen.n_cells, screen.n_genes))


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


def pseudobulk(screen: Screen) -> pd.DataFrame:
    """Mean log-ratio of each guide's cells by day, less that of all cells: rows guide, gene, day, mean, cells."""
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    y, day = log_ratio(screen), screen.day[cell]
    cells = np.zeros((screen.n_guides, screen.n_days))
    total = np.zeros_like(cells)
    np.add.at(cells, (screen.guide_idx, day), 1)
    np.add.at(total, (screen.guide_idx, day), y[cell])
    overall = np.bincount(screen.day, weights=y) / np.bincount(screen.day)
    guide, d = np.nonzero(cells)
    return pd.DataFrame(
        {
            "guide": np.asarray(screen.guide_names)[guide],
            "gene": np.asarray(screen.gene_names)[screen.guide_gene[guide]],
            "day": d,
            "mean": total[guide, d] / cells[guide, d] - overall[d],
            "cells": cells[guide, d],
        }
    )


def daywise(screen: Screen, estimate: np.ndarray, se: np.ndarray, p: np.ndarray | None = None) -> pd.DataFrame:
    """Rows gene, day, estimate, se, p; p of a two-sided normal test where none is given."""
    gene, day = np.indices(estimate.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.norm.sf(np.abs(estimate / se)) if p is None else p
    names = np.asarray(screen.gene_names)[gene.ravel()]
    columns = {"estimate": estimate, "se": se, "p": p}
    return pd.DataFrame({"gene": names, "day": day.ravel()} | {k: v.ravel() for k, v in columns.items()})


def run_screen(folder: Path, given: dict) -> None:
    """All methods on one screen."""
    paths = simulate_to(folder, given)
    screen, seconds = screen_of(simulate(Arguments.from_mapping(given)), Settings.from_mapping()), {}
    for name, method in {"least_squares": least_squares, "rank_sums": rank_sums, "pseudobulk": pseudobulk}.items():
        start = time.perf_counter()
        method(screen).to_csv(folder / f"{name}.csv", index=False)
        seconds[name] = time.perf_counter() - start
    for name, overrides in PRESETS.items():
        start = time.perf_counter()
        fit_screen(paths["screen"], paths["guide_map"], folder / name, Settings.from_mapping(overrides))
        seconds[name] = time.perf_counter() - start
    (folder / "seconds.json").write_text(json.dumps(seconds))
    Path(paths["screen"]).unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--presets", nargs="+", default=["weak", "strong"])
    parser.add_argument("--seed", type=int, default=1201)
    args = parser.parse_args()
    warnings.simplefilter("ignore", FatebiasWarning)
    kinds = [(preset, effects, labels) for preset in args.presets for effects in EFFECTS for labels in LABELS]
    for k, (preset, effects, labels) in enumerate(kinds):
        folder = args.folder / f"{preset}_{effects}_{labels}"
        if not (folder / "seconds.json").exists():
            run_screen(folder, {"preset": preset, "effects": effects, "labels": labels, "seed": args.seed + k})


if __name__ == "__main__":
    main()
