"""A copy of a file has what was added, and all else as it was."""

import zipfile
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from small_disk import SmallDisk

from fatebias.base.errors import ExportError, ScreenError
from fatebias.containers.annotate import write_annotated

FILES = Path(__file__).parent / "files"


def some_of(archive: Path) -> list[str]:
    """An .h5ad file and all .h5mu files that a version of anndata has written."""
    names = sorted(name for name in zipfile.ZipFile(archive).namelist() if name.endswith((".h5ad", ".h5mu")))
    return [f"{archive.stem}/{name}" for name in names if name.endswith(".h5mu") or name == names[0]]


ALL = [name for archive in sorted(FILES.glob("anndata-*.zip")) for name in some_of(archive)]
GUIDES = pd.read_csv(FILES / "guide_map.csv", dtype=str)
ENTRIES = {"settings": "{}", "fit": {"contrast": "MES"}, "hits": pd.DataFrame({"lfsr_min": [0.1]}, index=["A"])}


def features(names) -> pd.DataFrame:
    n = len(names)
    columns = {
        "gene": [f"gene{i}" for i in range(n)],
        "hit": [i == 0 for i in range(n)],
        "estimate": np.arange(n) + 0.5,
    }
    return pd.DataFrame(columns, index=list(names))


def contents(path: Path) -> dict[str, object]:
    """Every array and attribute of a file, by its path."""
    found: dict[str, object] = {}

    def look(name, node):
        if isinstance(node, h5py.Dataset):
            found[name] = np.asarray(node[()]).tolist() if node.shape is not None else None
        for key, value in node.attrs.items():
            found[f"{name}@{key}"] = np.asarray(value).tolist()

    with h5py.File(path) as file:
        look("", file)
        file.visititems(look)
    return found


def unpacked(name: str, folder: Path) -> Path:
    archive, member = name.split("/")
    with zipfile.ZipFile(FILES / f"{archive}.zip") as file:
        return Path(file.extract(member, folder))


@pytest.mark.parametrize("name", ALL)
def test_all_else_is_as_it_was(name, tmp_path):
    path = unpacked(name, tmp_path)
    before, bytes_before = contents(path), path.read_bytes()
    place = write_annotated(path, tmp_path / "out", "fatebias", ENTRIES, features(GUIDES.iloc[:, 0]), "fatebias_")
    after = contents(tmp_path / "out")
    new = set(after) - set(before)
    assert all("uns/fatebias" in key or "/fatebias_" in key or key.startswith("uns@") for key in new), sorted(new)[:5]
    changed = [key for key, value in before.items() if key in after and repr(after[key]) != repr(value)]
    assert set(before) <= set(after) and all(key.endswith("var@column-order") for key in changed)
    assert path.read_bytes() == bytes_before
    if name.endswith(".h5mu"):
        assert place == "mod['guide'].var" and changed == ["mod/guide/var@column-order"]


def adata(var_names, n_cells=4) -> anndata.AnnData:
    n = len(var_names)
    return anndata.AnnData(
        X=np.arange(n_cells * n, dtype=np.float32).reshape(n_cells, n),
        obs=pd.DataFrame({"day": ["d0", "d1"] * 2}, index=[f"c{i}" for i in range(n_cells)]),
        var=pd.DataFrame({"kind": ["x"] * n}, index=list(var_names)),
        uns={"mine": {"a": 1}, "fatebias": {"old": 1}},
    )


def test_var_of_guides_gets_columns_in_its_own_order(tmp_path):
    names = ["g2", "other", "g0", "g1"]
    adata(names).write_h5ad(tmp_path / "in.h5ad")
    place = write_annotated(
        tmp_path / "in.h5ad", tmp_path / "out.h5ad", "fatebias", ENTRIES, features(["g0", "g1", "g2"]), "fatebias_"
    )
    read = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert place == "var"
    assert list(read.var.columns) == ["kind", "fatebias_gene", "fatebias_hit", "fatebias_estimate"]
    assert read.var["fatebias_gene"].tolist() == ["gene2", "", "gene0", "gene1"]
    assert read.var["fatebias_hit"].tolist() == [False, False, True, False]
    np.testing.assert_array_equal(read.var["fatebias_estimate"], [2.5, np.nan, 0.5, 1.5])
    assert "guides" not in read.uns["fatebias"] and "old" not in read.uns["fatebias"]
    assert read.uns["mine"] == {"a": 1}
    again = write_annotated(
        tmp_path / "out.h5ad", tmp_path / "twice.h5ad", "fatebias", ENTRIES, features(["g0", "g1", "g2"]), "fatebias_"
    )
    assert again == "var"
    assert list(anndata.read_h5ad(tmp_path / "twice.h5ad").var.columns) == list(read.var.columns)


def test_a_uns_that_is_no_group_becomes_one(tmp_path):
    path = tmp_path / "in.h5ad"
    adata(["g0", "g1"]).write_h5ad(path)
    with h5py.File(path, "r+") as file:
        del file["uns"]
        file["uns"] = 1.0
    write_annotated(path, tmp_path / "out.h5ad", "fatebias", ENTRIES, features(["g0", "g1"]), "fatebias_")
    assert list(anndata.read_h5ad(tmp_path / "out.h5ad").uns) == ["fatebias"]


def test_where_var_holds_something_else_guides_are_a_table_of_uns(tmp_path):
    adata(["ACTB", "g0", "MYC"]).write_h5ad(tmp_path / "in.h5ad")  # one gene is called as a guide
    table = features(["g0", "g1", "g2"])
    place = write_annotated(tmp_path / "in.h5ad", tmp_path / "out.h5ad", "fatebias", ENTRIES, table, "fatebias_")
    read = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert place == "uns['fatebias']['guides']"
    assert list(read.var.columns) == ["kind"]
    pd.testing.assert_frame_equal(read.uns["fatebias"]["guides"], table, check_dtype=False)


def test_mudata_reads_it_back(tmp_path):
    mudata = pytest.importorskip("mudata", reason="mudata is not installed")
    guides, genes = adata(["g0", "g1", "g2"]), adata(["ACTB", "MYC"])
    mudata.MuData({"rna": genes, "guides": guides}).write(tmp_path / "in.h5mu")
    place = write_annotated(
        tmp_path / "in.h5mu", tmp_path / "out.h5mu", "fatebias", ENTRIES, features(["g0", "g1", "g2"]), "fatebias_"
    )
    read, before = mudata.read_h5mu(tmp_path / "out.h5mu"), mudata.read_h5mu(tmp_path / "in.h5mu")
    assert place == "mod['guides'].var"
    assert read["guides"].var["fatebias_gene"].tolist() == ["gene0", "gene1", "gene2"]
    assert list(read["rna"].var.columns) == ["kind"]
    assert read.uns["fatebias"]["fit"]["contrast"] == "MES"
    np.testing.assert_array_equal(read["rna"].X, before["rna"].X)
    pd.testing.assert_frame_equal(read.obs, before.obs)


@pytest.mark.parametrize("names", [["g0", "g1", "g2"], ["ACTB", "MYC", "JUN"]])
def test_nothing_of_an_earlier_call_stays(tmp_path, names):
    first = features(["g0", "g1", "g2"]).rename(columns={"estimate": "estimate_d0"})
    data = adata(["g0", "g1", "g2"])
    data.var["fateful"] = ["a", "b", "c"]
    data.write_h5ad(tmp_path / "in.h5ad")
    write_annotated(tmp_path / "in.h5ad", tmp_path / "once.h5ad", "fatebias", ENTRIES, first, "fatebias_")
    anndata.read_h5ad(tmp_path / "once.h5ad").write_h5ad(tmp_path / "again.h5ad")  # anndata makes texts categories
    second = features(names).rename(columns={"estimate": "estimate_7"})
    for path in (tmp_path / "once.h5ad", tmp_path / "again.h5ad"):
        place = write_annotated(path, tmp_path / "twice.h5ad", "fatebias", ENTRIES, second, "fatebias_")
        new = ["fatebias_gene", "fatebias_hit", "fatebias_estimate_7"] if place == "var" else []
        read = anndata.read_h5ad(tmp_path / "twice.h5ad")
        assert list(read.var.columns) == ["kind", "fateful", *new]
        with h5py.File(tmp_path / "twice.h5ad") as file:
            assert set(file["var"]) == {"_index", "kind", "fateful", *new}


def test_the_file_itself_is_never_written(tmp_path):
    path = tmp_path / "in.h5ad"
    adata(["g0"]).write_h5ad(path)
    (tmp_path / "link.h5ad").symlink_to(path)
    before = path.read_bytes()
    for out in (path, tmp_path / "link.h5ad", tmp_path / "." / "in.h5ad"):
        with pytest.raises(ExportError, match="it is the file that is read"):
            write_annotated(path, out, "fatebias", ENTRIES, features(["g0"]), "fatebias_")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.h5ad", None, "none.h5ad does not exist[.]"),
        ("x.h5ad", b"text", "not an .h5ad"),
        ("y", b"", "not an"),
    ],
)
def test_what_is_no_such_file_is_refused(name, content, words, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ScreenError, match=words):
        write_annotated(tmp_path / name, tmp_path / "out", "fatebias", ENTRIES, features(["g0"]), "fatebias_")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_what_was_there(tmp_path):
    path, folder = tmp_path / "in.h5ad", tmp_path / "disk"
    adata([f"g{i}" for i in range(2000)]).write_h5ad(path)
    folder.mkdir()
    disk, table = SmallDisk(folder), features([f"g{i}" for i in range(2000)])
    size = path.stat().st_size // 1024
    try:
        (folder / "out.h5ad").write_text("before")
        for kilobytes in (size - 20, size + 8, size + 40):  # while it is copied, and while the copy is written to
            disk.resize(kilobytes)
            with pytest.raises(ExportError, match="the disk is full"):
                write_annotated(path, folder / "out.h5ad", "fatebias", ENTRIES, table, "fatebias_")
            assert disk.names() == {"out.h5ad"} and (folder / "out.h5ad").read_text() == "before"
        disk.resize(4 * size + 1000)
        write_annotated(path, folder / "out.h5ad", "fatebias", ENTRIES, table, "fatebias_")
        assert "fatebias_hit" in anndata.read_h5ad(folder / "out.h5ad").var
    finally:
        disk.close()


def test_a_relative_path_is_told_with_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScreenError) as told:
        write_annotated("none.h5ad", "out", "fatebias", ENTRIES, features(["g0"]), "fatebias_")
    assert str(told.value) == f"The screen file none.h5ad does not exist (the working directory is {tmp_path})."
