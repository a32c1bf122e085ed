"""Columns that a model lacks: the score test against the fit of the larger model, and its level."""

import dataclasses

import numpy as np
from conftest import screen_of, simulated
from one_step import source_of
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.certificate.added import add_columns
from fatebias.laplace import contrast_theta, find_fixed_effects

SETTINGS = Settings.from_mapping({"inference": "laplace", "seed": 2, "s_covariate": 50.0})


def with_column(seed: int, slope: float):
    """A source without and a screen with a column on which labels depend."""
    sim = simulated(cells=1500, seed=seed, effects="none")
    column = np.random.default_rng(seed).normal(size=len(sim.day))
    column = (column - column.mean()) / column.std()
    odds = np.log(sim.probs) + np.array([0.0, 1.0, 0.0]) * slope * column[:, None]
    probs = np.exp(odds) / np.exp(odds).sum(1, keepdims=True)
    screen = screen_of(dataclasses.replace(sim, probs=probs), SETTINGS)
    larger = dataclasses.replace(screen, covariates=column[:, None], covariate_names=("column",))
    return source_of(screen, SETTINGS), larger, column


def test_slope_and_move_are_those_of_the_larger_model():
    source, larger, column = with_column(1, 0.1)
    added = add_columns(source, column[:, None])
    design = source.options.design(larger)
    like = source.baseline
    x = like.x.new_zeros(design.n_effects)
    full = find_fixed_effects(dataclasses.replace(like, design=design, x=x), source.options)
    slope = design.nuisance_part(full.x)[design.kinds["covariate"]].numpy()[0]
    assert np.allclose(added.slope, slope, atol=0.005)
    theta = [
        contrast_theta(one.design, one.x.unsqueeze(1), source.contrast)[0] for one in (full, source.solved.effects)
    ]
    moved = theta[0] - theta[1]
    assert np.abs(added.moved - moved).max() < 0.1 * np.abs(moved).max() + 1e-3
    assert added.of_contrast(source.contrast)[0][0] == added.slope[list(source.contrast).index(1)]


def test_the_test_has_its_level_and_power():
    p = []
    for seed in range(20):
        source, _, column = with_column(seed, 0.0)
        added = add_columns(source, column[:, None])
        p.append(stats.chi2.sf(added.chi_square, len(added.slope)))
    assert stats.kstest(p, "uniform").pvalue > 1e-3
    source, _, column = with_column(3, 0.1)
    assert stats.chi2.sf(add_columns(source, column[:, None]).chi_square, 2) < 1e-6
