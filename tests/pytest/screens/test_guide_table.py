import numpy as np
import pandas as pd
import pytest
from umi_counts import CELLS, UMI_COUNTS, long_table

from fatebias.base.errors import ScreenError
from fatebias.screens.guide_table import read_guide_table
from fatebias.screens.guides import read_guides


def test_a_long_table_holds_the_cells_it_names(tmp_path):
    carrying = UMI_COUNTS.any(1)
    wanted = (UMI_COUNTS[carrying], list(np.array(CELLS)[carrying]))
    table = long_table().sample(frac=1, random_state=1)
    table.to_csv(tmp_path / "t.csv.gz", index=False)
    table.rename(columns={"cell": "barcode", "umi": "n"}).to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    for found in (
        read_guide_table(table),
        read_guides(tmp_path / "t.csv.gz"),
        read_guides(tmp_path / "t.tsv", cell="barcode", umi="n"),
    ):
        column, row = [found.guides.index(f"g{g}") for g in (1, 2, 3, 4)], pd.Index(found.cells).get_indexer(wanted[1])
        assert np.array_equal(found.counts.toarray()[np.ix_(row, column)], wanted[0])
    present = read_guide_table(table[["cell", "guide"]], umi=None)
    assert set(present.counts.data) == {1.0} and present.counts.nnz == np.count_nonzero(UMI_COUNTS)


def test_cell_rangers_own_calls_are_a_table(tmp_path):
    calls = pd.DataFrame({"cell_barcode": ["AA-1", "CC-1"], "num_features": [2, 1], "feature_call": ["g1|g3", "g2"],
                          "num_umis": ["8|11", "6"]})  # fmt: skip
    calls.to_csv(tmp_path / "protospacer_calls_per_cell.csv", index=False)
    found = read_guides(tmp_path / "protospacer_calls_per_cell.csv")
    assert found.guides == ("g1", "g3", "g2") and list(found.cells) == ["AA-1", "CC-1"]
    assert found.counts.toarray().tolist() == [[8, 11, 0], [0, 0, 6]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop(columns="umi"), r"lacks the column\(s\) umi; it has cell, guide"),
        (lambda t: pd.concat([t, t.tail(1)]), r"2 row\(s\) that repeat a cell and guide"),
        (
            lambda t: t.assign(umi=t.umi.where(t.umi != 12, -1)),
            r"1 row\(s\) without .*: row 5 \(AAACCCAAGAAACACG-1,g3,-1",
        ),
        (lambda t: t.assign(umi=t.umi.astype(object).where(t.umi != 7, "many")), r"row 1 \(.*many\)"),
        (lambda t: t.assign(guide=t.guide.where(t.guide != "g1")), r"2 row\(s\) without a cell, a guide"),
    ],
)
def test_bad_tables_are_refused_with_their_rows(change, said):
    with pytest.raises(ScreenError, match=said):
        read_guide_table(change(long_table()))


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(ScreenError, match="does not exist"):
        read_guide_table(tmp_path / "t.csv")


def write(tmp_path, text):
    (tmp_path / "calls.csv").write_text(text)
    return tmp_path / "calls.csv"


HEADER = "cell_barcode,num_features,feature_call,num_umis\n"


@pytest.mark.parametrize("none", ["None", "", "NA", "nan"])
@pytest.mark.parametrize("zero", ["0", "", "NA"])
def test_a_row_without_a_guide_is_a_cell_that_carries_none(tmp_path, none, zero):
    calls = HEADER + f"AA-1,2,g1|g3,8|11\nTT-1,0,{none},{zero}\nCC-1,1,g2,6\n"
    found = read_guide_table(write(tmp_path, calls))
    assert found.guides == ("g1", "g3", "g2") and list(found.cells) == ["AA-1", "TT-1", "CC-1"]
    assert found.counts.toarray().tolist() == [[8, 11, 0], [0, 0, 0], [0, 0, 6]]
    frame = pd.DataFrame({"cell": ["a", "b"], "guide": ["g", None if none == "NA" else none], "umi": [3, 0]})
    assert read_guide_table(frame).counts.toarray().tolist() == [[3], [0]]
    named = read_guide_table(frame[["cell", "guide"]], umi=None)
    assert named.guides == ("g",) and named.counts.toarray().tolist() == [[1], [0]]


@pytest.mark.parametrize("sign", [";", "|", ","])
def test_lists_of_a_cell_are_separated_by_several_signs(tmp_path, sign):
    calls = HEADER.replace(",", "\t") + f"AA-1\t2\tg1{sign}g3\t8{sign}11\nCC-1\t1\tg2\t6\n"
    assert read_guide_table(write(tmp_path, calls)).counts.toarray().tolist() == [[8, 11, 0], [0, 0, 6]]
    lists = f"cell_barcode\tguides\nAA-1\tg1{sign} g3\nCC-1\tg2\nGG-1\tNone\n"
    found = read_guide_table(write(tmp_path, lists), "cell_barcode", "guides", None)
    assert found.guides == ("g1", "g3", "g2") and found.present
    assert found.presence(5).toarray().tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_signs_within_names_are_no_lists_where_a_row_is_a_guide(tmp_path):
    table = pd.DataFrame({"cell": ["a", "a", "b"], "guide": ["chr1;x", "chr2", "chr1;x"], "umi": [3, 4, 5]})
    assert read_guide_table(table).guides == ("chr1;x", "chr2")
    assert read_guide_table(table, umi=None).guides == ("chr1;x", "chr2")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("AA-1,2,g1|g3,8|11\n\nCC-1,2,g1|g2,6\n", r"unequal lengths: line 4 \(CC-1,2,g1\|g2,6\)"),
        ("AA-1,2,g1|g3,8\n", "unequal lengths: line 2"),
        ("AA-1,3,g1|g3,8|11\n", "num_features is not the number of its guides: line 2"),
        ("AA-1,1,None,4\n", r"without a cell, a guide, or a UMI count of 0 or more: line 2 \(AA-1,1,None,4\)"),
        ("AA-1,2,g1|,8|3\n", "is not the number of its guides: line 2"),
        ("AA-1,1,g1,\n", "UMI count of 0 or more: line 2"),
        ("AA-1,1,g1,inf\n", "UMI count of 0 or more: line 2"),
        ("AA-1,1,g1,2.5\n", "no whole numbers, such as 2.5"),
        (",1,g1,4\n", "without a cell"),
        ("AA-1,0,None,0\n", "names no guide"),
        ("AA-1,1,g1,8\nCC-1,1,g1,3\nAA-1,1,g2,5\n", r"2 row.s. that name a cell of another row.*line 2 .*, line 4"),
        ("AA-1,2,g1|g1,8|3\n", "1 row.s. that repeat a cell and guide"),
        ("AA-1,1,g1,3,9\n", "line 2 has 5 field"),
    ],
)
def test_calls_that_cannot_be_right_are_refused_with_their_line(tmp_path, rows, said):
    with pytest.raises(ScreenError, match=said):
        read_guide_table(write(tmp_path, HEADER + rows))


def test_posterior_probabilities_need_a_threshold_of_their_own(tmp_path):
    text = "cell;guide;posterior\na;g1;0.97\na;g2;0.2\nb;g1;0.8\nc;None;0\n"
    path = write(tmp_path, text)
    with pytest.raises(ScreenError, match=r"probabilities in its column posterior, such as 0.97.*--min-probability"):
        read_guide_table(path, umi="posterior")
    found = read_guide_table(path, umi="posterior", min_probability=0.8)
    assert found.presence().toarray().tolist() == [[1, 0], [1, 0], [0, 0]]
    fractions = pd.read_csv(path, sep=";").rename(columns={"posterior": "umi"})
    with pytest.raises(ScreenError, match="holds probabilities in its column umi"):
        read_guide_table(fractions)
    for least, said in ((0, "above 0 and at most 1"), (1.5, "at most 1"), (0.99, "no guide has a probability of 0.99")):
        with pytest.raises(ScreenError, match=said):
            read_guide_table(path, umi="posterior", min_probability=least)
    with pytest.raises(ScreenError, match="no probabilities of 0 to 1: umi has 30"):
        read_guide_table(long_table(), min_probability=0.8)
    with pytest.raises(ScreenError, match="no probabilities of 0 to 1: posterior has 97"):
        read_guide_table(pd.read_csv(path, sep=";").dropna().assign(posterior=97), umi="posterior")


def test_tables_are_read_whatever_their_separator_and_encoding(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(long_table().rename(columns={"cell": " Cell"}).to_csv(index=False, sep=";").encode("utf-16"))
    assert read_guides(path).counts.sum() == UMI_COUNTS.sum()
