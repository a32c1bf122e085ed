"""Fates that are any components of a cell: many, rare, one-hot, on one time point or several."""

import numpy as np
import pandas as pd
import pytest
from conftest import screen_of, simulated
from dense_reference import dense_model

from fatebias.base.errors import FitError
from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, cell_matrices, fit_laplace, solve_estimates
from fatebias.results import fit_screen
from fatebias.simulation import simulate_to

LAPLACE = {"inference": "laplace", "num_perturbations": 16, "num_posterior_draws": 50}
SIZES = {"cells": 900, "genes": 5, "guides_per_gene": 3, "ntc": 4, "moi": 3.0, "seed": 3}


def fitted(folder, settings, **arguments):
    paths = simulate_to(folder / "made", SIZES | arguments)
    given = Settings.from_mapping(LAPLACE | settings)
    return fit_screen(paths["screen"], paths["guide_map"], folder / "out", given, warn=False)


@pytest.mark.parametrize(
    "arguments",
    [
        {"fates": 30, "days": 1},
        {"fates": 30, "days": 2, "labels": "onehot"},
        {"fates": 12, "days": 2, "rare": True, "concentration": 2.0},  # most probabilities are nearly 0
        {"fates": 12, "days": 2, "rare": True, "labels": "onehot", "cells": 4000},
    ],
    ids=["one day", "one-hot", "rare", "rare and one-hot"],
)
def test_many_components_are_fitted(arguments, tmp_path):
    one_day = arguments["days"] == 1
    settings = {"day_key": None} if one_day else {}
    manifest = fitted(tmp_path, settings, **arguments)
    assert len(manifest["fates"]) == arguments["fates"] and manifest["convergence"]["converged"]
    table = pd.read_csv(tmp_path / "out" / "gene_daywise_likelihood.csv")
    se = table.filter(like="se_").to_numpy()
    assert se.shape[1] == arguments["days"] and np.isfinite(se).all() and (se > 0).all()
    assert np.isfinite(table.filter(like="betahat_").to_numpy()).all()


def test_a_screen_too_small_for_rare_one_hot_components_says_what_to_do(tmp_path):
    """Of a dozen components some have a cell or two a day: no dispersion is told. One-hot labels have the weight 1."""
    rare = {"fates": 12, "days": 2, "rare": True, "labels": "onehot"}
    with pytest.raises(FitError, match="too few cells .* Set a number as `likelihood_weight`"):
        fitted(tmp_path / "auto", {}, **rare)
    assert fitted(tmp_path / "one", {"likelihood_weight": 1.0}, **rare)["convergence"]["converged"]


def test_a_component_without_mass_in_most_cells_may_be_reference_and_contrast(tmp_path):
    """Zeros are labels like others: a screen with exact zeros fits, whichever component is the reference."""
    found = {}
    for ref in ("EC", "FATE6"):
        settings = {"ref_fate": ref, "contrast_fate": "MES - NEU"}
        fitted(tmp_path / ref, settings, fates=6, days=2, labels="onehot")
        found[ref] = pd.read_csv(tmp_path / ref / "out" / "gene_daywise_likelihood.csv").filter(like="betahat_")
    np.testing.assert_allclose(found["EC"], found["FATE6"], atol=0.1)  # priors are of logits against the reference


def test_covariances_of_many_fates_are_those_of_the_dense_model():
    """Model covariances of fixed effects at 9 logits against the inverse of the dense curvature."""
    screen = screen_of(simulated(fates=10, days=2, genes=3, cells=250, guides_per_gene=3))
    given = Settings.from_mapping({"likelihood_weight": 20.0, "num_perturbations": 2048, "newton_tolerance": 1e-7})
    options = LaplaceOptions.of(given)
    solved = solve_estimates(fit_laplace(screen, options).baseline, options)
    assert solved.design.n_logits > cell_matrices.MOST_DENSE
    f, d = screen.n_logits, screen.n_days
    flat = np.broadcast_to(np.eye(d) / given.estimate_prior_sd**2, (f, d, d))
    sigma = solved.effects.problem.prior.sigma_guide.numpy()
    dense = dense_model(screen, given, flat, sigma, np.full(d, 20.0))
    exact = np.linalg.inv(dense.curvature(dense.mode()))
    for group, covariances in zip(solved.design.groups, solved.model):
        for gene, own in zip(solved.design.genes_of(group), covariances.numpy()):
            index = dense.gene_index(screen, gene)
            sd = np.sqrt(np.diag(exact)[index])
            theta = slice(0, d * f)
            ratio = np.sqrt(np.diag(own))[theta] / sd[theta]
            assert np.abs(ratio - 1).max() < 0.05
            assert np.abs(own / np.outer(sd, sd) - exact[np.ix_(index, index)] / np.outer(sd, sd)).max() < 0.12


def test_fits_do_not_depend_on_how_curvatures_are_held(monkeypatch):
    screen = screen_of(simulated(cells=400))
    options = LaplaceOptions.of(Settings.from_mapping())
    held = fit_laplace(screen, options)
    monkeypatch.setattr(cell_matrices, "MOST_DENSE", 0)
    factored = fit_laplace(screen, options)
    np.testing.assert_allclose(factored.mode["theta"], held.mode["theta"], atol=1e-6)
    np.testing.assert_allclose(factored.weight, held.weight, rtol=1e-6)
    for one, other in zip(held.blocks, factored.blocks):
        np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-4, atol=1e-7)
