"""Simulated screens with their truth: the benchmark screens, and any other size.

    guides a cell  k ~ Poisson(moi) cut to 1..20, each a control with probability .05, else by abundance ~ Dirichlet(5)
    eta = alpha[f, day] + b[f, rep] + gamma[f] (burden - mean of the day) + sum over the cell's guides of beta
    beta[g, f, d] = theta[gene, f, d] + delta[g, f],  delta ~ N(0, .2) centred within gene: theta IS the gene's average
    labels: Dirichlet(concentration pi), one-hot, logit-normal, or one-hot smoothed over like cells

What screens of life have besides (guides that differ by more, clones, samples, ..) is in `life`. With `guide_sd` delta
is N(0, guide_sd) and not centred: theta is then the mean of the population of the gene's guides.

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
from .life import cell_shifts, draw_clones, draw_dead, draw_off_target, intercepts, replicate_sums

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
    off_target: [G], effect of a guide beside its gene's. dead: [G], whether a guide does nothing to its gene. A guide's
    effect is off_target, and unless it is dead theta / (1 - share of dead guides) + delta besides.
    clone: [N], number of each cell's clone from 0, or None.
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
    off_target: np.ndarray
    dead: np.ndarray
    clone: np.ndarray | None


def simulate(arguments: Arguments) -> Simulation:
    """Simulate a screen; the same arguments give the same screen."""
    rng = np.random.default_rng(arguments.seed)
    library = _library(arguments)
    targeting = library[library.is_ntc == 0]
    gene, genes = pd.factorize(targeting.gene_name)
    f, d, clone = arguments.fates - 1, arguments.days, draw_clones(arguments)
    n = clone[-1] + 1
    theta = _theta(rng, arguments, len(genes), f)
    delta = _delta(rng, gene, len(genes), f, arguments.guide_sd)
    off_target, dead = draw_off_target(arguments, gene), draw_dead(arguments, len(gene))
    guides = _guides(rng, arguments.moi, n, library.is_ntc.to_numpy())[clone]
    day = rng.choice(d, len(clone), p=rng.dirichlet(np.full(d, DAY_SHARES)))
    replicate = rng.integers(arguments.replicates, size=n)[clone]
    burden = np.diff(guides.indptr)
    eta = _baseline(rng, arguments, day, replicate, burden)
    eta += cell_shifts(arguments, clone, day, replicate, _centred(burden, day, d))
    beta = np.where(dead[:, None, None], 0.0, theta[gene] + delta[:, :, None]) + off_target[:, None, None]
    carried = guides[:, np.flatnonzero(library.is_ntc == 0)]
    eta += _guide_sums(carried, beta, day) + replicate_sums(arguments, carried, gene, dead, day, replicate)
    return Simulation(
        guide_map=library, guides=guides, day=day, replicate=replicate, fates=arguments.fate_names,
        probs=draw_labels(rng, arguments, eta, day, replicate), genes=tuple(genes),
        targeting=tuple(targeting.guide_name), theta=(1 - arguments.dead) * theta, delta=delta,
        off_target=off_target, dead=dead, clone=None if arguments.clone_sizes is None else clone,
    )  # fmt: skip


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
    moved = rng.integers(f + 1, size=n_genes) if arguments.effects == "single" else None
    for day in range(arguments.days):
        active = rng.choice(n_genes, max(1, round(ACTIVE_SHARE * n_genes)), replace=False)
        if arguments.effects != "sparse_normal":
            effect = rng.uniform(*EFFECT_RANGE, len(active)) * rng.choice([-1.0, 1.0], len(active))
        else:
            effect = rng.normal(0, EFFECT_SD, len(active))
        if moved is None:
            theta[active, :, day] = effect[:, None]  # the same for all fates
        else:
            theta[active, :, day] = effect[:, None] * _logits_of(moved[active], f)
    return theta


def _logits_of(fate: np.ndarray, f: int) -> np.ndarray:
    """One fate's log odds against all others, as logits against the reference: [L, F]. fate [L]: 0 the reference."""
    return np.where(fate[:, None] == 0, -1.0, np.eye(f + 1)[fate][:, 1:])


def _delta(
    rng: np.random.Generator, gene: np.ndarray, n_genes: int, f: int, guide_sd: float | None = None
) -> np.ndarray:
    """Deviations of guides [G, F]: N(0, .2) centred within gene, or N(0, guide_sd) as drawn."""
    delta = rng.normal(0, SD["delta"] if guide_sd is None else guide_sd, (len(gene), f))
    if guide_sd is not None:
        return delta
    total = np.zeros((n_genes, f))
    np.add.at(total, gene, delta)
    return np.asarray(delta - (total / np.bincount(gene)[:, None])[gene])


def _guides(rng: np.random.Generator, moi: float, n: int, is_ntc: np.ndarray) -> sp.csr_matrix:
    """Presence [n, guides of the map]: guides drawn by abundance, controls with their own share; repeats count once."""
    count = rng.poisson(moi, n).clip(1, MOST_GUIDES)
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
    alpha = intercepts(arguments, rng.normal(0, SD["alpha"], (arguments.days, f)))
    b = rng.normal(0, SD["b"], (arguments.replicates, f))
    gamma = rng.normal(0, SD["gamma"], f)
    return np.asarray(alpha[day] + b[replicate] + _centred(burden, day, arguments.days)[:, None] * gamma)


def _centred(burden: np.ndarray, day: np.ndarray, n_days: int) -> np.ndarray:
    """Burden minus its mean on the cell's day [N]."""
    mean = np.bincount(day, weights=burden, minlength=n_days) / np.bincount(day, minlength=n_days).clip(1)
    return np.asarray(burden - mean[day])


def _guide_sums(guides: sp.csr_matrix, beta: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Sum of beta [G, F, D] over the guides of each cell on its day: [N, F]."""
    out = np.empty((guides.shape[0], beta.shape[1]))
    for d in range(beta.shape[2]):
        out[day == d] = guides[day == d] @ beta[:, :, d]
    return out
