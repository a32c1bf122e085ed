"""Files that are replaced after a screen was read."""

import os
import shutil

import pytest
from broken_screens import guide_map, screen

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
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
