import dataclasses

import numpy as np
import pytest
import torch

from fatebias.model import draws
from fatebias.model.draws import DrawPlan, EffectBlock, blocks_from_raw, gene_slices, summarise_draws, summarise_scales
from fatebias.screens.contrast import contrast_weights

PLAN = DrawPlan(number=40, seed=0, kept="all")
MES = np.array([1.0, 0.0])


@pytest.fixture(scope="module")
def raw(small_screen):
    rng, f, d, s = np.random.default_rng(5), small_screen.n_fates - 1, small_screen.n_days, 40
    shapes = {"z0": (small_screen.n_genes, f), "eps": (small_screen.n_genes, f, d - 1), "u": (small_screen.n_guides, f),
              "tau": (f,), "sigma_time": (f, d - 1), "sigma_guide": (f,)}  # fmt: skip
    draws = {name: rng.normal(size=(s, *shape)) for name, shape in shapes.items()}
    return {
        name: torch.tensor(np.abs(v) if name in ("tau", "sigma_time", "sigma_guide") else v)
        for name, v in draws.items()
    }


def test_slices_cover_every_gene_and_guide_once(small_screen, monkeypatch):
    for numbers in (1, 2_000, 10**9):
        monkeypatch.setattr(draws, "BLOCK_NUMBERS", numbers)
        slices = list(gene_slices(small_screen, 10))
        assert np.concatenate([np.arange(g.start, g.stop) for g, _ in slices]).tolist() == list(
            range(small_screen.n_genes)
        )
        for genes, guides in slices:
            assert set(small_screen.guide_gene[guides]) == set(range(genes.start, genes.stop))
    assert len(slices) == 1


def test_blocks_do_not_change_the_summary(small_screen, raw, monkeypatch):
    whole = summarise_draws(blocks_from_raw(raw, small_screen), small_screen, MES, PLAN)
    monkeypatch.setattr(draws, "BLOCK_NUMBERS", 1)
    split = summarise_draws(blocks_from_raw(raw, small_screen), small_screen, MES, PLAN)
    for field in dataclasses.fields(whole):
        assert np.allclose(getattr(whole, field.name), getattr(split, field.name), atol=1e-12), field.name


def test_beta_sd_is_taken_from_draws(small_screen):
    """theta and delta that cancel: beta is constant, though both vary (a^2 + b^2 would say otherwise)."""
    rng, screen = np.random.default_rng(1), small_screen
    noise = rng.normal(size=(200, screen.n_genes, screen.n_fates - 1, 1))
    theta = np.repeat(noise, screen.n_days, axis=3)
    block = EffectBlock(
        genes=slice(0, screen.n_genes),
        guides=slice(0, screen.n_guides),
        theta=theta,
        delta=-theta[..., 0][:, screen.guide_gene],
    )
    summary = summarise_draws([block], screen, MES, DrawPlan(number=200, seed=0))
    assert np.allclose(summary.beta_sd, 0) and summary.theta_sd.min() > 0.5 and summary.delta_sd.min() > 0.5


@pytest.mark.parametrize(("contrast", "weights"), [("NEU", [0, 1]), ("MES - NEU", [1, -1])])
def test_contrasts_are_taken_draw_by_draw(small_screen, raw, contrast, weights):
    given = contrast_weights(contrast, small_screen.fates)
    summary = summarise_draws(blocks_from_raw(raw, small_screen), small_screen, given, PLAN)
    theta = np.einsum("slfd,f->sld", summary.theta_draws, weights)
    delta = summary.delta_draws @ np.array(weights, float)
    beta = theta[:, small_screen.guide_gene] + delta[:, :, None]
    assert np.allclose(summary.theta_sd, theta.std(0)) and np.allclose(summary.beta_sd, beta.std(0))
    assert np.allclose(summary.beta_mean, beta.mean(0)) and np.allclose(summary.delta_mean, delta.mean(0))
    for gene in (0, 3):
        assert np.allclose(summary.theta_cov[gene], np.cov(theta[:, gene].T, bias=True))


def test_draws_are_kept_as_asked(small_screen, raw):
    for keep, shape in {"none": None, "contrast": (40, 6, 3), "all": (40, 6, 2, 3)}.items():
        plan = dataclasses.replace(PLAN, kept=keep)
        summary = summarise_draws(blocks_from_raw(raw, small_screen), small_screen, MES, plan)
        assert (None if summary.theta_draws is None else summary.theta_draws.shape) == shape


def test_scales_are_population_moments(raw):
    scales = summarise_scales(raw)
    assert np.allclose(scales["tau"]["sd"], raw["tau"].numpy().std(0))
    assert np.shape(scales["sigma_time"]["mean"]) == (2, 2)


def test_covariances_of_all_fates_are_those_of_the_draws(small_screen, raw):
    s = small_screen
    summary = summarise_draws(blocks_from_raw(raw, s), s, MES, PLAN)
    theta, delta = summary.theta_draws, summary.delta_draws  # [S, L, F, D], [S, G, F]
    d, f = s.n_days, 2
    for gene in (0, 4):
        draws = theta[:, gene].transpose(0, 2, 1).reshape(40, d * f)
        expected = np.cov(draws.T, bias=True).reshape(d, f, d, f)
        np.testing.assert_allclose(summary.theta_cov_all[gene], expected, atol=1e-12)
    for guide in (0, 7):
        for day in range(d):
            beta = theta[:, s.guide_gene[guide], :, day] + delta[:, guide]
            np.testing.assert_allclose(summary.beta_mean_all[guide, day], beta.mean(0), atol=1e-12)
            np.testing.assert_allclose(summary.beta_cov_all[guide, day], np.cov(beta.T, bias=True), atol=1e-12)
