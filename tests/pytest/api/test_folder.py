"""Where a fit lives: its folder is kept, saved, read again, and refused where it is no more what was fitted."""

import copy
import gc
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from fitted_screen import FATES, QUICK, copy_of

import fatebias
from fatebias.base.out_dir import MANIFEST


def test_a_fit_without_a_folder_goes_with_its_object_and_can_be_saved(screen, tmp_path):
    fit = fatebias.fit(screen, **QUICK)
    folder, genes = fit.out_dir, fit.genes
    assert folder.is_dir()
    saved = fit.save(tmp_path / "kept")
    del fit
    gc.collect()
    assert not folder.exists()
    pd.testing.assert_frame_equal(fatebias.load(saved.out_dir).genes, genes)
    with pytest.raises(fatebias.ExportError, match="exists"):
        saved.save(tmp_path / "kept")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]


def test_saving_leaves_other_folders_alone_and_refuses_a_changed_table(fitted, tmp_path):
    fit = fatebias.load(copy_of(fitted, tmp_path / "fit"))
    mine = tmp_path / "saved" / ".kept.part"
    mine.mkdir(parents=True)
    (mine / "notes.txt").write_text("mine")
    kept = fit.save(tmp_path / "saved" / "kept").out_dir
    assert (mine / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in kept.parent.iterdir()) == [".kept.part", "kept"]
    (tmp_path / "usual").mkdir()
    assert kept.stat().st_mode == (tmp_path / "usual").stat().st_mode  # others may read it as any new folder
    table = fit.out_dir / "gene_daywise_by_replicate.csv"
    table.write_text(table.read_text().replace("1", "2"))
    with pytest.raises(fatebias.ExportError, match=table.name):
        fit.save(tmp_path / "saved" / "again")
    assert not (tmp_path / "saved" / "again").exists()


def test_the_folder_goes_at_the_end_of_python_and_after_an_error(files, tmp_path):
    code = (
        "import sys, fatebias\n"
        "screen = fatebias.read_screen(sys.argv[1], sys.argv[2], ref_fate='1', contrast_fate='2')\n"
        "fit = fatebias.fit(screen, inference='laplace', likelihood_weight=7, num_posterior_draws=20)\n"
        "print(fit.out_dir.exists())\n"
        "try:\n    fatebias.fit(screen, contrasts=['9'], inference='laplace')\n"
        "except fatebias.ScreenError as error:\n    print('contrasts' in str(error))"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", code, files["screen"], files["guide_map"]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "True\nTrue\n", done.stderr
    assert list(tmp_path.glob("fatebias-*")) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_that_ends_leaves_the_folder(files, tmp_path):
    code = (
        "import os, sys, fatebias\n"
        "screen = fatebias.read_screen(sys.argv[1], sys.argv[2], ref_fate='1', contrast_fate='2')\n"
        "fit = fatebias.fit(screen, inference='laplace', likelihood_weight=7, num_posterior_draws=20)\n"
        "child = os.fork()\n"
        "if child == 0:\n    sys.exit()\n"
        "os.waitpid(child, 0)\nprint(len(fit.genes) > 0)"
    )
    command = [sys.executable, "-c", code, files["screen"], files["guide_map"]]
    done = subprocess.run(command, env=os.environ | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "True\n", done.stderr
    assert list(tmp_path.glob("fatebias-*")) == []


def test_a_folder_is_read_as_it_was_fitted(fitted):
    again = fatebias.load(str(fitted.out_dir))
    pd.testing.assert_frame_equal(again.genes, fitted.genes)
    assert again.manifest == fitted.manifest and again.settings.contrast_fate == "2"
    assert repr(again) == repr(fitted)


@pytest.mark.parametrize("name", ["gene_daywise_likelihood.csv", "effects_all_fates.npz", "posterior_draws.npz"])
def test_a_file_that_was_cut_changed_or_removed_is_refused(fitted, tmp_path, name):
    folder = copy_of(fitted, tmp_path / "fit")
    fit = fatebias.load(folder)
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(fatebias.ExportError, match=name):
        fatebias.load(folder)
    if name.endswith("fates.npz"):
        with pytest.raises(fatebias.ExportError, match=name):
            _ = fit.genes
    (folder / name).unlink()
    with pytest.raises(fatebias.ExportError, match=f"lacks {name}"):
        fatebias.load(folder)


def test_folders_of_no_fit_are_refused(fitted, tmp_path):
    with pytest.raises(fatebias.ExportError, match="not the folder of a finished fit"):
        fatebias.load(tmp_path)
    folder = copy_of(fitted, tmp_path / "fit")
    for change, said in (({"format": 3}, "schema"), ({"days": ["2h", "2h"]}, "day twice")):
        manifest = json.loads((fitted.out_dir / MANIFEST).read_text()) | change
        (folder / MANIFEST).write_text(json.dumps(manifest))
        with pytest.raises(fatebias.ExportError, match=said):
            fatebias.load(folder)
    old = {key: value for key, value in fitted.manifest.items() if key not in ("format", "contents")}
    (folder / MANIFEST).write_text(json.dumps(old))
    with pytest.raises(fatebias.ExportError, match="earlier version"):
        fatebias.load(folder)


def test_another_fit_in_the_folder_is_noticed(screen, tmp_path):
    first = fatebias.fit(screen, out_dir=tmp_path, **QUICK)
    fatebias.fit(screen, out_dir=tmp_path, **QUICK | {"seed": 5})
    with pytest.raises(fatebias.ExportError, match="another fit"):
        _ = first.genes


def test_relative_paths_are_read_wherever_the_working_directory_is_by_then(
    files, screen, fitted, tmp_path, monkeypatch
):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    monkeypatch.chdir(first)
    shutil.copy(files["screen"], "screen.h5ad")
    shutil.copy(files["guide_map"], "map.csv")
    shutil.copytree(fitted.out_dir, "fit")
    fit = fatebias.load("fit")
    with pytest.warns(fatebias.ScreenWarning):
        read = fatebias.read_screen("screen.h5ad", "map.csv", **FATES)
    monkeypatch.chdir(second)
    assert fit.out_dir == Path("fit") and read.path == Path("screen.h5ad")  # as they were given
    for name in ("genes", "guides", "qc"):
        pd.testing.assert_frame_equal(getattr(fit, name), getattr(fitted, name))
    with pytest.raises(fatebias.ExportError, match=str(first / "fit")):
        _ = fit.hits
    assert fit.save("copy").out_dir == Path("copy") and (second / "copy" / MANIFEST).is_file()
    assert fatebias.fit(read, out_dir="again", **QUICK).manifest["screen"]["path"] == str(first / "screen.h5ad")
    assert sorted(path.name for path in second.iterdir()) == ["again", "copy"]


def test_a_folder_or_configuration_that_is_not_there_is_told_with_the_working_directory(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = re.escape(f" (the working directory is {tmp_path})")
    with pytest.raises(fatebias.ExportError, match=f"nope .*{told}"):
        fatebias.load("nope")
    with pytest.raises(fatebias.SettingsError, match=f"config.yaml{told}"):
        fatebias.read_screen(files["screen"], config="config.yaml")


@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))], ids=["copy", "pickle"])
def test_a_screen_and_a_fit_can_be_copied_and_pickled(screen, fitted, again):
    _ = fitted.genes
    fit, read = again(fitted), again(screen)
    assert fit.manifest == fitted.manifest and fit.settings == fitted.settings and repr(fit) == repr(fitted)
    pd.testing.assert_frame_equal(fit.genes, fitted.genes)
    assert vars(read) == vars(screen)
