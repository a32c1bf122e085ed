"""Units of the certificate: what each one gives, on a screen whose truth is known."""

import measure
import numpy as np
import pytest
from conftest import screen_of, simulated

from fatebias.checks import CRITICAL, UNITS, Source, draw_statistics
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
