"""Screens of `landscape.py` whose genes push in all directions, with what each does to the probability of every fate.

    python bench/verdicts_landscape.py OUT --seed N [--cells 10000 --genes 100 --active .6 ...]

writes OUT.h5ad, OUT_guide_map.csv and OUT_changes.csv (gene, kind, day, fate, baseline, change; probabilities). It
needs the Python of `landscape.py`, which see for the arguments. Kinds: `exchange` (pushed from one well to another),
`into` (to one well), `out` (away from one), `none`. The change is counted, not computed: cells walk again with the same
noise and one average guide of the gene more, and get the labels of the cells that lie where they have come to.
"""

import numpy as np
import pandas as pd
from landscape import (
    FATES,
    STEPS,
    WELLS,
    Cells,
    Genes,
    Landscape,
    draw_cells,
    draw_genes,
    drift,
    fate_probabilities,
    observe,
    print_summary,
    read_arguments,
    terminal_cells,
    write,
)  # fmt: skip
from scipy.spatial import cKDTree

COUNTED = 600  # cells of a day that walk again
LIKE = 25  # cells whose labels are averaged
KINDS = ("exchange", "into", "out")


def main() -> None:
    make_screen(*read_arguments(__doc__))


def make_screen(out: str, asked: Landscape) -> None:
    rng = np.random.default_rng(asked.seed)
    genes, cells = draw_genes(rng, asked), draw_cells(rng, asked)
    kind, direction = draw_directions(rng, genes)
    start = rng.normal(0, 0.12, (asked.cells, 2))
    noise = rng.normal(0, asked.noise / np.sqrt(STEPS * asked.days) * 1.3, (asked.days, STEPS, asked.cells, 2))
    push = pushes(asked, genes, direction)  # [G, D, 2]
    carried = cells.guides[:, : len(push)]
    total = np.einsum("ng,gdx->ndx", carried.astype(float), push, optimize=True)
    position = walk(cells.day, start, noise, total)
    progress = (cells.day + rng.uniform(0, 0.6, asked.cells)) / asked.days
    umi = rng.lognormal(0, 0.35, asked.cells)
    seen = observe(rng, asked, position, progress, cells.replicate, umi)
    probs = fate_probabilities(seen, progress, terminal_cells(position, cells.day == asked.days - 1))
    write(out, asked, genes, cells, umi, probs)
    average = push.reshape(asked.genes, asked.guides, asked.days, 2).mean(1)
    counted = count_changes(rng, cells, (start, noise, total, position, probs), average)
    changes_table(asked, kind, *counted).to_csv(f"{out}_changes.csv", index=False)
    print_summary(probs, cells.day, int(np.abs(genes.sign).sum()))


def draw_directions(rng: np.random.Generator, genes: Genes) -> tuple[np.ndarray, np.ndarray]:
    """Kind [L] and unit vector [L, 2] of each gene's push; zero for genes without an effect."""
    kind, direction = np.full(len(genes.sign), "none", dtype=object), np.zeros((len(genes.sign), 2))
    for gene in np.flatnonzero(genes.sign):
        kind[gene] = rng.choice(KINDS)
        one, other = rng.permutation(3)[:2]
        to = {"exchange": WELLS[other] - WELLS[one], "into": WELLS[one], "out": -WELLS[one]}[kind[gene]]
        direction[gene] = to / np.linalg.norm(to)
    return kind, direction


def pushes(asked: Landscape, genes: Genes, direction: np.ndarray) -> np.ndarray:
    """Push of each guide by day [G, D, 2]."""
    by_gene = asked.push * np.abs(genes.push)[:, :, None] * direction[:, None]
    return np.repeat(by_gene, asked.guides, axis=0) * genes.efficacy[:, None, None]


def walk(day: np.ndarray, start: np.ndarray, noise: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Positions [N, 2] at the end of each cell's day, under pushes `total` [N, D, 2]."""
    position = start
    for d, steps in enumerate(noise):
        moves = (day >= d)[:, None]
        for step, shake in enumerate(steps):
            pull = drift(position, (d + step / STEPS) / len(noise))
            position = position + moves * ((pull + total[:, d]) / STEPS + shake)
    return position


def count_changes(rng: np.random.Generator, cells: Cells, walked: tuple[np.ndarray, ...], average: np.ndarray):
    """Baseline [D, fates] and change [L, D, fates] of mean probabilities by one average guide."""
    start, noise, total, position, probs = walked
    n_days = len(noise)
    chosen = [rng.permutation(np.flatnonzero(cells.day == d))[:COUNTED] for d in range(n_days)]
    rows = np.concatenate(chosen)
    trees = [(cKDTree(position[cells.day == d]), probs[cells.day == d]) for d in range(n_days)]

    def labels(at: np.ndarray) -> np.ndarray:
        found = []
        for d, (tree, known) in enumerate(trees):
            nearest = tree.query(at[cells.day[rows] == d], LIKE)[1]
            found.append(known[nearest].mean((0, 1)))
        return np.stack(found)

    before = labels(position[rows])
    change = np.zeros((len(average), n_days, len(FATES)))
    for gene in np.flatnonzero(np.abs(average).sum((1, 2))):
        moved = walk(cells.day[rows], start[rows], noise[:, :, rows], total[rows] + average[gene])
        first = np.flatnonzero(np.abs(average[gene]).sum(1))[0]
        change[gene, first:] = (labels(moved) - before)[first:]
    return before, change


def changes_table(asked: Landscape, kind: np.ndarray, before: np.ndarray, change: np.ndarray) -> pd.DataFrame:
    gene, day, fate = (axis.ravel() for axis in np.indices(change.shape))
    names = np.array([f"GENE{i:03d}" for i in range(asked.genes)])
    return pd.DataFrame({
        "gene": names[gene], "kind": kind[gene], "day": day, "fate": np.array(FATES)[fate],
        "baseline": before[day, fate], "change": change.ravel(),
    })  # fmt: skip


if __name__ == "__main__":
    main()
