"""A screen with the real guide library whose labels are CellRank's own on a public data set: effects are planted by
choosing which cells carry which guides."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from peers_truths import Truth
from scipy import sparse
from scipy.optimize import brentq

from fatebias.base import day_columns
from fatebias.containers import write_screen
from fatebias.screens import read_guide_map
from fatebias.simulation import Arguments, draw

EXTDATA = Path(__file__).resolve().parents[1] / "inst" / "extdata"
N_CELLS, MOI = 30_000, 6.0


def plant_effects(where: Path, seed: int, truth: Truth | None = None, guide_sd: float | None = None) -> None:
    """N_CELLS cells drawn from real ones with CellRank's fate probabilities p, and guides of the real library.

    A cell takes guides by abundance * exp(a u), u = p[contrast] - p[reference]. The labels of the cells with a guide
    are then those of all cells, tilted by exp(a u), and a is chosen such that the log odds of their mean differ from
    those of all cells of the day by theta + delta. theta is what `truth` draws, or as simulated: 10 % of genes a day,
    abs(theta) from U(.3, 1). delta as simulated, centred within genes unless it has a `guide_sd`.
    """
    rng = np.random.default_rng(seed)
    real = anndata.read_h5ad(EXTDATA / "cellrank_pbmc68k.h5ad")
    labels = np.asarray(real.obsm["lineages_fwd"], dtype=np.float64)
    library = read_guide_map(EXTDATA / "guide_library_300.csv")
    is_ntc = np.asarray(library.is_ntc)
    gene, genes = pd.factorize(np.asarray(library.gene_names)[~is_ntc])
    days = pd.Categorical(real.obs["day"])
    if truth:
        theta = truth(rng, len(genes), len(days.categories))
    else:
        theta = draw._theta(rng, Arguments(library="real", days=len(days.categories)), len(genes), 1)[:, 0]
    delta = draw._delta(rng, gene, len(genes), 1, guide_sd)[:, 0]
    cell = rng.integers(len(labels), size=N_CELLS)
    u = labels[:, 1] - labels[:, 0]
    tilt = np.zeros((len(is_ntc), len(days.categories)))
    for day in range(tilt.shape[1]):
        tilt[~is_ntc, day] = tilts(labels[days.codes == day], u[days.codes == day], theta[gene, day] + delta)
    guides = draw_guides(rng, cell, days.codes, u, tilt, is_ntc)
    where.mkdir(parents=True, exist_ok=True)
    write_screen(
        where / "screen.h5ad", guides, library.guide_names, labels[cell], ("EC", "MES", "NEU"),  # the defaults' names
        pd.Categorical.from_codes(days.codes[cell], days.categories),
        pd.Categorical.from_codes(rng.integers(2, size=N_CELLS), ["rep1", "rep2"]),
    )  # fmt: skip
    table = {"guide_name": library.guide_names, "gene_name": library.gene_names, "is_ntc": is_ntc.astype(int)}
    pd.DataFrame(table).to_csv(where / "guide_map.csv", index=False)
    planted = {"gene": genes} | dict(zip(day_columns("theta", theta.shape[1]), theta.T))
    pd.DataFrame(planted).to_csv(where / "truth.csv", index=False)


def tilts(labels: np.ndarray, u: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """a by effect, by interpolation between exact ones."""

    def odds(a: float) -> float:
        mean = np.exp(a * u) @ labels
        return float(np.log(mean[1] / mean[0]))

    grid = np.linspace(effects.min() - 0.01, effects.max() + 0.01, 101)
    exact = [brentq(lambda a, effect=effect: odds(a) - odds(0) - effect, -50, 50) for effect in grid]
    return np.interp(effects, grid, exact)


def draw_guides(rng, cell, day_of, u, tilt, is_ntc) -> sparse.csr_matrix:
    """Presence [N, guides]: controls with their share, others by abundance and tilt; repeats count once."""
    abundance = np.where(is_ntc, 0.0, rng.gamma(draw.ABUNDANCE, size=len(is_ntc)))
    controls = np.flatnonzero(is_ntc)
    count = rng.poisson(MOI, len(cell)).clip(1, draw.MOST_GUIDES)
    pointer = np.r_[0, np.cumsum(count)]
    column = np.empty(pointer[-1], dtype=np.int64)
    for one in np.unique(cell):
        slots = np.concatenate([np.arange(pointer[i], pointer[i + 1]) for i in np.flatnonzero(cell == one)])
        p = abundance * np.exp(tilt[:, day_of[one]] * u[one])
        column[slots] = rng.choice(len(is_ntc), len(slots), p=p / p.sum())
    control = rng.random(len(column)) < draw.NTC_SHARE
    column[control] = rng.choice(controls, control.sum())
    guides = sparse.csr_matrix((np.ones(len(column), np.int8), column, pointer), shape=(len(cell), len(is_ntc)))
    guides.sum_duplicates()
    guides.data[:] = 1
    return guides
