"""The tables of a fit say what its files say."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from fitted_screen import QUICK, on, wide

import fatebias
from fatebias.api import tables
from fatebias.base.settings import Settings
from fatebias.laplace.probability import LEVEL
from fatebias.results.contrasts import contrast_tables as real
from fatebias.results.fit import fit_screen


def test_days_are_labels_in_the_order_of_time(fitted):
    assert fitted.days == ["2h", "10h"] and fitted.fates == ["1", "2", "3"]
    for table in (fitted.genes, fitted.guides, fitted.replicates, fitted.probabilities, fitted.contrast("3 - 2")):
        assert list(table.day.cat.categories) == ["2h", "10h"] and table.day.cat.ordered
        assert set(table.day) == {"2h", "10h"}
    assert fitted.genes.day[:4].tolist() == ["2h", "2h", "10h", "10h"]
    assert fitted.genes.fate[:4].tolist() == ["2", "3", "2", "3"]


def test_genes_are_those_of_the_files_by_day_and_fate(fitted):
    estimates, posterior = wide(fitted, "gene_daywise_likelihood.csv"), wide(fitted, "gene_daywise_for_mash.csv")
    p_values = wide(fitted, "gene_daywise_p.csv")
    pairs = {
        "estimate": (estimates, "betahat"), "se": (estimates, "se"), "posterior_mean": (posterior, "betahat"),
        "posterior_sd": (posterior, "se"), "z": (p_values, "z"), "p": (p_values, "p"),
        "p_guides": (p_values, "p_guides"),
    }  # fmt: skip
    for number, label in enumerate(fitted.days):
        found = on(fitted.genes, fate="2", day=label)
        assert found.gene.tolist() == estimates.gene.tolist()
        for column, (table, statistic) in pairs.items():
            np.testing.assert_allclose(found[column], table[f"{statistic}_d{number}"], rtol=1e-7, atol=1e-9)
    assert fitted.genes[["z", "p", "p_guides"]][fitted.genes.fate == "3"].isna().all(axis=None)
    assert len(fitted.genes) == 5 * 2 * 2


def test_another_fate_and_a_contrast_are_those_of_a_fit_with_it(screen, fitted, files, tmp_path):
    settings = Settings.from_mapping(QUICK | {"ref_fate": "1", "contrast_fate": "3"})
    fit_screen(files["screen"], files["guide_map"], tmp_path, settings, warn=False)
    estimates = pd.read_csv(tmp_path / "gene_daywise_likelihood.csv")
    for number, label in enumerate(fitted.days):
        for found in (on(fitted.genes, fate="3", day=label), on(fitted.contrast("3"), day=label)):
            np.testing.assert_allclose(found.estimate, estimates[f"betahat_d{number}"], rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(found.se, estimates[f"se_d{number}"], rtol=1e-5)
    difference = fitted.contrast("3 - 2").estimate
    by_hand = on(fitted.genes, fate="3").estimate - on(fitted.genes, fate="2").estimate
    np.testing.assert_allclose(difference, by_hand, atol=1e-9)
    with pytest.raises(fatebias.ScreenError, match="4"):
        fitted.contrast("4 - 2")


def test_guides_are_those_of_the_files_with_cells_and_what_the_gene_is_without(fitted):
    estimates, cells = wide(fitted, "guide_daywise_likelihood.csv"), wide(fitted, "qc_cells_by_guide.csv")
    left_out = wide(fitted, "guide_daywise_left_out.csv").set_index("guide")
    cells = cells.set_index("guide")
    for number, label in enumerate(fitted.days):
        found = on(fitted.guides, fate="2", day=label)
        assert found.guide.tolist() == estimates.guide.tolist() and found.gene.tolist() == estimates.gene.tolist()
        np.testing.assert_allclose(found.estimate, estimates[f"betahat_d{number}"], rtol=1e-7, atol=1e-9)
        assert found.n_cells.tolist() == cells.loc[found.guide, f"n_cells_d{number}"].tolist()
        without = left_out[f"betahat_d{number}"].reindex(found.guide)
        np.testing.assert_allclose(found.gene_without, without, rtol=1e-7, atol=1e-9)
    assert fitted.guides.gene_without.isna().sum() == 2 * 2 * 2  # two genes have one guide; 2 days, 2 fates


def test_replicates_probabilities_and_qc(fitted):
    by_replicate, changes = wide(fitted, "gene_daywise_by_replicate.csv"), wide(fitted, "gene_probability_change.csv")
    np.testing.assert_allclose(fitted.replicates.estimate, by_replicate.betahat, rtol=1e-7, atol=1e-9)
    assert fitted.replicates.day.cat.codes.tolist() == by_replicate.day.tolist()
    assert fitted.probabilities.fate[:3].tolist() == ["1", "2", "3"]  # texts, as they are called
    np.testing.assert_allclose(fitted.probabilities.change, changes.change, rtol=1e-7, atol=1e-9)
    deltas = wide(fitted, "qc_delta_mean_by_gene.csv").delta_mean_gene.abs().max()
    row = fitted.qc.set_index("assertion").loc["delta_mean"]
    assert row.statistic == pytest.approx(deltas, abs=1e-15) and row.ok


def test_the_help_of_probabilities_names_the_level_of_their_interval():
    stated = re.findall(r"(\d+) % interval", inspect.getdoc(fatebias.Fit.probabilities))
    assert [float(one) / 100 for one in stated] == [LEVEL]


@pytest.mark.parametrize("name", ["genes", "guides", "replicates", "probabilities", "qc"])
def test_who_changes_a_table_changes_a_copy(fitted, name):
    table = getattr(fitted, name)
    before = table.copy(deep=True)
    table.iloc[:, 0] = "mine"
    table["mine"] = 1
    pd.testing.assert_frame_equal(getattr(fitted, name), before)


def test_the_tables_of_a_contrast_are_made_once(fitted, monkeypatch):
    made = []
    monkeypatch.setattr(tables, "contrast_tables", lambda archive, words: made.append(words) or real(archive, words))
    fit = fatebias.load(fitted.out_dir)
    for _ in range(2):
        _ = fit.genes, fit.guides
        for found in (fit.contrast("3"), fit.contrast("3 - 2")):
            found.iloc[:, 0] = "mine"
    assert sorted(made) == ["2", "3", "3 - 2"]
    pd.testing.assert_frame_equal(fit.contrast("3"), fitted.contrast("3"))
    assert "mine" not in set(fit.contrast("3 - 2").gene)
