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
            r"1 row\(s\) without .*: row 5 \(AAACCCAAGAAACACG-1, g3, -1",
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
