from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import DATA, screen_of, simulated
from dense_reference import dense_model, random_walk_precision

from fatebias.base.errors import FitError
from fatebias.base.run import Run
from fatebias.base.settings import Settings
from fatebias.laplace.fit import draw_blocks, fit_laplace
from fatebias.laplace.options import LaplaceOptions
from fatebias.model.draws import DrawPlan, summarise_draws
from fatebias.screens.reader import read_screen

SETTINGS = Settings.from_mapping({"likelihood_weight": 20.0})
OPTIONS = LaplaceOptions.of(SETTINGS)
MES = np.array([1.0, 0.0])


def sds(fit, name):
    """Posterior SDs from the blocks: of theta [L, F, D], or of delta [G, F]."""
    theta = np.empty_like(fit.mode["theta"])
    delta = np.empty_like(fit.mode["delta"])
    first = np.cumsum(np.r_[0, [block.n for block in by_gene(fit)]])
    for block in fit.blocks:
        l, _, f = block.mean.shape
        d = theta.shape[2]
        cov = block.covariance.reshape(l, d + block.n, f, d + block.n, f)
        theta[block.genes] = np.sqrt(np.einsum("ldfdf->lfd", cov[:, :d, :, :d]))
        centre = np.eye(block.n) - 1 / block.n
        of_delta = np.einsum("ij,ljfkf,ik->lif", centre, cov[:, d:, :, d:], centre)
        for row, gene in enumerate(block.genes):
            delta[first[gene] : first[gene] + block.n] = np.sqrt(of_delta[row].clip(min=0))
    return {"theta": theta, "delta": delta}[name]


def by_gene(fit):
    """The block of each gene, in the screen's order."""
    return [block for _, block in sorted((gene, block) for block in fit.blocks for gene in block.genes)]


def dense_of(fit, screen, settings=SETTINGS):
    walk = random_walk_precision(fit.scales["tau"], fit.scales["sigma_time"])
    return dense_model(screen, settings, walk, fit.scales["sigma_guide"], fit.weight)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"fates": 2}, {"fates": 4, "days": 2}, {"replicates": 1, "moi": 7.0}, {"fates": 10, "days": 2, "genes": 3}],
)
def test_mode_equals_the_dense_one(arguments):
    screen = screen_of(simulated(cells=300, **arguments))
    fit = fit_laplace(screen, replace(OPTIONS, tolerances=replace(OPTIONS.tolerances, newton=1e-6)))
    dense = dense_of(fit, screen)
    exact = dense.named(dense.mode())
    for name, values in exact.items():
        np.testing.assert_allclose(fit.mode[name], values, atol=1e-6, err_msg=name)


def test_mode_is_right_at_the_default_tolerances(small_screen):
    fit = fit_laplace(small_screen, OPTIONS)
    dense = dense_of(fit, small_screen)
    np.testing.assert_allclose(fit.mode["theta"], dense.named(dense.mode())["theta"], atol=1e-6)


def test_scales_are_a_fixed_point_of_exact_em(small_screen):
    """sigma^2 = m2 / (n - 1 + sigma^2 / s^2) with second moments from the dense posterior."""
    fit = fit_laplace(small_screen, replace(OPTIONS, perturbations=replace(OPTIONS.perturbations, number=512)))
    dense = dense_of(fit, small_screen)
    x = dense.mode()
    covariance = np.linalg.inv(dense.curvature(x))
    l, f, d = dense.shapes["theta"]
    theta = (dense.starts["theta"] + np.arange(l * f * d)).reshape(l, f, d)
    second = {"tau": x[theta[:, :, 0]] ** 2 + np.diag(covariance)[theta[:, :, 0]]}
    late, early = theta[:, :, 1:], theta[:, :, :-1]
    change = covariance[late, late] - 2 * covariance[late, early] + covariance[early, early]
    second["sigma_time"] = (x[late] - x[early]) ** 2 + change
    v = (dense.starts["v"] + np.arange(small_screen.n_guides * f)).reshape(-1, f)
    second["sigma_guide"] = x[v] ** 2 + np.diag(covariance)[v]
    prior = {"tau": SETTINGS.s_tau, "sigma_time": SETTINGS.s_time, "sigma_guide": SETTINGS.s_guide}
    for name, values in second.items():
        square = fit.scales[name] ** 2
        fixed_point = values.sum(0) / (len(values) - 1 + square / prior[name] ** 2)
        np.testing.assert_allclose(np.log(square / fixed_point) / 2, 0, atol=0.05, err_msg=name)


@pytest.mark.parametrize(("name", "weight"), [("soft", 20.0), ("onehot", 1.0)])
def test_posterior_agrees_with_mcmc(name, weight):
    settings = replace(SETTINGS, likelihood_weight=weight, burden_by_day=False, sample_effects=False)  # as MCMC's
    screen = read_screen(DATA / f"{name}.h5ad", DATA / f"{name}_guide_map.csv", settings)
    nuts = np.load(DATA / f"{name}_nuts_{weight:g}.npz")
    fit = fit_laplace(screen, LaplaceOptions.of(settings))
    ratio = sds(fit, "theta") / nuts["theta_sd"]
    assert np.mean(np.abs(fit.mode["theta"] - nuts["theta_mean"]) / nuts["theta_sd"]) <= 0.10
    assert 0.97 <= np.median(ratio) <= 1.03
    assert np.quantile(ratio, 0.05) >= 0.90
    assert np.quantile(ratio, 0.95) <= 1.10
    known = nuts["delta_sd"] > 0
    miss = np.abs(fit.mode["delta"] - nuts["delta_mean"])[known] / nuts["delta_sd"][known]
    assert miss.mean() <= 0.15
    assert 0.90 <= np.median(sds(fit, "delta")[known] / nuts["delta_sd"][known]) <= 1.10
    found = np.concatenate([np.ravel(fit.scales[key]) for key in fit.scales])
    log_nuts = [np.log(nuts[key]).reshape(len(nuts[key]), -1) for key in fit.scales]
    sd = np.concatenate([values.std(0) for values in log_nuts])
    assert np.all(np.abs(np.log(found) - np.concatenate([values.mean(0) for values in log_nuts])) < sd)
    own = np.concatenate([np.ravel(fit.scales_sd_log[key]) for key in fit.scales])
    assert 0.9 < np.median(own / sd) < 1.1


def test_draws_have_the_moments_of_the_blocks(small_screen):
    fit = fit_laplace(small_screen, OPTIONS)
    plan = DrawPlan(number=4000, seed=0, kept="all")
    summary = summarise_draws(draw_blocks(fit, small_screen, plan), small_screen, MES, plan)
    theta_sd, delta_sd = sds(fit, "theta"), sds(fit, "delta")
    assert np.max(np.abs(summary.theta_mean_all - fit.mode["theta"]) / theta_sd) < 5 / np.sqrt(4000)
    np.testing.assert_allclose(summary.theta_sd_all, theta_sd, rtol=0.06)
    np.testing.assert_allclose(summary.delta_sd_all, delta_sd, rtol=0.06, atol=1e-12)
    totals = np.stack([summary.delta_draws[:, small_screen.guide_gene == gene].sum(1) for gene in range(2, 6)])
    assert np.abs(totals).max() < 1e-10
    assert np.abs(summary.delta_draws[:, :2]).max() == 0  # genes with one guide


def test_draws_do_not_depend_on_the_size_of_the_blocks(small_screen, monkeypatch):
    fit = fit_laplace(small_screen, OPTIONS)
    whole = list(draw_blocks(fit, small_screen, DrawPlan(number=3, seed=0)))
    monkeypatch.setattr("fatebias.model.draws.BLOCK_NUMBERS", 1)
    parts = list(draw_blocks(fit, small_screen, DrawPlan(number=3, seed=0)))
    assert len(whole) == 1
    assert len(parts) == small_screen.n_genes
    mean = fit.mode["theta"]
    for part in parts:
        assert np.abs(part.theta - mean[part.genes]).max() < 6 * sds(fit, "theta")[part.genes].max()


def test_order_of_cells_guides_and_genes_does_not_matter():
    sim = simulated(cells=1500, genes=10)
    rng = np.random.default_rng(0)
    cells, columns = rng.permutation(1500), rng.permutation(len(sim.guide_map))
    moved = replace(
        sim, guides=sim.guides[cells][:, columns], guide_map=sim.guide_map.iloc[columns].reset_index(drop=True),
        day=sim.day[cells], replicate=sim.replicate[cells], probs=sim.probs[cells],
    )  # fmt: skip
    one, other = screen_of(sim), screen_of(moved)
    options = replace(OPTIONS, weight="auto")
    a, b = fit_laplace(one, options), fit_laplace(other, options)
    gene = [other.gene_names.index(name) for name in one.gene_names]
    guide = [other.guide_names.index(name) for name in one.guide_names]
    assert b.weight[0] == pytest.approx(a.weight[0], rel=0.01)
    sd = sds(a, "theta")
    assert np.max(np.abs(b.mode["theta"][gene] - a.mode["theta"]) / sd) < 0.05  # scales carry simulation error
    assert np.max(np.abs(b.mode["delta"][guide] - a.mode["delta"])) < 0.01
    np.testing.assert_allclose(sds(b, "theta")[gene], sd, rtol=0.10)


def test_same_seed_same_fit(small_screen):
    a, b = fit_laplace(small_screen, OPTIONS), fit_laplace(small_screen, OPTIONS)
    np.testing.assert_array_equal(a.mode["theta"], b.mode["theta"])
    np.testing.assert_array_equal(a.blocks[0].covariance, b.blocks[0].covariance)


def assert_usable(fit, screen):
    assert fit.convergence.converged
    assert fit.convergence.step < OPTIONS.tolerances.newton
    for values in [*fit.mode.values(), *fit.scales.values(), *fit.scales_sd_log.values(), sds(fit, "theta")]:
        assert np.isfinite(values).all()
    plan, contrast = DrawPlan(number=20, seed=0), np.eye(screen.n_fates - 1)[0]
    assert np.isfinite(summarise_draws(draw_blocks(fit, screen, plan), screen, contrast, plan).theta_sd).all()


@pytest.mark.parametrize("arguments", [
    {"guides_per_gene": 1}, {"guides_per_gene": 40, "genes": 4}, {"replicates": 1}, {"days": 2}, {"fates": 2},
    {"fates": 5}, {"genes": 1}, {"effects": "none"}, {"labels": "onehot"}, {"days": 8, "cells": 1000}, {"moi": 0.3},
])  # fmt: skip
def test_screens_of_every_shape(arguments):
    screen = screen_of(simulated(**arguments))
    for weight in ("auto", 1.0):
        assert_usable(fit_laplace(screen, replace(OPTIONS, weight=weight)), screen)


def without(screen, drop):
    """The screen without the guide entries for which drop(cells, guides) is true."""
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    keep = ~drop(cell, screen.guide_idx)
    pointer = np.r_[0, np.cumsum(np.bincount(cell[keep], minlength=screen.n_cells))]
    return replace(screen, guide_idx=screen.guide_idx[keep], guide_ptr=pointer)


def test_a_day_without_a_genes_cells():
    whole = screen_of(simulated(cells=1500))
    own = whole.guide_gene == 3
    screen = without(whole, lambda cell, guide: own[guide] & (whole.day[cell] == 1))
    fit = fit_laplace(screen, OPTIONS)
    assert_usable(fit, screen)
    sd = sds(fit, "theta")[3, 0]
    assert sd[1] > max(sd[0], sd[2])


def test_a_guide_carried_by_two_cells():
    whole = screen_of(simulated(cells=1500))
    carriers = np.flatnonzero([7 in whole.guide_idx[a:b] for a, b in zip(whole.guide_ptr, whole.guide_ptr[1:])])
    screen = without(whole, lambda cell, guide: (guide == 7) & ~np.isin(cell, carriers[:2]))
    fit = fit_laplace(screen, OPTIONS)
    assert_usable(fit, screen)
    assert sds(fit, "delta")[7, 0] == sds(fit, "delta")[screen.guide_gene == screen.guide_gene[7], 0].max()


def test_unbalanced_days_are_recovered():
    sim = simulated(cells=12_000, genes=12, days=3, concentration=50.0, effects="random_walk")
    keep = np.flatnonzero((sim.day != 1) | (np.random.default_rng(0).random(len(sim.day)) < 0.1))
    rare = replace(
        sim, guides=sim.guides[keep], day=sim.day[keep], replicate=sim.replicate[keep], probs=sim.probs[keep]
    )
    screen = screen_of(rare)
    fit = fit_laplace(screen, replace(OPTIONS, weight="auto"))
    sd = sds(fit, "theta")
    assert sd[:, :, 1].mean() > 1.5 * sd[:, :, 0].mean()
    z = (fit.mode["theta"] - sim.theta) / sd
    assert 0.75 < z.std() < 1.25


def test_no_convergence_is_an_error(small_screen, monkeypatch):
    monkeypatch.setattr("fatebias.laplace.rounds.MOST_ROUNDS", 2)
    with pytest.raises(
        FitError, match="did not settle in 2 rounds.*if it is the weight, set a number as `likelihood_weight`"
    ):
        fit_laplace(small_screen, OPTIONS)
    monkeypatch.setattr("fatebias.laplace.mode.MOST_NEWTON_STEPS", 1)
    with pytest.raises(FitError, match="not found in 1 Newton steps"):
        fit_laplace(small_screen, OPTIONS)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_cuda_agrees_with_the_cpu(small_screen):
    cpu, cuda = fit_laplace(small_screen, OPTIONS), fit_laplace(small_screen, OPTIONS, Run(device="cuda"))
    assert np.max(np.abs(cuda.mode["theta"] - cpu.mode["theta"]) / sds(cpu, "theta")) < 0.05
