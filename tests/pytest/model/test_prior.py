import numpy as np
import pytest
import torch
from dense_reference import random_walk_precision

from fatebias.base.settings import Settings
from fatebias.model import build_design
from fatebias.model.prior import Priors, fixed_effect_prior, random_walk_prior

PRIORS = Priors.of(Settings.from_mapping())


@pytest.fixture(scope="module")
def design(small_screen):
    return build_design(small_screen)


@pytest.fixture(scope="module")
def scales(design):
    values = np.random.default_rng(0).uniform(0.1, 0.6, (design.n_days + 1, design.n_logits))
    return torch.as_tensor(values)


def test_theta_is_a_random_walk_and_v_independent(design, scales):
    block = (
        random_walk_prior(design, scales, PRIORS).block(2).view(design.n_days + 2, design.n_logits, -1, design.n_logits)
    )
    d = design.n_days
    exact = random_walk_precision(scales[0].numpy(), scales[1:-1].T.numpy())
    for fate in range(design.n_logits):
        np.testing.assert_allclose(block[:d, fate, :d, fate], exact[fate], atol=1e-9)
        np.testing.assert_allclose(block[d:, fate, d:, fate], np.eye(2) / float(scales[-1, fate]) ** 2, rtol=1e-9)
        assert float(block[:, fate, :, 1 - fate].abs().max()) == 0
        assert float(block[:d, fate, d:, fate].abs().max()) == 0


def test_precision_is_the_square_of_its_half(design, scales):
    eye = torch.eye(design.n_effects, dtype=torch.float64)
    for prior in (random_walk_prior(design, scales, PRIORS), fixed_effect_prior(design, scales[-1], PRIORS)):
        half = prior.half_precision(design, eye)
        np.testing.assert_allclose(half @ half.T, prior.precision(design, eye), atol=1e-9)


def test_nuisance_effects_have_the_priors_of_the_settings(design, scales):
    x = torch.zeros(design.n_effects, dtype=torch.float64)
    design.nuisance_part(x).fill_(1.0)
    prior = design.nuisance_part(random_walk_prior(design, scales, PRIORS).precision(design, x))
    sd = [PRIORS.s_alpha] * design.n_days + [PRIORS.s_rep] * 2 + [PRIORS.s_gamma]
    np.testing.assert_allclose(prior, np.repeat(np.array(sd)[:, None] ** -2.0, design.n_logits, 1))
