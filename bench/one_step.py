"""The randomisation test's one Newton step against full refits: 20 genes of a `weak` screen, half with an effect.

    python one_step.py [--seed N] [--moves N] [--genes N]

Of each gene the guides are moved to other cells of their strata, again and again; each time the estimates of the whole
screen are made again (at the weight and scales of the fit), and set beside the one step. `z`: the real guides' estimate
in SDs of the moved ones, by both.
"""

import argparse
import dataclasses

import numpy as np
from measure import Row, print_rows, simulated_screen, truth_of

from fatebias.base.settings import Settings
from fatebias.certificate.randomisation import null_gene
from fatebias.certificate.refit import settle
from fatebias.certificate.schemes import shuffle_within
from fatebias.certificate.units import Source
from fatebias.laplace import Baseline, LaplaceOptions, contrast_theta, find_fixed_effects
from fatebias.screens.screen import Screen
from fatebias.screens.strata import burden_strata


def source_of(screen: Screen, settings: Settings) -> Source:
    """What the test takes, of a screen in memory."""
    baseline = settle(LaplaceOptions.of(settings).design(screen), LaplaceOptions.of(settings))
    return Source(cells=None, guide_map=None, screen=screen, settings=settings, baseline=baseline, where="simulation")


def with_moved_gene(source: Source, gene: int, moved: np.ndarray) -> Source:
    """The screen with one gene's guides in the cells `moved` [N], at the same weight and scales."""
    screen = source.screen
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    own = screen.guide_gene[screen.guide_idx] == gene
    cell[own] = moved[cell[own]]
    order = np.lexsort((screen.guide_idx, cell))
    ptr = np.r_[0, np.cumsum(np.bincount(cell, minlength=screen.n_cells))]
    changed = dataclasses.replace(screen, guide_ptr=ptr, guide_idx=screen.guide_idx[order])
    like = source.baseline
    baseline = Baseline(design=source.options.design(changed), x=like.x, scales=like.scales, weight=like.weight)
    return dataclasses.replace(source, screen=changed, baseline=baseline)


def full_estimate(source: Source) -> np.ndarray:
    """Fixed-effect estimates of the contrast of theta [L, D]."""
    x = find_fixed_effects(source.baseline, source.options).x
    return contrast_theta(source.baseline.design, x.unsqueeze(1), source.contrast)[0]


def compare_gene(source: Source, gene: int, n_moves: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Of one gene, by day: correlation and ratio of SDs over moves, and z of the real estimate by both."""
    null = null_gene(source, find_fixed_effects(source.baseline, source.options), gene)
    moves = [shuffle_within(burden_strata(source.screen), rng) for _ in range(n_moves)]
    step = np.stack([null.estimate(move[null.cells][None])[0] for move in moves])
    full = np.stack([full_estimate(with_moved_gene(source, gene, move))[gene] for move in moves])
    real = {"step": null.estimate(null.cells[None])[0], "full": full_estimate(source)[gene]}
    z = {name: (real[name] - own.mean(0)) / own.std(0, ddof=1) for name, own in (("step", step), ("full", full))}
    correlation = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(step.T, full.T)])
    return {"correlation": correlation, "ratio": step.std(0) / full.std(0), "z_step": z["step"], "z_full": z["full"]}


def rows(seed: int, n_moves: int, n_genes: int) -> list[Row]:
    settings = Settings.from_mapping({"inference": "laplace", "threads": 1, "seed": seed})
    sim, screen = simulated_screen(seed, settings, preset="weak")
    source, rng = source_of(screen, settings), np.random.default_rng(seed)
    active = (truth_of(sim, screen)[:, 0] != 0).any(1)
    genes = [rng.choice(np.flatnonzero(active == kind), n_genes // 2, replace=False) for kind in (True, False)]
    found = [compare_gene(source, gene, n_moves, rng) for gene in np.concatenate(genes)]
    by = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    off = np.abs(by["z_step"] - by["z_full"])
    return [
        Row(f"correlation over {n_moves} moves, median of {len(off)} genes and days", np.median(by["correlation"])),
        Row("the same, least", by["correlation"].min()),
        Row("SD of one step / SD of full refits, median", np.median(by["ratio"])),
        Row("correlation of z", np.corrcoef(by["z_step"], by["z_full"])[0, 1]),
        Row("difference of z, median", np.median(off)),
        Row("the same, where abs(z) < 3, largest", off[np.abs(by["z_full"]) < 3].max()),
        Row("slope of z by one step on z by full refits", np.polyfit(by["z_full"], by["z_step"], 1)[0]),
        Row("same side of abs(z) = 1.96", ((np.abs(by["z_step"]) > 1.96) == (np.abs(by["z_full"]) > 1.96)).mean()),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1301)
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--genes", type=int, default=20)
    args = parser.parse_args()
    print_rows(rows(args.seed, args.moves, args.genes))
