import warnings

import numpy as np
import pytest

from fatebias.base.errors import ScreenError, ScreenWarning
from fatebias.screens.cell_names import match_cells


def test_cells_match_by_name_in_the_order_of_the_first():
    tables = {"a": ["x", "y", "z", "w"], "b": ["z", "q", "y", "x"], "c": ["y", "z", "x", "v", "u"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ScreenWarning)
        match = match_cells(tables)
    assert match.names.tolist() == ["x", "y", "z"]
    for table, names in tables.items():
        assert np.array(names)[match.rows[table]].tolist() == ["x", "y", "z"]
    assert match.unmatched == {"a": 1, "b": 1, "c": 2}


def test_suffixes_are_dropped_when_asked_for():
    match = match_cells({"a": ["AAC-1", "GGT-1"], "b": ["GGT", "AAC", "TTT-2"]}, drop_suffix=True)
    assert match.names.tolist() == ["AAC-1", "GGT-1"] and match.rows["b"].tolist() == [1, 0]
    with pytest.raises(ScreenError, match=r"a: 1 cell name\(s\) appear twice without their suffix: AAC"):
        match_cells({"a": ["AAC-1", "AAC-2"], "b": ["AAC"]}, drop_suffix=True)


def test_suffixes_that_tell_wells_apart_are_never_dropped():
    with pytest.raises(ScreenError, match=r"1 cell\(s\) of different wells.* first GGT-2 \(a\), GGT-1 \(b\)"):
        match_cells({"a": ["AAC-1", "GGT-2"], "b": ["GGT-1", "AAC-1"]}, drop_suffix=True)
    wells = match_cells({"a": ["AAC-1", "GGT-2"], "b": ["GGT", "AAC"]}, drop_suffix=True)
    assert wells.rows["b"].tolist() == [1, 0]
    renumbered = match_cells({"a": ["AAC-3", "GGT-3"], "b": ["GGT-1", "AAC-1"]}, drop_suffix=True)
    assert renumbered.names.tolist() == ["AAC-3", "GGT-3"]


def test_names_that_appear_twice_are_refused():
    with pytest.raises(ScreenError, match=r"b: 1 cell name\(s\) appear twice: y"):
        match_cells({"a": ["x", "y"], "b": ["y", "y"]})


BARCODE = "AAACCCAAGAAACACT"


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (["x1", "x2"], ["y1"], r"a \(2\): x1, x2\nb \(1\): y1$"),
        (
            [BARCODE + "-1"],
            [BARCODE],
            rf"as in {BARCODE}-1 \(a\), {BARCODE} \(b\): use drop_suffix \(TRUE; --drop-suffix",
        ),
        ([f"s1:{BARCODE}x"], [BARCODE + "-1"], "use drop_suffix"),
        (["d0_" + BARCODE + "-1"], [BARCODE + "-1"], "barcodes agree, but not what stands before or behind.*cell_name"),
        ([BARCODE + "-1-d0"], [BARCODE + "-1"], "cell_name"),
    ],
)
def test_no_cell_in_common_says_what_the_names_look_like_and_what_helps(a, b, said):
    with pytest.raises(ScreenError, match=said):
        match_cells({"a": a, "b": b})


def test_few_matches_warn_with_the_first_names_left_over():
    with pytest.warns(ScreenWarning, match=r"Only 1 of 3 cells.*\na \(2\): y, z\nb \(1\): q"):
        match_cells({"a": ["x", "y", "z"], "b": ["x", "q"]})


OTHER = "TTTGGGCAAGAATTTG"


@pytest.mark.parametrize(
    "form",
    ["{}-1", "{}.1", "{}_1", "{}-1-0", "{}-1_2", "sample:{}x", "run_1:{}x", "lane1:{}-1"],
    ids=["Cell Ranger", "data.frame of R", "Seurat", "concat twice", "both", "velocyto", "velocyto 2", "own"],
)
def test_names_that_programs_write_match_by_their_barcodes(form):
    a, b = [form.format(BARCODE), form.format(OTHER)], [OTHER, BARCODE]
    for names in (b, [f"{name}-1" for name in b]):
        match = match_cells({"a": a, "b": names}, drop_suffix=True)
        assert match.names.tolist() == a and match.rows["b"].tolist() == [1, 0]


def test_what_stands_before_a_barcode_stays_where_it_is_no_prefix_of_velocyto():
    match = match_cells({"a": [f"d0_{BARCODE}-1", f"d2_{BARCODE}-1"], "b": [f"d2_{BARCODE}"]}, drop_suffix=True)
    assert match.names.tolist() == [f"d2_{BARCODE}-1"]


@pytest.mark.parametrize(
    ("a", "b", "fits"),
    [
        (["{}-1-0", "{}-1-1"], ["{}-1", "{}-2"], True),  # concat of two libraries, and aggr
        (["{}-1", "{}-2"], ["{}.1", "{}.2"], True),
        (["s1:{}x", "s2:{}x"], ["{}-1", "{}-2"], True),
        (["s1:{}x", "s2:{}x"], ["{}-1", "{}-1"], False),
        (["{}-1", "{}-2"], ["{}-2", "{}-1"], False),
        (["{}-1", "{}-2"], ["{}.2", "{}.2"], False),
        (["{}-1-0", "{}-1-1"], ["{}-1", "{}-1"], False),
    ],
)
def test_wells_that_are_written_in_two_ways_go_together_one_to_one(a, b, fits):
    a, b = ([form.format(code) for form, code in zip(forms, (BARCODE, OTHER))] for forms in (a, b))
    if fits:
        assert match_cells({"a": a, "b": b[::-1]}, drop_suffix=True).rows["b"].tolist() == [1, 0]
    else:
        with pytest.raises(ScreenError, match="different wells"):
            match_cells({"a": a, "b": b}, drop_suffix=True)
