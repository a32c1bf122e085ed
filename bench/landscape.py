"""Screens whose labels no model here wrote: cells walk on a landscape, knock-downs push them, CellRank 2 labels them.

    python bench/landscape.py OUT --seed N [--cells 10000 --genes 100 --active .2 --clones 10 ...]

writes OUT.h5ad (obs: day, clone; obsm: covar with rep and log_umi, guide, fateprob; uns: guide_names),
OUT_guide_map.csv and OUT_truth.csv (gene, sign_d0, ..: -1, 0, 1). The same arguments give the same screen on one
machine.

It needs a Python with cellrank, scanpy and anndata, not fatebias: tried with cellrank 2.0.7 and scanpy 1.11.5 on Python
3.11. About ten seconds and 1 GB for 8,000 cells.

Three wells (EC, MES, NEU) lie at the corners of a triangle; they attract the more, the later it is. A gene that acts
pushes its cells from EC to MES (+1) or back (-1) from its first active day to its last, and where a cell has come to it
stays: the truth of a day is the sign of the push up to that day (0 before it starts, 0 for null genes). What CellRank
sees is a noisy 30-dimensional image of the position and of pseudotime. Its labels are nearly flat on day 0 and nearly
one-hot on the last day.
"""

import argparse
import warnings
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

FATES = ("EC", "MES", "NEU")
ANGLES = np.deg2rad([90, 210, 330])
WELLS = np.c_[np.cos(ANGLES), np.sin(ANGLES)]  # [3, 2]
AXIS = (WELLS[1] - WELLS[0]) / np.linalg.norm(WELLS[1] - WELLS[0])  # of the push, from EC to MES
STEPS = 12  # of the walk, a day
DIMENSIONS = 30  # of what CellRank sees
NEIGHBOURS, TERMINAL = 30, 40  # of the graph; labelled terminal cells a fate
APPROXIMATE_TO = 8000  # cells; above, pynndescent returns a sparse type that scanpy cannot take: exact neighbours
FEWEST = 200


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """Arguments of a screen: sizes, shares (0 to 1), and SDs on the scale of positions (wells at distance 1)."""

    seed: int = 1
    cells: int = 10_000  # drawn; those without a guide are left out
    genes: int = 100
    guides: int = 6  # a gene
    ntc: int = 20
    days: int = 4
    reps: int = 2
    clones: int = 0  # cells a clone, which share guides, day, replicate and a starting shift; 0: none
    moi: float = 5.0
    push: float = 0.5  # strength of all pushes
    active: float = 0.2  # share of genes with an effect
    noise: float = 0.45  # of the walk
    batch: float = 0.0  # shift of what is seen, between replicates
    repvar: float = 0.0  # SD of the push of active genes between replicates
    dead: float = 0.0  # share of guides without an effect on their gene
    depth: float = 0.0  # how far sequencing depth moves what is seen
    off: float = 0.0  # share of guides with a push of their own, N(0, 1), on all days

    def __post_init__(self) -> None:
        if self.cells < FEWEST:
            raise SystemExit(f"--cells must be at least {FEWEST}, not {self.cells}")
        if min(self.genes, self.guides, self.ntc, self.days, self.reps) < 1 or self.clones < 0 or self.moi <= 0:
            raise SystemExit("--genes, --guides, --ntc, --days, --reps must be at least 1, --clones 0, --moi above 0")


@dataclass(frozen=True, kw_only=True)
class Genes:
    """Effects. sign [L]: -1, 0, 1; start [L]: first active day; push [L, D]: signed, 0 while a gene does not act;
    efficacy, own [G]: share of its gene's push that a guide has, and a push of the guide's own."""

    sign: np.ndarray
    start: np.ndarray
    push: np.ndarray
    efficacy: np.ndarray
    own: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells before their walk: clone, day, replicate [N], numbers from 0; guides [N, G + controls], 0 or 1."""

    clone: np.ndarray
    day: np.ndarray
    replicate: np.ndarray
    guides: np.ndarray


def main() -> None:
    make_screen(*read_arguments(__doc__))


def read_arguments(description: str | None) -> tuple[str, Landscape]:
    """Where to write, and what is asked for, from the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    for one in fields(Landscape):
        parser.add_argument(f"--{one.name}", type=type(one.default), default=one.default)
    given = vars(parser.parse_args())
    return given.pop("out"), Landscape(**given)


def make_screen(out: str, asked: Landscape) -> None:
    """Draw a screen, let its cells walk, label them, write the three files and print what the labels are like."""
    rng = np.random.default_rng(asked.seed)
    genes = draw_genes(rng, asked)
    cells = draw_cells(rng, asked)
    position = walk(rng, asked, genes, cells)
    progress = (cells.day + rng.uniform(0, 0.6, asked.cells)) / asked.days
    umi = rng.lognormal(0, 0.35, asked.cells)
    seen = observe(rng, asked, position, progress, cells.replicate, umi)
    probs = fate_probabilities(seen, progress, terminal_cells(position, cells.day == asked.days - 1))
    write(out, asked, genes, cells, umi, probs)
    print_summary(probs, cells.day, int(np.abs(genes.sign).sum()))


def draw_genes(rng: np.random.Generator, asked: Landscape) -> Genes:
    n, days, n_guides = asked.genes, asked.days, asked.genes * asked.guides
    active = rng.random(n) < asked.active
    sign = np.where(active, rng.choice([-1, 1], n), 0)
    start = rng.integers(0, days, n)
    end = np.array([rng.integers(first, days) for first in start])
    acts = (np.arange(days) >= start[:, None]) & (np.arange(days) <= end[:, None])
    size = rng.uniform(0.4, 1.2, n)
    efficacy = rng.beta(6, 2, n_guides)
    efficacy[rng.random(n_guides) < asked.dead] = 0.0
    own = np.where(rng.random(n_guides) < asked.off, rng.normal(0, 1, n_guides), 0.0)
    return Genes(sign=sign, start=start, push=(sign * size)[:, None] * acts, efficacy=efficacy, own=own)


def draw_cells(rng: np.random.Generator, asked: Landscape) -> Cells:
    """Each clone (without clones each cell) has a day, a replicate and Poisson(moi) different guides, 20 at most."""
    clone = np.arange(asked.cells) // max(asked.clones, 1)
    n, n_guides = clone[-1] + 1, asked.genes * asked.guides + asked.ntc
    day, replicate = rng.integers(0, asked.days, n), rng.integers(0, asked.reps, n)
    count = np.clip(rng.poisson(asked.moi, n), 0, min(20, n_guides))
    abundance = rng.dirichlet(np.full(n_guides, 5.0))
    guides = np.zeros((n, n_guides), dtype=np.int8)
    for i in range(n):
        guides[i, rng.choice(n_guides, count[i], replace=False, p=abundance)] = 1
    return Cells(clone=clone, day=day[clone], replicate=replicate[clone], guides=guides[clone])


def walk(rng: np.random.Generator, asked: Landscape, genes: Genes, cells: Cells) -> np.ndarray:
    """Positions [N, 2] at the end of each cell's day."""
    n = asked.cells
    by_replicate = rng.normal(0, asked.repvar, (asked.genes, asked.reps))
    position = rng.normal(0, 0.12, (n, 2))
    if asked.clones:
        position = position + rng.normal(0, 0.15, (cells.clone[-1] + 1, 2))[cells.clone]
    step_sd = asked.noise / np.sqrt(STEPS * asked.days) * 1.3
    for day in range(asked.days):
        moves = (cells.day >= day)[:, None]
        push = asked.push * total_push(asked, genes, cells, by_replicate, day)[:, None] * AXIS
        for step in range(STEPS):
            pull = drift(position, (day + step / STEPS) / asked.days)
            position = position + moves * (pull + push) / STEPS + moves * rng.normal(0, step_sd, (n, 2))
    return position


def total_push(asked: Landscape, genes: Genes, cells: Cells, by_replicate: np.ndarray, day: int) -> np.ndarray:
    """Sum of the pushes of each cell's guides on a day [N]; guides that push have their gene's shift [L, R] besides."""
    push = np.repeat(genes.push[:, [day]], asked.guides, axis=0) * genes.efficacy[:, None]
    of_gene = push + (push != 0) * np.repeat(by_replicate, asked.guides, axis=0)  # [G, R]
    targeting = cells.guides[:, : len(genes.own)]
    return (targeting @ (of_gene + genes.own[:, None]))[np.arange(len(targeting)), cells.replicate]


def drift(position: np.ndarray, time: float) -> np.ndarray:
    """Where the wells pull [N, 2]: the nearest most, and all the more the later it is (time: 0 to 1)."""
    attraction = np.exp(-((position[:, None] - WELLS) ** 2).sum(2) / 0.5)
    attraction /= attraction.sum(1, keepdims=True)
    return 1.6 * time * (attraction @ WELLS - position) + 0.25 * (time - 0.3) * position


def observe(
    rng: np.random.Generator,
    asked: Landscape,
    position: np.ndarray,
    progress: np.ndarray,
    replicate: np.ndarray,
    umi: np.ndarray,
) -> np.ndarray:
    """What CellRank sees [N, DIMENSIONS]: position, progress and nuisance, mixed; noise, batch and depth."""
    n = asked.cells
    state = np.c_[position * 2.0, progress * 3, rng.normal(0, 0.5, (n, 3))]
    seen = state @ rng.normal(0, 1, (state.shape[1], DIMENSIONS)) + rng.normal(0, 0.6, (n, DIMENSIONS))
    seen += asked.batch * rng.normal(0, 1, (asked.reps, DIMENSIONS))[replicate]
    return seen + asked.depth * np.log(umi)[:, None] * rng.normal(0, 1, DIMENSIONS)


def terminal_cells(position: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Fate of the last day's cells nearest to each well, None for others [N]."""
    distance = ((position[:, None] - WELLS) ** 2).sum(2)
    each = min(TERMINAL, max(1, last.sum() // 6))
    state = np.full(len(position), None, dtype=object)
    for fate, name in enumerate(FATES):
        nearest = np.argsort(distance[:, fate])
        state[nearest[last[nearest]][:each]] = name
    return state


def fate_probabilities(seen: np.ndarray, progress: np.ndarray, terminal: np.ndarray) -> np.ndarray:
    """CellRank's fate probabilities [N, 3]: pseudotime and connectivity kernels, absorption at the terminal cells."""
    import anndata  # here, since only this function and `write` need them
    import cellrank
    import scanpy

    warnings.filterwarnings("ignore")
    data = anndata.AnnData(seen.astype(np.float32))
    data.obsm["X_pca"] = seen.astype(np.float32)
    data.obs["pseudotime"] = progress
    how: dict[str, Any] = {"transformer": "sklearn"} if len(seen) > APPROXIMATE_TO else {}
    scanpy.pp.neighbors(data, n_neighbors=NEIGHBOURS, use_rep="X_pca", random_state=0, **how)
    pseudotime = cellrank.kernels.PseudotimeKernel(data, time_key="pseudotime")
    pseudotime.compute_transition_matrix(show_progress_bar=False)
    connectivity = cellrank.kernels.ConnectivityKernel(data).compute_transition_matrix()
    estimator = cellrank.estimators.GPCCA(0.8 * pseudotime + 0.2 * connectivity)
    states = pd.Categorical(terminal, categories=list(FATES))
    estimator.set_terminal_states(pd.Series(states, index=data.obs_names))
    estimator.compute_fate_probabilities(show_progress_bar=False, use_petsc=False, solver="gmres", tol=1e-6)
    probs = np.clip(np.asarray(data.obsm["lineages_fwd"], dtype=float), 0, None)
    order = [list(data.obs["term_states_fwd"].cat.categories).index(fate) for fate in FATES]
    return (probs / probs.sum(1, keepdims=True))[:, order]


def write(out: str, asked: Landscape, genes: Genes, cells: Cells, umi: np.ndarray, probs: np.ndarray) -> None:
    """The three files; cells without a guide are left out."""
    import anndata

    names = [f"GENE{i:03d}" for i in range(asked.genes)]
    guides = [f"{name}_g{j + 1}" for name in names for j in range(asked.guides)]
    guides += [f"NTC_{i:02d}" for i in range(asked.ntc)]
    kept = cells.guides.sum(1) > 0
    screen = anndata.AnnData(np.zeros((kept.sum(), 1), dtype=np.float32))
    index = screen.obs_names
    screen.obs["day"] = np.array([f"d{day}" for day in cells.day[kept]], dtype=object)
    screen.obs["clone"] = cells.clone[kept].astype(str).astype(object)
    covariates = {"rep": [f"r{r}" for r in cells.replicate[kept]], "log_umi": np.log(umi[kept])}
    screen.obsm["covar"] = pd.DataFrame(covariates, index=index)
    screen.obsm["guide"] = sparse.csr_matrix(cells.guides[kept])
    screen.obsm["fateprob"] = pd.DataFrame(probs[kept], columns=list(FATES), index=index)
    screen.uns["guide_names"] = np.array(guides, dtype=object)
    screen.write_h5ad(f"{out}.h5ad", compression="gzip")
    gene_of = [name for name in names for _ in range(asked.guides)] + ["NTC"] * asked.ntc
    is_ntc = [int(gene == "NTC") for gene in gene_of]
    table = {"guide_name": guides, "gene_name": gene_of, "is_ntc": is_ntc}
    pd.DataFrame(table).to_csv(f"{out}_guide_map.csv", index=False)
    truth_table(genes, names).to_csv(f"{out}_truth.csv", index=False)


def truth_table(genes: Genes, names: list[str]) -> pd.DataFrame:
    """Sign of each gene's effect by day: 0 before its first active day."""
    days = range(genes.push.shape[1])
    return pd.DataFrame({"gene": names} | {f"sign_d{day}": genes.sign * (genes.start <= day) for day in days})


def print_summary(probs: np.ndarray, day: np.ndarray, n_active: int) -> None:
    print(f"{len(probs)} cells, {n_active} active genes, mean probabilities {probs.mean(0).round(3)}")
    for one in np.unique(day):
        p = probs[day == one]
        spread = np.log((p[:, 1] + 1e-6) / (p[:, 0] + 1e-6)).std()
        print(f"day {one}: SD of the log ratio {spread:.2f}, mean of the largest probability {p.max(1).mean():.2f}")


if __name__ == "__main__":
    main()
