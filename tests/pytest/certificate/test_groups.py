"""Noise that cells of a group share: none where there is none, though effects were fitted to the cells."""

import dataclasses

import numpy as np
from conftest import screen_of, simulated
from one_step import source_of

from fatebias.base.settings import Settings
from fatebias.certificate.groups import cells_together, pairs_within, shared_noise

SETTINGS = Settings.from_mapping({"inference": "laplace", "seed": 2})
SIZES = {"cells": 2400, "genes": 12, "ntc": 8, "moi": 2.0}


def clones(clone_sd: float, seed: int, **settings):
    sim = simulated(clones=(5, 15), clone_sd=clone_sd, seed=seed, **SIZES)
    source = source_of(screen_of(sim, SETTINGS), SETTINGS)
    return source, sim.clone


def test_sums_over_pairs_by_hand():
    rng = np.random.default_rng(0)
    codes, residual, fitted = rng.integers(3, size=9), rng.normal(size=(9, 2)), rng.normal(size=(9, 2, 4))
    found = pairs_within(codes, residual, fitted)
    pairs = [(i, j) for i in range(9) for j in range(9) if i != j and codes[i] == codes[j]]
    assert found.number == 2 * len(pairs)
    expected = sum(residual[i] @ residual[j] + (fitted[i] * fitted[j]).sum() / 4 for i, j in pairs)
    assert np.isclose(found.total, expected)


def test_other_cells_of_a_gene_day_and_group_by_hand(small_screen):
    source = source_of(small_screen, SETTINGS)
    codes = np.arange(small_screen.n_cells) % 50
    found = cells_together(source, codes)
    cell = np.repeat(np.arange(small_screen.n_cells), np.diff(small_screen.guide_ptr))
    own = (small_screen.guide_gene[small_screen.guide_idx] == 2) & (small_screen.day[cell] == 1)
    counts = np.bincount(codes[cell[own]])
    assert np.isclose(found[2, 1], (counts**2).sum() / counts.sum() - 1)


def test_clones_share_noise_where_they_do_only():
    quiet = [shared_noise(*clones(1e-3, seed)) for seed in range(3)]
    z = [one["correlation"] / one["correlation_sd"] for one in quiet]
    assert np.abs(z).max() < 3 and abs(np.mean(z)) < 2
    loud = shared_noise(*clones(0.6, 0))
    assert loud["correlation"] > 5 * loud["correlation_sd"] and loud["log_ratio"] > 0.05


def test_noise_that_the_fits_clusters_have_does_not_count_again():
    source, clone = clones(0.6, 0)
    screen = dataclasses.replace(source.screen, cluster=clone)
    known = source_of(screen, SETTINGS)
    found = shared_noise(known, np.repeat(np.arange(len(clone) // 2 + 1), 2)[: len(clone)] // 3)
    assert shared_noise(known, clone)["log_ratio"] == 0
    assert abs(found["correlation"]) < 4 * found["correlation_sd"]
