"""Guide maps as other programs write them, all of the same three guides."""

import warnings

import pandas as pd
import pytest

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.screens.guide_map import examine_map, map_from_table, read_guide_map
from fatebias.screens.text_table import text_table_of

GUIDES, GENES, CONTROL = (["a1", "a2", "b1", "n1"], ["A", "A", "B", "non-targeting"], [False, False, False, True])


def igvf(**changes):
    kinds = ["targeting", "targeting", "positive control", "non-targeting"]
    table = {"guide_id": GUIDES, "spacer": "ACGT", "targeting": ["TRUE", "TRUE", "TRUE", "FALSE"], "type": kinds}
    return pd.DataFrame(table | {"intended_target_name": GENES} | changes)


def sceptre(**changes):
    return pd.DataFrame({"grna_id": GUIDES, "grna_target": GENES, "chr": "", "start": ""} | changes)


def cellranger(**changes):
    ids = ["ENSG1", "ENSG1", "ENSG2", "Non-Targeting"]
    table = {
        "id": GUIDES,
        "name": [f"sg{name}" for name in GUIDES],
        "read": "R2",
        "pattern": "(BC)",
        "sequence": "ACGT",
    }
    table |= {"feature_type": "CRISPR Guide Capture", "target_gene_id": ids}
    return pd.DataFrame(table | {"target_gene_name": ["A", "A", "B", "Non-Targeting"]} | changes)


def lab():
    return pd.DataFrame({"guide_names": GUIDES, "guide_targets": GENES})


def read(tmp_path, table, **settings):
    table.to_csv(tmp_path / "map.tsv", sep="\t", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_guide_map(tmp_path / "map.tsv", Settings.from_mapping(settings))


@pytest.mark.parametrize("make", [igvf, sceptre, cellranger, lab])
def test_layouts_of_others_are_known_by_their_columns(tmp_path, make):
    found = read(tmp_path, make())
    assert found.guide_names == tuple(GUIDES) and found.is_ntc.tolist() == CONTROL
    assert [gene for gene, ntc in zip(found.gene_names, CONTROL) if not ntc] == GENES[:3]


@pytest.mark.parametrize("words", [("True", "False"), ("1", "0"), ("true", "false"), ("T", "F")])
def test_igvfs_flag_is_true_for_guides_that_are_no_controls(tmp_path, words):
    flags = [words[0]] * 3 + [words[1]]
    for table in (igvf(targeting=flags), igvf(targeting=flags).drop(columns="type")):
        assert read(tmp_path, table).is_ntc.tolist() == CONTROL
    assert read(tmp_path, igvf().drop(columns="targeting")).is_ntc.tolist() == CONTROL


def test_igvfs_types_tell_of_safe_targeting_controls(tmp_path):
    safe = igvf(
        targeting=["TRUE"] * 4, type=["targeting"] * 3 + ["safe-targeting"], intended_target_name=["A", "A", "B", ""]
    )
    found = read(tmp_path, safe)
    assert found.is_ntc.tolist() == CONTROL and found.gene_names == ("A", "A", "B", "non-targeting")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (igvf(targeting=["FALSE", "FALSE", "FALSE", "TRUE"]), r"4 row\(s\) with a targeting that contradicts the type"),
        (
            igvf(targeting=["FALSE", "FALSE", "FALSE", "TRUE"]).drop(columns="type"),
            r"reversed: 1 guide named like controls \(non-targeting\) has TRUE, and 3 others have FALSE",
        ),
        (igvf(targeting=["TRUE", "", "TRUE", "FALSE"]), r"whose targeting is neither TRUE nor FALSE: line 3"),
        (cellranger(target_gene_name=["A", "Ignore", "B", "Non-Targeting"]), r"the target 'Ignore'.*line 3"),
        (cellranger(feature_type="Antibody Capture"), "has no row of a guide"),
        (sceptre(grna_target=["A", "A", "B", "olfactory"]), r"no control guide \(by grna_target\)"),
        (sceptre(grna_target=["A", "", "B", "non-targeting"]), "no grna_target: line 3"),
        (igvf().join(sceptre()), "may be IGVF's table of guides or sceptre's grna_target_data_frame"),
        (pd.concat([sceptre(), sceptre()[["grna_target"]]], axis=1), "two columns grna_target"),
    ],
)
def test_tables_of_others_that_contradict_themselves(tmp_path, table, said):
    with pytest.raises(ScreenError, match=said):
        read(tmp_path, table)


def test_only_guides_of_a_feature_reference_are_read(tmp_path):
    antibody = cellranger().iloc[[0]].assign(id="CD3", feature_type="Antibody Capture", target_gene_name=None)
    table = pd.concat([antibody, cellranger()])
    assert read(tmp_path, table).guide_names == tuple(GUIDES)
    twice = pd.concat([antibody, cellranger(), cellranger().iloc[[3]]])
    with pytest.raises(ScreenError, match=r"duplicated guide: line 6 \(n1.*line 7 \(n1"):
        read(tmp_path, twice)


def test_guides_of_a_feature_reference_go_by_id_or_by_name(tmp_path):
    found = read(tmp_path, cellranger())
    assert found.named_as([f"sg{name}" for name in GUIDES]).guide_names == ("sga1", "sga2", "sgb1", "sgn1")
    assert found.named_as(GUIDES).guide_names == tuple(GUIDES)


def test_our_own_columns_and_settings_go_before_layouts_of_others(tmp_path):
    own = sceptre().assign(guide_name=list("wxyz"), gene_name=list("KLMN"), is_ntc=[0, 1, 0, 0])
    assert read(tmp_path, own).gene_names == tuple("KLMN") and read(tmp_path, own).is_ntc.sum() == 1
    chosen = {"guide": "grna_id", "gene": "grna_target"}
    by_setting = read(tmp_path, sceptre(), guide_map_columns=chosen, control_pattern="non-.*")
    assert by_setting.is_ntc.tolist() == CONTROL


def test_how_a_table_was_read_is_told():
    reading = examine_map(text_table_of(igvf(), "here"), Settings.from_mapping())
    assert reading.how == ("read as IGVF's table of guides",)
    assert map_from_table(lab(), Settings.from_mapping(), "in uns", GUIDES).is_ntc.tolist() == CONTROL
