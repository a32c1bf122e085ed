"""The methods of truth.py on one screen: fits of fatebias by settings, and what else a user could do.

mash and the two methods that need limma (`truth.R`) read what is written here.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from methods_one import carriers
from methods_screens import log_ratio
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.results.fit import fit_screen
from fatebias.screens.reader import read_screen
from fatebias.screens.screen import Screen

DEFAULT = "fatebias"
BEFORE: dict[str, Any] = {
    "likelihood_weight": "auto", "se": "model", "estimand": "guides", "burden_by_day": False, "sample_effects": False,
}  # fmt: skip
REMEDIES: dict[str, dict[str, Any]] = {
    "before": {},
    "auto_by_day": {"likelihood_weight": "auto_by_day"},
    "sandwich": {"se": "sandwich"},
    "burden_by_day": {"burden_by_day": True},
    "sample_effects": {"sample_effects": True},
    "gene": {"estimand": "gene"},
}
FITS = {DEFAULT: {}} | {name: BEFORE | remedy for name, remedy in REMEDIES.items()}
COMPETITORS = ("least_squares", "limma", "guide_t")
Z90 = stats.norm.ppf(0.95)


def fit(files: tuple[Path, Path, Path], out: Path, settings: dict[str, Any]) -> None:
    """One fit by the fast engine; what is there is kept. Calls rest on estimates alone: hardly any posterior draws."""
    if not (out / "fit_manifest.json").exists():
        fast = {"inference": "laplace", "num_posterior_draws": 2, "threads": 1, "device": "cpu"}
        asked = Settings.from_mapping(fast | settings)
        fit_screen(files[0], files[1], out, asked)


def compete(files: tuple[Path, Path, Path], out: Path) -> None:
    """least_squares.csv (gene, day, estimate, half, z, p) and units.csv, which limma reads; what is there is kept."""
    if (out / "units.csv").exists():
        return
    screen = read_screen(files[0], files[1], Settings.from_mapping({}))
    out.mkdir(parents=True, exist_ok=True)
    least_squares(screen).to_csv(out / "least_squares.csv", index=False)
    units(screen).to_csv(out / "units.csv", index=False)


def least_squares(screen: Screen) -> pd.DataFrame:
    """Log ratios on all genes at once, day by day, with replicate and burden. half: of the 90 % interval."""
    by_gene, y = carriers(screen).toarray(), log_ratio(screen)
    tables = []
    for day in range(screen.n_days):
        cells = np.flatnonzero(screen.day == day)
        x = np.c_[by_gene[cells], nuisance(screen, cells)]
        inverse = np.linalg.pinv(x.T @ x)
        beta = inverse @ (x.T @ y[cells])
        residual = y[cells] - x @ beta
        variance = np.diag(inverse) * (residual @ residual) / (len(cells) - x.shape[1])
        seen = by_gene[cells].any(0)
        estimate, se = beta[: screen.n_genes], np.sqrt(variance[: screen.n_genes])
        z = np.divide(estimate, se, out=np.full_like(estimate, np.nan), where=seen)
        columns = {"gene": screen.gene_names, "day": day, "estimate": estimate, "half": Z90 * se, "z": z}
        tables.append(pd.DataFrame(columns).assign(p=2 * stats.norm.sf(np.abs(z))))
    return pd.concat(tables)


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


def nuisance(screen: Screen, cells: np.ndarray) -> np.ndarray:
    """Replicates (indicators) and burden of some cells of one day."""
    replicates = np.eye(screen.n_replicates)[screen.replicate[cells]]
    return np.c_[replicates[:, replicates.any(0)], screen.burden_centered[cells]]
