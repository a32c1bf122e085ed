"""Files that are replaced after a screen was read."""

import os
import shutil

import pytest
from broken_screens import guide_map, screen

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.screens import reader
from fatebias.screens.reader import read_screen
from fatebias.screens.replaced import fingerprint, refuse_replaced


@pytest.fixture
def files(tmp_path):
    paths = tmp_path / "screen.h5ad", tmp_path / "map.csv"
    screen().write_h5ad(paths[0])
    guide_map().to_csv(paths[1], index=False)
    return paths


def read(files):
    return read_screen(*files, Settings.from_mapping())


def test_the_same_files_are_not_refused_nor_is_a_copy_or_other_expression(files):
    first = fingerprint(read(files), *files)
    refuse_replaced(read(files), *files, first)
    refuse_replaced(read(files), *files, None)  # a screen that an earlier version has read
    for path in files:
        shutil.copyfile(path, f"{path}.copy")
        os.replace(f"{path}.copy", path)
    adata = screen()
    adata.obsm["X_pca"] = adata.obsm["X_pca"] * 2
    adata.write_h5ad(files[0])
    assert fingerprint(read(files), *files) != first
    refuse_replaced(read(files), *files, first)


def test_another_screen_is_refused(files):
    first = fingerprint(read(files), *files)
    adata = screen()
    adata.obsm["fateprob"] = adata.obsm["fateprob"].iloc[::-1].set_axis(adata.obs_names, axis=0)  # same size
    adata.write_h5ad(files[0])
    with pytest.raises(ScreenError, match=r"screen.h5ad changed since the screen was read.*read_screen\(\)"):
        refuse_replaced(read(files), *files, first)


def test_another_guide_map_is_refused(files):
    first = fingerprint(read(files), *files)
    table = guide_map()
    table.loc[[1, 3], "gene_name"] = table.loc[[3, 1], "gene_name"].to_numpy()  # as long as before
    table.to_csv(files[1], index=False)
    os.utime(files[1], ns=(0, 0))
    with pytest.raises(ScreenError, match=r"map.csv changed since the screen was read"):
        refuse_replaced(read(files), *files, first)


def swapped():
    """The screen with the probabilities of two cells the other way round: as many bytes."""
    adata = screen()
    probs = adata.obsm["fateprob"].to_numpy()
    adata.obsm["fateprob"].iloc[:, :] = probs[[1, 0, *range(2, len(probs))]]
    return adata


def put_in_place(path, times, like):
    """Give a file the size and the times of another one, which it replaces."""
    content = path.read_bytes()
    path.write_bytes(content.ljust(like, b"\0")[:like])
    os.utime(path, ns=times)


@pytest.mark.parametrize("which", ["screen", "guide map"])
def test_another_file_with_the_same_size_and_times_is_refused(files, which):
    first, k = fingerprint(read(files), *files), which == "guide map"
    before = files[k].stat()
    if k:
        table = guide_map()
        table.loc[[1, 3], "gene_name"] = table.loc[[3, 1], "gene_name"].to_numpy()
        table.to_csv(files[1], index=False)
    else:
        swapped().write_h5ad(files[0])
    put_in_place(files[k], (before.st_atime_ns, before.st_mtime_ns), before.st_size)
    again = fingerprint(read(files), *files)
    assert all(again[name] == first[name] for name in ("screen", "guide_map"))  # nothing to be seen from outside
    with pytest.raises(ScreenError, match="changed since the screen was read"):
        refuse_replaced(read(files), *files, first)


def test_a_chunk_of_a_zarr_folder_is_noticed(tmp_path, files):
    folder, other = tmp_path / "screen.zarr", tmp_path / "other.zarr"
    screen().write_zarr(folder)
    swapped().write_zarr(other)
    paths = folder, files[1]
    first = fingerprint(read(paths), *paths)
    differ = [
        path for path in folder.rglob("*")
        if path.is_file() and path.read_bytes() != (other / path.relative_to(folder)).read_bytes()
    ]  # fmt: skip
    assert differ
    for path in differ:
        before = path.stat()
        shutil.copyfile(other / path.relative_to(folder), path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ScreenError, match="changed since the screen was read"):
        refuse_replaced(read(paths), *paths, first)


@pytest.mark.parametrize("other", [screen, swapped], ids=["the same again", "another"])
def test_a_file_that_is_replaced_while_it_is_read(files, monkeypatch, other):
    """Between the cells and the guide map; the second reading tells."""
    whole, read_map, done = read(files), reader.read_map, []

    def replace_then_read(*given):
        if not done:
            done.append(other().write_h5ad(files[0]))
        return read_map(*given)

    monkeypatch.setattr(reader, "read_map", replace_then_read)
    if other is screen:
        assert fingerprint(read(files), *files)["content"] == fingerprint(whole, *files)["content"]
    else:
        with pytest.raises(ScreenError, match="changed while it was read"):
            read(files)
