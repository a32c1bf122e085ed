"""What the standard errors of estimates contain, and what is said of each guide: against refits and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import dense_model

from fatebias.base.checkpoint import open_checkpoint
from fatebias.base.run import Run
from fatebias.base.settings import Settings
from fatebias.laplace import Baseline, LaplaceOptions, estimate_theta, find_fixed_effects, fit_laplace
from fatebias.laplace.contrasts import (
    carried_by_day,
    contrast_covariance,
    contrast_theta,
    mean_vectors,
    sd_of,
    theta_covariance,
)
from fatebias.laplace.guide_days import GuideDays
from fatebias.laplace.guide_estimates import GeneNoise, estimate_guides
from fatebias.laplace.guide_variance import GuideVariance
from fatebias.model import build_design

SETTINGS = Settings.from_mapping({"estimate_shift": "free"})  # the other is in test_shared_shift.py
OPTIONS = LaplaceOptions.of(SETTINGS)
MES = np.array([1.0, 0.0])
SIM = {"cells": 3000, "genes": 10, "guides_per_gene": 4, "moi": 2.0, "seed": 5, "guide_sd": 0.3}


@pytest.fixture(scope="module")
def screen():
    return screen_of(simulated(**SIM))


@pytest.fixture(scope="module")
def fit(screen):
    return fit_laplace(screen, OPTIONS)


@pytest.fixture(scope="module")
def found(screen, fit):
    return estimate_theta(fit.baseline, screen, MES, OPTIONS)


# ---- covariance -------------------------------------------------------------------------------------------


def test_the_covariance_is_noise_and_guides_and_replicates(screen, found):
    n, d = screen.guides_per_gene, screen.n_days
    guides, replicates = found.guide_variance, found.replicate_variance
    assert guides.by_gene.min() > 0 and replicates.n_replicates == 2
    for gene in range(screen.n_genes):
        expected = found.noise[gene].copy()
        for a in range(d):
            for b in range(d):
                same = float(a == b)
                of_guides = (guides.by_gene[gene] + same * guides.day) / n[gene]
                expected[a, b] += guides.profile[a] * guides.profile[b] * of_guides
                correlation = 1.0 if same else replicates.constant
                expected[a, b] += correlation * np.sqrt(replicates.by_day[a] * replicates.by_day[b]) / 2
        np.testing.assert_allclose(found.covariance[gene], expected, rtol=1e-12)
        assert (np.linalg.eigvalsh(found.covariance[gene]) > 0).all()
    np.testing.assert_array_equal(found.se, np.sqrt(np.einsum("ldd->ld", found.covariance)))
    np.testing.assert_array_equal(found.noise, found.sandwich_covariance)  # as `se` asks


def test_these_guides_and_cultures_add_nothing(screen, fit, found):
    these = estimate_theta(fit.baseline, screen, MES, replace(OPTIONS, estimand="guides"))
    np.testing.assert_array_equal(these.covariance, these.noise)
    np.testing.assert_array_equal(these.noise, found.noise)
    np.testing.assert_array_equal(these.theta_hat, found.theta_hat)
    np.testing.assert_array_equal(these.guides.beta, found.guides.beta)
    assert (these.guides.left_out_se < found.guides.left_out_se)[np.isfinite(these.guides.left_out)].all()


def test_the_kind_of_noise_is_the_one_asked_for(screen, fit):
    by_model = estimate_theta(fit.baseline, screen, MES, replace(OPTIONS, se="model"))
    np.testing.assert_array_equal(by_model.noise, by_model.model_covariance)
    ratio = np.nanmedian(sd_of(by_model.sandwich_covariance) / sd_of(by_model.model_covariance))
    assert by_model.sandwich_ratio == pytest.approx(ratio)


def test_one_replicate_adds_guides_only():
    screen = screen_of(simulated(**SIM | {"replicates": 1, "cells": 1500}))
    found = estimate_theta(fit_laplace(screen, OPTIONS).baseline, screen, MES, OPTIONS)
    of_guides = found.guide_variance.of_mean(screen.guides_per_gene)
    np.testing.assert_allclose(found.covariance - found.noise, of_guides, atol=1e-15)
    assert found.by_replicate.n == 0


def test_dense_estimates_with_all_terms_and_covariates():
    """The fixed effects, where burden by day, samples and covariates are in the model."""
    screen = screen_of(simulated(cells=600, genes=5))
    values = np.random.default_rng(0).normal(size=(screen.n_cells, 2))
    screen = replace(screen, covariates=values, covariate_names=("depth", "cycle"))
    options = replace(OPTIONS, tolerances=replace(OPTIONS.tolerances, newton=1e-7))
    fit = fit_laplace(screen, options)
    assert {"gamma_day", "sample", "covariate"} <= fit.mode.keys()
    theta_hat = contrast_theta(
        fit.baseline.design, find_fixed_effects(fit.baseline, options).x.unsqueeze(1), MES
    )[0]  # fmt: skip
    flat = np.broadcast_to(np.eye(3) / SETTINGS.estimate_prior_sd**2, (2, 3, 3))
    dense = dense_model(screen, SETTINGS, flat, fit.scales["sigma_guide"], fit.weight)
    np.testing.assert_allclose(theta_hat, dense.named(dense.mode())["theta"][:, 0], atol=1e-5)


def test_clusters_are_in_the_noise_as_in_a_dense_sandwich():
    """All the way through: the factor of scores from what clusters use up, and the scatter of their sums."""
    screen = screen_of(simulated(cells=600, genes=5))
    cluster = np.random.default_rng(0).integers(80, size=screen.n_cells)
    screen = replace(screen, cluster=np.unique(cluster, return_inverse=True)[1])
    fit = fit_laplace(screen, OPTIONS)
    options = replace(OPTIONS, perturbations=replace(OPTIONS.perturbations, number=1024))
    found = estimate_theta(fit.baseline, screen, MES, options)
    flat = np.broadcast_to(np.eye(3) / SETTINGS.estimate_prior_sd**2, (2, 3, 3))
    dense = dense_model(screen, SETTINGS, flat, fit.scales["sigma_guide"], fit.weight)
    x = dense.mode()
    pi, inverse = dense.pi(x), np.linalg.inv(dense.curvature(x))
    w = dense.weight[:, None, None] * (pi[:, :, None] * np.eye(2) - pi[:, :, None] * pi[:, None])
    score, used, size, middle = dense.weight[:, None] * (dense.labels - pi), 0.0, 0.0, dense.precision.copy()
    for c in range(80):
        own = screen.cluster == c
        k = np.einsum("nfg,ngp->fp", w[own], dense.design[own])
        own_size = own.sum()
        used += own_size * np.trace(np.linalg.solve(w[own].sum(0), k @ inverse @ k.T))
        size += own_size
    for c in range(80):
        own = screen.cluster == c
        s = np.einsum("nfp,nf->p", dense.design[own], score[own])
        middle += np.outer(s, s) / (1 - used / (2 * size))
    sandwich = inverse @ middle @ inverse
    for gene in range(5):
        at = dense.starts["theta"] + np.arange(5 * 2 * 3).reshape(5, 2, 3)[gene, 0]
        exact = sandwich[np.ix_(at, at)]
        sd = np.sqrt(np.diag(exact))
        assert np.abs((found.noise[gene] - exact) / np.outer(sd, sd)).max() < 0.15  # 1,024 draws
        np.testing.assert_allclose(np.sqrt(np.diag(found.noise[gene])), sd, rtol=0.06)


# ---- contrasts --------------------------------------------------------------------------------------------


def test_contrasts_of_vectors_and_of_blocks(small_screen):
    design, contrast = build_design(small_screen), np.array([1.0, -0.5])
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((design.n_effects, 40), generator=generator, dtype=torch.float64)
    theta = np.einsum("lfds,f->sld", design.theta(x).numpy(), contrast)
    np.testing.assert_allclose(contrast_theta(design, x, contrast), theta, atol=1e-12)
    # blocks of second moments of these very vectors
    blocks = []
    for group in design.groups:
        own = x[group.entries].reshape(group.n_genes, -1, 40)
        blocks.append(own @ own.transpose(1, 2) / 40)
    second = np.einsum("sld,sle->lde", theta, theta) / 40
    np.testing.assert_allclose(contrast_covariance(theta_covariance(design, blocks), contrast), second, atol=1e-10)
    weights = np.random.default_rng(1).dirichlet(np.ones(small_screen.n_genes), small_screen.n_days).T
    mean = (mean_vectors(design, weights).T @ x).view(small_screen.n_days, 2, 40)
    expected = np.einsum("ld,lfds->dfs", weights, design.theta(x).numpy())
    np.testing.assert_allclose(mean.numpy(), expected, atol=1e-12)


def test_days_that_carry_a_gene_are_counted_among_the_cells_asked_for(small_screen):
    s = small_screen
    among = s.replicate == 1
    whole, some = (np.zeros((s.n_genes, s.n_days), dtype=bool) for _ in range(2))
    for i in range(s.n_cells):
        for guide in s.guide_idx[s.guide_ptr[i] : s.guide_ptr[i + 1]]:
            whole[s.guide_gene[guide], s.day[i]] = True
            some[s.guide_gene[guide], s.day[i]] |= among[i]
    np.testing.assert_array_equal(carried_by_day(s), whole)
    np.testing.assert_array_equal(carried_by_day(s, among), some)


# ---- guides -----------------------------------------------------------------------------------------------


def apart(screen, guide):
    """The screen with a guide as a gene of its own, at the end; and the old numbers of its guides."""
    order = np.r_[np.delete(np.arange(screen.n_guides), guide), guide]
    gene = np.r_[np.delete(screen.guide_gene, guide), screen.n_genes]
    place = np.argsort(order)
    return replace(
        screen, guide_idx=place[screen.guide_idx].astype(np.int32), guide_gene=gene,
        guide_names=tuple(screen.guide_names[k] for k in order), gene_names=(*screen.gene_names, "alone"),
    )  # fmt: skip


def refitted(screen, fit, options=OPTIONS):
    """Contrast of the fixed effects of another screen at a fit's weight and scales: [L, D]."""
    design = options.design(screen)
    start = Baseline(
        design=design, x=design.nuisance.new_zeros(design.n_effects), scales=fit.baseline.scales,
        weight=fit.baseline.weight,
    )  # fmt: skip
    return contrast_theta(design, find_fixed_effects(start, options).x.unsqueeze(1), MES)[0]


def test_guides_have_the_genes_estimate_as_mean(screen, found):
    for gene in range(screen.n_genes):
        own = found.guides.beta[screen.guide_gene == gene]
        np.testing.assert_allclose(own.mean(0), found.theta_hat[gene], atol=1e-10)
    alone = screen.guides_per_gene[screen.guide_gene] == 1
    assert alone.any()
    noise = np.sqrt(np.einsum("ldd->ld", found.noise))
    np.testing.assert_allclose(found.guides.se[alone], noise[screen.guide_gene[alone]], rtol=1e-6)
    assert np.isnan(found.guides.left_out[alone]).all() and np.isfinite(found.guides.left_out[~alone]).all()


def test_guides_are_not_shrunk():
    """Estimates of guides follow their true effects with slope 1, where the model's own deviations do not."""
    sim = simulated(**SIM | {"cells": 6000, "concentration": 8.0, "seed": 6})
    screen = screen_of(sim)
    fit = fit_laplace(screen, OPTIONS)
    found = estimate_theta(fit.baseline, screen, MES, OPTIONS)
    names = [str(name) for name in sim.guide_map.guide_name]
    place = [names.index(name) for name in screen.guide_names]
    deviation = (
        sim.delta[place][:, 0]
        - np.bincount(screen.guide_gene, sim.delta[place][:, 0])[screen.guide_gene]
        / (screen.guides_per_gene[screen.guide_gene])
    )
    several = screen.guides_per_gene[screen.guide_gene] > 1
    own = (found.guides.beta - found.theta_hat[screen.guide_gene]).mean(1)
    slope = [
        (values * deviation)[several].sum() / (deviation[several] ** 2).sum()
        for values in (own, fit.mode["delta"][:, 0])
    ]
    assert slope[0] == pytest.approx(1, abs=0.15)
    assert slope[1] < slope[0]


def test_without_a_guide_the_gene_is_what_a_refit_without_it_finds(screen, fit, found):
    """A guide as a gene of its own says nothing of its former gene; cells keep all that they carry."""
    noise, misses, moves = np.sqrt(np.einsum("ldd->ld", found.noise)), [], []
    of_genes = np.flatnonzero(screen.guides_per_gene == 4)[:3]
    for guide in np.flatnonzero(np.isin(screen.guide_gene, of_genes)):
        gene = screen.guide_gene[guide]
        refit = refitted(apart(screen, guide), fit)[gene]
        shift, exact = found.guides.left_out[guide] - found.theta_hat[gene], refit - found.theta_hat[gene]
        misses.append((shift - exact) / noise[gene])
        moves.append(exact / noise[gene])
    assert len(misses) == 12
    assert np.square(moves).mean() ** 0.5 > 0.5  # there is something to find
    assert np.square(misses).mean() ** 0.5 < 0.2 * np.square(moves).mean() ** 0.5
    assert np.abs(misses).max() < 0.5


def test_without_a_guide_the_mean_of_a_balanced_gene_moves_by_its_deviation():
    """theta without g = theta - delta_g / (n - 1), where all guides are seen equally well and deviations are fixed."""
    rng, n, d, l = np.random.default_rng(0), 4, 3, 5
    y = rng.normal(size=(l, n, d))
    layout = GuideDays(y=y, v=np.full((l, n, d), 0.04), genes=np.arange(l), guides=np.arange(l * n).reshape(l, n))
    guides = GuideVariance(
        by_gene=np.full(l, 0.3), scale=0.5, df=4.0, day=0.0, profile=np.ones(d), posterior=np.empty((l, 0))
    )
    of_guides = np.einsum("ldd->ld", guides.of_mean(np.full(l, n)))
    theta = y.mean(1)
    genes = GeneNoise(
        theta_hat=theta, variance=np.full((l, d), 0.01), guides=guides, of_guides=of_guides,
        replicates=np.full(d, 0.02), labels=np.zeros((l, d)), guide_prior=1e5,
    )  # fmt: skip
    found = estimate_guides((layout,), genes)
    delta = y.mean(2) - y.mean((1, 2))[:, None]
    beta = (theta[:, None] + delta[:, :, None]).reshape(-1, d)
    np.testing.assert_allclose(found.beta, beta, atol=1e-4)
    own = (y.sum(1, keepdims=True) - y) / (n - 1)  # mean of the other guides, day by day
    np.testing.assert_allclose(found.left_out.reshape(l, n, d), own, atol=1e-4)
    # noise of n - 1 guides, G of n - 1 guides, R
    expected = np.sqrt(0.01 * n / (n - 1) + 0.3 / (n - 1) + 0.02)
    np.testing.assert_allclose(found.left_out_se, expected, rtol=1e-3)
    # a guide: a mean over its own days for delta beside the day's mean of all guides
    variance = 0.04 / n + 0.04 / d * (1 - 1 / n)
    np.testing.assert_allclose(found.se, np.sqrt(variance), rtol=1e-3)


# ---- checkpoint -------------------------------------------------------------------------------------------


def test_estimates_come_back_from_a_checkpoint_as_they_went(screen, fit, found, tmp_path, monkeypatch):
    monkeypatch.setattr("fatebias.base.checkpoint.LEAST_SECONDS", 0.0)
    key = {"device": "cpu", "settings": {}}
    run = Run(checkpoint=open_checkpoint(tmp_path, key)).at("estimates")
    saved = estimate_theta(fit.baseline, screen, MES, OPTIONS, run)
    monkeypatch.setattr("fatebias.laplace.gene_estimates.solve_estimates", None)  # it must not be asked again
    reopened = Run(checkpoint=open_checkpoint(tmp_path, key)).at("estimates")
    again = estimate_theta(fit.baseline, screen, MES, OPTIONS, reopened)
    for one, other in ((saved, again), (found, again)):
        assert_equal_records(one, other)


def assert_equal_records(one, other):
    assert type(one) is type(other) and vars(one).keys() == vars(other).keys()
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, vars(other)[name], err_msg=name)
        elif hasattr(value, "__dataclass_fields__"):
            assert_equal_records(value, vars(other)[name])
        else:
            assert value == vars(other)[name], name
