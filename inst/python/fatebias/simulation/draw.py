"""Simulated screens with their truth: the benchmark screens, and any other size.

    guides a cell  k ~ Poisson(moi) cut to 1..20, each a control with probability .05, else by abundance ~ Dirichlet(5)
    eta = alpha[f, day] + b[f, rep] + gamma[f] (burden - mean of the day) + sum over the cell's guides of beta
    beta[g, f, d] = theta[gene, f, d] + delta[g, f],  delta ~ N(0, .2) centred within gene: theta IS the gene's average
    labels: Dirichlet(concentration pi), one-hot, logit-normal, or one-hot smoothed over like cells

Everything is vectorised over cells. Arrays: theta [L, F, D], delta [G, F], F logits (the fates beside the reference).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import CONSTANTS
from ..screens import read_guide_map
from .arguments import Arguments
from .labels import draw_labels

NTC_SHARE, ABUNDANCE, DAY_SHARES = 0.05, 5.0, 30.0
MOST_GUIDES = CONSTANTS.simulated_guides_most
SD = {"delta": 0.2, "alpha": 0.4, "b": 0.2, "gamma": 0.04, "walk_start": 0.3}
WALK_STEPS = (0.25, 0.15, 0.2)  # SDs of the steps from day to day, again and again
ACTIVE_SHARE, EFFECT_RANGE, EFFECT_SD = 0.1, (0.3, 1.0), 0.5


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A simulated screen and its truth. N cells, G targeting guides, L genes, F logits (the fates
    beside the reference).

    guide_map: table guide_name, gene_name, is_ntc. guides: csr [N, guides of the map], ones.
    probs: [N, F + 1], reference first. theta: [L, F, D]; delta: [G, F]; genes, targeting: their names.
    """

    guide_map: pd.DataFrame
    guides: sp.csr_matrix
    day: np.ndarray
    replicate: np.ndarray
    fates: tuple[str, ...]
    probs: np.ndarray
    genes: tuple[str, ...]
    targeting: tuple[str, ...]
    theta: np.ndarray
    delta: np.ndarray


def simulate(arguments: Arguments) -> Simulation:
    """Simulate a screen; the same arguments give the same screen."""
    rng = np.random.default_rng(arguments.seed)
    library = _library(arguments)
    targeting = library[library.is_ntc == 0]
    gene, genes = pd.factorize(targeting.gene_name)
    f, d, n = arguments.fates - 1, arguments.days, arguments.cells
    theta = _theta(rng, arguments, len(genes), f)
    delta = _delta(rng, gene, len(genes), f)
    guides = _guides(rng, arguments, library.is_ntc.to_numpy())
    day = rng.choice(d, n, p=rng.dirichlet(np.full(d, DAY_SHARES)))
    replicate = rng.integers(arguments.replicates, size=n)
    eta = _baseline(rng, arguments, day, replicate, np.diff(guides.indptr))
    eta += _guide_sums(guides[:, np.flatnonzero(library.is_ntc == 0)], theta[gene] + delta[:, :, None], day)
    return Simulation(
        guide_map=library, guides=guides, day=day, replicate=replicate, fates=_fate_names(arguments.fates),
        probs=draw_labels(rng, arguments, eta, day, replicate), genes=tuple(genes),
        targeting=tuple(targeting.guide_name), theta=theta, delta=delta,
    )  # fmt: skip


def _fate_names(n: int) -> tuple[str, ...]:
    return ("EC", "MES", "NEU", *(f"FATE{k}" for k in range(4, n + 1)))[:n]


def _library(arguments: Arguments) -> pd.DataFrame:
    """The guide map, targeting guides first."""
    if arguments.library == "synthetic" and arguments.genes is not None:
        per_gene = np.full(arguments.genes, arguments.guides_per_gene)
        per_gene[:2] = 1
        genes = [f"GENE{k + 1:05d}" for k in range(arguments.genes)]
        rows = [(f"{gene}_sg{j + 1}", gene, 0) for gene, n in zip(genes, per_gene) for j in range(n)]
        rows += [(f"NTC_sg{j + 1}", "NTC", 1) for j in range(arguments.ntc)]
        return pd.DataFrame(rows, columns=["guide_name", "gene_name", "is_ntc"])
    path = Path(__file__).parents[3] / "extdata" / "guide_library_300.csv"
    given = read_guide_map(path if arguments.library == "real" else arguments.library)
    table = pd.DataFrame(
        {"guide_name": given.guide_names, "gene_name": given.gene_names, "is_ntc": given.is_ntc.astype(int)}
    )
    targeting = table[table.is_ntc == 0]
    kept = targeting.gene_name.unique()[: arguments.genes]
    return pd.concat([targeting[targeting.gene_name.isin(kept)], table[table.is_ntc == 1]], ignore_index=True)


def _theta(rng: np.random.Generator, arguments: Arguments, n_genes: int, f: int) -> np.ndarray:
    shape = (n_genes, f, arguments.days)
    if arguments.effects == "none":
        return np.zeros(shape)
    if arguments.effects == "random_walk":
        steps = np.resize(np.array(WALK_STEPS), arguments.days - 1)
        return np.cumsum(rng.normal(size=shape) * np.r_[SD["walk_start"], steps], axis=2)
    theta = np.zeros(shape)
    for day in range(arguments.days):
        active = rng.choice(n_genes, max(1, round(ACTIVE_SHARE * n_genes)), replace=False)
        if arguments.effects == "sparse":
            effect = rng.uniform(*EFFECT_RANGE, len(active)) * rng.choice([-1.0, 1.0], len(active))
        else:
            effect = rng.normal(0, EFFECT_SD, len(active))
        theta[active, :, day] = effect[:, None]  # the same for all fates
    return theta


def _delta(rng: np.random.Generator, gene: np.ndarray, n_genes: int, f: int) -> np.ndarray:
    delta = rng.normal(0, SD["delta"], (len(gene), f))
    total = np.zeros((n_genes, f))
    np.add.at(total, gene, delta)
    return np.asarray(delta - (total / np.bincount(gene)[:, None])[gene])


def _guides(rng: np.random.Generator, arguments: Arguments, is_ntc: np.ndarray) -> sp.csr_matrix:
    """Presence [N, guides of the map]: guides drawn by abundance, controls with their own share; repeats count once."""
    count = rng.poisson(arguments.moi, arguments.cells).clip(1, MOST_GUIDES)
    control = rng.random(count.sum()) < NTC_SHARE
    column = np.empty(len(control), dtype=np.int32)
    for kind in (False, True):
        pool = np.flatnonzero(is_ntc == kind)
        cumulative = np.cumsum(rng.dirichlet(np.full(len(pool), ABUNDANCE)))
        draw = np.searchsorted(cumulative, rng.random((control == kind).sum()) * cumulative[-1])
        column[control == kind] = pool[draw]
    pointer = np.r_[0, np.cumsum(count)]
    guides = sp.csr_matrix((np.ones(len(column), dtype=np.int8), column, pointer), shape=(len(count), len(is_ntc)))
    guides.sum_duplicates()
    guides.data[:] = 1
    return guides


def _baseline(
    rng: np.random.Generator, arguments: Arguments, day: np.ndarray, replicate: np.ndarray, burden: np.ndarray
) -> np.ndarray:
    """Intercepts by day, replicate effects and burden slope: [N, F]."""
    f = arguments.fates - 1
    alpha = rng.normal(0, SD["alpha"], (arguments.days, f))
    b = rng.normal(0, SD["b"], (arguments.replicates, f))
    gamma = rng.normal(0, SD["gamma"], f)
    cells = np.bincount(day, minlength=arguments.days).clip(1)
    mean = np.bincount(day, weights=burden, minlength=arguments.days) / cells
    return np.asarray(alpha[day] + b[replicate] + (burden - mean[day])[:, None] * gamma)


def _guide_sums(guides: sp.csr_matrix, beta: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Sum of beta [G, F, D] over the guides of each cell on its day: [N, F]."""
    out = np.empty((guides.shape[0], beta.shape[1]))
    for d in range(beta.shape[2]):
        out[day == d] = guides[day == d] @ beta[:, :, d]
    return out
