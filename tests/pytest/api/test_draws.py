"""Posterior draws of a fit as an xarray DataTree."""

import importlib.util
import sys
import warnings

import numpy as np
import pytest
from fitted_screen import QUICK

import fatebias


def test_draws_have_names_and_their_mean_is_that_of_the_tables(fitted):
    pytest.importorskip("xarray")
    theta = fitted.posterior["posterior"]["theta"]
    assert theta.dims == ("chain", "draw", "gene", "fate", "day") and theta.sizes["draw"] == 60
    for row in fitted.genes.itertuples():
        drawn = theta.sel(gene=row.gene, fate=row.fate, day=row.day)
        assert float(drawn.mean()) == pytest.approx(row.posterior_mean, rel=1e-5, abs=1e-6)
        assert float(drawn.std()) == pytest.approx(row.posterior_sd, rel=1e-5)
    delta = fitted.posterior["posterior"]["delta"]
    mean = delta.mean(("chain", "draw")).groupby("gene_of_guide").mean()
    assert float(abs(mean).max()) < 1e-9  # within a gene deviations have mean 0


def test_draws_of_one_contrast_have_its_words_as_fate(screen):
    pytest.importorskip("xarray")
    fit = fatebias.fit(screen, save_draws="contrast", **QUICK)
    theta = fit.posterior["posterior"]["theta"]
    assert theta.dims == ("chain", "draw", "gene", "fate", "day") and theta.fate.values.tolist() == ["2"]
    by_day = theta.mean(("chain", "draw")).sel(fate="2").values
    expected = fit.genes.query("fate == '2'").posterior_mean.to_numpy().reshape(by_day.shape)
    np.testing.assert_allclose(by_day, expected, rtol=1e-5, atol=1e-6)


def test_arviz_takes_the_draws_as_they_are(fitted):
    stats = pytest.importorskip("arviz_stats")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one chain has no r_hat
        summary = stats.summary(fitted.posterior, var_names=["theta"])
    first = fitted.genes.iloc[0]
    assert float(summary.loc[f"theta[{first.gene}, 2, 2h]", "mean"]) == pytest.approx(first.posterior_mean, abs=0.006)


def test_what_draws_need_is_said(fitted, screen, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "xarray", None)
    fresh = fatebias.load(fitted.out_dir)
    with pytest.raises(fatebias.FatebiasError, match=r"pip install 'fatebias\[arviz\]'"):
        _ = fresh.posterior
    monkeypatch.undo()
    if importlib.util.find_spec("xarray"):
        with pytest.raises(fatebias.ExportError, match="save_draws='all'"):
            _ = fatebias.fit(screen, **QUICK).posterior
