"""No file but the screen's own is opened, whatever leads out of it; with `allow_external` it is read as before."""

import os
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
from written_screen import CELLS, GUIDES, MUDATA, differences, guide_map, read, screen, write_mudata

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.containers import open_matrix
from fatebias.containers.nodes import child
from fatebias.preflight import check_screen


@pytest.fixture
def other(tmp_path):
    """The clean screen, as the file that others lead to."""
    path = tmp_path / "other.h5ad"
    screen().write_h5ad(path)
    return path


def external(place):
    def change(file, other):
        del file[place]
        file[place] = h5py.ExternalLink(str(other), f"/{place}")

    return change


def by_soft_link(file, other):
    """A link within the file to a place that lies beyond an external one."""
    file["away"] = h5py.ExternalLink(str(other), "/")
    del file["obsm/guide"]
    file["obsm/guide"] = h5py.SoftLink("/away/obsm/guide")


def by_two_soft_links(file, other):
    file["away"] = h5py.ExternalLink(str(other), "/obsm")
    file["near"] = h5py.SoftLink("away")
    del file["obsm"]
    file["obsm"] = h5py.SoftLink("/near")


def virtual(file, other):
    del file["obsm/guide/data"]
    with h5py.File(other) as theirs:
        n, kind = theirs["obsm/guide/data"].shape[0], theirs["obsm/guide/data"].dtype
    layout = h5py.VirtualLayout(shape=(n,), dtype=kind)
    layout[:] = h5py.VirtualSource(str(other), "obsm/guide/data", shape=(n,))
    file.create_virtual_dataset("obsm/guide/data", layout)


PLACES = [
    "obs", "obsm", "uns", "obs/_index", "obs/day", "obs/day/codes", "obs/day/categories", "obsm/covar",
    "obsm/covar/rep", "obsm/covar/rep/codes", "obsm/covar/_index", "obsm/guide", "obsm/guide/data",
    "obsm/guide/indices",
    "obsm/guide/indptr", "obsm/fateprob", "obsm/fateprob/MES", "obsm/fateprob/_index", "uns/guide_names",
]  # fmt: skip
CHANGES = {place: external(place) for place in PLACES} | {
    "soft link": by_soft_link, "two soft links": by_two_soft_links, "virtual": virtual,
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_no_other_file_is_read_unless_it_is_allowed(tmp_path, other, name):
    path, clean = tmp_path / "s.h5ad", screen()
    clean.write_h5ad(path)
    wanted = read(path)
    with h5py.File(path, "r+") as file:
        CHANGES[name](file, other)
    with pytest.raises(ScreenError, match=r"a link to another file|keeps its values in another file"):
        read(path)
    found = check_screen(path, Settings.from_mapping(), guide_map(tmp_path))
    assert not found["ok"]
    assert differences(read(path, allow_external=True), wanted) == []


@pytest.mark.parametrize("place", ["obs", "obs/day", "obs/day/codes", "obsm/guide/data", "obsm", "uns/guide_names"])
def test_a_pipe_behind_a_link_is_not_waited_for(tmp_path, place):
    path = tmp_path / "s.h5ad"
    screen().write_h5ad(path)
    os.mkfifo(tmp_path / "pipe")
    with h5py.File(path, "r+") as file:
        external(place)(file, tmp_path / "pipe")
    with pytest.raises(ScreenError, match="a link to another file"):
        read(path)
    assert not check_screen(path, Settings.from_mapping(), guide_map(tmp_path))["ok"]


def test_texts_that_are_kept_apart_do_not_come_up_in_a_message(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"TOPSECRET" * CELLS)
    path = tmp_path / "s.h5ad"
    for place, n in (("obs/day", CELLS), ("uns/guide_names", len(GUIDES)), ("obs/_index", CELLS)):
        screen().write_h5ad(path)
        with h5py.File(path, "r+") as file:
            del file[place]
            apart = file.create_dataset(place, shape=(n,), dtype="S9", external=[(str(secret), 0, 9 * n)])
            apart.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        with pytest.raises(ScreenError, match="values in another file") as refused:
            read(path)
        said = str(check_screen(path, Settings.from_mapping(), guide_map(tmp_path)))
        assert "TOPSECRET" not in str(refused.value) + said


def test_modalities_in_another_file_are_refused_unless_it_is_allowed(tmp_path):
    path, other = tmp_path / "s.h5mu", tmp_path / "other.h5mu"
    for one in (path, other):
        with h5py.File(one, "w") as file:
            write_mudata(file)
    wanted = read(path, **MUDATA)
    for place in ("mod", "mod/gene", "mod/gene/obs", "mod/guide/var/_index"):
        shutil.copy(other, path)
        with h5py.File(path, "r+") as file:
            external(place)(file, other)
        with pytest.raises(ScreenError, match="a link to another file"):
            read(path, **MUDATA)
        assert differences(read(path, **MUDATA, allow_external=True), wanted) == []


def test_links_within_the_file_are_followed_and_circles_are_not(tmp_path):
    path = tmp_path / "s.h5ad"
    screen().write_h5ad(path)
    wanted = read(path)
    with h5py.File(path, "r+") as file:
        file.move("obsm/guide", "uns/apart")
        file["near"] = h5py.SoftLink("uns/./apart")
        file["obsm/guide"] = h5py.SoftLink("/near")
    assert differences(read(path), wanted) == []
    with h5py.File(path, "r+") as file:
        del file["near"]
        file["near"] = h5py.SoftLink("/obsm/guide")
    with pytest.raises(ScreenError, match="where there is nothing"):
        read(path)


def test_a_matrix_of_cell_ranger_stays_in_its_file(tmp_path):
    path = tmp_path / "m.h5"
    for place in ("matrix", "matrix/features", "matrix/features/id", "matrix/data"):
        with h5py.File(path, "w") as file:
            for name in ("data", "indices", "indptr", "barcodes", "features/id", "features/name"):
                file[f"matrix/{name}"] = np.arange(3)
            del file[place]
            file[place] = h5py.ExternalLink("elsewhere.h5", "/x")
        with pytest.raises(ScreenError, match="a link to another file"), open_matrix(path):
            pass


@pytest.mark.parametrize("place", ["obs", "obsm/guide", "obsm/fateprob", "obs/.zattrs", "obs/zarr.json", ".zgroup"])
def test_a_store_of_zarr_stays_in_its_folder(tmp_path, place):
    pytest.importorskip("zarr")
    path, apart = tmp_path / "s.zarr", tmp_path / "apart"
    screen().write_zarr(path)
    wanted = read(path)
    if not (path / place).exists():
        pytest.skip(f"no {place} in this format")
    shutil.move(path / place, apart)
    (path / place).symlink_to(apart)
    with pytest.raises(ScreenError, match=f"{place} is a link to what lies elsewhere"):
        read(path)
    assert differences(read(path, allow_external=True), wanted) == []
    (path / place).unlink()
    shutil.move(apart, path / place)
    (tmp_path / "link.zarr").symlink_to(path)
    assert differences(read(tmp_path / "link.zarr"), wanted) == []
    os.mkfifo(path / "obs" / "pipe")
    with pytest.raises(ScreenError, match="no file"):
        read(path)


def test_nullable_columns_are_looked_at_below(tmp_path, other):
    path = tmp_path / "s.h5ad"
    data = screen()
    data.obs["number"] = pd.array([1, None] * (CELLS // 2), dtype="Int64")
    data.write_h5ad(path)
    for place in ("values", "mask"):
        with h5py.File(path, "r+") as file:
            del file[f"obs/number/{place}"]
            file[f"obs/number/{place}"] = h5py.ExternalLink(str(other), "/obs/day/codes")
        with pytest.raises(ScreenError, match="a link to another file"):
            read(path, covariates=["number"], covar_key=None, rep_key=None)


def test_links_that_lead_over_each_other_again_and_again_end_soon(tmp_path):
    with h5py.File(tmp_path / "links.h5", "w") as file:
        for k in range(30):
            file[f"l{k}"] = h5py.SoftLink(f"/l{k + 1}/l{k + 1}/l{k + 1}" if k < 29 else "/")
        with pytest.raises(ScreenError, match="is a link to"):
            child(file, "l0", "l0")
