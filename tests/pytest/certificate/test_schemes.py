"""Schemes of shuffling, resampling and folds: what they keep, and what they break."""

import numpy as np
from conftest import screen_of, simulated

from fatebias.certificate.schemes import (
    assign_folds,
    resample_cells,
    shuffle_guides,
    shuffle_within,
)
from fatebias.screens.strata import burden_strata, day_replicate


def lists_of(screen) -> list[tuple]:
    return [tuple(screen.guide_idx[a:b]) for a, b in zip(screen.guide_ptr, screen.guide_ptr[1:])]


def test_shuffling_moves_whole_lists_within_strata_and_nothing_else(small_screen):
    shuffled = shuffle_guides(small_screen, np.random.default_rng(1))
    stratum, before, after = (
        burden_strata(small_screen),
        lists_of(small_screen),
        lists_of(shuffled),
    )
    for one in np.unique(stratum):
        cells = np.flatnonzero(stratum == one)
        assert sorted(before[i] for i in cells) == sorted(after[i] for i in cells)
        pairs = sorted((before[i], small_screen.burden[i]) for i in cells)
        assert pairs == sorted((after[i], shuffled.burden[i]) for i in cells)
    assert shuffled.fate_probs is small_screen.fate_probs
    moved = np.mean([a != b for a, b in zip(before, after)])
    assert moved > 0.7
    assert lists_of(shuffle_guides(small_screen, np.random.default_rng(1))) == after


def test_shuffling_breaks_the_link_of_guides_and_labels():
    """Of one strong gene: its cells' labels stand out among those of shuffled lists (which keep what burden does)."""
    sim = simulated(cells=4000, seed=5, concentration=50.0)
    screen = screen_of(sim)
    strongest = np.abs(sim.theta[:, 0]).max(1).argmax()
    gene = screen.gene_names.index(sim.genes[strongest])
    day = np.abs(sim.theta[strongest, 0]).argmax()

    def z(one) -> float:
        cell = np.repeat(np.arange(one.n_cells), np.diff(one.guide_ptr))
        carries = np.zeros(one.n_cells, dtype=bool)
        carries[cell[one.guide_gene[one.guide_idx] == gene]] = True
        a, b = (one.fate_probs[(one.day == day) & (carries == yes), 1] for yes in (True, False))
        return (a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / len(b))

    after = [z(shuffle_guides(screen, np.random.default_rng(k))) for k in range(20)]
    assert abs(z(screen) - np.mean(after)) > 5
    assert np.std(after) < 1.5


def test_every_order_of_a_stratum_is_equally_likely():
    rng, stratum = np.random.default_rng(3), np.array([0, 1, 0, 1, 0])
    counts = {}
    for _ in range(6000):
        source = shuffle_within(stratum, rng)
        assert (stratum[source] == stratum).all()
        counts[tuple(source)] = counts.get(tuple(source), 0) + 1
    assert len(counts) == 6 * 2
    assert (np.abs(np.array(list(counts.values())) - 500) < 5 * np.sqrt(500)).all()


def test_resampling_keeps_the_number_of_cells_by_day_and_replicate(small_screen):
    counts = resample_cells(small_screen, np.random.default_rng(0))
    group = day_replicate(small_screen)
    assert (np.bincount(group, weights=counts) == np.bincount(group)).all()
    assert abs((counts == 0).mean() - np.exp(-1)) < 0.06


def test_folds_split_every_day_and_replicate_evenly(small_screen):
    fold = assign_folds(small_screen, np.random.default_rng(0), 4)
    for one in np.unique(day_replicate(small_screen)):
        sizes = np.bincount(fold[day_replicate(small_screen) == one], minlength=4)
        assert sizes.max() - sizes.min() <= 1
