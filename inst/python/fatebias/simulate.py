"""Simulated screens with their truth: the benchmark screens of DESIGN section 10, and any other size.

    guides a cell  k ~ Poisson(moi) cut to 1..20, each a control with probability .05, else by abundance ~ Dirichlet(5)
    eta = alpha[f, day] + b[f, rep] + gamma[f] (burden - mean of the day) + sum over the cell's guides of beta
    beta[g, f, d] = theta[gene, f, d] + delta[g, f],  delta ~ N(0, .2) centred within gene: theta IS the gene's average
    labels: Dirichlet(concentration pi), one-hot, logit-normal, or one-hot smoothed over like cells

Everything is vectorised over cells. Arrays: theta [L, F, D], delta [G, F], F fates beside the reference.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.spatial import cKDTree
from scipy.special import softmax

from . import __version__
from .errors import SimulationError
from .export import day_columns, prepare_out_dir
from .guide_map import read_guide_map
from .progress import Progress
from .screen_file import write_screen

LABELS = ("dirichlet", "onehot", "logitnormal", "smoothed")
EFFECTS = ("sparse", "sparse_normal", "random_walk", "none")
PRESETS: dict[str, dict] = {
    "weak": {"cells": 6_000, "genes": 100, "guides_per_gene": 6, "ntc": 20, "moi": 5.0, "concentration": 6.0},
    "strong": {"cells": 25_000, "genes": 100, "guides_per_gene": 6, "ntc": 20, "moi": 4.0, "concentration": 50.0},
    "real": {"cells": 100_000, "library": "real", "moi": 6.0, "concentration": 20.0},
    "real500k": {"cells": 500_000, "library": "real", "moi": 6.0, "concentration": 20.0},
    "genome": {"cells": 500_000, "genes": 18_000, "guides_per_gene": 4, "ntc": 500, "moi": 6.0, "concentration": 50.0},
}
# name: (type, choices, help); None where a preset decides
ARGUMENTS: dict[str, tuple] = {
    "preset": (str, tuple(PRESETS), "benchmark screen that sets all sizes (default weak)"),
    "seed": (int, None, "seed (default 1)"),
    "cells": (int, None, "cells"),
    "genes": (int, None, "genes; with a library, its first genes"),
    "guides_per_gene": (int, None, "guides a gene; two genes get one guide (synthetic library only)"),
    "ntc": (int, None, "control guides (synthetic library only)"),
    "moi": (float, None, "mean of the Poisson number of guides a cell"),
    "days": (int, None, "days (default 4)"),
    "replicates": (int, None, "replicates (default 2)"),
    "fates": (int, None, "fates, the reference counted (default 3)"),
    "concentration": (float, None, "Dirichlet concentration of the labels"),
    "labels": (str, LABELS, "kind of labels (default dirichlet)"),
    "effects": (str, EFFECTS, "kind of gene effects (default sparse)"),
    "library": (str, None, "'synthetic', 'real' (the library that fatebias ships), or a guide map's path"),
}
NTC_SHARE, MOST_GUIDES, ABUNDANCE, DAY_SHARES = 0.05, 20, 5.0, 30.0
SD = {"delta": 0.2, "alpha": 0.4, "b": 0.2, "gamma": 0.04, "walk_start": 0.3, "walk_steps": (0.25, 0.15, 0.2)}
ACTIVE_SHARE, EFFECT_RANGE, EFFECT_SD = 0.1, (0.3, 1.0), 0.5
LOGIT_SD, NEIGHBOURS, NEIGHBOUR_SD, SMOOTH_SHARE = 0.8, 31, 0.05, 0.9


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Arguments of a simulation, preset applied; refuses what cannot be simulated."""

    preset: str = "weak"
    seed: int = 1
    cells: int = 6_000
    genes: int | None = None
    guides_per_gene: int = 6
    ntc: int = 20
    moi: float = 5.0
    days: int = 4
    replicates: int = 2
    fates: int = 3
    concentration: float = 6.0
    labels: str = "dirichlet"
    effects: str = "sparse"
    library: str = "synthetic"

    @classmethod
    def from_mapping(cls, given: Mapping) -> "Arguments":
        """Preset, overridden by what is given; raises SimulationError."""
        unknown = [name for name in given if name not in ARGUMENTS]
        if unknown:
            raise SimulationError(
                f"Not an argument of a simulation: {', '.join(unknown)}. There are {', '.join(ARGUMENTS)}."
            )
        given = {name: value for name, value in given.items() if value is not None}
        preset = given.get("preset", "weak")
        _refuse(preset not in PRESETS, f"preset must be one of {', '.join(PRESETS)}, not {preset!r}")
        try:
            values = {name: ARGUMENTS[name][0](value) for name, value in given.items()}
        except (TypeError, ValueError) as error:
            raise SimulationError(f"An argument of the simulation has the wrong type: {error}.") from error
        return cls(**PRESETS[preset] | values)

    def __post_init__(self):
        _refuse(self.labels not in LABELS, f"labels must be one of {', '.join(LABELS)}")
        _refuse(self.effects not in EFFECTS, f"effects must be one of {', '.join(EFFECTS)}")
        least = {
            "cells": 1,
            "genes": 1,
            "guides_per_gene": 1,
            "ntc": 1,
            "days": 2,
            "replicates": 1,
            "fates": 2,
            "seed": 0,
        }
        for name, low in least.items():
            value = getattr(self, name)
            _refuse(value is not None and value < low, f"{name} must be at least {low}, not {value}")
        _refuse(self.moi <= 0 or self.concentration <= 0, "moi and concentration must be above 0")
        _refuse(self.library == "synthetic" and self.genes is None, "a synthetic library needs a number of genes")


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A simulated screen and its truth. N cells, G targeting guides, L genes, F fates beside the reference.

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
        probs=_labels(rng, arguments, eta, day, replicate), genes=tuple(genes),
        targeting=tuple(targeting.guide_name), theta=theta, delta=delta,
    )  # fmt: skip


def simulate_to(out_dir: str | Path, given: Mapping, progress: bool | None = False) -> dict[str, str]:
    """Simulate and write screen.h5ad, guide_map.csv, truth.csv, truth_all.npz, simulation.json; returns their paths.

    given: arguments that override the preset (names in ARGUMENTS). truth.csv holds theta of the first fate
    beside the reference, one row a gene; truth_all.npz theta [L, F, D] and delta [G, F] with names.
    """
    arguments = Arguments.from_mapping(given)
    out_dir = prepare_out_dir(out_dir)
    with Progress(progress).bar("Simulating", 2) as bar:
        sim = simulate(arguments)
        bar.advance()
        paths = _write_simulation(out_dir, sim, arguments)
        bar.advance()
    return {what: str(path) for what, path in paths.items()}


def _write_simulation(out_dir: Path, sim: Simulation, arguments: Arguments) -> dict[str, Path]:
    """Write the files of a simulation; their paths by what they are."""
    names = {"screen": "screen.h5ad", "guide_map": "guide_map.csv", "truth": "truth.csv",
             "truth_all": "truth_all.npz", "arguments": "simulation.json"}  # fmt: skip
    paths = {what: out_dir / name for what, name in names.items()}
    days = [f"d{day}" for day in range(arguments.days)]
    replicates = [f"rep{r + 1}" for r in range(arguments.replicates)]
    write_screen(
        paths["screen"], sim.guides, sim.guide_map.guide_name, sim.probs, sim.fates,
        pd.Categorical.from_codes(sim.day, days), pd.Categorical.from_codes(sim.replicate, replicates),
    )  # fmt: skip
    sim.guide_map.to_csv(paths["guide_map"], index=False)
    truth = {"gene": sim.genes} | dict(zip(day_columns("theta", arguments.days), sim.theta[:, 0].T))
    pd.DataFrame(truth).to_csv(paths["truth"], index=False)
    np.savez_compressed(
        paths["truth_all"], theta=sim.theta, delta=sim.delta, genes=np.array(sim.genes, dtype=str),
        guides=np.array(sim.targeting, dtype=str), fates=np.array(sim.fates[1:], dtype=str),
    )  # fmt: skip
    record = {
        "fatebias_version": __version__,
        **dataclasses.asdict(arguments),
        "sampling_weight": _sampling_weight(arguments),
    }
    paths["arguments"].write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return paths


def _sampling_weight(arguments: Arguments) -> float | None:
    """The weight that matches the labels' variance, pi (1 - pi) / (concentration + 1) for Dirichlet labels."""
    return {"dirichlet": arguments.concentration + 1, "onehot": 1.0}.get(arguments.labels)


def _fate_names(n: int) -> tuple[str, ...]:
    return ("EC", "MES", "NEU", *(f"FATE{k}" for k in range(4, n + 1)))[:n]


def _library(arguments: Arguments) -> pd.DataFrame:
    """The guide map, targeting guides first."""
    if arguments.library == "synthetic":
        per_gene = np.full(arguments.genes, arguments.guides_per_gene)
        per_gene[:2] = 1
        genes = [f"GENE{k + 1:05d}" for k in range(arguments.genes)]
        rows = [(f"{gene}_sg{j + 1}", gene, 0) for gene, n in zip(genes, per_gene) for j in range(n)]
        rows += [(f"NTC_sg{j + 1}", "NTC", 1) for j in range(arguments.ntc)]
        return pd.DataFrame(rows, columns=["guide_name", "gene_name", "is_ntc"])
    path = Path(__file__).parents[2] / "extdata" / "guide_library_300.csv"
    given = read_guide_map(path if arguments.library == "real" else arguments.library)
    table = pd.DataFrame(
        {"guide_name": given.guide_names, "gene_name": given.gene_names, "is_ntc": given.is_ntc.astype(int)}
    )
    targeting = table[table.is_ntc == 0]
    kept = targeting.gene_name.unique()[: arguments.genes]
    return pd.concat([targeting[targeting.gene_name.isin(kept)], table[table.is_ntc == 1]], ignore_index=True)


def _theta(rng, arguments: Arguments, n_genes: int, f: int) -> np.ndarray:
    shape = (n_genes, f, arguments.days)
    if arguments.effects == "none":
        return np.zeros(shape)
    if arguments.effects == "random_walk":
        steps = np.resize(SD["walk_steps"], arguments.days - 1)
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


def _delta(rng, gene: np.ndarray, n_genes: int, f: int) -> np.ndarray:
    delta = rng.normal(0, SD["delta"], (len(gene), f))
    total = np.zeros((n_genes, f))
    np.add.at(total, gene, delta)
    return delta - (total / np.bincount(gene)[:, None])[gene]


def _guides(rng, arguments: Arguments, is_ntc: np.ndarray) -> sp.csr_matrix:
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


def _baseline(rng, arguments: Arguments, day, replicate, burden) -> np.ndarray:
    """Intercepts by day, replicate effects and burden slope: [N, F]."""
    f = arguments.fates - 1
    alpha = rng.normal(0, SD["alpha"], (arguments.days, f))
    b = rng.normal(0, SD["b"], (arguments.replicates, f))
    gamma = rng.normal(0, SD["gamma"], f)
    mean = np.bincount(day, weights=burden, minlength=arguments.days) / np.bincount(day, minlength=arguments.days).clip(
        1
    )
    return alpha[day] + b[replicate] + (burden - mean[day])[:, None] * gamma


def _guide_sums(guides: sp.csr_matrix, beta: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Sum of beta [G, F, D] over the guides of each cell on its day: [N, F]."""
    out = np.empty((guides.shape[0], beta.shape[1]))
    for d in range(beta.shape[2]):
        out[day == d] = guides[day == d] @ beta[:, :, d]
    return out


def _labels(rng, arguments: Arguments, eta: np.ndarray, day, replicate) -> np.ndarray:
    """Fate probabilities as CellRank would report them: [N, F + 1], rows sum to 1."""
    if arguments.labels == "logitnormal":
        return _probabilities(eta + rng.normal(0, LOGIT_SD, eta.shape))
    pi = _probabilities(eta)
    if arguments.labels == "dirichlet":
        gamma = rng.standard_gamma(np.maximum(arguments.concentration * pi, 1e-6)) + 1e-300
        return gamma / gamma.sum(1, keepdims=True)
    onehot = np.eye(pi.shape[1])[(pi.cumsum(1) < rng.random((len(pi), 1))).sum(1).clip(max=pi.shape[1] - 1)]
    return onehot if arguments.labels == "onehot" else _smoothed(rng, pi, onehot, day, replicate)


def _smoothed(rng, pi: np.ndarray, onehot: np.ndarray, day, replicate) -> np.ndarray:
    """One-hot draws averaged over the nearest cells in perturbed pi, by day and replicate, then shrunk to uniform."""
    near = pi + rng.normal(0, NEIGHBOUR_SD, pi.shape)
    out = np.empty_like(pi)
    group = day * (replicate.max() + 1) + replicate
    for one in np.unique(group):
        rows = np.flatnonzero(group == one)
        _, index = cKDTree(near[rows]).query(near[rows], k=range(1, min(NEIGHBOURS, len(rows)) + 1))
        out[rows] = onehot[rows][index].mean(1)
    return SMOOTH_SHARE * out + (1 - SMOOTH_SHARE) / pi.shape[1]


def _probabilities(eta: np.ndarray) -> np.ndarray:
    return softmax(np.c_[np.zeros(len(eta)), eta], axis=1)


def _refuse(bad: bool, what: str) -> None:
    if bad:
        raise SimulationError(f"Cannot simulate: {what}.")
