import gzip

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp
from conftest import write_cellranger

from fatebias.base.errors import ScreenError
from fatebias.screens import cellranger
from fatebias.screens.cellranger import read_cellranger
from fatebias.screens.guide_counts import GuideCounts, count_by_threshold, join_samples
from fatebias.screens.guide_table import read_guide_table
from fatebias.screens.guides import read_guides

UMI_COUNTS = np.array([[7, 0, 0, 1], [0, 5, 0, 0], [0, 4, 12, 0], [0, 0, 0, 0], [1, 1, 5, 30]])  # 5 cells, 4 guides
CELLS = [f"AAACCCAAGAAACA{two}-1" for two in ("CA", "CC", "CG", "CT", "GA")]


@pytest.fixture
def folder(tmp_path):
    return write_cellranger(tmp_path / "matrix", UMI_COUNTS, CELLS)


def same(found, umis=UMI_COUNTS, cells=CELLS, guides=("g1", "g2", "g3", "g4")):
    return np.array_equal(found.counts.toarray(), umis) and list(found.cells) == cells and found.guides == guides


@pytest.mark.parametrize("at_once", [3, 5_000_000])
def test_a_folder_plain_or_compressed_and_an_h5_hold_the_same_counts(tmp_path, folder, monkeypatch, at_once):
    monkeypatch.setattr(cellranger, "_ENTRIES_AT_ONCE", at_once)
    assert same(read_cellranger(folder))
    plain = tmp_path / "plain"
    plain.mkdir()
    for file in folder.iterdir():
        (plain / file.name.removesuffix(".gz")).write_bytes(gzip.decompress(file.read_bytes()))
    assert same(read_guides(plain))
    assert same(read_guides(write_h5(tmp_path / "m.h5", folder)))


def write_h5(path, folder):
    """The folder as Cell Ranger's .h5, by scipy's reader of MatrixMarket files."""
    matrix = sp.csc_matrix(scipy.io.mmread(folder / "matrix.mtx.gz"))
    features = pd.read_csv(folder / "features.tsv.gz", sep="\t", header=None)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        for name, value in (("data", matrix.data), ("indices", matrix.indices), ("indptr", matrix.indptr)):
            group[name] = value
        group["shape"] = matrix.shape
        group["barcodes"] = np.array(CELLS, dtype="S")
        for name, column in (("id", 0), ("name", 1), ("feature_type", 2)):
            group[f"features/{name}"] = features[column].to_numpy().astype("S")
    return path


def test_guides_may_go_by_the_second_column_and_another_feature_type(folder):
    assert read_cellranger(folder, names="name").guides == ("name1", "name2", "name3", "name4")
    with pytest.raises(ScreenError, match=r"no feature of the type 'Custom'; it has: CRISPR Guide Capture \(4\), Gene"):
        read_cellranger(folder, feature_type="Custom")
    assert read_cellranger(folder, feature_type="Gene Expression").guides == ("ENSG1", "ENSG2", "ENSG3")
    with pytest.raises(ScreenError, match="id or name"):
        read_cellranger(folder, names="symbol")


def cut(file, lines):
    text = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    file.write_bytes(gzip.compress("".join(lines(text)).encode()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: (f / "barcodes.tsv.gz").unlink(), "has no barcodes.tsv.gz; it has: features.tsv.gz, matrix.mtx.gz"),
        (lambda f: cut(f / "matrix.mtx.gz", lambda lines: lines[:-2]), "has 17 of the 19 entries"),
        (
            lambda f: cut(f / "barcodes.tsv.gz", lambda lines: lines[1:]),
            "is 7 x 5, but there are 7 features and 4 cells",
        ),
        (lambda f: cut(f / "barcodes.tsv.gz", lambda lines: [lines[0], *lines[:-1]]), r"1 cell name\(s\) appear twice"),
        (lambda f: cut(f / "features.tsv.gz", lambda lines: [x.split("\t")[0] + "\n" for x in lines]), "three columns"),
        (lambda f: cut(f / "matrix.mtx.gz", lambda lines: ["x\n", *lines]), "not a sparse matrix in MatrixMarket"),
        (
            lambda f: (f / "matrix.mtx.gz").write_bytes((f / "matrix.mtx.gz").read_bytes()[:-20]),
            "Cannot read .* as a feature-barcode matrix",
        ),
    ],
)
def test_broken_folders_are_refused(folder, change, said):
    change(folder)
    with pytest.raises(ScreenError, match=said):
        read_cellranger(folder)


@pytest.mark.parametrize("entry", ["0 1 9", "8 1 9", "1 0 9", "1 6 9", "-1 1 9", "1.5 1 9", "x 1 9"])
def test_entries_outside_the_matrix_are_refused(folder, entry):
    """Counted from the end, feature 0 would be the last one."""
    cut(folder / "matrix.mtx.gz", lambda lines: [*lines[:-1], entry + "\n"])
    with pytest.raises(ScreenError, match=r"1 entry\(s\) outside its 7 features and 5 cells|Cannot read"):
        read_cellranger(folder)


def test_the_same_in_an_h5(tmp_path, folder):
    path = write_h5(tmp_path / "m.h5", folder)
    with h5py.File(path, "r+") as file:
        file["matrix/indices"][0] = 7
    with pytest.raises(ScreenError, match=r"1 entry\(s\) outside its 7 features and 5 cells"):
        read_cellranger(path)


def test_options_of_another_reader_are_refused(tmp_path, folder):
    long_table().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ScreenError, match="read as a long table, for which there is no option feature_type, names"):
        read_guides(tmp_path / "t.csv", feature_type="X", names="id")
    with pytest.raises(ScreenError, match="read as a matrix of Cell Ranger, for which there is no option umi"):
        read_guides(folder, umi="n")
    with pytest.raises(ScreenError, match="nothing does not exist"):
        read_guides(tmp_path / "nothing", feature_type="X")


def test_files_that_are_not_there_or_no_matrix(tmp_path, folder):
    with pytest.raises(ScreenError, match="give the folder that holds it"):
        read_cellranger(folder / "matrix.mtx.gz")
    with pytest.raises(ScreenError, match="does not exist"):
        read_cellranger(tmp_path / "nothing")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(ScreenError, match="no matrix/features"):
        read_cellranger(tmp_path / "other.h5")
    (tmp_path / "text.h5").write_text("x")
    with pytest.raises(ScreenError, match="Cannot read"):
        read_cellranger(tmp_path / "text.h5")


def long_table():
    cell, guide = np.nonzero(UMI_COUNTS)
    return pd.DataFrame(
        {"cell": np.array(CELLS)[cell], "guide": [f"g{g + 1}" for g in guide], "umi": UMI_COUNTS[cell, guide]}
    )


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


def counts(umis=UMI_COUNTS, cells=CELLS, guides=("g1", "g2", "g3", "g4"), source="s"):
    return GuideCounts(counts=sp.csr_matrix(umis), cells=np.array(cells, dtype=object), guides=guides, source=source)


@pytest.mark.parametrize("min_umi", [1, 5, 6])
def test_presence_is_a_count_at_or_above_the_threshold(min_umi):
    presence = counts().presence(min_umi)
    assert np.array_equal(presence.toarray() == 1, np.greater_equal(UMI_COUNTS, min_umi))


def test_thresholds_that_leave_nothing_are_refused():
    with pytest.raises(ScreenError, match="no cell has 31 UMIs or more"):
        counts().presence(31)
    with pytest.raises(ScreenError, match="above 0"):
        counts().presence(0)


def test_numbers_by_threshold():
    for row in count_by_threshold(counts(), (1, 5, 100)):
        found = np.greater_equal(UMI_COUNTS, row["min_umi"])
        assert row["cells_without_guide"] == (found.sum(1) == 0).sum()
        assert row["cells_with_several"] == (found.sum(1) > 1).sum()
        assert row["guides_per_cell_mean"] == found.sum() / 5
        assert row["guides_found"] == found.any(0).sum()


def test_samples_are_joined_guides_by_name_and_cells_renamed():
    other = counts(UMI_COUNTS[:2, ::-1], CELLS[:2], ("g4", "g3", "g2", "g1"), "t")
    found = join_samples({"d0": counts(), "d2": other})
    assert same(
        found, np.vstack([UMI_COUNTS, UMI_COUNTS[:2]]), [f"{c}-d0" for c in CELLS] + [f"{c}-d2" for c in CELLS[:2]]
    )
    assert join_samples({"d0": other}, "{sample}_{barcode}").cells[0] == f"d0_{CELLS[0]}"
    with pytest.raises(ScreenError, match="s and t have different guides: g3"):
        join_samples({"d0": counts(), "d2": counts(UMI_COUNTS[:, [0, 1, 3]], guides=("g1", "g2", "g4"), source="t")})
    with pytest.raises(ScreenError, match="must hold {barcode} and {sample}"):
        join_samples({"d0": counts()}, "{barcode}")


def test_shapes_and_names_that_do_not_fit_are_refused():
    with pytest.raises(ScreenError, match="5 x 4 counts, 5 cells, 3 guides"):
        counts(guides=("g1", "g2", "g3"))
    with pytest.raises(ScreenError, match=r"1 guide name\(s\) appear twice: g1"):
        counts(guides=("g1", "g1", "g3", "g4"))
    with pytest.raises(ScreenError, match="negative or missing"):
        counts(UMI_COUNTS - 0.5)
