"""A whole fit of several label sets: its files, its posterior as a mixture, what it writes of the sets, going on."""

import anndata
import killed_fit
import numpy as np
import pandas as pd
import pytest

from fatebias.base.checkpoint import _File
from fatebias.base.settings import Settings
from fatebias.results.contrasts import contrast_tables
from fatebias.results.fit import fit_screen
from fatebias.simulation import simulate_to

KEYS = ["fateprob", "k50", "k70"]
LAPLACE = {"inference": "laplace", "num_posterior_draws": 100, "save_draws": "all"}
SVI = {"batch_size": 256, "num_steps": 60, "num_posterior_draws": 40}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    arguments = {"cells": 800, "genes": 8, "guides_per_gene": 3, "ntc": 4, "days": 3, "concentration": 20}
    made = simulate_to(tmp_path_factory.mktemp("sim"), arguments)
    adata = anndata.read_h5ad(made["screen"])
    table, rng = adata.obsm["fateprob"], np.random.default_rng(7)
    for key in KEYS[1:]:
        raised = table * np.exp(rng.normal(scale=0.5, size=table.shape))
        adata.obsm[key] = raised.div(raised.sum(axis=1), axis=0)
    mean = sum(adata.obsm[key] for key in KEYS) / 3
    adata.obsm["mean"] = mean
    adata.write_h5ad(made["screen"])
    return made


def fit(files, out, key, settings):
    return fit_screen(
        files["screen"], files["guide_map"], out, Settings.from_mapping(settings | {"fate_prob_key": key})
    )


@pytest.fixture(scope="module")
def folders(files, tmp_path_factory):
    """Fits of all sets together, of each alone, and of their mean, by laplace."""
    root = tmp_path_factory.mktemp("fits")
    manifests = {name: fit(files, root / name, name, LAPLACE) for name in [*KEYS, "mean"]}
    return root, manifests | {"all": fit(files, root / "all", KEYS, LAPLACE)}


def columns(folder, name, prefix):
    return pd.read_csv(folder / name).filter(regex=rf"^{prefix}_d\d+$").to_numpy()


def test_estimates_are_means_over_fits_of_single_sets(folders):
    root, _ = folders
    found = columns(root / "all", "gene_daywise_likelihood.csv", "betahat")
    single = np.stack([columns(root / key, "gene_daywise_likelihood.csv", "betahat") for key in KEYS])
    se = columns(root / "fateprob", "gene_daywise_likelihood.csv", "se")
    assert np.abs((found - single.mean(0)) / se).max() < 0.02  # those after the first start elsewhere
    assert np.abs(single - single[0]).max() > 0.1


def test_the_share_of_labels_is_in_the_table_and_in_the_variance(folders):
    root, manifests = folders
    share = columns(root / "all", "gene_heterogeneity.csv", "label_share")
    assert share.shape == (8, 3) and ((share >= 0) & (share < 1)).all()
    archive = np.load(root / "all" / "effects_all_fates.npz")
    variance = columns(root / "all", "gene_daywise_likelihood.csv", "se") ** 2
    place = archive["fates"].tolist().index("MES")
    np.testing.assert_allclose(share * variance, np.einsum("ldd->ld", archive["labels"][:, :, place, :, place]))
    told = manifests["all"]["label_sets"]
    assert told["keys"] == KEYS == manifests["all"]["screen"]["label_sets"]
    np.testing.assert_allclose(manifests["all"]["estimates"]["label_share"], np.median(share, 0))
    np.testing.assert_allclose(told["dispersion"][1], manifests["k50"]["dispersion"], rtol=0.02)
    assert told["dispersion"][0] == manifests["fateprob"]["dispersion"] == manifests["all"]["dispersion"]


def test_one_set_has_no_trace_of_sets(folders):
    root, manifests = folders
    assert "label_sets" not in manifests["k50"] and "label_sets" not in manifests["k50"]["screen"]
    assert "label_share_d0" not in pd.read_csv(root / "k50" / "gene_heterogeneity.csv")
    assert "labels" not in np.load(root / "k50" / "effects_all_fates.npz")


def test_no_refit_of_the_mean_labels_starts_where_one_of_several_sets_stands(folders):
    root, _ = folders
    assert {"baseline_screen", "baseline_x"} <= set(np.load(root / "k50" / "effects_all_fates.npz"))
    assert not {"baseline_screen", "baseline_x"} & set(np.load(root / "all" / "effects_all_fates.npz"))


def test_the_posterior_is_a_mixture_with_as_many_draws_of_each_set(folders):
    root, _ = folders
    draws = np.load(root / "all" / "posterior_draws.npz")["theta"]
    assert len(draws) == 3 * 34  # 100 were asked for
    for k, key in enumerate(KEYS):
        alone = np.load(root / key / "posterior_draws.npz")["theta"]
        own, sd = draws[k * 34 : (k + 1) * 34], alone.std(0)
        assert np.abs((own.mean(0) - alone.mean(0)) / sd).mean() < 0.25  # of 34 draws
    np.testing.assert_allclose(
        columns(root / "all", "gene_daywise_for_mash.csv", "betahat"), draws[:, :, 0].mean(0), rtol=1e-6
    )


def test_another_contrast_after_the_fit_has_its_own_share(folders):
    root, _ = folders
    found = contrast_tables(root / "all", "MES - NEU")
    share = found["gene_heterogeneity.csv"].filter(regex=r"^label_share_d").to_numpy()
    archive = np.load(root / "all" / "effects_all_fates.npz")
    way = np.array([{"MES": 1.0, "NEU": -1.0}[fate] for fate in archive["fates"].tolist()])
    labels = np.einsum("ldfdg,f,g->ld", archive["labels"], way, way)
    variance = found["gene_daywise_likelihood.csv"].filter(regex=r"^se_d").to_numpy() ** 2
    np.testing.assert_allclose(share * variance, labels)


def test_p_values_are_those_of_the_mean_labels(folders):
    root, _ = folders
    found, wanted = (columns(root / name, "gene_daywise_p.csv", "z") for name in ("all", "mean"))
    assert np.abs(found - wanted).max() < 0.02


def test_a_fit_that_was_killed_in_a_later_set_goes_on_to_the_same_bytes(files, tmp_path, monkeypatch):
    for module, name, value in killed_fit.ALWAYS:
        monkeypatch.setattr(module, name, value)
    wholes = {"svi": SVI, "laplace": LAPLACE}
    for name, settings in wholes.items():
        fit(files, tmp_path / name, KEYS, settings)
    for name, place, steps in (
        ("svi", "label set 2/svi", 30),
        ("laplace", "label set 3/laplace/rounds", 1),
        ("laplace", "mean of label sets/rounds", 1),
    ):
        out, keep = tmp_path / place.replace("/", "_"), _File.keep

        def keep_and_die(self, at, state, taken, final, place=place, steps=steps, keep=keep):
            keep(self, at, state, taken, final)
            if at == place and taken >= steps:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(_File, "keep", keep_and_die)
            with pytest.raises(KeyboardInterrupt):
                fit(files, out, KEYS, wholes[name])
        manifest = fit(files, out, KEYS, wholes[name])
        assert manifest["resumed"][-1]["at"] == place
        for path in (tmp_path / name).glob("*.csv"):
            assert path.read_bytes() == (out / path.name).read_bytes()
