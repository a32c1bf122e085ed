"""A disk that is full at random moments: no half file, an error with words, and the next run is right."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_disk import SmallDisk

from fatebias.base import ExportError, Settings
from fatebias.results import fit
from fatebias.screens import assemble_screen, fingerprint, read_samples, read_screen
from fatebias.simulation import simulate_to

SHARES = np.random.default_rng(7).uniform(0.01, 0.95, 7)  # of what all files need
WORDS = r"Cannot write .*: the disk is full, .* MB are free.* Make room there, or choose another folder"
SMALL = {"cells": 3000, "genes": 30, "guides_per_gene": 2, "ntc": 4, "days": 2}
SETTINGS = Settings.from_mapping({"inference": "laplace", "num_posterior_draws": 40, "save_draws": "all"})


@pytest.fixture
def disk(tmp_path):
    (tmp_path / "disk").mkdir()
    small = SmallDisk(tmp_path / "disk")
    yield small
    small.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return simulate_to(tmp_path_factory.mktemp("sim"), SMALL)


def kilobytes_of(paths):
    return sum(-(-os.path.getsize(path) // 4096) * 4 for path in paths)


def is_same_screen(one, other):
    prints = [
        fingerprint(read_screen(of["screen"], of["guide_map"], SETTINGS), of["screen"], of["guide_map"])
        for of in (one, other)
    ]
    return prints[0]["content"] == prints[1]["content"]


@pytest.mark.parametrize("share", SHARES)
def test_a_simulation(disk, files, share):
    disk.resize(max(8, int(share * kilobytes_of(files.values()))))
    with pytest.raises(ExportError, match=WORDS):
        simulate_to(disk.folder, SMALL)
    whole = {os.path.basename(path): os.path.getsize(path) for path in files.values()}
    assert all(whole[name] == (disk.folder / name).stat().st_size for name in disk.names())
    disk.resize(5000)
    assert is_same_screen(simulate_to(disk.folder, SMALL), files) and disk.names() == set(whole)


@pytest.fixture(scope="module")
def whole_fit(tmp_path_factory, files):
    """Folder of a fit, and what its files were made from."""
    folder, found, infer = tmp_path_factory.mktemp("fit"), [], fit.infer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "infer", lambda *given: found.append(infer(*given)) or found[0])
        fit.fit_screen(files["screen"], files["guide_map"], folder, SETTINGS, warn=False)
    return folder, found[0]


@pytest.mark.parametrize("share", SHARES)
def test_the_files_of_a_fit(disk, files, whole_fit, monkeypatch, share):
    folder, found = whole_fit
    monkeypatch.setattr(fit, "infer", lambda *given: found)
    monkeypatch.setattr("fatebias.results.folder.refuse_full_disk", lambda *given: None)  # as before work, with room
    disk.resize(max(8, int(share * kilobytes_of(folder.iterdir()))))
    with pytest.raises(ExportError, match=WORDS):
        fit.fit_screen(files["screen"], files["guide_map"], disk.folder, SETTINGS, warn=False)
    assert disk.names() == set()
    disk.resize(9000)
    fit.fit_screen(files["screen"], files["guide_map"], disk.folder, SETTINGS, warn=False)
    assert disk.names() == {path.name for path in folder.iterdir()}
    for path in set(folder.iterdir()) - {folder / "fit_manifest.json"}:
        assert path.read_bytes() == (disk.folder / path.name).read_bytes(), path.name


@pytest.fixture(scope="module")
def guides(tmp_path_factory, files):
    """Guides of the simulated cells, as a table."""
    rng, path = np.random.default_rng(1), tmp_path_factory.mktemp("guides") / "guides.csv"
    table = {"cell": [f"cell{i}" for i in range(3000)], "guide": rng.choice(["a", "b", "c"], 3000), "umi": 9}
    pd.DataFrame(table).to_csv(path, index=False)
    return read_samples([path], None, "cell", cell="cell", guide="guide", umi="umi")


@pytest.mark.parametrize("share", SHARES)
def test_an_assembled_screen(disk, tmp_path, files, guides, share):
    def assemble(path):
        return assemble_screen(files["screen"], guides, path, day="day", fate_probs="fateprob")["path"]

    whole = assemble(tmp_path / "missing" / "folders" / "screen.h5ad")  # which are made
    disk.resize(max(8, int(share * kilobytes_of([whole]))))
    with pytest.raises(ExportError, match=WORDS):
        assemble(disk.folder / "screen.h5ad")
    assert disk.names() == set()
    disk.resize(5000)
    assert Path(assemble(disk.folder / "screen.h5ad")).read_bytes() == Path(whole).read_bytes()


def test_what_is_no_file_is_not_replaced(tmp_path, files, guides):
    os.mkfifo(tmp_path / "pipe.h5ad")
    (tmp_path / "file").touch()
    for name, said in (
        ("", "it is a folder"),
        ("pipe.h5ad", "a device or a pipe"),
        ("file/x.h5ad", "Choose another folder"),
    ):
        with pytest.raises(ExportError, match=said):
            assemble_screen(files["screen"], guides, tmp_path / name, day="day", fate_probs="fateprob")
    assert (tmp_path / "pipe.h5ad").is_fifo() and {path.name for path in tmp_path.iterdir()} == {"pipe.h5ad", "file"}
