"""Units of the certificate: what each one gives, on a screen whose truth is known."""

import measure
import numpy as np
import pytest
from conftest import screen_of, simulated

from fatebias.checks import CRITICAL, UNITS, Source, about_day_mean, common_shift, draw_statistics
from fatebias.design import build_design
from fatebias.refit import settle
from fatebias.settings import Settings

SETTINGS = Settings.from_mapping({"inference": "laplace", "seed": 3})


@pytest.fixture(scope="module")
def source() -> Source:
    sim = simulated(cells=1500, genes=10, ntc=12, seed=4)
    screen = screen_of(sim, SETTINGS)
    baseline = settle(build_design(screen), SETTINGS)
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
    assert np.sqrt(np.nanmean((reference["betahat"] / reference["se"]) ** 2)) > 1.5
    d = source.screen.n_days
    assert found[0]["covariance"].shape == (10, d * (d + 1) // 2)
    assert np.allclose(found[0]["covariance"][:, 0], found[0]["se"][:, 0] ** 2)


def test_pseudo_genes_are_made_of_controls_only(source):
    found = UNITS["ntc"](source, 1)
    assert found["gene"] == ["control_1"]
    assert found["expected"]["mean_square"].shape == (256, source.screen.n_days + 1)
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
    assert np.allclose(found["mean_square"][4], [*np.nanmean(one**2, 0), np.nanmean(one**2)])
    rate = [(np.abs(one[~np.isnan(one)]) > critical).mean() for critical in CRITICAL]
    assert np.allclose(found["rejected"][4, :, -1], rate)


def test_common_shift_by_hand():
    z, se = np.random.default_rng(1).normal(size=(5, 7, 3)), np.random.default_rng(2).uniform(0.1, 0.3, (7, 3))
    z[:, 2, 1] = np.nan
    expected = np.ma.average(np.ma.masked_invalid(z[3]), weights=1 / se)
    assert np.isclose(common_shift(z, se)[3], expected)


def test_z_about_the_mean_of_the_day_by_hand():
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(2000, 6, 2)) * 0.6 + 0.8 * rng.normal(size=(2000, 1, 2))
    z = np.array([[1.0, 2], [2, np.nan], [3, 2], [1, 2], [2, 2], [3, 2]])
    own, own_draws = about_day_mean(z, draws)
    sd = 0.6 * np.sqrt(5 / 6)
    assert np.allclose(own[:, 0], np.array([-1, 0, 1, -1, 0, 1]) / sd, rtol=0.03)
    assert np.allclose(own[[0, 2, 3, 4, 5], 1], 0) and np.isnan(own[1, 1])
    assert np.allclose((own_draws**2).mean((0, 1)), 1) and np.allclose(own_draws.mean(1), 0)


def test_what_genes_do_on_average_on_a_day_is_no_fault(monkeypatch):
    # every gene does the same on a day: shuffled guides leave that, but not its sum over days by precision
    by_day = np.array([0.1, -0.1, 0.0, 0.0])
    monkeypatch.setattr("fatebias.simulate._theta", lambda rng, given, n, f: np.tile(by_day, (n, f, 1)))
    screen = screen_of(simulated(cells=6000, genes=40, ntc=10, moi=5.0, days=4, seed=3), SETTINGS)
    baseline = settle(build_design(screen), SETTINGS)
    source = Source(cells=None, guide_map=None, screen=screen, settings=SETTINGS, baseline=baseline, where="simulation")
    found = [UNITS["permutation"](source, k) for k in range(1, 7)]
    z = np.stack([unit["betahat"] / unit["se"] for unit in found])
    assert np.nanmean(z[:, :, 0]) > 0.3 and np.nanmean(z[:, :, 1]) < -0.3
    assert abs(np.mean([unit["shift"] for unit in found])) < 0.15
    assert (abs(np.sqrt(np.nanmean(np.stack([unit["z"] for unit in found]) ** 2, (0, 1))) - 1) < 0.12).all()
