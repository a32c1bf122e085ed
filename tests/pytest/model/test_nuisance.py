"""Columns of the nuisance effects and their prior SDs against a design made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import labels, screen_of, simulated
from tiny_screen import PRESENCE, tiny

from fatebias.base.settings import Settings
from fatebias.model import build_design
from fatebias.model.nuisance import NO_TERMS, Terms, extra_columns, nuisance_columns
from fatebias.model.prior import Priors, fixed_effect_prior, random_walk_prior

BOTH = Terms(burden_by_day=True, sample_effects=True)
COVARIATES = np.linspace(-1, 1, 16).reshape(8, 2)


@pytest.fixture(scope="module")
def screen():
    """Days 0 0 0 0 1 1 1 1, replicates 0 1 0 1 0 1 0 1; cells carry 1 1 2 2 2 1 1 2 guides, controls counted."""
    return replace(tiny(PRESENCE), covariates=COVARIATES, covariate_names=("depth", "lane=A"))


def test_columns_are_those_counted_by_hand(screen):
    found = nuisance_columns(screen, BOTH)
    assert list(found) == ["alpha", "b", "gamma", "gamma_day", "sample", "covariate"]
    early, late = [1.0] * 4 + [0.0] * 4, [0.0] * 4 + [1.0] * 4
    burden = np.array([-0.5, -0.5, 0.5, 0.5, 0.5, -0.5, -0.5, 0.5])
    np.testing.assert_array_equal(found["alpha"], np.c_[early, late])
    np.testing.assert_array_equal(found["b"], np.c_[[1, 0] * 4, [0, 1] * 4])
    np.testing.assert_array_equal(found["gamma"], burden[:, None])
    np.testing.assert_array_equal(found["gamma_day"], np.c_[burden * early, burden * late])
    samples = np.zeros((8, 4))  # day 0 replicate 0, day 0 replicate 1, day 1 replicate 0, day 1 replicate 1
    samples[np.arange(8), [0, 1, 0, 1, 2, 3, 2, 3]] = 1
    np.testing.assert_array_equal(found["sample"], samples)
    np.testing.assert_array_equal(found["covariate"], COVARIATES)


def test_without_terms_there_are_the_three_of_every_model_and_the_covariates(screen):
    assert list(nuisance_columns(screen, NO_TERMS)) == ["alpha", "b", "gamma", "covariate"]
    assert list(extra_columns(screen, Terms(burden_by_day=True))) == ["gamma_day", "covariate"]
    plain = replace(screen, covariates=np.zeros((8, 0)), covariate_names=())
    assert list(nuisance_columns(plain, NO_TERMS)) == ["alpha", "b", "gamma"]


@pytest.mark.parametrize(
    ("day", "replicate", "n"),
    [
        ([2, 2, 2, 2, 10, 10, 10, 10], [0] * 8, 0),  # one replicate
        ([2, 2, 2, 2, 10, 10, 10, 10], [0, 0, 1, 1, 2, 2, 3, 3], 0),  # no replicate has two days
        ([2, 2, 2, 2, 10, 10, 10, 10], [0, 0, 1, 1, 1, 1, 2, 2], 4),  # one has: samples are those that have cells
    ],
)
def test_samples_are_where_a_replicate_has_two_days(day, replicate, n):
    screen = tiny(PRESENCE, day=labels("d", day), replicate=labels("r", replicate))
    found = extra_columns(screen, Terms(sample_effects=True))
    assert ("sample" in found) == (n > 0)
    if n:
        np.testing.assert_array_equal(found["sample"], np.repeat(np.eye(n), 2, 0))


def test_each_kind_has_its_own_prior_sd(screen):
    priors = Priors.of(
        Settings.from_mapping(
            {"s_alpha": 1.1, "s_rep": 1.2, "s_gamma": 1.3, "s_gamma_day": 1.4, "s_sample": 1.5, "s_covariate": 1.6}
        )
    )
    design = build_design(screen, terms=BOTH)
    expected = [1.1] * 2 + [1.2] * 2 + [1.3] + [1.4] * 2 + [1.5] * 4 + [1.6] * 2
    scales = design.nuisance.new_full((design.n_days + 1, design.n_logits), 0.3)
    for prior in (random_walk_prior(design, scales, priors), fixed_effect_prior(design, scales[-1], priors)):
        np.testing.assert_array_equal(prior.nuisance_sd, np.array(expected)[:, None])
    assert {kind: (place.start, place.stop) for kind, place in design.kinds.items()} == {
        "alpha": (0, 2), "b": (2, 4), "gamma": (4, 5), "gamma_day": (5, 7), "sample": (7, 11), "covariate": (11, 13),
    }  # fmt: skip


def test_the_design_moves_a_cell_by_its_own_nuisance_effects():
    screen = screen_of(simulated(cells=150, days=2))
    screen = replace(
        screen, covariates=np.random.default_rng(0).normal(size=(screen.n_cells, 1)), covariate_names=("depth",)
    )
    design = build_design(screen, terms=BOTH)
    x = design.nuisance.new_zeros(design.n_effects)
    effects = np.random.default_rng(1).normal(size=(design.n_nuisance, design.n_logits))
    design.nuisance_part(x).copy_(design.nuisance.new_tensor(effects))
    named = {kind: effects[place] for kind, place in design.kinds.items()}
    samples = sorted(set(zip(screen.day, screen.replicate)))
    eta = design.forward(x).numpy()
    for i in range(screen.n_cells):
        day, replicate = screen.day[i], screen.replicate[i]
        slope = named["gamma"][0] + named["gamma_day"][day]
        expected = named["alpha"][day] + named["b"][replicate] + slope * screen.burden_centered[i]
        expected = expected + named["sample"][samples.index((day, replicate))]
        np.testing.assert_allclose(eta[i], expected + screen.covariates[i, 0] * named["covariate"][0], atol=1e-12)


def test_the_settings_say_which_terms():
    assert Terms.of(Settings.from_mapping()) == BOTH
    assert Terms.of(Settings.from_mapping({"preset": "plain"})) == NO_TERMS
    assert Terms.of(Settings.from_mapping({"burden_by_day": False})) == Terms(sample_effects=True)
