"""Randomisation test: one Newton step against full refits, its level, and its p-values by hand."""

import numpy as np
import pytest
from conftest import screen_of, simulated
from one_step import full_estimate, source_of, with_moved_gene
from scipy import stats

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.certificate.randomisation import null_gene, p_values, randomise_genes, resample
from fatebias.certificate.refit import refit_estimates
from fatebias.certificate.schemes import shuffle_within
from fatebias.certificate.units import Source
from fatebias.laplace.estimates import find_fixed_effects
from fatebias.laplace.gene_p_values import Spread, gene_p_values
from fatebias.screens.strata import burden_strata
from fatebias.simulation import simulate_to

SETTINGS = Settings.from_mapping({"inference": "laplace", "seed": 1})


def simulated_source(**arguments) -> Source:
    return source_of(screen_of(simulated(**arguments), SETTINGS), SETTINGS)


def nulls_of(source: Source) -> list:
    effects = find_fixed_effects(source.baseline, source.options)
    return [null_gene(source, effects, gene) for gene in range(source.screen.n_genes)]


@pytest.fixture(scope="module")
def source() -> Source:
    return simulated_source(cells=3000, genes=30, ntc=12, seed=6)


def test_one_step_is_nearly_the_full_estimate(source):
    full = refit_estimates(source.baseline, source.screen, source.contrast, source.options)
    se = full.se
    one_step = np.stack([null.estimate(null.cells[None])[0] for null in nulls_of(source)])
    assert stats.pearsonr((one_step / se).ravel(), (full.theta_hat / se).ravel()).statistic > 0.95
    assert (np.sign(one_step) == np.sign(full.theta_hat))[np.abs(full.theta_hat / se) > 2].all()


def test_resamples_scatter_as_full_refits_of_the_moved_guides_do(source):
    rng, stratum = np.random.default_rng(5), burden_strata(source.screen)
    nulls = nulls_of(source)
    ratios = []
    for gene in (3, 7):
        moves = [shuffle_within(stratum, rng) for _ in range(25)]
        steps = np.stack([nulls[gene].estimate(move[nulls[gene].cells][None])[0] for move in moves])
        full = np.stack([full_estimate(with_moved_gene(source, gene, m))[gene] for m in moves])
        ratios.append(steps.std(0) / full.std(0))
        together = [stats.pearsonr(a, b).statistic for a, b in zip(steps.T, full.T)]
        assert min(together) > 0.98
    assert 0.6 < np.median(ratios) < 1.0


def test_p_values_are_uniform_where_nothing_has_an_effect():
    p = []
    for seed in range(4):
        nothing = simulated_source(cells=1500, genes=15, ntc=12, seed=20 + seed, effects="none", labels="onehot")
        nulls = nulls_of(nothing)
        for null, draws in zip(nulls, resample(nothing, nulls, 199)):
            p.append(p_values(null.estimate(null.cells[None])[0], draws)[1][0])  # one day each: days are correlated
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert np.mean(np.array(p) < 0.05) < 0.17


def test_z_agrees_with_that_of_the_p_values_of_a_fit(source):
    """Both know how far out a gene lies among guides at random: by resamples, and by saddlepoint."""
    beside = Spread(noise=None, guides=None, replicates=None)
    found = gene_p_values(source.solved, source.screen, source.contrast, beside)
    nulls = nulls_of(source)
    z = np.stack(
        [
            p_values(null.estimate(null.cells[None])[0], draws)[0]
            for null, draws in zip(nulls, resample(source, nulls, 300))
        ]
    )
    known = ~np.isnan(found.z) & np.isfinite(z)
    assert stats.pearsonr(z[known], found.z[known]).statistic > 0.93


def test_p_values_by_hand():
    draws = np.random.default_rng(0).normal(size=(999, 2)) * [1.0, 2.0] + [0.0, 1.0]
    z, p = p_values(np.array([1.0, 21.0]), draws)
    beyond = (np.abs(draws[:, 0] - draws[:, 0].mean()) >= abs(1 - draws[:, 0].mean())).sum()
    assert p[0] == (beyond + 1) / 1000
    assert np.isclose(p[1], 2 * stats.norm.sf(z[1])) and p[1] < 1e-15


def test_a_draw_as_far_as_the_estimate_counts_whatever_the_last_digits_say():
    draws = np.tile([-1.0, 0.0, 1.0], 40)[:, None]  # a third of the draws is where the estimate is
    for last_digit in (-2e-16, 0.0, 2e-16):
        assert p_values(np.array([1.0 + last_digit]), draws)[1][0] == pytest.approx(81 / 121)


def test_from_files_the_same_seed_gives_the_same_and_unknown_genes_are_refused(tmp_path):
    paths = simulate_to(tmp_path, {"seed": 2, "cells": 900, "genes": 6, "ntc": 8, "days": 2})
    given = {"screen_path": paths["screen"], "guide_map": paths["guide_map"], "settings": SETTINGS}
    found = randomise_genes(**given, genes=["GENE00003", "GENE00001"], n_resamples=100)
    assert found["gene"] == ["GENE00003"] * 2 + ["GENE00001"] * 2 and found["day"] == [0, 1, 0, 1]
    assert randomise_genes(**given, genes=["GENE00003", "GENE00001"], n_resamples=100) == found
    assert all(0 < p <= 1 for p in found["p_value"])
    with pytest.raises(ScreenError, match="no gene NOPE"):
        randomise_genes(**given, genes=["NOPE"], n_resamples=10)
