"""Columns of the file: confounders are found, and harmless columns are not."""

import dataclasses

import numpy as np
import pandas as pd
import scipy.sparse as sp
from conftest import screen_of, simulated
from measure import cells_of, guide_map_of
from one_step import source_of
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.certificate.associations import (
    associate_columns,
    explained_share,
    guide_association,
    independent_columns,
    within_strata,
)
from fatebias.screens.strata import day_replicate

SETTINGS = Settings.from_mapping({"inference": "laplace", "seed": 2})


def source_with(sim, **columns):
    source = source_of(screen_of(sim, SETTINGS), SETTINGS)
    return dataclasses.replace(
        source, cells=cells_of(sim), guide_map=guide_map_of(sim), columns=pd.DataFrame(columns)
    )  # fmt: skip


def test_columns_within_strata_know_neither_day_replicate_nor_burden(small_screen):
    rng = np.random.default_rng(0)
    made = rng.normal(size=small_screen.n_cells) + small_screen.day + 0.3 * small_screen.burden
    own = within_strata(made[:, None].copy(), small_screen)[:, 0]
    stratum = day_replicate(small_screen)
    for one in np.unique(stratum):
        cells = stratum == one
        burden = small_screen.burden[cells] - small_screen.burden[cells].mean()
        slope, intercept = np.polyfit(burden, made[cells], 1)
        assert np.allclose(own[cells], made[cells] - slope * burden - intercept)


def test_indicators_of_all_levels_are_one_column_fewer():
    codes = np.random.default_rng(1).integers(4, size=500)
    own = np.eye(4)[codes] - np.eye(4)[codes].mean(0)
    basis = independent_columns(own)
    assert basis.shape == (500, 3) and np.allclose(basis.T @ basis / 500, np.eye(3))
    residual = np.random.default_rng(2).normal(size=(500, 2))
    fitted = own @ np.linalg.lstsq(own, residual, rcond=None)[0]
    assert np.isclose(explained_share(basis, residual), (fitted.var(0) / (residual**2).mean(0)).max())


def test_guides_are_associated_with_a_random_column_at_the_level_of_the_test():
    screen, p = screen_of(simulated(cells=1500, seed=4)), []
    none = sp.csr_matrix((screen.n_cells, 0))
    for seed in range(40):
        column = np.random.default_rng(seed).normal(size=(screen.n_cells, 1))
        p.append(guide_association(screen, none, independent_columns(within_strata(column, screen))))
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_a_column_that_a_knock_down_changes_is_no_association_but_one_of_single_guides_is():
    screen = screen_of(simulated(cells=3000, seed=5))
    none = sp.csr_matrix((screen.n_cells, 0))
    carried = sp.csr_matrix(
        (np.ones(len(screen.guide_idx)), screen.guide_idx, screen.guide_ptr), (screen.n_cells, screen.n_guides)
    )
    noise = np.random.default_rng(0).normal(size=screen.n_cells)
    by_gene = carried @ (screen.guide_gene == 3).astype(float)
    first = np.flatnonzero(screen.guide_gene == 3)[0]
    by_guide = np.asarray(carried[:, [first]].todense()).ravel()
    p = [
        guide_association(screen, none, independent_columns(within_strata((noise + one)[:, None], screen)))
        for one in (by_gene, by_guide)
    ]
    assert p[0] > 1e-3 and p[1] < 1e-8


def test_a_lane_with_its_own_guides_and_labels_is_found_and_one_of_these_alone_is_not():
    sim = simulated(cells=3000, genes=10, ntc=10, seed=6)
    rng = np.random.default_rng(1)
    per_guide = rng.normal(size=sim.guides.shape[1])
    odds = sim.guides @ per_guide
    lane = rng.random(len(odds)) < 1 / (1 + np.exp(odds.mean() - odds))
    shifted = np.log(sim.probs) + np.array([0.0, 1.0, 0.0]) * lane[:, None]
    probs = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    both = source_with(dataclasses.replace(sim, probs=probs), lane=np.where(lane, "B", "A"))
    found = associate_columns(both)["columns"][0]
    assert found["name"] == "lane" and found["p_guides"] < 1e-3 and found["p_labels"] < 1e-6 and found["moved"] > 0.1
    guides_only = associate_columns(source_with(sim, lane=lane.astype(float)))["columns"][0]
    assert guides_only["p_guides"] < 1e-6 and guides_only["p_labels"] > 1e-3
    chance = rng.random(len(odds)) < 0.5
    probs = np.exp(np.log(sim.probs) + np.array([0.0, 1.0, 0.0]) * chance[:, None])
    labels_only = source_with(dataclasses.replace(sim, probs=probs / probs.sum(1, keepdims=True)), lane=chance * 1.0)
    assert associate_columns(labels_only)["columns"][0]["p_guides"] > 1e-3


def test_another_name_of_the_labels_is_no_confounder():
    sim = simulated(cells=3000, ntc=10, guide_sd=0.8, seed=7)
    source = source_with(sim, state=sim.probs.argmax(1).astype(str).astype(object))
    found = associate_columns(source)["columns"]
    assert [one["name"] for one in found] == ["state"] and found[0]["p_guides"] > 1e-3
