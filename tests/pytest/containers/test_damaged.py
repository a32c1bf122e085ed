"""Containers with bytes turned at random: refused in our words, read right, or read with other values of the file."""

import os
import shutil
import subprocess
import sys
import textwrap
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr
from anndata.io import write_elem
from damage import flip, outcome
from written_screen import CELLS, MUDATA, differences, guide_map, read, screen, write_mudata, write_zarr

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen

FLIPS = 15  # a container; 1,000 are made by hand before a release
KINDS = ("h5ad", "h5mu", "zarr2", "zarr3", "zip")
# Fields that may differ where a byte of a value was turned: a number of obsm, an index or a code, a letter of a name.
# Without a checksum around it nothing tells such a value from the right one. The sizes of the screen, its genes, its
# fates and the guide map stay, since other parts of the file or of the map contradict.
VALUES = {
    "fate_probs", "mended",  # a probability, still of a row that sums to 1 within the tolerance
    "guide_ptr", "guide_idx", "burden", "burden_counts", "left_out", "ntc_cells",  # the index of a guide, or a 1
    "covariates",  # none here, but of as many cells as carry a guide
    "day", "day_labels", "day_values", "day_doubt", "replicate", "replicate_labels",  # a code, or a letter of a label
}  # fmt: skip


def write(kind: str, path: Path) -> dict:
    """A valid screen of the kind; returns the settings that read it."""
    if kind in ("zarr2", "zarr3"):
        write_zarr(path, int(kind[-1]))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w"):
            pass
        store = zarr.storage.ZipStore(path, mode="w")
        write_elem(zarr.open_group(store, mode="w"), "/", screen())
        store.close()
    elif kind == "h5mu":
        with h5py.File(path, "w") as file:
            write_mudata(file)
        return MUDATA
    else:
        screen().write_h5ad(path)
    return {}


def what_is_read(path: Path, right, settings: dict) -> str:
    """In words: what comes of reading a screen, and whether the check says the same."""
    warnings.simplefilter("ignore")
    try:
        found = read(path, **settings)
        word = "right" if not (other := differences(found, right)) else "other " + " ".join(other)
    except ScreenError as error:
        word = "refused" if str(path) in str(error) else f"nameless: {error}"
    ok = check_screen(path, Settings.from_mapping(settings), path.parent / "map.csv")["ok"]
    return word if ok == (word != "refused") else f"{word}, but check says {'ok' if ok else 'no'}"


def damaged(kind: str, folder: Path, seed: int, n: int):
    """What was done to each of n copies of a valid screen, and what came of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole, copy = folder / f"whole.{kind}", folder / "work" / f"s.{kind}"
        settings, rng = write(kind, whole), np.random.default_rng(seed)
        right = read(whole, **settings)
        copy.parent.mkdir()
        guide_map(copy.parent)
    for _ in range(n):
        shutil.rmtree(copy) if copy.is_dir() else copy.unlink(missing_ok=True)
        (shutil.copytree if whole.is_dir() else shutil.copy)(whole, copy)
        done = flip(copy, rng)
        yield done, outcome(lambda: what_is_read(copy, right, settings))


def is_fine(found: str) -> bool:
    first, *fields = found.split()
    return found in ("right", "refused") or (first == "other" and set(fields) <= VALUES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_container_is_refused_or_differs_in_values_only(tmp_path, kind):
    found = list(damaged(kind, tmp_path, 1, FLIPS))
    assert [case for case in found if not is_fine(case[1])] == []
    assert len({what for _, what in found}) > 1  # some are refused, some are not


def read_in_a_child(path: Path, settings: dict | None = None) -> str:
    write("h5ad", path.with_name("right.h5ad"))
    guide_map(path.parent)
    right = read(path.with_name("right.h5ad"))
    return outcome(lambda: what_is_read(path, right, settings or {}))


@pytest.mark.parametrize("size", [3 << 30, 1 << 45])
def test_texts_in_a_block_of_a_false_size_take_no_memory(tmp_path, size):
    """HDF5 asks for the memory that the block says it has, and fills what the file lacks with zeros."""
    write("h5ad", tmp_path / "s.h5ad")
    content = bytearray((tmp_path / "s.h5ad").read_bytes())
    blocks = [at for at in range(len(content)) if content.startswith(b"GCOL", at)]
    assert len(blocks) > 1
    for at in blocks:
        broken = bytearray(content)
        broken[at + 8 : at + 16] = size.to_bytes(8, "little")
        (tmp_path / "s.h5ad").write_bytes(bytes(broken))
        assert read_in_a_child(tmp_path / "s.h5ad") in ("refused", "right")


def test_a_name_that_is_no_text_is_listed(tmp_path):
    """h5py gives it as bytes."""
    write("h5ad", tmp_path / "s.h5ad")
    with h5py.File(tmp_path / "s.h5ad", "r+") as file:
        file.move("obsm", b"o\xads")
    with pytest.raises(ScreenError, match="has no table obsm.*o\ufffds"):
        read(tmp_path / "s.h5ad")
    assert read_in_a_child(tmp_path / "s.h5ad") == "refused"


@pytest.mark.parametrize("kind", ["zarr2", "zarr3"])
def test_an_entry_that_is_damaged_hides_no_other(tmp_path, kind):
    path = tmp_path / f"s.{kind}"
    write(kind, path)
    write_elem(zarr.open_group(str(path), mode="r+"), "obsm/other", np.zeros((90, 2)))
    (path / "obsm/other" / ("zarr.json" if kind == "zarr3" else ".zarray")).write_text("{")
    assert read_in_a_child(path) == "right"


def test_a_sound_file_is_read_by_a_large_process(tmp_path):
    """What a process of its own needs is not counted with what its parent has."""
    screen().write_h5ad(tmp_path / "s.h5ad")
    code = f"""
        import numpy as np
        held = np.ones(180_000_000)  # 1.4 GB
        from pathlib import Path
        from written_screen import read
        print(read(Path({str(tmp_path / "s.h5ad")!r})).n_cells)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.stdout == f"{CELLS}\n", done.stderr
