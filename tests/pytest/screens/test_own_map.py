"""The guide map that a screen's own file holds."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from written_screen import GUIDES, differences, parts, read, screen

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen
from fatebias.screens.reader import read_screen

TARGETS = ["non-targeting" if name.startswith("NTC") else name.split("_")[0] for name in GUIDES]


@pytest.fixture
def clean(tmp_path):
    screen().write_h5ad(tmp_path / "clean.h5ad")
    return read(tmp_path / "clean.h5ad")


def own(path, **settings):
    return read_screen(path, path, Settings.from_mapping(settings))


def test_targets_beside_the_names_of_guides(clean, tmp_path):
    adata = screen()
    adata.obsm["guide_assignment"] = adata.obsm.pop("guide")
    adata.uns["guide_targets"] = np.array(TARGETS, dtype=object)
    adata.write_h5ad(tmp_path / "s.h5ad")
    assert differences(own(tmp_path / "s.h5ad", guide_key="guide_assignment"), clean) == []
    found = check_screen(tmp_path / "s.h5ad", Settings.from_mapping())
    assert found["settings"] == {"guide_key": "guide_assignment"}
    assert any(row["item"] == "Guide map" and row["status"] == "ok" for row in found["rows"])
    adata.uns["guide_targets"] = np.array(TARGETS[1:], dtype=object)
    adata.write_h5ad(tmp_path / "s.h5ad")
    with pytest.raises(ScreenError, match=r"guide_targets'\] is 11 targets, but there are 12 guides"):
        own(tmp_path / "s.h5ad", guide_key="guide_assignment")


def test_targets_among_the_features(clean, tmp_path):
    given = screen()
    var = pd.DataFrame(
        {"intended_target_name": TARGETS, "targeting": [name[0] == "G" for name in GUIDES]}, index=GUIDES
    )
    anndata.AnnData(
        X=sp.csr_matrix(parts()["presence"]), obs=given.obs, var=var,
        obsm={key: given.obsm[key] for key in ("covar", "fateprob")},
    ).write_h5ad(tmp_path / "s.h5ad")  # fmt: skip
    assert differences(own(tmp_path / "s.h5ad", guide_key="X"), clean) == []


def test_a_file_that_says_nothing_of_targets(clean, tmp_path):
    with pytest.raises(ScreenError, match="says nothing of the targets of its guides.*Name a guide map"):
        own(tmp_path / "clean.h5ad")
    rows = check_screen(tmp_path / "clean.h5ad", Settings.from_mapping())["rows"]
    assert any(row["item"] == "Guide map" and row["found"] == "not given, so not looked at" for row in rows)
