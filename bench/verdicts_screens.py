"""Screens behind `verdicts.R`: simulated ones whose genes do known things to every fate, and fits of these and others.

    python bench/verdicts_screens.py FOLDER [--seeds 3] [--landscapes DIR]

FOLDER/NAME has changes.csv (gene, kind, day, fate, baseline, change, effect: log odds against the reference) and
`fit/`. NAME: `kinds_SEED`, 200 genes by the model, a quarter each that raise one fate at the cost of another, move
cells out of one to both others, into one from both, or do nothing; `weak_SEED`, the screens of `mash_screens.py`,
whose effects are the same on both fates beside the reference; `landscape_SEED`, of DIR, made by
`verdicts_landscape.py`. What is there is kept.
"""

import argparse
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from fatebias.base.settings import Settings
from fatebias.results.fit import fit_screen
from fatebias.simulation import draw, simulate_to

FATES = ("EC", "MES", "NEU")
KINDS = ("none", "exchange", "out", "into")
SIZES = (0.3, 0.9)  # log odds
KNOWN = {"preset": "weak", "genes": 200, "guides_per_gene": 4, "cells": 20_000, "concentration": 10.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--landscapes", type=Path, metavar="DIR")
    args = parser.parse_args()
    for seed in range(701, 701 + args.seeds):
        simulated(args.folder / f"kinds_{seed}", KNOWN | {"seed": seed}, known=True)
        simulated(args.folder / f"weak_{seed}", {"preset": "weak", "seed": seed}, known=False)
    for path in sorted(args.landscapes.glob("*_changes.csv")) if args.landscapes else ():
        landscape(args.folder / f"landscape_{path.stem.split('_')[1]}", path)


def simulated(folder: Path, arguments: dict[str, Any], known: bool) -> None:
    if (folder / "changes.csv").exists():
        return
    kept: dict[str, Any] = {}
    theta_of, labels_of = draw._theta, draw.draw_labels

    def theta(rng: np.random.Generator, asked: Any, n_genes: int, f: int) -> np.ndarray:
        kept["kind"], kept["theta"] = known_theta(rng, n_genes, asked.days) if known else ("weak", None)
        if not known:
            kept["theta"] = theta_of(rng, asked, n_genes, f)
        return np.asarray(kept["theta"])

    def labels(rng: np.random.Generator, asked: Any, eta: np.ndarray, day: np.ndarray, *more: Any) -> np.ndarray:
        kept["eta"], kept["day"] = eta, day
        return labels_of(rng, asked, eta, day, *more)

    with patch.object(draw, "_theta", theta), patch.object(draw, "draw_labels", labels):
        paths = simulate_to(folder, arguments)
    fit(folder, paths["screen"], paths["guide_map"])
    changes_of(**kept).to_csv(folder / "changes.csv", index=False)


def known_theta(rng: np.random.Generator, n_genes: int, n_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Kind of each gene, and theta [L, 2, D] on a run of days."""
    kind = np.resize(np.array(KINDS, dtype=object), n_genes)
    ratios = np.zeros((n_genes, 3, n_days))
    for gene in np.flatnonzero(kind != "none"):
        one, other = rng.permutation(3)[:2]
        first, last = np.sort(rng.integers(0, n_days, 2))
        size = rng.uniform(*SIZES) * rng.uniform(0.8, 1.2, last + 1 - first)
        ratios[gene, one, first : last + 1] = size if kind[gene] == "into" else -size
        if kind[gene] == "exchange":
            ratios[gene, other, first : last + 1] = size * rng.uniform(0.7, 1.3)
    return kind, ratios[:, 1:] - ratios[:, :1]


def changes_of(kind: Any, theta: np.ndarray, eta: np.ndarray, day: np.ndarray) -> pd.DataFrame:
    """What one average guide more in every cell does to mean probabilities, by brute force; theta [L, F, D]."""

    def mean(logits: np.ndarray) -> np.ndarray:
        odds = np.exp(np.c_[np.zeros(len(logits)), logits])
        return np.asarray((odds / odds.sum(1, keepdims=True)).mean(0))

    rows = []
    for d in range(theta.shape[2]):
        own = eta[day == d]
        before = mean(own)
        for gene in range(len(theta)):
            change = mean(own + theta[gene, :, d]) - before if theta[gene, :, d].any() else np.zeros(3)
            rows += [(gene, d, k, before[k], change[k], theta[gene, k - 1, d] if k else 0.0) for k in range(3)]
    table = pd.DataFrame(rows, columns=["gene", "day", "fate", "baseline", "change", "effect"])
    kinds = np.broadcast_to(kind, len(theta))[table.gene]
    return table.assign(kind=kinds, gene=[f"GENE{k + 1:05d}" for k in table.gene], fate=np.array(FATES)[table.fate])


def landscape(folder: Path, changes: Path) -> None:
    """The effect of a landscape is that on the odds of the mean probabilities."""
    if (folder / "changes.csv").exists():
        return
    screen = str(changes).removesuffix("_changes.csv")
    fit(folder, f"{screen}.h5ad", f"{screen}_guide_map.csv")
    table = pd.read_csv(changes)
    ratio = np.log((table.baseline + table.change) / table.baseline)
    reference = ratio.where(table.fate == FATES[0]).groupby([table.gene, table.day]).transform("max")
    table.assign(effect=ratio - reference).to_csv(folder / "changes.csv", index=False)


def fit(folder: Path, screen: str, guide_map: str) -> None:
    settings = Settings.from_mapping({"inference": "laplace", "threads": 1})
    fit_screen(screen_path=screen, guide_map=guide_map, out_dir=folder / "fit", settings=settings)


if __name__ == "__main__":
    main()
