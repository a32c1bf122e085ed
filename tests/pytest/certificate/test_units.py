"""Units of the certificate: what each one gives, on a screen whose truth is known."""

import dataclasses

import measure
import numpy as np
import pytest
from conftest import screen_of, simulated
from one_step import source_of

from fatebias.base.settings import Settings
from fatebias.certificate.refit import settle
from fatebias.certificate.units import CRITICAL, UNITS, Source, draw_statistics, own_effects
from fatebias.laplace.fit import named_effects
from fatebias.laplace.options import LaplaceOptions

SETTINGS = Settings.from_mapping({"inference": "laplace", "seed": 3})


@pytest.fixture(scope="module")
def source() -> Source:
    sim = simulated(cells=1500, genes=10, ntc=12, seed=4)
    screen = screen_of(sim, SETTINGS)
    baseline = settle(LaplaceOptions.of(SETTINGS).design(screen), LaplaceOptions.of(SETTINGS))
    return Source(
        cells=measure.cells_of(sim), guide_map=measure.guide_map_of(sim), screen=screen, settings=SETTINGS,
        baseline=baseline, where="simulation",
    )  # fmt: skip


def test_units_are_the_same_when_made_again_and_differ_by_number(source):
    for name in ("permutation", "bootstrap", "ntc"):
        first, again, other = (UNITS[name](source, k) for k in (1, 1, 2))
        assert np.array_equal(first["betahat"], again["betahat"], equal_nan=True)
        assert not np.array_equal(first["betahat"], other["betahat"], equal_nan=True)


def test_permutations_have_z_near_one_and_real_effects_do_not(source):
    found = [UNITS["permutation"](source, k) for k in range(1, 9)]
    z = np.stack([unit["betahat"] / unit["se"] for unit in found])
    reference = UNITS["reference"](source, 1)
    assert 0.85 < np.sqrt(np.nanmean(z**2)) < 1.15
    noise = reference["se"] * np.sqrt(reference["label_share"])
    assert np.sqrt(np.nanmean((reference["betahat"] / noise) ** 2)) > 1.5
    d = source.screen.n_days
    assert found[0]["covariance"].shape == (10, d * (d + 1) // 2)
    assert np.allclose(found[0]["covariance"][:, 0], found[0]["se"][:, 0] ** 2)


def test_pseudo_genes_are_made_of_controls_only(source):
    found = UNITS["ntc"](source, 1)
    assert found["gene"] == ["control_1"]
    assert found["expected"]["mean"].shape == (256, source.screen.n_days + 1)
    assert (np.abs(found["betahat"] / found["se"]) < 4).all()


def test_sandwich_and_bootstrap_scatter_as_the_model_says(source):
    sandwich = UNITS["sandwich"](source, 1)
    assert 0.85 < np.nanmedian(sandwich["sandwich"] / sandwich["se"]) < 1.15
    reference = UNITS["reference"](source, 1)
    theta = np.stack([UNITS["bootstrap"](source, k)["betahat"] for k in range(1, 41)])
    ratio = theta.var(0, ddof=1) / (reference["se"] ** 2 * reference["label_share"])
    assert 0.85 < np.sqrt(np.nanmedian(ratio)) < 1.15
    assert (reference["label_share"] < 1.2).all()


def test_another_seed_moves_the_ses_a_little_and_the_estimates_less(source):
    reference, other = UNITS["reference"](source, 1), UNITS["seed"](source, 1)
    assert np.abs((other["betahat"] - reference["betahat"]) / reference["se"]).max() < 0.2
    assert 0 < np.abs(np.log(other["se"] / reference["se"])).max() < 0.2


def test_statistics_of_draws_by_hand():
    draws = np.random.default_rng(0).normal(size=(50, 7, 3)) * 1.5
    draws[:, 2, 1] = np.nan
    found = draw_statistics(draws)
    one = draws[4]
    assert np.allclose(found["mean"][4], [*np.nanmean(one, 0), np.nanmean(one)])
    assert np.allclose(found["mean_square"][4], [*np.nanmean(one**2, 0), np.nanmean(one**2)])
    rate = [(np.abs(one[~np.isnan(one)]) > critical).mean() for critical in CRITICAL]
    assert np.allclose(found["rejected"][4, :, -1], rate)


def test_own_effects_are_those_of_the_cells_guides_less_their_mean(source):
    design, x, screen = source.baseline.design, source.baseline.x, source.screen
    effects = named_effects(design, x)
    beta = effects["theta"][screen.guide_gene] + effects["delta"][:, :, None]  # [G, F, D]
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    carried = beta[screen.guide_idx, :, screen.day[cell]]
    carried = carried - carried.mean(0)
    expected = np.zeros((screen.n_cells, carried.shape[1]))
    np.add.at(expected, cell, carried)
    assert np.allclose(own_effects(source.baseline).numpy(), expected)


def test_effects_far_above_the_noise_of_the_labels_do_not_disturb_shuffled_guides():
    # left in the labels, they scatter them more on late days than on early ones, which no one weight can follow
    sim = simulated(cells=6000, genes=20, ntc=10, moi=4.0, days=4, concentration=50.0, effects="random_walk", seed=9)
    source = source_of(screen_of(sim, SETTINGS), SETTINGS)
    found = [UNITS["permutation"](source, k) for k in range(1, 9)]
    z = np.stack([unit["betahat"] / unit["se"] for unit in found])
    expected = np.mean([unit["expected"]["mean_square"] for unit in found], 0)[:, :-1]
    assert (np.abs(np.nanmean(z**2, (0, 1)) - 1) < 4 * expected.std(0)).all()
    assert expected.std(0).max() < 0.3


def test_a_burden_slope_that_the_model_lacks_shifts_shuffled_guides_all_one_way():
    sim = simulated(cells=4000, genes=20, ntc=10, moi=5.0, concentration=20.0, effects="none", seed=9)
    burden = np.asarray(sim.guides.sum(1)).ravel()
    odds = np.log(sim.probs) + np.array([0.0, 0.15, 0.15]) * (burden - burden.mean())[:, None]
    steeper = dataclasses.replace(sim, probs=np.exp(odds) / np.exp(odds).sum(1, keepdims=True))
    flat = Settings.from_mapping({"inference": "laplace", "seed": 3, "s_gamma": 1e-3, "burden_by_day": False})
    shift = []
    for settings in (SETTINGS, flat):
        source = source_of(screen_of(steeper, settings), settings)
        found = [UNITS["permutation"](source, k) for k in range(1, 4)]
        shift.append(np.mean([np.nanmean(unit["betahat"] / unit["se"]) for unit in found]))
    assert abs(shift[0]) < 0.5 and shift[1] > 1
