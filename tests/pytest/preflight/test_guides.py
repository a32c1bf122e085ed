"""Preflight of guides; `preflight` holds every finding against the real reader."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from broken_screens import CELLS, GUIDES, preflight, screen

from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen


def presence():
    return screen().obsm["guide"].toarray()


@pytest.mark.parametrize("form", [sp.csr_matrix, np.asarray, lambda x: pd.DataFrame(x, columns=GUIDES)])
def test_a_missing_key_is_found_by_the_matrix(tmp_path, form):
    value = form(presence())
    if isinstance(value, pd.DataFrame):
        value.index = [f"cell{i}" for i in range(CELLS)]
    found = preflight(tmp_path, screen(obsm={"guide": None, "sg_calls": value}))
    assert found.settings == {"guide_key": "sg_calls"}
    assert "18 columns, 0 or 1" in found.problems["Guides"] and found.reads_as_suggested


def test_names_are_found_by_the_map(tmp_path):
    uns = {"guide_names": None, "colours": np.array([f"c{i}" for i in range(18)]), "sgrna": np.array(GUIDES)}
    found = preflight(tmp_path, screen(uns=uns))
    assert found.settings == {"guide_names_key": "sgrna"} and found.reads_as_suggested
    without = preflight(tmp_path, screen(uns={"guide_names": None}))
    assert "name its 18 columns" in without.problems["Guides"]


def test_counts_are_shown_by_threshold(tmp_path):
    counts = presence() * np.arange(1, 19)
    found = preflight(tmp_path, screen(obsm={"guide": sp.csr_matrix(counts)}))
    per_cell = (counts >= 5).sum() / CELLS
    assert "counts up to 18" in found.problems["Guides"] and f"{per_cell:.1f} from 5" in found.problems["Guides"]
    assert "Days" not in found.problems  # the rest is looked at all the same


def test_guides_that_are_still_features_of_the_expression(tmp_path):
    adata = screen(obsm={"guide": None})
    adata.var["feature_types"] = pd.Categorical(["Gene Expression", "CRISPR Guide Capture"])
    adata.write_h5ad(tmp_path / "x.h5ad")
    rows = check_screen(tmp_path / "x.h5ad", Settings.from_mapping())["rows"]
    assert any('"CRISPR Guide Capture"' in row["fix"] for row in rows)


def test_the_line_for_features_works():
    adata = anndata.AnnData(X=sp.csr_matrix(np.array([[3.0, 9.0, 0.0], [1.0, 0.0, 5.0]])))
    adata.var["feature_types"] = ["Gene Expression", "CRISPR Guide Capture", "CRISPR Guide Capture"]
    g = adata[:, adata.var["feature_types"] == "CRISPR Guide Capture"]
    adata.obsm["guide"] = (g.X >= 5).astype("int8")
    assert adata.obsm["guide"].toarray().tolist() == [[1, 0], [0, 1]]


def test_cells_that_are_all_left_out(tmp_path):
    none = preflight(tmp_path, screen(obsm={"guide": sp.csr_matrix(np.zeros((CELLS, 18), dtype=np.int8))}))
    assert "no cell is usable: 240 without a guide" in none.problems["Guides per cell"]
    many = preflight(tmp_path, screen(), Kmax=2)
    assert "240 with more than 2 (Kmax)" in many.problems["Guides per cell"]


def test_many_cells_left_out_are_a_warning(tmp_path):
    guides = presence()
    guides[:100] = 0
    row = preflight(tmp_path, screen(obsm={"guide": sp.csr_matrix(guides)})).row("Guides per cell")
    assert row["status"] == "warning" and row["found"] == "left out: 100 of 240 cells: 100 carry no guide"
