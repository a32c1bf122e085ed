"""By what standard errors of fates grow from the noise to all that the estimand asks for."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import screen_of, simulated

from fatebias.base.settings import Settings
from fatebias.laplace import AllFates, estimates_of, fate_widening
from fatebias.results.engines import infer
from fatebias.screens import Screen, contrast_weights


@pytest.fixture(scope="module")
def fitted() -> tuple[Screen, AllFates]:
    screen = screen_of(simulated(cells=1500, genes=8, days=3, seed=1))
    settings = Settings.from_mapping({"inference": "laplace", "num_posterior_draws": 100})
    return screen, infer(screen, settings).estimates.all_fates


def test_the_widening_is_that_of_a_fate_against_the_rest(fitted: tuple[Screen, AllFates]) -> None:
    screen, all_fates = fitted
    found = fate_widening(all_fates)
    for k, fate in enumerate(screen.fates):
        estimates = estimates_of(all_fates, contrast_weights(f"{fate} - rest", screen.fates))
        noise = np.sqrt(np.einsum("ldd->ld", estimates.noise))
        np.testing.assert_allclose(found[:, :, k], estimates.se / noise, rtol=1e-9)
    assert (found >= 1).all()
    assert (found > 1.01).any()


def test_the_noise_alone_is_not_widened(fitted: tuple[Screen, AllFates]) -> None:
    np.testing.assert_allclose(fate_widening(replace(fitted[1], estimand="guides")), 1)
