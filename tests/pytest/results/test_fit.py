"""A whole fit: its files, columns and manifest (docs/design.md, "Export contract")."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import DATA

from fatebias.base.errors import ExportError, FitWarning, ScreenError, ScreenWarning
from fatebias.base.out_dir import FIT_FILES
from fatebias.base.settings import Settings
from fatebias.r_api import describe_screen
from fatebias.results.fit import fit_screen
from fatebias.results.qc import assert_qc, assess_qc
from fatebias.simulation import simulate_to


@pytest.fixture(scope="module")
def simulated_files(tmp_path_factory):
    return simulate_to(
        tmp_path_factory.mktemp("sim"), {"cells": 800, "genes": 8, "guides_per_gene": 3, "ntc": 4, "days": 3}
    )


@pytest.fixture(scope="module")
def fit(simulated_files, tmp_path_factory):
    out = tmp_path_factory.mktemp("fit") / "results"
    settings = Settings.from_mapping({"likelihood_weight": 7, "save_draws": "all", "mode": "simulation"})
    manifest = fit_screen(simulated_files["screen"], simulated_files["guide_map"], out, settings)
    return out, manifest, settings


def test_every_file_of_the_contract(fit):
    out, manifest, _ = fit
    days = [0, 1, 2]
    estimates = [f"betahat_d{d}" for d in days] + [f"se_d{d}" for d in days]
    columns = {
        "gene_daywise_for_mash.csv": ["gene", *estimates],
        "guide_daywise_for_mash.csv": ["guide", "gene", *estimates],
        "gene_daywise_likelihood.csv": ["gene", *estimates],
        "gene_daywise_cov.csv": ["gene", "day_1", "day_2", "theta_cov", "likelihood_cov"],
        "guide_daywise_likelihood.csv": ["guide", "gene", *estimates],
        "guide_daywise_left_out.csv": ["guide", "gene", *estimates],
        "gene_daywise_by_replicate.csv": ["gene", "day", "replicate", "betahat", "se"],
        "gene_daywise_p.csv": ["gene", *[f"{name}_d{d}" for name in ("z", "p", "p_guides") for d in days]],
        "gene_heterogeneity.csv": [
            "gene",
            "n_guides",
            "guide_sd",
            "guide_share",
            "replicate_q",
            "replicate_df",
            "replicate_p",
        ],
        "qc_delta_mean_by_gene.csv": ["gene", "n_guides", "delta_mean_gene", "delta_sd_gene"],
        "qc_theta_beta_offset_by_gene.csv": ["gene", "n_guides", "offset_mean", "offset_sd_across_days"],
        "qc_theta_day_centering.csv": [
            "gene",
            *[f"theta_mean_d{d}" for d in days],
            *[f"theta_centered_d{d}" for d in days],
        ],
        "qc_cells_by_guide.csv": ["guide", "gene", "is_ntc", *[f"n_cells_d{d}" for d in days]],
        "gene_probability_change.csv": ["gene", "day", "fate", "baseline", "change", "low", "high"],
    }
    n_guides, n_ntc = 6 * 3 + 2, 4
    rows = {
        "guide_daywise_for_mash.csv": n_guides,
        "guide_daywise_likelihood.csv": n_guides,
        "guide_daywise_left_out.csv": 6 * 3,
        "gene_daywise_by_replicate.csv": 8 * 3 * 2,
        "gene_daywise_cov.csv": 8 * 6,
        "gene_probability_change.csv": 8 * 3 * 3,
        "qc_cells_by_guide.csv": n_guides + n_ntc,
    }
    missing = {"qc_cells_by_guide.csv": n_ntc}  # controls have no gene
    for name, expected in columns.items():
        table = pd.read_csv(out / name)
        assert list(table) == expected
        assert len(table) == rows.get(name, 8) and table.isna().sum().sum() == missing.get(name, 0)
    arrays = {
        "effects_all_fates.npz",
        "fate_baseline.npz",
        "theta_posterior_summary.npz",
        "delta_posterior_summary.npz",
        "posterior_draws.npz",
    }
    assert {path.name for path in out.iterdir()} == {*columns, *arrays, "fit_manifest.json"} == set(manifest["files"])
    assert set(manifest["files"]) == FIT_FILES


def test_arrays_agree_with_tables_and_draws(fit):
    out, _, settings = fit
    theta, delta = np.load(out / "theta_posterior_summary.npz"), np.load(out / "delta_posterior_summary.npz")
    draws, gene = np.load(out / "posterior_draws.npz"), pd.read_csv(out / "gene_daywise_for_mash.csv")
    guide = pd.read_csv(out / "guide_daywise_for_mash.csv")
    assert theta["theta_mean_all"].shape == (2, 8, 3) and theta["theta_cov"].shape == (8, 3, 3)
    assert delta["delta_mean_all"].shape == (2, 20) and draws["theta"].shape == (1000, 8, 2, 3)
    assert np.allclose(theta["theta_mean_all"][0], theta["theta_mean"])
    likelihood, covariance = pd.read_csv(out / "gene_daywise_likelihood.csv"), pd.read_csv(out / "gene_daywise_cov.csv")
    for row in covariance.itertuples():
        at = (list(gene.gene).index(row.gene), row.day_1, row.day_2)
        assert np.isclose(row.theta_cov, theta["theta_cov"][at]) and np.isclose(
            row.likelihood_cov, theta["likelihood_cov"][at]
        )
    variances = np.einsum("ldd->ld", theta["likelihood_cov"])
    assert np.allclose(likelihood[[f"se_d{d}" for d in range(3)]] ** 2, variances)
    assert np.allclose(gene[[f"se_d{d}" for d in range(3)]], draws["theta"][:, :, 0].std(0), rtol=1e-6)
    beta = draws["theta"][:, draws["guide_gene"], 0] + draws["delta"][:, :, 0, None]
    assert np.allclose(guide[[f"se_d{d}" for d in range(3)]], beta.std(0), rtol=1e-6)
    assert list(gene.gene) == theta["gene_names"].tolist() and list(guide.guide) == delta["guide_names"].tolist()
    assert theta["fates"].tolist() == ["MES", "NEU"]


def test_qc_tables_by_hand(fit):
    out, _, _ = fit
    draws = np.load(out / "posterior_draws.npz")
    delta, theta, gene = draws["delta"][:, :, 0].mean(0), draws["theta"][:, :, 0].mean(0), draws["guide_gene"]
    beta = (draws["theta"][:, gene, 0] + draws["delta"][:, :, 0, None]).mean(0)
    one = pd.read_csv(out / "qc_delta_mean_by_gene.csv")
    two = pd.read_csv(out / "qc_theta_beta_offset_by_gene.csv")
    for k in range(8):
        assert np.isclose(one.delta_sd_gene[k], delta[gene == k].std(), atol=1e-9)
        offset = beta[gene == k].mean(0) - theta[k]
        assert np.isclose(two.offset_mean[k], offset.mean(), atol=1e-7)
        assert np.isclose(two.offset_sd_across_days[k], offset.std(), atol=1e-7)
    assert one.delta_mean_gene.abs().max() < 1e-5


def test_manifest_tells_how_the_fit_was_made(fit, simulated_files):
    out, manifest, _ = fit
    stored = json.loads((out / "fit_manifest.json").read_text())
    assert stored == json.loads(json.dumps(manifest))
    wanted = """format fatebias_version created versions settings seed device threads screen days fates contrast
        likelihood_weight dispersion effective_parameters scales convergence losses estimates constants resumed
        seconds peak_memory_gb files contents"""
    assert set(stored) == set(wanted.split())
    assert stored["days"] == ["d0", "d1", "d2"] and stored["screen"]["n_cells"] == 800
    assert stored["likelihood_weight"] == 7 and stored["settings"]["Kmax"] == 20
    assert stored["convergence"]["converged"] is True and len(stored["losses"]) <= 500
    assert set(stored["convergence"]["laplace"]) == {"newton_steps", "em_rounds", "cg_iterations", "gradient", "rule"}
    assert set(stored["seconds"]) == {"read", "laplace", "svi", "posterior", "estimates", "export", "total"}


def test_qc_passes_on_the_fit_itself(fit):
    out, _, settings = fit
    findings = assess_qc(out, settings)
    assert [finding.ok for finding in findings] == [True] * 3
    assert_qc(findings, "simulation")


def test_draws_of_an_earlier_fit_do_not_stay_beside_a_new_one(simulated_files, tmp_path):
    for draws in ("all", "none"):
        settings = Settings.from_mapping({"inference": "laplace", "save_draws": draws, "num_posterior_draws": 50})
        manifest = fit_screen(simulated_files["screen"], simulated_files["guide_map"], tmp_path, settings)
        assert {path.name for path in tmp_path.iterdir()} == set(manifest["files"])
    assert "posterior_draws.npz" not in manifest["files"]


def test_bad_input_fails_before_any_file_is_written(simulated_files, tmp_path):
    out = tmp_path / "results"
    with pytest.raises(ScreenError):
        fit_screen(simulated_files["screen"], simulated_files["truth"], out, Settings.from_mapping())
    assert list(out.iterdir()) == []
    with pytest.raises(ExportError, match="out_dir"):
        fit_screen(
            simulated_files["screen"], simulated_files["guide_map"], simulated_files["truth"], Settings.from_mapping()
        )


def test_a_fit_that_did_not_converge_is_written_and_warns(simulated_files, tmp_path):
    with pytest.warns(FitWarning, match="stopped after 5 steps"):
        manifest = fit_screen(
            simulated_files["screen"], simulated_files["guide_map"], tmp_path, Settings.from_mapping({"num_steps": 5})
        )
    assert manifest["convergence"]["converged"] is False and (tmp_path / "fit_manifest.json").is_file()


def test_describe_screen_reads_without_fitting(simulated_files):
    summary = describe_screen(simulated_files["screen"], simulated_files["guide_map"], Settings.from_mapping(), False)
    assert summary["n_genes"] == 8 and summary["n_ntc"] == 4


@pytest.mark.parametrize(
    ("name", "weight", "inference"), [("soft", 20, "laplace"), ("soft", 20, "svi"), ("onehot", 1, "laplace")]
)
def test_reference_screens_from_file_to_tables(tmp_path, name, weight, inference):
    """Exported means against the truth that made the screen; MCMC is compared with in test_engines.py."""
    settings = Settings.from_mapping({"likelihood_weight": weight, "inference": inference})
    fit_screen(DATA / f"{name}.h5ad", DATA / f"{name}_guide_map.csv", tmp_path, settings)
    truth = pd.read_csv(DATA / f"{name}_truth.csv").set_index("gene")
    gene = pd.read_csv(tmp_path / "gene_daywise_for_mash.csv").set_index("gene").loc[truth.index]
    found = gene.filter(like="betahat").to_numpy()
    assert np.corrcoef(found.ravel(), truth.to_numpy().ravel())[0, 1] >= {"soft": 0.95, "onehot": 0.9}[name]


@pytest.mark.parametrize("preset", ["plain", "calibrated"])
def test_both_presets_run(simulated_files, tmp_path, preset):
    settings = Settings.from_mapping({"preset": preset, "num_steps": 200})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # plain: the weight is far off, by design
        manifest = fit_screen(simulated_files["screen"], simulated_files["guide_map"], tmp_path, settings)
    assert (manifest["likelihood_weight"] == 1) == (preset == "plain")
    assert (tmp_path / "gene_daywise_p.csv").exists() == (preset == "calibrated")
    assert_qc(assess_qc(tmp_path, settings), "simulation")


def test_a_fit_says_what_weakens_its_screen_unless_it_was_told(simulated_files, tmp_path):
    files = simulated_files["screen"], simulated_files["guide_map"]
    settings = Settings.from_mapping({"rep_key": None, "inference": "laplace"})
    told = describe_screen(*map(str, files), settings, False)
    one = [text for text in told["warnings"] if text.startswith("Replicates: one replicate")]
    assert len(one) == 1
    with pytest.warns(ScreenWarning, match="one replicate"):
        manifest = fit_screen(*files, tmp_path / "a", settings)
    assert manifest["screen"]["warnings"] == told["warnings"]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ScreenWarning)
        again = fit_screen(*files, tmp_path / "b", settings, fingerprint=told["fingerprint"], warn=False)
    assert again["screen"]["warnings"] == told["warnings"]
    other = told["fingerprint"] | {"screen": "1 bytes, 0", "content": "another"}
    with pytest.raises(ScreenError, match="changed since the screen was read"):
        fit_screen(*files, tmp_path / "c", settings, fingerprint=other)
    assert not (tmp_path / "c" / "fit_manifest.json").exists()
