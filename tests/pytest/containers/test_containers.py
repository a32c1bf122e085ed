"""The same screen in every container, and containers that are broken, compressed, in use or too large."""

import gzip
import os
import subprocess
import sys
import textwrap

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from anndata.io import write_elem
from written_screen import (
    CELLS,
    MUDATA,
    differences,
    guide_map,
    open_zarr,
    parts,
    read,
    screen,
    write_mudata,
    write_zarr,
)

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.containers import modalities, open_screen
from fatebias.preflight.check import check_screen


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    path = tmp_path_factory.mktemp("clean") / "s.h5ad"
    screen().write_h5ad(path)
    return path


@pytest.mark.parametrize("version", [2, 3])
def test_a_zarr_store_is_read_like_the_file(clean, tmp_path, version):
    write_zarr(tmp_path / "s.zarr", version)
    assert differences(read(tmp_path / "s.zarr"), read(clean)) == []
    assert check_screen(tmp_path / "s.zarr", Settings.from_mapping(), guide_map(tmp_path))["ok"]


def test_a_zipped_zarr_store_is_read(clean, tmp_path):
    open_zarr(tmp_path / "tried")
    store = zarr.storage.ZipStore(tmp_path / "s.zarr.zip", mode="w")
    of_2 = {} if zarr.__version__.startswith("2.") else {"zarr_format": 2}
    write_elem(zarr.open_group(store, mode="w", **of_2), "/", screen())
    store.close()
    assert differences(read(tmp_path / "s.zarr.zip"), read(clean)) == []


def test_a_gzipped_file_is_read(clean, tmp_path):
    (tmp_path / "s.h5ad.gz").write_bytes(gzip.compress(clean.read_bytes()))
    assert differences(read(tmp_path / "s.h5ad.gz"), read(clean)) == []
    (tmp_path / "s.h5ad.gz").write_bytes(gzip.compress(clean.read_bytes())[:3000])
    with pytest.raises(ScreenError, match=r"s.h5ad.gz cannot be read .*truncated"):
        read(tmp_path / "s.h5ad.gz")


def test_a_compressed_file_is_read_with_its_filter(clean, tmp_path):
    hdf5plugin = pytest.importorskip("hdf5plugin")
    screen().write_h5ad(tmp_path / "s.h5ad", compression=hdf5plugin.FILTERS["zstd"])
    assert differences(read(tmp_path / "s.h5ad"), read(clean)) == []


# ---- MuData


@pytest.mark.parametrize("day_in_all", [False, True])
def test_mudata_joins_modalities_by_name(clean, tmp_path, day_in_all):
    order = np.random.default_rng(2).permutation(CELLS)
    with h5py.File(tmp_path / "s.h5mu", "w") as file:
        write_mudata(file, order, day_in_all)
    assert differences(read(tmp_path / "s.h5mu", **MUDATA), read(clean)) == []
    counts = MUDATA | {"guide_key": "X", "min_umi": 5}
    assert differences(read(tmp_path / "s.h5mu", **counts), read(clean)) == []
    assert modalities(tmp_path / "s.h5mu") == ["gene", "guide"]


def test_mudata_in_zarr(clean, tmp_path):
    write_mudata(open_zarr(tmp_path / "s.zarr"))
    assert differences(read(tmp_path / "s.zarr", **MUDATA), read(clean)) == []


def test_cells_that_the_guides_lack_carry_none(tmp_path):
    with h5py.File(tmp_path / "s.h5mu", "w") as file:
        write_mudata(file, np.arange(10, CELLS))
    found = read(tmp_path / "s.h5mu", **MUDATA)
    assert found.left_out["no_guide"] == 10 and found.n_cells == CELLS - 10


def test_mudata_without_its_modalities_is_told_and_the_check_proposes_them(tmp_path):
    with h5py.File(tmp_path / "s.h5mu", "w") as file:
        write_mudata(file)
    with pytest.raises(ScreenError, match="MuData with the modalities gene, guide.*`modality`.*`guide_modality`"):
        read(tmp_path / "s.h5mu")
    with pytest.raises(ScreenError, match="has no modality rna; it has gene, guide. Set `modality`"):
        read(tmp_path / "s.h5mu", modality="rna")
    found = check_screen(tmp_path / "s.h5mu", Settings.from_mapping(), guide_map(tmp_path))
    assert found["settings"] == MUDATA
    assert check_screen(tmp_path / "s.h5mu", Settings.from_mapping(found["settings"]), guide_map(tmp_path))["ok"]


def test_modalities_are_for_mudata(clean):
    with pytest.raises(ScreenError, match="no MuData. Leave `modality`"):
        read(clean, modality="gene")


# ---- what is refused


def test_a_path_that_is_no_container(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.h5ad").write_text("day,guide\n")
    for name, words in {
        "folder": "is a folder and no zarr store",
        "text.h5ad": "is not an .h5ad, .h5mu or .zarr",
    }.items():
        with pytest.raises(ScreenError, match=words):
            open_screen(tmp_path / name)


def test_a_file_that_is_being_written_is_told(clean, tmp_path):
    path = tmp_path / "s.h5ad"
    path.write_bytes(clean.read_bytes())
    code = f"import h5py, sys; f = h5py.File({str(path)!r}, 'r+'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(ScreenError, match="open elsewhere for writing: close it there"):
            read(path)
        other.stdin.close()


EXPRESSION = ("X", "layers/counts", "raw/X", "obsp/connectivities", "varm/loadings")


def put_expression(top, keys=EXPRESSION):
    """Entries declared larger than memory may grow: 100 GB, of which nothing is stored."""
    if "raw" in top:  # where there is none, an empty array
        del top["raw"]
    for key in keys:
        table, _, name = key.rpartition("/")
        group = top.require_group(table) if table else top
        if name in group:
            del group[name]
        create = group.create_array if hasattr(group, "create_array") else group.create_dataset
        create(name, shape=(CELLS, 140_000_000), dtype="f8", chunks=(CELLS, 1000))


@pytest.mark.parametrize("kind", ["h5ad", "zarr", "h5mu"])
def test_expression_is_never_read(clean, tmp_path, kind):
    """Neither by reading nor by the check nor by what puts a screen together; of MuData in no modality."""
    path, settings = tmp_path / f"s.{kind}", MUDATA if kind == "h5mu" else {}
    if kind == "zarr":
        write_zarr(path, 2)
        put_expression(zarr.open_group(str(path), mode="r+"))
    else:
        path.write_bytes(clean.read_bytes())
        with h5py.File(path, "r+" if kind == "h5ad" else "w") as file:
            if kind == "h5mu":
                write_mudata(file)
                put_expression(file["mod/guide"], ("X", "layers/counts", "raw/X", "obsp/connectivities"))
                put_expression(file)
            put_expression(file["mod/gene"] if kind == "h5mu" else file)
    code = f"""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        from pathlib import Path
        from written_screen import guide_map, read
        from fatebias.base.settings import Settings
        from fatebias.preflight import check_screen
        from fatebias.screens.guide_anndata import read_guides_anndata
        from fatebias.screens.parts import read_fate_probs, read_labels
        path, settings = Path({str(path)!r}), {settings!r}
        of_cells = {{"modality": settings.get("modality")}}
        found = check_screen(path, Settings.from_mapping(settings), guide_map(path.parent))
        print(read(path, **settings).n_cells, found["ok"])
        print(len(read_labels(path, ["day"], **of_cells)[0]), len(read_fate_probs(path, "fateprob", **of_cells)[1]))
        if settings:
            print(read_guides_anndata(path, "guide_assignment", "guide").counts.shape[0])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, env=child_env()
    )
    expected = f"{CELLS} True\n{CELLS} {CELLS}\n" + (f"{CELLS}\n" if settings else "")
    assert done.stdout == expected, done.stdout + done.stderr


def child_env():
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def test_the_listing_of_a_zarr_store_does_not_hide_what_is_there(clean, tmp_path):
    open_zarr(tmp_path / "tried", 3)
    anndata.settings.zarr_write_format = 3
    screen().write_zarr(tmp_path / "s.zarr")  # with a listing of all members
    root = zarr.open_group(str(tmp_path / "s.zarr"), mode="a", use_consolidated=False)
    del root["obs/day"]
    days = np.array([np.datetime64("2024-01-01", "ns") + np.timedelta64(int(day[1]), "D") for day in parts()["day"]])
    root["obs"].create_array("day", data=days)
    found = read(tmp_path / "s.zarr")
    assert found.day_values == (0.0, 1.0, 2.0)
    assert set(differences(found, read(clean))) == {"day_labels"}


def test_cells_that_another_modality_numbers_or_lacks(tmp_path):
    with h5py.File(tmp_path / "s.h5mu", "w") as file:
        write_mudata(file)
        write_elem(file, "mod/guide/obs", pd.DataFrame(index=[str(row) for row in range(CELLS)]))
    with pytest.raises(ScreenError, match=r"names other cells than obs.* Give the cells the same names in all modal"):
        read(tmp_path / "s.h5mu", **MUDATA)
    with h5py.File(tmp_path / "t.h5mu", "w") as file:
        write_mudata(file, np.arange(10, CELLS))
    told = " ".join(map(str, read(tmp_path / "t.h5mu", **MUDATA).doubts))
    assert "has no row for 10 of 90 cells: cell0, cell1, cell2, cell3, cell4 and 5 more" in told


def test_a_modality_that_leads_out_of_the_file_is_refused_by_both_and_only_where_it_is_used(clean, tmp_path):
    path, given = tmp_path / "s.h5mu", guide_map(tmp_path)
    with h5py.File(path, "w") as file:
        write_mudata(file)
        file["mod/other"] = h5py.ExternalLink("elsewhere.h5", "/")
    assert differences(read(path, **MUDATA), read(clean)) == []
    assert check_screen(path, Settings.from_mapping(MUDATA), given)["ok"]
    settings = MUDATA | {"guide_modality": "other"}
    said = "modality other is a link to another file (elsewhere.h5); write the screen as one file"
    with pytest.raises(ScreenError) as refused:
        read(path, **settings)
    assert said in str(refused.value)
    rows = check_screen(path, Settings.from_mapping(settings), given)["rows"]
    assert any(said in row["found"] for row in rows if row["status"] == "problem")


def test_expression_named_as_the_guides_is_refused_unread(tmp_path):
    path, given = tmp_path / "s.h5ad", guide_map(tmp_path)
    adata = screen()
    adata.write_h5ad(path)
    with h5py.File(path, "r+") as file:  # values that would not fit into memory, and are not there
        del file["X"], file["var"]
        write_elem(file, "var", pd.DataFrame(index=[f"ENSG{k}" for k in range(30_000)]))
        file.create_dataset("X", shape=(CELLS, 30_000), chunks=(CELLS, 1000), dtype="f8").attrs["encoding-type"] = "?"
    said = "X is not that of the guides: 0 of its 30,000 features are in the guide map, and not ENSG0, ENSG1"
    with pytest.raises(ScreenError, match=said):
        read(path, guide_key="X")
    rows = check_screen(path, Settings.from_mapping({"guide_key": "X"}), given)["rows"]
    assert any(said in row["found"] for row in rows if row["status"] == "problem")


def test_a_screen_without_cells(tmp_path):
    adata = screen()[:0].copy()
    adata.write_h5ad(tmp_path / "s.h5ad")
    with pytest.raises(ScreenError, match=r"s.h5ad: obs has no rows, so there are no cells"):
        read(tmp_path / "s.h5ad")
    rows = check_screen(tmp_path / "s.h5ad", Settings.from_mapping(), guide_map(tmp_path))["rows"]
    assert [row["item"] for row in rows if row["status"] == "problem"] == ["File"]
