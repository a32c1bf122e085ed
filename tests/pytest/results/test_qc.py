"""The assertions on corrupted exports: by construction a healthy fit cannot violate them."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import screen_of, simulated

from fatebias.base import MANIFEST
from fatebias.base.errors import ExportError, QCError, QCWarning
from fatebias.base.settings import Settings
from fatebias.model.draws import DrawPlan, EffectBlock, summarise_draws
from fatebias.results.qc import assert_qc, assess_qc, qc_tables

SETTINGS = Settings.from_mapping()


@pytest.fixture
def export(tmp_path):
    """Writes the QC tables of draws that a test may corrupt first."""
    sim = simulated(genes=14)
    screen = screen_of(sim)
    rng = np.random.default_rng(0)
    theta = sim.theta + rng.normal(0, 0.05, (50, *sim.theta.shape))
    delta = np.repeat(sim.delta[None], 50, 0)

    def write(corrupt=lambda theta, delta, gene: None, cell=None):
        corrupt(theta, delta, screen.guide_gene)
        block = EffectBlock(genes=slice(0, 14), guides=slice(0, screen.n_guides), theta=theta, delta=delta)
        tables = qc_tables(summarise_draws([block], screen, np.array([1.0, 0.0]), DrawPlan.of(SETTINGS)), screen)
        if cell:
            name, column, value = cell
            tables[name].loc[3, column] = value
        for name, table in tables.items():
            table.to_csv(tmp_path / name, index=False)
        (tmp_path / MANIFEST).write_text(json.dumps({"files": list(tables)}))
        return assess_qc(tmp_path, SETTINGS)

    return write


def violated(findings):
    return [finding.assertion.name for finding in findings if not finding.ok]


def test_a_healthy_export_passes(export):
    findings = export()
    assert violated(findings) == [] and all(finding.statistic < 1e-8 for finding in findings)
    first = [f"GENE{number:05d}" for number in range(1, 11)]  # rounding names no gene
    assert all(finding.worst.gene.tolist() == first for finding in findings)
    assert_qc(findings, "simulation")


def test_a_shifted_delta_is_caught(export):
    def shift(theta, delta, gene):
        delta[:, gene == 5] += 0.05

    findings = export(shift)
    assert violated(findings) == ["delta_mean", "offset_mean"]
    with pytest.raises(QCError, match="delta_mean is violated.*0.05") as caught:
        assert_qc(findings, "simulation")
    assert "GENE00006" in str(caught.value)
    assert len(findings[0].worst) == 10 and findings[0].worst.gene.iloc[0] == "GENE00006"


def test_a_theta_replaced_by_a_guide_on_one_day_is_caught(export):
    """Summaries mixed up after the draws: theta of one day holds one guide's beta."""
    sim = simulated(genes=14)
    screen = screen_of(sim)
    block = EffectBlock(
        genes=slice(0, 14),
        guides=slice(0, screen.n_guides),
        theta=sim.theta[None].repeat(2, 0),
        delta=sim.delta[None].repeat(2, 0),
    )
    summary = summarise_draws([block], screen, np.array([1.0, 0.0]), DrawPlan.of(SETTINGS))
    guide = np.abs(summary.delta_mean).argmax()
    summary.theta_mean[screen.guide_gene[guide], 1] = summary.beta_mean[guide, 1]
    offset = qc_tables(summary, screen)["qc_theta_beta_offset_by_gene.csv"]
    assert offset.offset_sd_across_days[screen.guide_gene[guide]] > 0.02


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (("qc_delta_mean_by_gene.csv", "delta_mean_gene", -0.021), "delta_mean"),
        (("qc_theta_beta_offset_by_gene.csv", "offset_mean", 0.02), "offset_mean"),
        (("qc_theta_beta_offset_by_gene.csv", "offset_sd_across_days", 0.3), "offset_sd"),
        (("qc_delta_mean_by_gene.csv", "delta_mean_gene", np.nan), "delta_mean"),
    ],
)
def test_each_assertion_reads_its_own_column_and_missing_values_violate(export, cell, name):
    findings = export(cell=cell)
    assert violated(findings) == [name]
    with pytest.warns(QCWarning, match=name):
        assert_qc(findings, "real")


def test_thresholds_are_settings(export, tmp_path):
    export(cell=("qc_delta_mean_by_gene.csv", "delta_mean_gene", 0.03))
    assert violated(assess_qc(tmp_path, Settings.from_mapping({"qc_delta_mean_max": 0.04}))) == []


def test_a_folder_without_tables_is_no_fit(tmp_path):
    with pytest.raises(ExportError, match="qc_delta_mean_by_gene.csv"):
        assess_qc(tmp_path, SETTINGS)


def test_centering_table(export, tmp_path):
    export()
    table = pd.read_csv(tmp_path / "qc_theta_day_centering.csv")
    assert np.abs(table.filter(like="centered").sum(axis=1)).max() < 1e-8
