"""Preflight of a guide map; `preflight` holds every finding against the real reader."""

import numpy as np
import pandas as pd
import pytest
from broken_screens import GUIDES, guide_map, preflight, screen

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen
from fatebias.screens.guide_map import read_guide_map
from fatebias.screens.reader import read_screen


def test_other_column_names_are_told_apart(tmp_path):
    table = guide_map().rename(columns={"guide_name": "sgRNA", "gene_name": "target", "is_ntc": "control"})
    table.insert(0, "sequence", "ACGT")
    found = preflight(tmp_path, screen(), table)
    assert "set guide_map_columns: {guide: sgRNA, gene: target, control: control}" in found.problems["Guide map"]
    assert found.settings == {"guide_map_columns": {"guide": "sgRNA", "gene": "target", "control": "control"}}
    assert found.reads_as_suggested and "9 genes" not in found.row("Screen")["found"]


def test_controls_are_told_by_name_where_no_column_does(tmp_path):
    table = guide_map().drop(columns="is_ntc").replace({"gene_name": {"NTC": "non-targeting"}})
    found = preflight(tmp_path, screen(), table)
    assert "set control_pattern: (non-targeting)[0-9]* (2 guides of non-targeting)" in found.problems["Guide map"]
    assert found.reads_as_suggested
    nobody = preflight(tmp_path, screen(), table.replace({"gene_name": {"non-targeting": "OLFR"}}))
    assert "add is_ntc: 1 for a control guide, 0 for any other" in nobody.problems["Guide map"] and not nobody.settings


def test_no_control_at_all(tmp_path):
    text = preflight(tmp_path, screen(), guide_map().assign(is_ntc=0)).problems["Guide map"]
    assert "no control guide" in text and "2 guides named like controls (NTC): mark them" in text
    plain = guide_map().assign(is_ntc=0).replace("NTC", "GENE9", regex=True)
    others = screen(uns={"guide_names": plain["guide_name"].to_numpy(dtype=object)})
    assert "cannot be fitted" in preflight(tmp_path, others, plain).problems["Guide map"]


def test_a_control_that_is_not_marked_is_a_warning(tmp_path):
    table = guide_map()
    table.loc[table.guide_name == "NTC_sg2", "is_ntc"] = 0
    found = preflight(tmp_path, screen(), table)
    assert found.ok and found.row("Controls")["status"] == "warning"
    read = read_screen(tmp_path / "screen.h5ad", tmp_path / "map.csv", Settings.from_mapping())
    assert any("1 guide not marked as controls by is_ntc, with a gene_name" in str(one) for one in read.doubts)


def test_flags_turned_round_are_refused_by_check_and_fit_in_the_same_words(tmp_path):
    table = guide_map().assign(is_ntc=lambda table: 1 - table.is_ntc)
    text = preflight(tmp_path, screen(), table).problems["Guide map"]
    assert "seems to have is_ntc reversed: 2 guides named like controls (NTC) have 0, and 16 others have 1" in text
    with pytest.raises(ScreenError) as caught:
        read_guide_map(tmp_path / "map.csv")
    assert text.split(" -> ")[0] in str(caught.value)


def test_all_faults_of_the_rows_at_once(tmp_path):
    table = pd.concat([guide_map(), guide_map().iloc[[0]], guide_map().iloc[[2]].assign(gene_name="OTHER")]).astype(str)
    table.iloc[5, 2] = "maybe"
    text = preflight(tmp_path, screen(), table).problems["Guide map"]
    assert all(words in text for words in ("duplicated guide", "two genes", "neither 0 nor 1"))


@pytest.mark.parametrize(
    ("rename", "said"),
    [
        (str.lower, "upper and lower case"),
        (lambda name: name + " ", "blanks at their ends"),
        (lambda name: name.replace("_", "-"), "the signs between their parts"),
        (lambda name: name + "-1", "a suffix"),
        (lambda name: "lib_" + name, "a prefix"),
        (lambda name: name.replace("sg", "other"), "add them to the map"),
    ],
)
def test_guides_named_otherwise(tmp_path, rename, said):
    names = np.array([rename(name) for name in GUIDES], dtype=object)
    text = preflight(tmp_path, screen(uns={"guide_names": names})).problems["Guides in the map"]
    assert "18 of 18 guides" in text and said in text


def test_genes_in_the_place_of_guides(tmp_path):
    genes = guide_map()["gene_name"].str.cat(["", "x"] * 9).to_numpy(dtype=object)
    text = preflight(tmp_path, screen(uns={"guide_names": genes})).problems["Guides in the map"]
    assert "9 of" not in text and "names of genes" not in text  # half of them are not genes
    table = guide_map().assign(gene_name=[f"G{k}" for k in range(18)])
    named = screen(uns={"guide_names": table["gene_name"].to_numpy(dtype=object)})
    assert "names of genes" in preflight(tmp_path, named, table).problems["Guides in the map"]


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_and_encodings_are_read_and_told(tmp_path, separator, name):
    screen().write_h5ad(tmp_path / "screen.h5ad")
    guide_map().to_csv(tmp_path / "map.csv", sep=separator, index=False, encoding="utf-16")
    found = check_screen(tmp_path / "screen.h5ad", Settings.from_mapping(), tmp_path / "map.csv")
    row = next(row for row in found["rows"] if row["item"] == "Guide map")
    assert found["ok"] and f"text in UTF-16; columns separated by {name}" in row["found"]


def test_layouts_of_others_are_told(tmp_path):
    table = guide_map().rename(columns={"guide_name": "id"}).assign(feature_type="CRISPR Guide Capture")
    table["target_gene_name"] = table.gene_name.replace("NTC", "Non-Targeting")
    table["name"] = "sg_" + table.id
    found = preflight(tmp_path, screen(), table.drop(columns=["gene_name", "is_ntc"]))
    assert found.ok and "read as Cell Ranger's feature reference" in found.row("Guide map")["found"]
    named = screen(uns={"guide_names": table["name"].to_numpy(dtype=object)})
    assert preflight(tmp_path, named, table.drop(columns=["gene_name", "is_ntc"])).ok


@pytest.mark.parametrize("path", ["http://127.0.0.1:9/map.csv", "/dev/zero", "."])
def test_what_is_no_file_is_a_problem(tmp_path, path):
    screen().write_h5ad(tmp_path / "screen.h5ad")
    rows = check_screen(tmp_path / "screen.h5ad", Settings.from_mapping(), path)["rows"]
    assert [row["item"] for row in rows if row["status"] == "problem"] == ["Guide map"]


def test_extra_columns_are_fine_and_guides_that_no_cell_carries_are_counted(tmp_path):
    more = pd.DataFrame({"guide_name": ["X_sg1"], "gene_name": ["X"], "is_ntc": [0]})
    found = preflight(tmp_path, screen(), pd.concat([guide_map(), more]).assign(sequence="ACGT", note=""))
    assert found.ok and found.row("Screen")["status"] == "warning" and "dropped: X" in found.row("Screen")["found"]
