"""The covariance of all fates: each fate's own contrast has the SE that its own estimates have."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import screen_of, simulated

from fatebias.base.settings import Settings
from fatebias.laplace import (
    AllFates,
    LaplaceOptions,
    estimates_of,
    fate_covariance,
    fate_widening,
    fit_laplace,
    solve_estimates,
)
from fatebias.screens import contrast_weights

OPTIONS = LaplaceOptions.of(Settings.from_mapping({}))


@pytest.fixture(scope="module", params=[2, 4])
def found(request):
    screen = screen_of(simulated(cells=2000, fates=request.param, guide_sd=0.3, replicate_sd=0.2))
    solved = solve_estimates(fit_laplace(screen, OPTIONS).baseline, OPTIONS)
    return screen, AllFates.of(solved, screen, OPTIONS)


def test_ses_of_each_fate_against_the_others_are_those_of_its_estimates(found):
    screen, all_fates = found
    covariance = fate_covariance(all_fates, fate_widening(all_fates))
    k = screen.n_fates
    for fate, name in enumerate(screen.fates):
        others = [other for other in screen.fates if other != name]
        words = f"{name} - {others[0]}" if k == 2 else f"{name} - rest"
        wanted = estimates_of(all_fates, contrast_weights(words, screen.fates)).se
        np.testing.assert_allclose(np.sqrt(covariance[:, :, fate, fate]) * k / (k - 1), wanted, rtol=1e-9)


def test_of_these_guides_it_is_the_noise_of_any_contrast(found):
    screen, all_fates = found
    guides = replace(all_fates, estimand="guides")
    widening = fate_widening(guides)
    np.testing.assert_allclose(widening, 1, rtol=1e-12)
    covariance = fate_covariance(guides, widening)
    weights = np.random.default_rng(1).normal(size=screen.n_fates)
    weights -= weights.mean()
    wanted = estimates_of(guides, weights[1:]).se
    np.testing.assert_allclose(np.einsum("ldfg,f,g->ld", covariance, weights, weights), wanted**2, rtol=1e-9)
