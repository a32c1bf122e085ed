"""Are p-values of genes and days right far out? Shares of null p below 1e-2 to 1e-5, and p against resamples.

    python bench/tails.py [--null 1000000] [--fits 40] [--resamples 1000000] [--landscape DIR]
                          [--parts permuted,controls,fits,differ,exact,time]

permuted: guides handed to other cells of their strata, again and again, on one fit a kind. controls: pseudo-genes of
control guides in screens with effects, whole fits. fits: whole fits of screens without effects. differ: null `gene`,
guides that differ (SD .2): whole fits, and, for the far tail, guides drawn anew on one fit. exact: p where so many
resamples have their quantiles. time: seconds at `real`, and at 18,000 genes in 2 million cells.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from measure import Row, print_rows, screen_of
from scipy import stats
from tails_screens import ALIKE, LANDSCAPE, OPTIONS, SETTINGS, Fitted, simulated, with_landscape

from fatebias.laplace import (
    Baseline,
    FixedEffects,
    SolvedEstimates,
)
from fatebias.laplace.day_scores import DayScores, DayTests, day_tests
from fatebias.laplace.gene_p_values import Spread, _of_gene, _Own, gene_p_values, two_sided
from fatebias.laplace.guide_observations import observe_guides
from fatebias.laplace.guide_variance import GRID, GuideVariance, moderated_variance
from fatebias.laplace.mode import Mode
from fatebias.laplace.replicates import ReplicateVariance
from fatebias.laplace.saddlepoint import Pools, moments, normal_score
from fatebias.screens import Screen, contrast_weights
from fatebias.simulation import Arguments, simulate

NEAR = 1.8  # SDs
LEVELS = (1e-2, 1e-3, 1e-4, 1e-5)
N_PSEUDO = 2_000  # controls of a screen that are held out of its baseline
ALONE = Spread(noise=None, guides=None, replicates=None)


def moved(day: DayScores, rng: np.random.Generator) -> DayScores:
    """Guides in other cells of their strata, the residuals those of the fit: no guide does anything."""
    place = np.empty(len(day.stratum), dtype=np.int64)
    place[np.argsort(day.stratum, kind="stable")] = np.lexsort((rng.random(len(place)), day.stratum))
    cell = place[day.cell]
    return dataclasses.replace(day, cell=cell, null=day.residual[cell])


def scores_of(day: DayScores) -> Iterator[np.ndarray]:
    """r* of all tests; nearer than NEAR SDs the plain z, which is as far from the smallest level."""
    for tests in day_tests(day):
        mean, variance = moments(tests.pools, len(tests.x))
        z = (tests.x - mean) / np.sqrt(variance)
        far = np.abs(z) > NEAR
        place = np.cumsum(far) - 1
        kept = far[tests.pools.test]
        pools = Pools(**{f.name: getattr(tests.pools, f.name)[kept] for f in dataclasses.fields(Pools)})
        pools = dataclasses.replace(pools, test=place[pools.test])
        z[far] = normal_score(tests.x[far], pools, np.zeros(int(far.sum())))
        yield z


def permuted(make: Callable[[int], Screen], number: int) -> np.ndarray:
    rng, days, found = np.random.default_rng(1), Fitted.of(make(1)).days, []
    while sum(map(len, found)) < number:
        found += [z for day in days for z in scores_of(moved(day, rng))]
    return np.concatenate(found)


def controls(number: int, labels: str) -> np.ndarray:
    """Controls of screens with effects as pseudo-genes of 5 guides: out of the baseline, and fitted like genes."""
    found: list[np.ndarray] = []
    while sum(map(len, found)) < number:  # each screen has some
        sizes = {"cells": 24_000, "ntc": N_PSEUDO + 40, "moi": 6.0}
        given = {"seed": 100 + len(found), "preset": "weak", "labels": labels}
        sim = simulate(Arguments.from_mapping(given | sizes))
        guide_map, chosen = sim.guide_map.copy(), np.flatnonzero(sim.guide_map.is_ntc)[:N_PSEUDO]
        guide_map.loc[chosen, "gene_name"] = [f"PSEUDO{k // 5}" for k in range(N_PSEUDO)]
        guide_map.loc[chosen, "is_ntc"] = 0
        fitted = Fitted.of(screen_of(dataclasses.replace(sim, guide_map=guide_map), SETTINGS))
        z = gene_p_values(fitted.solved, fitted.screen, fitted.contrast, ALONE).z
        found.append(known([z[[name.startswith("PSEUDO") for name in fitted.screen.gene_names]].ravel()]))
    return np.concatenate(found)


def whole_fits(make: Callable[[int], Screen], n_fits: int) -> np.ndarray:
    found = []
    for seed in range(100, 100 + n_fits):
        fitted = Fitted.of(make(seed))
        found.append(gene_p_values(fitted.solved, fitted.screen, fitted.contrast, ALONE).z.ravel())
    return known(found)


def differing_fits(n_fits: int) -> np.ndarray:
    """Guides with N(0, .2) effects of their own around no effect of the gene: the null of `estimand: gene`."""
    found = []
    for seed in range(100, 100 + n_fits):
        fitted = Fitted.of(simulated(seed, preset="life_none", guide_sd=0.2, off_target=0.0))
        screen, estimates = fitted.screen, fitted.estimates
        beside = Spread(noise=None, guides=estimates.guide_variance, replicates=estimates.replicate_variance)
        found.append(gene_p_values(fitted.solved, screen, fitted.contrast, beside).z.ravel())
    return known(found)


def differing_draws(number: int) -> np.ndarray:
    """The same on one fit: cells of guides and effects of guides drawn anew, and what the labels say of each guide."""
    rng, fitted, found = np.random.default_rng(3), Fitted.of(simulated(1, preset="life_none", **ALIKE)), []
    days, screen, effects = fitted.days, fitted.screen, fitted.solved.effects
    observed = observe_guides(effects.curvature, effects.x, screen.guide_gene, np.ones(screen.n_logits), None)
    layouts, none = observed.layouts(fitted.contrast), fitted.estimates.replicate_variance
    none = dataclasses.replace(none, by_day=np.zeros(screen.n_days))
    while sum(map(len, found)) < number:
        beta = 0.2 * rng.normal(size=screen.n_guides)
        drawn = tuple(
            dataclasses.replace(one, y=beta[one.guides][:, :, None] + np.sqrt(np.where(np.isfinite(one.v), one.v, 0))
                                * rng.normal(size=one.v.shape)) for one in layouts
        )  # fmt: skip
        beside = Spread(noise=None, guides=moderated_variance(drawn, screen.n_genes), replicates=none)
        for d, day in enumerate(days):
            other = moved(day, rng)
            for tests in day_tests(other):
                own = _Own.of(other, tests)
                pushed = dataclasses.replace(tests, x=tests.x + _pushed(other, tests, beta))
                found.append(_of_gene(pushed, own, np.zeros(len(tests.x)), beside, d))
    return np.concatenate(found)


def _pushed(day: DayScores, tests: DayTests, beta: np.ndarray) -> np.ndarray:
    """What the guides' own effects add to each statistic."""
    low, high = np.searchsorted(day.entry_pair, (tests.pairs.start, tests.pairs.stop))
    pair, guide = day.entry_pair[low:high], day.entry_guide[low:high]
    push = day.carried[pair] * day.information[day.cell[pair]] * tests.spare[pair - tests.pairs.start] * beta[guide]
    return np.bincount(np.searchsorted(tests.genes, day.gene[pair]), push, len(tests.genes))


def known(parts: list[np.ndarray]) -> np.ndarray:
    z = np.concatenate(parts)
    return z[~np.isnan(z)]


def tail_rows(what: str, z: np.ndarray, bounded: bool = True) -> list[Row]:
    """Share of p below each level over the level; told of levels at which 5 or more are expected."""
    p = two_sided(z)
    print(f"{what}: {len(p):,} p, SD of z {z.std():.3f}", flush=True)
    return [
        Row(f"{what}, {len(p):,} null p: share below {level:g} / {level:g}", (p < level).mean() / level, None,
            2.0 if bounded else None)
        for level in LEVELS if level * len(p) >= 5
    ]  # fmt: skip


def exact_rows(n_resamples: int, n_tests: int = 20) -> list[Row]:
    """Of tests of a screen with effects: the mean over tests of p at the quantiles of their resamples."""
    rng, day = np.random.default_rng(4), Fitted.of(simulated(5, preset="weak", labels="onehot")).days[2]
    strata = [np.flatnonzero(day.stratum == s) for s in range(len(day.first))]
    ratios = []
    for tests in day_tests(day):
        for t in rng.permutation(len(tests.genes))[:n_tests]:
            drawn = _resampled(day, strata, day.gene[tests.pairs] == tests.genes[t], tests.pairs, n_resamples, rng)
            x = np.quantile(drawn, [1 - np.array(LEVELS), LEVELS]).ravel()
            pools = tests.pools.part(t, t + 1)
            z = np.array([normal_score(np.array([one]), pools, np.zeros(1))[0] for one in x]).reshape(2, -1)
            ratios.append(np.stack([stats.norm.sf(z[0]), stats.norm.cdf(z[1])]) / LEVELS)
    ratio = np.array(ratios).reshape(-1, len(LEVELS))
    return [
        Row(f"{n_tests} genes, {n_resamples:,} resamples: p at their quantile {level:g} / {level:g}, mean",
            one.mean(), 0.9, 1.1)
        for level, one in zip(LEVELS, ratio.T)
    ] + [
        Row(f"the same, SD over genes and tails (by resampling {1 / np.sqrt(level * n_resamples):.2g})", one.std())
        for level, one in zip(LEVELS, ratio.T)
    ]  # fmt: skip


def _resampled(day: DayScores, strata: list, mine: np.ndarray, pairs: slice, number: int, rng) -> np.ndarray:
    """T with the gene's guides in other cells of their strata, each drawn without replacement: [number]."""
    cell, carried, null = day.cell[pairs][mine], day.carried[pairs][mine], day.null[pairs][mine]
    residual = day.residual.copy()
    residual[cell] = null
    total = np.zeros(number)
    for s in np.unique(day.stratum[cell]):
        pool, times = residual[strata[s]], np.sort(carried[day.stratum[cell] == s])
        if len(times) == len(pool):
            total += (times * pool).sum() if times[0] == times[-1] else 0.0
            continue
        for first in range(0, number, 20_000):
            order = np.tile(np.arange(len(pool), dtype=np.int32), (20_000, 1))
            rows = np.arange(20_000)
            for k, x in enumerate(times):  # Fisher & Yates, the first of a shuffle alone
                other = rng.integers(k, len(pool), 20_000)
                own = order[rows, k].copy()
                order[rows, k], order[rows, other] = order[rows, other], own
                total[first : first + 20_000] += x * pool[order[:, k]]
    return total


def unfitted(screen: Screen) -> Fitted:
    """All effects 0, and covariances a tenth above what a gene has alone: numbers without meaning that cost as much."""
    design = OPTIONS.design(screen)
    x = torch.zeros(design.n_effects, dtype=torch.float64)
    scales = torch.full((screen.n_days + 1, screen.n_logits), 0.3, dtype=torch.float64)
    baseline = Baseline(design=design, x=x, scales=scales, weight=torch.ones(screen.n_days, dtype=torch.float64))
    problem = baseline.estimate_problem(OPTIONS.priors)
    mode = Mode(x=x, mean=problem.mean(x), steps=0, step=0.0, gradient=0.0, cg_iterations=0)
    effects = FixedEffects(problem=problem, mode=mode)
    p_eff = torch.full((screen.n_days,), 2.0 * screen.n_genes, dtype=torch.float64)
    solved = SolvedEstimates(
        effects=effects, model=[1.1 * one for one in effects.curvature.inverses], p_eff=p_eff, p_units=p_eff.sum(),
        pearson_excess=p_eff,
    )  # fmt: skip
    return Fitted(screen=screen, solved=solved, contrast=contrast_weights(SETTINGS.contrast_fate, screen.fates))


def time_rows(what: str, screen: Screen, most: float) -> list[Row]:
    """Of both nulls, with a variance between guides that each gene knows as little of as it can."""
    fitted, n = unfitted(screen), screen.n_days
    guides = GuideVariance(
        by_gene=np.full(screen.n_genes, 0.04), scale=0.2, df=4.0, day=0.01, profile=np.ones(n),
        posterior=np.full((screen.n_genes, len(GRID)), 1 / len(GRID)),
    )  # fmt: skip
    beside = Spread(
        noise=None, guides=guides, replicates=ReplicateVariance(by_day=np.full(n, 0.01), constant=0.5, n_replicates=2)
    )
    start, cpu = time.perf_counter(), time.process_time()
    gene_p_values(fitted.solved, fitted.screen, fitted.contrast, beside)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - start
    return [
        Row(f"{what}: both p of all genes and days, CPU s", cpu, None, most),
        Row(f"{what}: the same, wall s (machine shared with others)", wall),
    ]


def rows(arguments: argparse.Namespace) -> Iterator[list[Row]]:
    kinds = with_landscape(arguments.landscape)
    for part in arguments.parts.split(","):
        if part == "permuted":
            yield from (tail_rows(f"permuted, {kind}", permuted(make, arguments.null)) for kind, make in kinds.items())
        elif part == "controls":
            for labels in ("dirichlet", "onehot"):
                yield tail_rows(f"controls as pseudo-genes, {labels} labels", controls(arguments.null // 2, labels))
        elif part == "fits":
            for kind, make in kinds.items():
                n_fits = min(arguments.fits, 4) if kind == LANDSCAPE else arguments.fits
                yield tail_rows(f"whole fits, {kind}", whole_fits(make, n_fits))
        elif part == "differ":
            yield tail_rows("guides differ (SD .2), null `gene`, whole fits", differing_fits(arguments.fits))
            drawn = differing_draws(arguments.null // 5)
            yield tail_rows("guides differ (SD .2), null `gene`, drawn on one fit", drawn)
        elif part == "exact":
            yield exact_rows(arguments.resamples)
        elif part == "time":
            yield time_rows("real", simulated(1, preset="real"), 5.0)
            large = simulated(1, preset="genome", cells=2_000_000)
            yield time_rows("genome, 2,000,000 cells", large, 300.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--null", type=int, default=1_000_000)
    parser.add_argument("--fits", type=int, default=40)
    parser.add_argument("--resamples", type=int, default=1_000_000)
    parser.add_argument("--landscape", type=Path, metavar="DIR", help="folder with null_SEED.h5ad of landscape.py")
    parser.add_argument("--parts", default="permuted,controls,fits,differ,exact,time")
    print_rows([row for part in rows(parser.parse_args()) for row in part])
