"""The preflight as a whole."""

import time

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from broken_screens import CELLS, guide_map, preflight, screen

from fatebias.base.settings import Settings
from fatebias.containers.write import write_screen
from fatebias.preflight.check import check_screen


def test_a_good_screen_has_no_problem(tmp_path):
    found = preflight(tmp_path, screen())
    assert found.ok and not found.settings
    small = ("Cells per guide", "Effective cells")  # the screen has few cells
    assert {row["status"] for row in found.rows if row["item"] not in small} == {"ok"}


def test_all_problems_at_once_and_the_suggested_settings_mend_what_settings_can(tmp_path):
    good = screen()
    adata = screen(
        obs={"day": None, "timepoint": good.obs["day"].to_numpy()},
        obsm={
            "covar": None, "meta": good.obsm["covar"].rename(columns={"rep": "replicate"}),
            "guide": None, "sgRNA": good.obsm["guide"],
            "fateprob": None, "fate_probabilities": good.obsm["fateprob"].rename(columns={"EC": "endo"}),
        },
        uns={"guide_names": None, "sgRNA_names": good.uns["guide_names"]},
    )  # fmt: skip
    found = preflight(tmp_path, adata)
    assert found.settings == {
        "fate_prob_key": "fate_probabilities", "ref_fate": "endo", "guide_key": "sgRNA",
        "guide_names_key": "sgRNA_names", "day_key": "timepoint", "covar_key": "meta", "rep_key": "replicate",
    }  # fmt: skip
    assert found.reads_as_suggested and found.row("Screen")["status"] == "ok"


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (["mod"], "MuData"),
        (["matrix"], "10x"),
        (["row_attrs"], "loom"),
        (["obs", "X"], "no table obsm"),
        ([], "no table obs"),
    ],
)
def test_hdf5_files_of_other_kinds(tmp_path, groups, said):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for group in groups:
            file.create_group(group)
    row = check_screen(tmp_path / "x.h5", Settings.from_mapping())["rows"][0]
    assert row["status"] == "problem" and said in row["found"] + row["fix"]


@pytest.mark.parametrize(("content", "said"), [(None, "does not exist"), (b"", "empty"), (b"text", "not an .h5ad")])
def test_files_that_are_no_hdf5(tmp_path, content, said):
    path = tmp_path / "x.h5ad"
    if content is not None:
        path.write_bytes(content)
    guide_map().to_csv(tmp_path / "map.csv", index=False)
    found = check_screen(path, Settings.from_mapping(), tmp_path / "map.csv")
    assert said in found["rows"][0]["found"] and found["rows"][1]["status"] == "ok"  # the map is looked at all the same


def test_tables_of_unequal_length(tmp_path):
    screen().write_h5ad(tmp_path / "x.h5ad")
    with h5py.File(tmp_path / "x.h5ad", "a") as file:
        del file["obsm/guide"]
        file["obsm/guide"] = np.ones((CELLS - 1, 18), dtype=np.int8)
    rows = check_screen(tmp_path / "x.h5ad", Settings.from_mapping())["rows"]
    assert any("has 239 rows, but there are 240 cells" in row["found"] for row in rows)


def test_expression_is_not_read_and_100_000_cells_take_seconds(tmp_path):
    rng = np.random.default_rng(0)
    n, names = 100_000, [f"g{j}" for j in range(500)]
    table = pd.DataFrame({"guide_name": names, "gene_name": names, "is_ntc": [int(j < 20) for j in range(500)]})
    table.to_csv(tmp_path / "map.csv", index=False)
    guides = sp.csr_matrix((np.ones(5 * n), rng.integers(0, 500, 5 * n), np.arange(0, 5 * n + 1, 5)), shape=(n, 500))
    guides.sum_duplicates()
    guides.data[:] = 1
    day, rep = [f"d{i % 4}" for i in range(n)], [f"r{i % 2}" for i in range(n)]
    write_screen(tmp_path / "x.h5ad", guides, names, rng.dirichlet(np.ones(3), n), ["EC", "MES", "NEU"], day, rep)
    with h5py.File(tmp_path / "x.h5ad", "a") as file:  # cannot be read by anndata: touched, it would raise
        del file["X"]
        file["X"] = h5py.Empty("f")
        file["layers/spliced"] = h5py.ExternalLink("nowhere.h5", "/x")
    start = time.process_time()
    found = check_screen(tmp_path / "x.h5ad", Settings.from_mapping(), tmp_path / "map.csv")
    assert found["ok"] and time.process_time() - start < 5
