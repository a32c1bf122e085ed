"""The methods of truth.py and methods.py on one screen: fits of fatebias by settings, and what else a user could do.

mash and the methods that need R (`peers.R`) read what is written here. Tests give a table gene, day, estimate, half (of
the 90 % interval), z, p. All look at log ratios, log((contrast + c) / (reference + c)) with c = .005.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from peers_resampling import randomisation_p
from scipy import sparse, stats

from fatebias.base import Settings, whole_file
from fatebias.results import fit_screen
from fatebias.screens import Screen, read_screen

DEFAULT, GUIDES, FIRST = "fatebias", "fatebias_guides", "autonormal"
# calls rest on estimates alone
FAST: dict[str, Any] = {"inference": "laplace", "num_posterior_draws": 2, "p_values": False}
BEFORE: dict[str, Any] = FAST | {
    "likelihood_weight": "auto", "se": "model", "estimand": "guides", "burden_by_day": False, "sample_effects": False,
    "estimate_shift": "free", "clones_by_guides": False,
}  # fmt: skip
REMEDIES: dict[str, dict[str, Any]] = {
    "before": BEFORE,
    "auto_by_day": BEFORE | {"likelihood_weight": "auto_by_day"},
    "sandwich": BEFORE | {"se": "sandwich"},
    "burden_by_day": BEFORE | {"burden_by_day": True},
    "sample_effects": BEFORE | {"sample_effects": True},
    "gene": BEFORE | {"estimand": "gene"},
}
FITS = {DEFAULT: FAST, GUIDES: FAST | {"estimand": "guides"}, FIRST: {"preset": "plain"}} | REMEDIES
Z90 = stats.norm.ppf(0.95)
OFFSET = 0.005
RESAMPLES, SEED = 500, 1


def fit(files: tuple[Path, Path, Path], out: Path, settings: dict[str, Any]) -> None:
    """One fit; what is there is kept."""
    if not (out / "fit_manifest.json").exists():
        asked = Settings.from_mapping({"threads": 1, "device": "cpu"} | settings)
        fit_screen(files[0], files[1], out, asked)


def test(files: tuple[Path, Path, Path], out: Path, methods: tuple[str, ...]) -> None:
    """Tables of methods in Python, and those that methods in R read, in a folder; what is there is kept."""
    wanted = {READ_BY_R.get(method, method) for method in methods}
    missing = sorted(name for name in wanted if not (out / f"{name}.csv").exists())
    if missing:
        out.mkdir(parents=True, exist_ok=True)
        screen = read_screen(files[0], files[1], Settings.from_mapping({}))
    for name in missing:
        with whole_file(out / f"{name}.csv") as part:
            TABLES[name](screen).to_csv(part, index=False)


def least_squares(screen: Screen) -> pd.DataFrame:
    """Log ratios on all genes at once, day by day, with replicate and burden."""
    by_gene, y = carriers(screen).toarray(), log_ratio(screen)
    estimate, se = (np.full((screen.n_genes, screen.n_days), np.nan) for _ in range(2))
    for day in range(screen.n_days):
        cells = np.flatnonzero(screen.day == day)
        x = np.c_[by_gene[cells], nuisance(screen, cells)]
        inverse = np.linalg.pinv(x.T @ x)
        beta = inverse @ (x.T @ y[cells])
        residual = y[cells] - x @ beta
        variance = np.diag(inverse) * (residual @ residual) / (len(cells) - x.shape[1])
        seen = np.flatnonzero(by_gene[cells].any(0))
        estimate[seen, day], se[seen, day] = beta[seen], np.sqrt(variance[seen])
    z = estimate / se
    return daywise(screen, estimate, z, 2 * stats.norm.sf(np.abs(z)), Z90 * se)


def rank_sums(screen: Screen) -> pd.DataFrame:
    """Mann-Whitney of cells with the gene against the others of the day, gene by gene. Estimate: the chance that one
    with it has the larger log ratio, less 1/2."""
    by_gene, y = carriers(screen).toarray() > 0, log_ratio(screen)
    estimate, z, p = (np.full((screen.n_genes, screen.n_days), np.nan) for _ in range(3))
    for day in range(screen.n_days):
        cells = np.flatnonzero(screen.day == day)
        own, values = by_gene[cells], y[cells]
        for gene in np.flatnonzero(own.any(0) & ~own.all(0)):
            with_it, without = values[own[:, gene]], values[~own[:, gene]]
            found = stats.mannwhitneyu(with_it, without)
            estimate[gene, day] = found.statistic / (len(with_it) * len(without)) - 0.5
            p[gene, day] = found.pvalue
            z[gene, day] = np.sign(estimate[gene, day]) * stats.norm.isf(found.pvalue / 2)
    return daywise(screen, estimate, z, p)


def resampling(screen: Screen) -> pd.DataFrame:
    """Conditional randomisation of who carries a gene, as sceptre does (`peers_resampling.py`); given are replicate,
    burden and its logarithm, day by day."""
    by_gene, y = carriers(screen).toarray() > 0, log_ratio(screen)
    rng = np.random.default_rng(SEED)
    z, p = (np.full((screen.n_genes, screen.n_days), np.nan) for _ in range(2))
    for day in range(screen.n_days):
        cells = np.flatnonzero(screen.day == day)
        given = np.c_[nuisance(screen, cells), np.log(screen.burden[cells])]
        z[:, day], p[:, day] = randomisation_p(rng, y[cells], by_gene[cells], given, RESAMPLES)
    return daywise(screen, z, z, p)


def units(screen: Screen) -> pd.DataFrame:
    """Mean log ratio by gene, guide, day and replicate, without what day, replicate and burden explain.

    Columns gene, guide, day, replicate, mean, cells. The median guide of a day is put at zero.
    """
    y = log_ratio(screen)
    for day in range(screen.n_days):
        cells = np.flatnonzero(screen.day == day)
        x = nuisance(screen, cells)
        y[cells] -= x @ np.linalg.lstsq(x, y[cells], rcond=None)[0]
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    carried = pd.DataFrame({"gene": np.asarray(screen.gene_names)[screen.guide_gene[screen.guide_idx]]})
    carried["guide"] = np.asarray(screen.guide_names)[screen.guide_idx]
    carried = carried.assign(day=screen.day[cell], replicate=screen.replicate[cell], y=y[cell])
    by_guide = carried.groupby(["day", "guide"])["y"].mean()
    table = carried.groupby(["gene", "guide", "day", "replicate"])["y"].agg(mean="mean", cells="size").reset_index()
    table["mean"] -= table["day"].map(by_guide.groupby("day").median())
    return table


def cells(screen: Screen) -> pd.DataFrame:
    """Cells for Dirichlet regression: columns p_FATE, day, replicate, burden, and n_GENE, guides of the gene."""
    table = pd.DataFrame(screen.fate_probs, columns=[f"p_{fate}" for fate in screen.fates])
    table = table.assign(day=screen.day, replicate=screen.replicate, burden=screen.burden)
    counts = carriers(screen).toarray().astype(int)
    return pd.concat([table, pd.DataFrame(counts, columns=[f"n_{gene}" for gene in screen.gene_names])], axis=1)


TABLES: dict[str, Callable[[Screen], pd.DataFrame]] = {
    one.__name__: one for one in (least_squares, rank_sums, resampling, units, cells)
}
READ_BY_R = {"limma": "units", "guide_t": "units", "dirichlet": "cells"}  # which of these tables, by method


def log_ratio(screen: Screen) -> np.ndarray:
    """log odds of the contrast fate (the first beside the reference) of each cell [N]."""
    return np.log((screen.fate_probs[:, 1] + OFFSET) / (screen.fate_probs[:, 0] + OFFSET))


def carriers(screen: Screen) -> sparse.csr_matrix:
    """Guides of each gene in each cell [N, L]."""
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    gene = screen.guide_gene[screen.guide_idx]
    return sparse.csr_matrix((np.ones(len(cell)), (cell, gene)), shape=(screen.n_cells, screen.n_genes))


def nuisance(screen: Screen, cells: np.ndarray) -> np.ndarray:
    """Replicates (indicators) and burden of some cells of one day."""
    replicates = np.eye(screen.n_replicates)[screen.replicate[cells]]
    return np.c_[replicates[:, replicates.any(0)], screen.burden_centered[cells]]


def daywise(
    screen: Screen, estimate: np.ndarray, z: np.ndarray, p: np.ndarray, half: np.ndarray | None = None
) -> pd.DataFrame:
    """One row a gene and day of arrays [L, D]."""
    gene, day = np.indices(estimate.shape)
    half = np.full_like(estimate, np.nan) if half is None else half
    columns = {"estimate": estimate, "half": half, "z": z, "p": p}
    names = np.asarray(screen.gene_names)[gene.ravel()]
    return pd.DataFrame({"gene": names, "day": day.ravel()} | {name: of.ravel() for name, of in columns.items()})
