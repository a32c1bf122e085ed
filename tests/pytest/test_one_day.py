"""A screen of one time point, from the file to the results: the model without a walk."""

import numpy as np
import pandas as pd
import pytest
from broken_screens import CELLS, guide_map, screen
from conftest import screen_of, simulated
from scipy.optimize import minimize

from fatebias.base.settings import Settings
from fatebias.results import fit_screen
from fatebias.results.engines import infer
from fatebias.screens.doubts import doubts_about
from fatebias.screens.reader import read_screen
from fatebias.simulation import simulate_to

SIGMA_TIME = "sigma_time"


def files(folder, day):
    """A screen with that column of days (None: without), and its map."""
    screen(obs={"day": day}).write_h5ad(folder / "screen.h5ad")
    guide_map().to_csv(folder / "map.csv", index=False)
    return folder / "screen.h5ad", folder / "map.csv"


def days_doubted(made):
    doubts = doubts_about(made, Settings.from_mapping())
    return [one.found for one in doubts if one.item == "Days"]


def test_one_level_of_days_is_read_with_a_warning_and_no_column_without(tmp_path):
    settings = Settings.from_mapping({"day_key": None})
    column = read_screen(*files(tmp_path, np.repeat("d4", CELLS)), Settings.from_mapping())
    none = read_screen(*files(tmp_path, None), settings)
    other = read_screen(*files(tmp_path, np.arange(CELLS) % 3), settings)
    said = {name: days_doubted(one) for name, one in {"column": column, "none": none, "other": other}.items()}
    assert said["column"] == ["one day, d4: no change over days can be told"] and said["none"] == []
    assert said["other"] == ["all cells are taken as of one day (day_key: null), but obs['day'] has 0, 1, 2"]
    assert (column.day_labels, column.day_values) == (("d4",), (4.0,))
    assert (none.day_labels, none.day_values) == (("all",), None)
    for one in (none, other):
        assert one.day.tolist() == column.day.tolist() == [0] * CELLS
        assert np.array_equal(one.burden_centered, column.burden_centered)
        assert np.array_equal(one.fate_probs, column.fate_probs)


def log_posterior(x, made, settings, tau, sigma, weight):
    """Of theta [L, F], v [G, F], alpha [F], b [R, F], gamma [F]; a plain sum over cells and effects."""
    l, g, f, r = made.n_genes, made.n_guides, made.n_logits, made.n_replicates
    theta, v, alpha, b, gamma = np.split(x, np.cumsum([l * f, g * f, f, r * f]))
    theta, v, b = theta.reshape(l, f), v.reshape(g, f), b.reshape(r, f)
    beta = np.concatenate([theta[k] + v[made.guide_gene == k] - v[made.guide_gene == k].mean(0) for k in range(l)])
    presence = np.zeros((made.n_cells, g))
    for cell in range(made.n_cells):
        presence[cell, made.guide_idx[made.guide_ptr[cell] : made.guide_ptr[cell + 1]]] = 1
    burden = made.burden - made.burden.mean()
    eta = alpha + b[made.replicate] + burden[:, None] * gamma + presence @ beta
    log_pi = np.c_[np.zeros(len(eta)), eta]
    log_pi = log_pi - np.log(np.exp(log_pi).sum(1, keepdims=True))
    prior = (theta**2 / tau**2).sum() + (v**2 / sigma**2).sum() + (alpha**2).sum() / settings.s_alpha**2
    prior += (b**2).sum() / settings.s_rep**2 + (gamma**2).sum() / settings.s_gamma**2
    return weight * (made.fate_probs * log_pi).sum() - prior / 2


def test_effects_are_those_of_a_plain_optimiser():
    made = screen_of(simulated(cells=250, genes=3, guides_per_gene=3, days=1))
    sizes = np.bincount(made.guide_gene)
    assert len(set(sizes)) == 2  # genes with one guide and with several
    settings = Settings.from_mapping({"inference": "laplace"})
    fit = infer(made, settings).laplace
    scales = fit.scales["tau"], fit.scales["sigma_guide"]

    def objective(x):
        return -log_posterior(x, made, settings, *scales, float(fit.weight[0]))

    size = (made.n_genes + made.n_guides + made.n_replicates + 2) * made.n_logits
    found = minimize(objective, np.zeros(size), method="BFGS", options={"gtol": 1e-4, "maxiter": 500})
    theta = found.x[: made.n_genes * made.n_logits].reshape(made.n_genes, made.n_logits)
    assert np.allclose(fit.mode["theta"][:, :, 0], theta, atol=2e-3)
    assert fit.scales[SIGMA_TIME].shape == (made.n_logits, 0)


def test_the_engines_agree():
    made = screen_of(simulated(cells=1500, days=1, seed=4))
    one = infer(made, Settings.from_mapping({"inference": "laplace"}))
    other = infer(made, Settings.from_mapping({"num_steps": 500}))
    apart = np.abs(one.posterior.theta_mean - other.posterior.theta_mean) / one.posterior.theta_sd
    assert apart.mean() < 0.1
    assert np.allclose(other.posterior.theta_sd / one.posterior.theta_sd, 1, atol=0.25)
    assert other.scales[SIGMA_TIME] == {"mean": [[], []], "sd": [[], []]}
    assert np.array_equal(one.estimates.theta_hat, other.estimates.theta_hat)


@pytest.mark.parametrize("family", ["normal", "lowrank"])
@pytest.mark.filterwarnings("ignore:SVI stopped")
def test_pyros_own_families_have_no_walk_either(family):
    made = screen_of(simulated(days=1))
    found = infer(made, Settings.from_mapping({"approx_posterior": family, "num_steps": 20}))
    assert found.scales[SIGMA_TIME] == {"mean": [[], []], "sd": [[], []]}
    assert found.posterior.theta_mean.shape == (made.n_genes, 1) and np.isfinite(found.posterior.theta_sd).all()


def test_estimates_are_as_far_from_the_truth_as_their_standard_errors_say():
    z = []
    for seed in range(4):
        life = {"guide_sd": 0.1, "replicate_sd": 0.08, "sample_sd": 0.1, "off_target": 0.05}
        sim = simulated(cells=3000, genes=100, guides_per_gene=5, ntc=20, moi=5.0, days=1, seed=seed + 1, **life)
        made = screen_of(sim)
        found = infer(made, Settings.from_mapping({"inference": "laplace"})).estimates
        assert made.gene_names == sim.genes
        z.append((found.theta_hat - sim.theta[:, 0]) / found.se)
    assert 0.9 < np.std(z) < 1.1  # 400 estimates: 1 +- .035
    assert 0.02 < (np.abs(z) > 1.96).mean() < 0.085


def test_a_fit_writes_one_column_a_day_and_says_what_one_day_cannot_tell(tmp_path):
    paths = simulate_to(tmp_path, {"days": 1, "cells": 500, "genes": 5, "seed": 2})
    truth = pd.read_csv(paths["truth"])
    assert list(truth) == ["gene", "theta_d0"] and np.load(paths["truth_all"])["theta"].shape == (5, 2, 1)
    settings = Settings.from_mapping({"inference": "laplace", "day_key": None})
    manifest = fit_screen(paths["screen"], paths["guide_map"], tmp_path / "fit", settings)
    table = pd.read_csv(tmp_path / "fit" / "gene_daywise_likelihood.csv")
    assert list(table) == ["gene", "betahat_d0", "se_d0"] and table.notna().all(axis=None)
    assert manifest["days"] == ["all"] and manifest["settings"]["day_key"] is None
    assert manifest["scales"][SIGMA_TIME] == {"mean": [[], []], "sd": [[], []]}
    assert manifest["estimates"]["guide_day_sd"] is None
    assert manifest["estimates"]["replicate_constant_share"] is None
    assert len(manifest["estimates"]["replicate_sd"]) == 1


def test_guides_differ_by_one_variance_where_there_is_one_day():
    """s_gd is left out: guides that differ by .3 on the day differ by .3, all of it the gene's own."""
    sim = simulated(cells=4000, genes=40, guides_per_gene=6, ntc=20, days=1, guide_sd=0.3, concentration=50.0)
    found = infer(screen_of(sim), Settings.from_mapping({"inference": "laplace"})).estimates.guide_variance
    assert found.day == 0.0 and found.profile.tolist() == [1.0]
    assert found.scale == pytest.approx(0.3, rel=0.15)
