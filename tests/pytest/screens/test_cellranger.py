import gzip

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp
from conftest import write_cellranger
from umi_counts import CELLS, UMI_COUNTS, same

from fatebias.base.errors import ScreenError
from fatebias.screens import cellranger
from fatebias.screens.cellranger import read_cellranger
from fatebias.screens.guides import read_guides


@pytest.fixture
def folder(tmp_path):
    return write_cellranger(tmp_path / "matrix", UMI_COUNTS, CELLS)


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
        (
            lambda f: cut(f / "matrix.mtx.gz", lambda lines: ["x\n", *lines]),
            "not a sparse matrix of counts in MatrixMarket",
        ),
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


@pytest.mark.parametrize("field", ["complex", "pattern", "real symmetric"])
def test_matrices_of_another_kind_are_refused(folder, field):
    kind = field if " " in field else f"{field} general"
    cut(folder / "matrix.mtx.gz", lambda lines: [f"%%MatrixMarket matrix coordinate {kind}\n", *lines[1:]])
    with pytest.raises(ScreenError, match="not a sparse matrix of counts in MatrixMarket format: it begins with"):
        read_cellranger(folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("4 4 -3", "negative or missing"),
        ("4 4 nan", "negative or missing"),
        ("4 4 2.5", "no whole numbers, such as 2.5"),
        ("4 4 3 0", "Cannot read|4 numbers in a line"),
        ("4 4", "negative or missing|Cannot read"),
        ("4 4 1+2j", "Cannot read"),
    ],
)
def test_counts_that_are_none_are_refused(folder, line, said):
    row = next(i for i, text in enumerate(_features(folder), 1) if "CRISPR" in text)
    cut(folder / "matrix.mtx.gz", lambda lines: [*lines[:-1], line.replace("4 ", f"{row} ", 1) + "\n"])
    with pytest.raises(ScreenError, match=said):
        read_cellranger(folder)


def test_entries_that_are_named_twice_are_refused(folder):
    """scipy would sum them."""
    with_guides = [i for i, line in enumerate(_features(folder), 1) if "CRISPR" in line]

    def twice(lines):
        known = [line for line in lines[3:] if int(line.split()[0]) in with_guides]
        return [*lines[:2], lines[2].replace("19", "20"), *lines[3:], known[0]]

    cut(folder / "matrix.mtx.gz", twice)
    with pytest.raises(ScreenError, match=r"has 1 entry\(s\) of a guide and cell that it names already"):
        read_cellranger(folder)


def _features(folder):
    return gzip.decompress((folder / "features.tsv.gz").read_bytes()).decode().splitlines()


@pytest.mark.parametrize("name", ["features.tsv.gz", "barcodes.tsv.gz", "matrix.mtx.gz"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "no gzip"])
def test_damaged_parts_of_a_folder_are_refused(folder, name, damage):
    content = (folder / name).read_bytes()
    flipped = content[:30] + bytes(255 - byte for byte in content[30:40]) + content[40:]
    (folder / name).write_bytes({"cut": content[:25], "flipped": flipped, "no gzip": b"AAAC-1\n"}[damage])
    with pytest.raises(ScreenError, match=str(folder)):
        read_cellranger(folder)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("data", np.array(["a"] * 19, dtype="S1"), "matrix/data holds no counts"),
        ("data", np.ones(19, dtype=complex), "matrix/data holds no counts"),
        ("data", np.full(19, -1), "negative or missing"),
        ("data", np.full(19, np.nan), "negative or missing"),
        ("data", np.ones(18), "do not belong together"),
        ("indices", np.zeros(19), "matrix/indices holds no whole numbers"),
        ("indices", np.full(19, 2**40), "outside its 7 features"),
        ("indptr", np.array([0, 9, 3, 12, 15, 19]), "do not belong together"),
        ("indptr", np.array([0, 19]), "do not belong together: 2 starts for 5 cells"),
        ("barcodes", np.arange(5), "Cannot read"),
        ("features/id", np.arange(7), "Cannot read"),
        ("features/id", np.array([b"x"] * 3), "Cannot read"),
        ("features", np.arange(7), "Cannot read"),
    ],
)
def test_odd_data_of_an_h5_are_refused(tmp_path, folder, key, value, said):
    path = write_h5(tmp_path / "m.h5", folder)
    with h5py.File(path, "r+") as file:
        del file["matrix"][key]
        file["matrix"][key] = value
    with pytest.raises(ScreenError, match=said):
        read_cellranger(path)


@pytest.mark.parametrize("make", [lambda f: f.create_dataset("matrix", data=[1]), lambda f: f.create_group("x")])
def test_an_h5_without_a_matrix_is_refused(tmp_path, make):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        make(file)
    with pytest.raises(ScreenError, match="has no matrix/features"):
        read_cellranger(tmp_path / "m.h5")
