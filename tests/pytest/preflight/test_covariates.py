"""Preflight of covariates and clusters; `preflight` holds every finding against the real reader."""

import numpy as np
import pytest
from broken_screens import CELLS, preflight, screen

ROWS = np.arange(CELLS)
DEPTH = np.random.default_rng(0).normal(size=CELLS)


def test_nothing_is_said_where_none_is_named(tmp_path):
    items = {row["item"] for row in preflight(tmp_path, screen()).rows}
    assert not items & {"Covariates", "Clusters"}


def test_numbers_and_labels(tmp_path):
    adata = screen(obs={"depth": DEPTH, "lane": [f"L{i % 5}" for i in ROWS], "clone": [f"c{i // 4}" for i in ROWS]})
    found = preflight(tmp_path, adata, covariates=["depth", "lane"], cluster_key="clone")
    assert found.row("Covariates") == {
        "item": "Covariates", "status": "ok", "found": "depth (numbers), lane (5 levels)", "fix": "",
    }  # fmt: skip
    assert "60 clusters of 4.0 cells" in found.row("Clusters")["found"] and found.ok


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (None, ["no column x in obsm['covar'] or obs", "obsm['covar'] has: rep", "obs has:", "n_counts"]),
        (np.where(ROWS == 7, np.nan, DEPTH), ["1 cell(s) without a value", "row 7 (cell7)"]),
        (np.where(ROWS == 7, np.inf, DEPTH), ["infinite", "row 7 (cell7)"]),
        (np.ones(CELLS), ["constant (1.0)"]),
        (np.array([f"cell{i}" for i in ROWS]), ["another label in each cell"]),
        (np.array([f"t{i % 3}" for i in ROWS]), ["the same as the day"]),
        (np.where(ROWS % 2, 1.5, 2.5), ["the same as the replicate"]),
    ],
)
def test_columns_that_cannot_be_used(tmp_path, column, said):
    found = preflight(tmp_path, screen(obs={} if column is None else {"x": column}), covariates=["x"])
    assert all(text in found.problems["Covariates"] for text in said), found.problems
    assert set(found.problems) == {"Covariates"}


def test_labels_of_clones_as_a_covariate_are_doubted(tmp_path):
    found = preflight(tmp_path, screen(obs={"x": [f"c{i // 3}" for i in ROWS]}), covariates=["x"])
    assert found.ok and "cluster_key" in found.row("Covariates")["fix"]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([f"c{i % 9}" for i in ROWS], "9 cluster(s)"),
        (["" if i == 3 else f"c{i // 4}" for i in ROWS], "without a label: row 3 (cell3)"),
        ([None if i == 3 else f"c{i // 4}" for i in ROWS], "without a label: row 3 (cell3)"),
    ],
)
def test_clusters_that_cannot_be_used(tmp_path, labels, said):
    problems = preflight(tmp_path, screen(obs={"clone": labels}), cluster_key="clone").problems
    assert said in problems["Clusters"] and set(problems) == {"Clusters"}


def test_cells_of_no_known_clone_are_seen(tmp_path):
    labels = ["unassigned" if i < 100 else f"c{i // 4}" for i in ROWS]
    row = preflight(tmp_path, screen(obs={"clone": labels}), cluster_key="clone").row("Clusters")
    assert row["status"] == "warning" and "the largest, unassigned, has 100" in row["found"]
    alone = preflight(tmp_path, screen(obs={"clone": [f"c{i}" for i in ROWS]}), cluster_key="clone")
    assert "each of 240 cells is alone" in alone.row("Clusters")["found"]
