import re

import numpy as np
import pandas as pd
import pytest

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.screens.guide_map import GuideMap, map_from_table, read_guide_map

HEADER = "guide_name,gene_name,is_ntc\n"
GOOD = HEADER + "a1,A,0\na2,A,0\nn1,NTC,1\n"


def write(tmp_path, text):
    path = tmp_path / "map.csv"
    path.write_text(text)
    return path


def read(tmp_path, text, **settings):
    guide_map = read_guide_map(write(tmp_path, text), Settings.from_mapping(settings))
    assert guide_map.doubts == ()
    return guide_map


def test_reads_names_genes_and_flags(tmp_path):
    guide_map = read_guide_map(write(tmp_path, HEADER + "a1, A,0\na2,A,FALSE\nn1,NTC,1\nn2,NTC,true\n"))
    assert guide_map.guide_names == ("a1", "a2", "n1", "n2")
    assert guide_map.gene_names == ("A", "A", "NTC", "NTC")
    assert guide_map.is_ntc.tolist() == [False, False, True, True]


@pytest.mark.parametrize("words", [("0", "1"), ("F", "T"), ("no", "Yes"), ("0.0", "1.0"), ("FALSE", "TRUE")])
def test_flags_are_written_in_many_ways(tmp_path, words):
    text = GOOD.replace(",0\n", f",{words[0]}\n").replace(",1\n", f",{words[1]}\n")
    assert read(tmp_path, text).is_ntc.tolist() == [False, False, True]


@pytest.mark.parametrize(
    "header", ["Guide_Name,gene_name,IS_NTC\n", " guide name , Gene.Name,is-ntc\n", "guide_name,gene_name,is_ntc,,\n"]
)
def test_names_of_columns_are_read_whatever_their_case_and_signs(tmp_path, header):
    assert read(tmp_path, GOOD.replace(HEADER, header)).guide_names == ("a1", "a2", "n1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("guide,gene_name,is_ntc\na,A,0\n", r"lacks the column\(s\) guide_name; it has guide, gene_name, is_ntc"),
        ("", "is empty"),
        (HEADER, "no rows"),
        (HEADER + "a,A,0\nb,B,0\n", "no control guide"),
        (HEADER + "a,A,0\na,A,0\nn,NTC,1\n", r"duplicated guide.*line 2 \(a,A,0\), line 3"),
        (HEADER + "a,A,0\na,B,0\nn,NTC,1\n", r"guide with two genes.*line 2 \(a,A,0\), line 3 \(a,B,0\)"),
        (HEADER + "a,A,maybe\nn,NTC,1\n", r"whose is_ntc is neither 0 nor 1: line 2 \(a,A,maybe\)"),
        (HEADER + "a,A,\nn,NTC,1\n", r"neither 0 nor 1: line 2 \(a,A,\). Write 1 for controls, 0 for all others"),
        (HEADER + "\n\na,A,NaN\nn,NTC,1\n", r"neither 0 nor 1: line 4 \(a,A,NaN\)"),
        (HEADER + ",A,0\nn,NTC,1\n", "no guide_name: line 2"),
        (HEADER + "a,,0\nn,NTC,1\n", "no gene_name: line 2"),
        ("guide_name,gene_name,gene_name,is_ntc\na,A,X,0\nn,NTC,X,1\n", r"two columns gene_name \(columns 2 and 3\)"),
        ("guide_name,gene_name,is_ntc,Is_NTC\na,A,0,1\nn,NTC,1,0\n", r"two columns is_ntc \(columns 3 and 4\)"),
        ("a,A,0\nn,NTC,1\n", r"lacks the column\(s\) guide_name, gene_name, is_ntc; it has a, A, 0"),
        (
            HEADER + "a1,A,1\na2,A,1\nb1,B,1\nntc_1,NTC,0\nntc_2,NTC,0\n",
            r"seems to have is_ntc reversed: 2 guides named like controls \(NTC\) have 0, and 3 others have 1\. "
            "Write 1 for controls, 0 for all others",
        ),
    ],
)
def test_refuses_with_file_line_and_remedy(tmp_path, text, said):
    path = write(tmp_path, text)
    with pytest.raises(ScreenError, match=said) as caught:
        read_guide_map(path)
    assert "map.csv" in str(caught.value)


def test_a_gene_that_is_named_like_a_control_does_not_turn_a_map_round(tmp_path):
    text = HEADER + "c1,CTRL,0\nc2,CTRL,0\na1,A,0\nb1,B,0\nz1,LacZ,1\nz2,LacZ,1\n"
    guide_map = read_guide_map(write(tmp_path, text))
    assert guide_map.is_ntc.tolist() == [False] * 4 + [True] * 2
    assert "2 guides not marked as controls by is_ntc, with a gene_name like" in str(guide_map.doubts[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "n2,NTC,0\n", "1 guide not marked as controls by is_ntc, with a gene_name like a control's: NTC"),
        (GOOD + "k1,KDR,0\nk2,kdr,0\n", "differ by case or invisible signs only: 'KDR', 'kdr'"),
        (GOOD + "k1,G\u200b0,0\nk2,G0,0\n", "invisible signs only: 'G.u200b0', 'G0'"),
        (GOOD + "m1,1-Mar,0\nm2,Sep-02,0\n", "genes that are dates.*: 1-Mar, Sep-02"),
        (GOOD + "a3,A,1\n", "marks some guides of a gene as controls and others not: A"),
        (HEADER + "a,A,1\nb,B,1\nz,LacZ,0\n", "marks 2 of 3 guides as controls, of the genes A, B"),
    ],
)
def test_what_is_odd_in_a_map_is_told(tmp_path, text, said):
    (doubt,) = read_guide_map(write(tmp_path, text)).doubts
    assert re.search(said, str(doubt))


def test_columns_and_controls_by_settings(tmp_path):
    text = "sgRNA,target,neg,gene_name\na1,A,no,x\na2,A,no,x\nn1,OLFR,yes,x\n"
    names = {"guide": "sgRNA", "gene": "target", "control": "neg"}
    assert read(tmp_path, text, guide_map_columns=names).is_ntc.tolist() == [False, False, True]
    columns = {"guide": "sgRNA", "gene": "target"}
    by_gene = read(tmp_path, text, guide_map_columns=columns, control_pattern="OLFR|LACZ")
    by_guide = read(tmp_path, text, guide_map_columns=columns, control_pattern="n[0-9]+")
    assert by_gene.is_ntc.tolist() == by_guide.is_ntc.tolist() == [False, False, True]
    assert by_gene.gene_names == ("A", "A", "OLFR")
    with pytest.raises(ScreenError, match=r"no control guide \(by control_pattern\)"):  # a part of a name is no match
        read(tmp_path, text, guide_map_columns=columns, control_pattern="OLF")
    with pytest.raises(ScreenError, match=r"lacks the column\(s\) hgnc; it has sgRNA.*in guide_map_columns"):
        read(tmp_path, text, guide_map_columns={**names, "gene": "hgnc"})


def test_missing_columns_come_with_the_settings_that_name_them(tmp_path):
    said = r"set guide_map_columns: \{guide: sgRNA, gene: Target\}; set control_pattern: \(NTC_\)\[0-9\]\*"
    with pytest.raises(ScreenError, match=said.replace("set guide", "Set guide")):
        read(tmp_path, "sgRNA,Target\na1,A\nn1,NTC_1\nn2,NTC_2\n")


def test_second_names_are_taken_where_the_screen_has_them():
    given = GuideMap(guide_names=("g1", "g2"), gene_names=("A", "B"), is_ntc=np.ones(2, bool), other_names=("x", "y"))
    assert given.named_as(["x", "y", "z"]).guide_names == ("x", "y")
    assert given.named_as(["g1", "x"]).guide_names == given.named_as([]).guide_names == ("g1", "g2")


def test_any_table_is_a_map():
    names = pd.Index(["a1", "n1"], name="guide")
    frame = pd.DataFrame({"intended_target_name": ["A", None], "targeting": [True, False]}, index=names)
    found = map_from_table(frame, Settings.from_mapping(), "in mod['guide'].var", ["a1", "n1"])
    assert found.guide_names == ("a1", "n1") and found.gene_names == ("A", "non-targeting")
    assert found.is_ntc.tolist() == [False, True]
    twice = frame.assign(guide_id=["x", "y"])
    assert map_from_table(twice, Settings.from_mapping(), "var", ["a1", "n1"]).guide_names == ("a1", "n1")
    bad = pd.DataFrame({"guide_name": ["a", "b"], "gene_name": ["A", None], "is_ntc": [1, 0]})
    with pytest.raises(ScreenError, match=r"The guide map in uns has 1 row\(s\) with no gene_name: row 2 \(b,,0\)"):
        map_from_table(bad, Settings.from_mapping(), "in uns", ["a", "b"])
