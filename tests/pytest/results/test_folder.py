"""The folder of a fit with real processes: held by one, looked at before work, tidied after it."""

import io
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fatebias.base.errors import ExportError, ExportWarning
from fatebias.base.lock import LOCK
from fatebias.base.out_dir import MADE_FROM, MANIFEST, PREVIOUS
from fatebias.base.settings import Settings
from fatebias.results import fit as steps
from fatebias.results.archive import ALL_FATES, read_archive
from fatebias.results.contrasts import contrast_tables
from fatebias.results.files import read_table
from fatebias.results.fit import fit_screen
from fatebias.results.folder import export_bytes, result_folder
from fatebias.results.manifest import fit_id, read_manifest, verify_contents
from fatebias.results.qc import DELTA_TABLE, assess_qc
from fatebias.screens import read_screen
from fatebias.simulation import simulate_to

SMALL = {"inference": "laplace", "num_posterior_draws": 20, "threads": 1, "num_perturbations": 4}
pytestmark = pytest.mark.filterwarnings("ignore::fatebias.base.errors.ScreenWarning")


def simulated_files(folder, seed):
    return simulate_to(folder, {"cells": 300, "genes": 4, "guides_per_gene": 2, "ntc": 2, "days": 2, "seed": seed})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return simulated_files(tmp_path_factory.mktemp("one"), 1)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return simulated_files(tmp_path_factory.mktemp("two"), 2)


@pytest.fixture(scope="module")
def made(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("fit")
    fit(files, out)
    return out


@pytest.fixture
def copied(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "copy"))


def fit(files, out, told=None, **settings):
    tell = told.append if told is not None else print
    return fit_screen(files["screen"], files["guide_map"], out, Settings.from_mapping(SMALL | settings), tell=tell)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != MANIFEST}


def stopped_fit(files, out):
    """A fit in a process of its own that holds the folder and has been stopped."""
    code = (
        "import os, signal, sys; from fatebias.results import fit; from fatebias.base.settings import Settings\n"
        "fit.infer = lambda *args: os.kill(os.getpid(), signal.SIGSTOP)\n"
        "fit.fit_screen(*sys.argv[1:4], Settings.from_mapping({'inference': 'laplace'}), warn=False)"
    )
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, files["screen"], files["guide_map"], out])
    end = time.monotonic() + 60
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)
    return process


def test_two_fits_at_once_and_a_rerun_after_kill_9(files, tmp_path, made):
    out = tmp_path / "out"
    first = stopped_fit(files, out)
    try:
        with pytest.raises(ExportError, match=f"A fit runs in {out}: process {first.pid} of"):
            fit(files, out)
        assert [path.name for path in out.iterdir()] == [LOCK]
    finally:
        first.kill()
        first.wait()
    with pytest.warns(ExportWarning, match=f"process {first.pid} .* taken over"):
        fit(files, out)
    assert contents(out) == contents(made)


def test_the_folder_is_free_after_an_error_and_after_ctrl_c(files, tmp_path, monkeypatch):
    for error in (KeyboardInterrupt, MemoryError):

        def fail(*arguments, error=error):
            raise error

        monkeypatch.setattr(steps, "infer", fail)
        with pytest.raises(error):
            fit(files, tmp_path)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["gene_daywise_cov.csv", "gene_daywise_cov.NEU-rest.csv"])
def test_what_is_in_the_way_ends_a_fit_before_its_work(files, tmp_path, monkeypatch, name):
    monkeypatch.setattr(steps, "infer", lambda *arguments: pytest.fail("work has started"))
    (tmp_path / name).mkdir()
    settings = Settings.from_mapping(SMALL)
    with pytest.raises(ExportError, match=f"{name} is a folder"):
        fit_screen(files["screen"], files["guide_map"], tmp_path, settings, contrasts=["NEU - rest"])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_full_disk_ends_a_fit_before_its_work(files, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "infer", lambda *arguments: pytest.fail("work has started"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6, 10_000))
    with pytest.raises(ExportError, match="The results need about .* MB, and the disk .* has 0.01 MB left"):
        fit(files, tmp_path)


@pytest.mark.parametrize("size", [{"cells": 300, "genes": 4}, {"cells": 400, "genes": 25, "days": 4, "replicates": 3}])
def test_the_room_that_a_fit_needs_is_about_what_is_asked_for(tmp_path, size):
    files = simulate_to(tmp_path / "sim", size)
    for draws in ("none", "all"):
        settings = Settings.from_mapping(SMALL | {"save_draws": draws})
        fit_screen(files["screen"], files["guide_map"], tmp_path / draws, settings)
        used = sum(path.stat().st_size for path in (tmp_path / draws).iterdir())
        asked = export_bytes(read_screen(files["screen"], files["guide_map"], settings), settings)
        assert used / 3 < asked < used * 3


def test_a_closed_stderr_does_not_end_a_fit_whose_files_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", closed := io.StringIO())
    closed.close()
    with result_folder(tmp_path) as folder:
        folder.tell("x")


def test_a_damaged_manifest_is_told_and_hinders_nothing(files, tmp_path, made):
    (tmp_path / MANIFEST).write_text('{"files": [')
    with pytest.warns(ExportWarning, match="fit_manifest.json is damaged, so that an earlier fit"):
        fit(files, tmp_path)
    assert contents(tmp_path) == contents(made)


def test_the_same_fit_has_the_same_identity_and_another_screen_another(files, others, tmp_path, made):
    again = fit(files, tmp_path / "again")
    assert fit_id(again) == fit_id(read_manifest(made)) != fit_id(fit(others, tmp_path / "other"))
    with_contrast = fit_screen(
        files["screen"], files["guide_map"], tmp_path / "more", Settings.from_mapping(SMALL), contrasts=["NEU - rest"]
    )
    assert len(with_contrast["contents"]) > len(again["contents"]) and fit_id(with_contrast) == fit_id(again)
    old = {key: value for key, value in again.items() if key not in ("format", "contents")}
    assert fit_id(old) is None


def test_both_languages_find_the_same_identity():
    example = Path(__file__).parents[3] / "inst" / "extdata" / "example_fit"
    assert fit_id(read_manifest(example)) == "f0a62b711ea80ef2"  # test-fit_identity.R has the same


def test_a_report_of_another_screen_does_not_stay_beside_the_tables(files, others, copied):
    identity = fit_id(read_manifest(copied))
    entry = {"fit_id": identity, "bytes": 3, "sha256": "0" * 64}
    (copied / "report.html").write_text("old")
    (copied / MADE_FROM).write_text(json.dumps({"report.html": entry}))
    told = []
    fit(files, copied, told)
    assert told == [] and (copied / "report.html").read_text() == "old"
    fit(others, copied, told)
    assert len(told) == 1 and "report.html" in told[0] and str(copied / PREVIOUS) in told[0]
    assert not (copied / "report.html").exists() and (copied / PREVIOUS / "report.html").read_text() == "old"
    (copied / "hits_ranked.csv").write_text("whose?")
    with pytest.warns(ExportWarning, match="no fit is known: hits_ranked.csv"):
        fit(files, copied, told)


def cut(path, other):
    path.write_bytes(path.read_bytes()[:-1])


def edit(path, other):
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])


def swap(path, other):
    shutil.copy(other / path.name, path)


def remove(path, other):
    path.unlink()


READERS = [
    (DELTA_TABLE, lambda out: assess_qc(out, Settings.from_mapping({}))),
    (ALL_FATES, lambda out: contrast_tables(out, "NEU - rest")),
    (ALL_FATES, read_archive),
    ("gene_daywise_likelihood.csv", lambda out: read_table(out, "gene_daywise_likelihood.csv")),
    ("fate_baseline.npz", verify_contents),
]


@pytest.fixture(scope="module")
def other_fit(others, tmp_path_factory):
    out = tmp_path_factory.mktemp("other")
    fit(others, out)
    return out


@pytest.mark.parametrize("change", [cut, edit, swap, remove])
@pytest.mark.parametrize(("name", "read"), READERS)
def test_every_reader_notices_files_that_the_fit_has_not_written(copied, other_fit, name, read, change):
    read(copied)
    change(copied / name, other_fit)
    said = f"(is not as the fit wrote it: {name}|lacks {name}|has no {name})"
    with pytest.raises(ExportError, match=said):
        read(copied)


def test_the_manifest_of_another_fit_fits_no_file(copied, other_fit):
    shutil.copy(other_fit / MANIFEST, copied / MANIFEST)
    with pytest.raises(ExportError, match="is not as the fit wrote it: .*gene_daywise_cov.csv"):
        verify_contents(copied)
    with pytest.raises(ExportError, match="is not as the fit wrote it"):
        assess_qc(copied, Settings.from_mapping({}))


def test_a_table_that_the_fit_has_not_listed_is_noticed(copied):
    manifest = read_manifest(copied)
    del manifest["contents"][DELTA_TABLE]
    (copied / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ExportError, match=f"not as the fit wrote it: {DELTA_TABLE}"):
        verify_contents(copied)
