from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated

from fatebias.base.settings import Settings
from fatebias.laplace.scales import effect_moments, improve_scales
from fatebias.model import build_design
from fatebias.model.prior import Priors

PRIORS = Priors.of(Settings.from_mapping())


def exact_moments(design, scales, theta_sd=0.0):
    """Moments when increments are known up to independent errors of SD theta_sd, and v likewise."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(design.n_effects, generator=generator, dtype=torch.float64)
    covariances = []
    for group in design.groups:
        block = design.blocks(x, group)
        block[:, : design.n_days] = torch.cumsum(block[:, : design.n_days] * scales[:-1], 1)  # a random walk
        block[:, design.n_days :] *= scales[-1]
        k = block[0].numel()
        path = torch.kron(
            torch.tril(torch.ones(design.n_days, design.n_days, dtype=torch.float64)), torch.eye(design.n_logits)
        )
        walk = torch.eye(k, dtype=torch.float64)
        walk[: len(path), : len(path)] = path @ path.T
        covariances.append((theta_sd**2 * walk).expand(group.n_genes, k, k))
    return x, effect_moments(design, x, covariances)


def test_second_moments_are_sums_over_genes_and_guides(small_screen):
    design = build_design(small_screen)
    scales = torch.full((design.n_days + 1, design.n_logits), 0.5, dtype=torch.float64)
    x, moments = exact_moments(design, scales, theta_sd=0.1)
    blocks = [design.blocks(x, group) for group in design.groups]
    first = sum((block[:, 0] ** 2 + 0.01).sum(0) for block in blocks)
    change = sum(((block[:, 2] - block[:, 1]) ** 2 + 0.01).sum(0) for block in blocks)
    v = sum((block[:, design.n_days :] ** 2 + 0.01).sum((0, 1)) for block in blocks)
    found = moments.second.view(-1, design.n_logits)
    np.testing.assert_allclose(found[[0, 2, -1]], torch.stack([first, change, v]), rtol=1e-10)


def test_spread_is_the_variance_of_a_sum_of_squares(small_screen):
    design = build_design(small_screen)
    scales = torch.full((design.n_days + 1, design.n_logits), 0.5, dtype=torch.float64)
    x, moments = exact_moments(design, scales, theta_sd=0.1)
    v = torch.cat([design.blocks(x, group)[:, design.n_days :, 0].reshape(-1) for group in design.groups])
    exact = (2 * 0.1**4 + 4 * v**2 * 0.1**2).sum()
    at = design.n_days * design.n_logits
    assert float(moments.spread[at, at]) == pytest.approx(float(exact))


def iterate(design, moments, rounds, damping):
    scales = torch.full((design.n_days + 1, design.n_logits), 0.3, dtype=torch.float64)
    for _ in range(rounds):
        found = improve_scales(design, scales, moments, damping, PRIORS)
        scales = scales * found.step.exp()
    return scales, found


def test_known_effects_give_the_mode_on_the_log_scale():
    design = build_design(screen_of(simulated(genes=20)))
    x, moments = exact_moments(design, torch.full((design.n_days + 1, design.n_logits), 0.5, dtype=torch.float64))
    scales, found = iterate(design, moments, 12, damping=0.0)
    n, s = design.n_genes, PRIORS.s_tau
    second = moments.second.view(-1, design.n_logits)[0]
    np.testing.assert_allclose(scales[0] ** 2 * (n - 1 + scales[0] ** 2 / s**2), second, rtol=1e-8)
    np.testing.assert_allclose(found.sd_log[0], 1 / np.sqrt(2 * n), rtol=0.1)
    assert found.unrest < 1e-6


def test_full_damping_is_em():
    """With the information of known effects the step is EM's, to first order."""
    design = build_design(screen_of(simulated(genes=20)))
    scales = torch.full((design.n_days + 1, design.n_logits), 0.5, dtype=torch.float64)
    x, moments = exact_moments(design, scales, theta_sd=0.02)
    found = improve_scales(design, scales, moments, 1.0, PRIORS)
    n = torch.full_like(scales, design.n_genes)
    n[-1] = design.n_guides
    prior = torch.tensor([PRIORS.s_tau, *[PRIORS.s_time] * (design.n_days - 1), PRIORS.s_guide]).unsqueeze(1)
    second = moments.second.view_as(scales)
    em = 0.5 * torch.log(second / (n - 1 + scales**2 / prior**2) / scales**2)
    small = em.abs() < 0.1
    assert int(small.sum()) > 3
    np.testing.assert_allclose(found.step[small], em[small], atol=0.02)


def test_information_that_is_not_positive_definite_still_gives_a_step(small_screen):
    design = build_design(small_screen)
    scales = torch.full((design.n_days + 1, design.n_logits), 0.5, dtype=torch.float64)
    x, moments = exact_moments(design, scales, theta_sd=0.5)
    wild = replace(moments, spread=50 * moments.spread)
    found = improve_scales(design, scales, wild, 0.0, PRIORS)
    assert bool(torch.isfinite(found.step).all())
    assert bool(torch.isfinite(found.sd_log).all())
