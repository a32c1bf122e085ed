"""A fit as an object: where it lives, what it refuses, and that its tables say what its files say."""

import copy
import gc
import hashlib
import importlib.util
import inspect
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

import fatebias
from fatebias.api import tables
from fatebias.base.out_dir import MADE_FROM, MANIFEST
from fatebias.base.settings import Settings
from fatebias.laplace.probability import LEVEL
from fatebias.results.contrasts import contrast_tables as real
from fatebias.results.fit import fit_screen
from fatebias.results.manifest import fit_id
from fatebias.results.ranking import rank_line

QUICK = {"inference": "laplace", "likelihood_weight": 7, "num_posterior_draws": 60}
FATES = {"ref_fate": "1", "contrast_fate": "2"}
DAYS = {"d0": "2h", "d1": "10h"}  # as texts they sort the other way round


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A screen whose days sort by time alone, and whose fates are numbers."""
    arguments = {"cells": 500, "genes": 5, "guides_per_gene": 3, "days": 2, "fate_names": "1,2,3"}
    files = fatebias.simulate(tmp_path_factory.mktemp("screen"), **arguments)
    data = anndata.read_h5ad(files["screen"])
    for table in [data.obs, *(data.obsm[key] for key in data.obsm if isinstance(data.obsm[key], pd.DataFrame))]:
        for column in table.columns.intersection(["day"]):
            table[column] = table[column].astype(str).map(DAYS)
    data.write_h5ad(files["screen"])
    return files


@pytest.fixture(scope="module")
def screen(files):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fatebias.ScreenWarning)
        return fatebias.read_screen(files["screen"], files["guide_map"], **FATES)


@pytest.fixture(scope="module")
def fitted(screen, tmp_path_factory):
    return fatebias.fit(screen, out_dir=tmp_path_factory.mktemp("fit"), save_draws="all", **QUICK)


def wide(fit, name):
    return pd.read_csv(fit.out_dir / name, float_precision="round_trip")


def on(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    return table.reset_index(drop=True)


# ---- tables -----------------------------------------------------------------------------------------------


def test_days_are_labels_in_the_order_of_time(fitted):
    assert fitted.days == ["2h", "10h"] and fitted.fates == ["1", "2", "3"]
    for table in (fitted.genes, fitted.guides, fitted.replicates, fitted.probabilities, fitted.contrast("3 - 2")):
        assert list(table.day.cat.categories) == ["2h", "10h"] and table.day.cat.ordered
        assert set(table.day) == {"2h", "10h"}
    assert fitted.genes.day[:4].tolist() == ["2h", "2h", "10h", "10h"]
    assert fitted.genes.fate[:4].tolist() == ["2", "3", "2", "3"]


def test_genes_are_those_of_the_files_by_day_and_fate(fitted):
    estimates, posterior = wide(fitted, "gene_daywise_likelihood.csv"), wide(fitted, "gene_daywise_for_mash.csv")
    p_values = wide(fitted, "gene_daywise_p.csv")
    pairs = {
        "estimate": (estimates, "betahat"), "se": (estimates, "se"), "posterior_mean": (posterior, "betahat"),
        "posterior_sd": (posterior, "se"), "z": (p_values, "z"), "p": (p_values, "p"),
        "p_guides": (p_values, "p_guides"),
    }  # fmt: skip
    for number, label in enumerate(fitted.days):
        found = on(fitted.genes, fate="2", day=label)
        assert found.gene.tolist() == estimates.gene.tolist()
        for column, (table, statistic) in pairs.items():
            np.testing.assert_allclose(found[column], table[f"{statistic}_d{number}"], rtol=1e-7, atol=1e-9)
    assert fitted.genes[["z", "p", "p_guides"]][fitted.genes.fate == "3"].isna().all(axis=None)
    assert len(fitted.genes) == 5 * 2 * 2


def test_another_fate_and_a_contrast_are_those_of_a_fit_with_it(screen, fitted, files, tmp_path):
    settings = Settings.from_mapping(QUICK | {"ref_fate": "1", "contrast_fate": "3"})
    fit_screen(files["screen"], files["guide_map"], tmp_path, settings, warn=False)
    estimates = pd.read_csv(tmp_path / "gene_daywise_likelihood.csv")
    for number, label in enumerate(fitted.days):
        for found in (on(fitted.genes, fate="3", day=label), on(fitted.contrast("3"), day=label)):
            np.testing.assert_allclose(found.estimate, estimates[f"betahat_d{number}"], rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(found.se, estimates[f"se_d{number}"], rtol=1e-5)
    difference = fitted.contrast("3 - 2").estimate
    by_hand = on(fitted.genes, fate="3").estimate - on(fitted.genes, fate="2").estimate
    np.testing.assert_allclose(difference, by_hand, atol=1e-9)
    with pytest.raises(fatebias.ScreenError, match="4"):
        fitted.contrast("4 - 2")


def test_guides_are_those_of_the_files_with_cells_and_what_the_gene_is_without(fitted):
    estimates, cells = wide(fitted, "guide_daywise_likelihood.csv"), wide(fitted, "qc_cells_by_guide.csv")
    left_out = wide(fitted, "guide_daywise_left_out.csv").set_index("guide")
    cells = cells.set_index("guide")
    for number, label in enumerate(fitted.days):
        found = on(fitted.guides, fate="2", day=label)
        assert found.guide.tolist() == estimates.guide.tolist() and found.gene.tolist() == estimates.gene.tolist()
        np.testing.assert_allclose(found.estimate, estimates[f"betahat_d{number}"], rtol=1e-7, atol=1e-9)
        assert found.n_cells.tolist() == cells.loc[found.guide, f"n_cells_d{number}"].tolist()
        without = left_out[f"betahat_d{number}"].reindex(found.guide)
        np.testing.assert_allclose(found.gene_without, without, rtol=1e-7, atol=1e-9)
    assert fitted.guides.gene_without.isna().sum() == 2 * 2 * 2  # two genes have one guide; 2 days, 2 fates


def test_replicates_probabilities_and_qc(fitted):
    by_replicate, changes = wide(fitted, "gene_daywise_by_replicate.csv"), wide(fitted, "gene_probability_change.csv")
    np.testing.assert_allclose(fitted.replicates.estimate, by_replicate.betahat, rtol=1e-7, atol=1e-9)
    assert fitted.replicates.day.cat.codes.tolist() == by_replicate.day.tolist()
    assert fitted.probabilities.fate[:3].tolist() == ["1", "2", "3"]  # texts, as they are called
    np.testing.assert_allclose(fitted.probabilities.change, changes.change, rtol=1e-7, atol=1e-9)
    deltas = wide(fitted, "qc_delta_mean_by_gene.csv").delta_mean_gene.abs().max()
    row = fitted.qc.set_index("assertion").loc["delta_mean"]
    assert row.statistic == pytest.approx(deltas, abs=1e-15) and row.ok


def test_the_help_of_probabilities_names_the_level_of_their_interval():
    stated = re.findall(r"(\d+) % interval", inspect.getdoc(fatebias.Fit.probabilities))
    assert [float(one) / 100 for one in stated] == [LEVEL]


@pytest.mark.parametrize("name", ["genes", "guides", "replicates", "probabilities", "qc"])
def test_who_changes_a_table_changes_a_copy(fitted, name):
    table = getattr(fitted, name)
    before = table.copy(deep=True)
    table.iloc[:, 0] = "mine"
    table["mine"] = 1
    pd.testing.assert_frame_equal(getattr(fitted, name), before)


def test_the_tables_of_a_contrast_are_made_once(fitted, monkeypatch):
    made = []
    monkeypatch.setattr(tables, "contrast_tables", lambda archive, words: made.append(words) or real(archive, words))
    fit = fatebias.load(fitted.out_dir)
    for _ in range(2):
        _ = fit.genes, fit.guides
        for found in (fit.contrast("3"), fit.contrast("3 - 2")):
            found.iloc[:, 0] = "mine"
    assert sorted(made) == ["2", "3", "3 - 2"]
    pd.testing.assert_frame_equal(fit.contrast("3"), fitted.contrast("3"))
    assert "mine" not in set(fit.contrast("3 - 2").gene)


# ---- draws ------------------------------------------------------------------------------------------------


def test_draws_have_names_and_their_mean_is_that_of_the_tables(fitted):
    pytest.importorskip("xarray")
    theta = fitted.posterior["posterior"]["theta"]
    assert theta.dims == ("chain", "draw", "gene", "fate", "day") and theta.sizes["draw"] == 60
    for row in fitted.genes.itertuples():
        drawn = theta.sel(gene=row.gene, fate=row.fate, day=row.day)
        assert float(drawn.mean()) == pytest.approx(row.posterior_mean, rel=1e-5, abs=1e-6)
        assert float(drawn.std()) == pytest.approx(row.posterior_sd, rel=1e-5)
    delta = fitted.posterior["posterior"]["delta"]
    mean = delta.mean(("chain", "draw")).groupby("gene_of_guide").mean()
    assert float(abs(mean).max()) < 1e-9  # within a gene deviations have mean 0


def test_draws_of_one_contrast_have_its_words_as_fate(screen):
    pytest.importorskip("xarray")
    fit = fatebias.fit(screen, save_draws="contrast", **QUICK)
    theta = fit.posterior["posterior"]["theta"]
    assert theta.dims == ("chain", "draw", "gene", "fate", "day") and theta.fate.values.tolist() == ["2"]
    by_day = theta.mean(("chain", "draw")).sel(fate="2").values
    expected = fit.genes.query("fate == '2'").posterior_mean.to_numpy().reshape(by_day.shape)
    np.testing.assert_allclose(by_day, expected, rtol=1e-5, atol=1e-6)


def test_arviz_takes_the_draws_as_they_are(fitted):
    stats = pytest.importorskip("arviz_stats")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one chain has no r_hat
        summary = stats.summary(fitted.posterior, var_names=["theta"])
    first = fitted.genes.iloc[0]
    assert float(summary.loc[f"theta[{first.gene}, 2, 2h]", "mean"]) == pytest.approx(first.posterior_mean, abs=0.006)


def test_what_draws_need_is_said(fitted, screen, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "xarray", None)
    fresh = fatebias.load(fitted.out_dir)
    with pytest.raises(fatebias.FatebiasError, match=r"pip install 'fatebias\[arviz\]'"):
        _ = fresh.posterior
    monkeypatch.undo()
    if importlib.util.find_spec("xarray"):
        with pytest.raises(fatebias.ExportError, match="save_draws='all'"):
            _ = fatebias.fit(screen, **QUICK).posterior


# ---- where a fit lives ------------------------------------------------------------------------------------


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


def copy_of(fit, folder):
    shutil.copytree(fit.out_dir, folder)
    return folder


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


# ---- settings and warnings --------------------------------------------------------------------------------


def test_settings_are_those_of_the_one_table(files, screen, tmp_path):
    with pytest.raises(fatebias.SettingsError, match="`Kmax`"):
        fatebias.read_screen(files["screen"], files["guide_map"], Kmaxx=3)
    with pytest.raises(fatebias.SettingsError, match="`num_stepz` is not a setting; the nearest one is `num_steps`"):
        fatebias.fit(screen, num_stepz=3)
    with pytest.raises(fatebias.SettingsError, match="Give it to read_screen"):
        fatebias.fit(screen, contrast_fate="3", inference="laplace")
    with pytest.raises(TypeError, match="read_screen"):
        fatebias.fit(files["screen"])
    config = tmp_path / "config.yaml"
    config.write_text("ref_fate: '1'\ncontrast_fate: '3'\ninference: laplace\nlikelihood_weight: 7\n")
    with pytest.warns(fatebias.ScreenWarning):
        read = fatebias.read_screen(files["screen"], files["guide_map"], config=config, seed=4)
    config.write_text("contrast_fate: '2'\n")  # what was read holds
    fit = fatebias.fit(read, num_posterior_draws=20, contrast_fate="3")  # as it was: nothing is late
    asked = fit.manifest["settings"]
    assert asked["contrast_fate"] == "3" and asked["seed"] == 4 and asked["num_posterior_draws"] == 20


def test_a_preset_for_the_fit_keeps_what_was_given_and_how_the_screen_was_read(screen):
    fit = fatebias.fit(screen, preset="plain", likelihood_weight=7, inference="laplace", num_posterior_draws=20)
    asked = fit.manifest["settings"]
    assert asked["preset"] == "plain" and asked["se"] == "model" and asked["contrast_fate"] == "2"
    assert asked["clones_by_guides"] is True
    assert "p" not in fit.genes  # the preset asks for no p-values


def test_what_weakens_a_screen_is_told_once(files, tmp_path):
    with pytest.warns(fatebias.ScreenWarning) as told:
        screen = fatebias.read_screen(files["screen"], files["guide_map"], **FATES)
    assert [str(one.message) for one in told] == list(screen.warnings)
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        fatebias.fit(screen, **QUICK)
    assert {str(one.message) for one in again} & set(screen.warnings) == set()


def test_a_screen_that_was_replaced_since_it_was_read_is_refused(files, tmp_path):
    path = shutil.copy(files["screen"], tmp_path / "screen.h5ad")
    with pytest.warns(fatebias.ScreenWarning):
        screen = fatebias.read_screen(path, files["guide_map"], **FATES)
    data = anndata.read_h5ad(path)
    data[: data.n_obs - 50].write_h5ad(path)
    with pytest.raises(fatebias.ScreenError, match="screen.h5ad"):
        fatebias.fit(screen, **QUICK)


def test_what_is_no_path_switch_or_text_is_refused_with_the_name_of_the_argument(fitted, screen, files, tmp_path):
    path, guides = files["screen"], pd.read_csv(files["guide_map"])
    calls = {
        ("out_dir", fatebias.ExportError): (
            lambda: fatebias.load(3), lambda: fatebias.fit(screen, out_dir=3), lambda: fitted.save(None),
            lambda: fatebias.simulate(3), lambda: fatebias.check(path, out_dir=3), lambda: fatebias.load(b"x"),
            lambda: fatebias.load(""),
        ),
        ("path", fatebias.ScreenError): (lambda: fatebias.read_screen(3), lambda: fatebias.check(guides)),
        ("guide_map", fatebias.ScreenError): (
            lambda: fatebias.read_screen(path, guides), lambda: fatebias.check(path, guides),
        ),
        ("config", fatebias.SettingsError): (
            lambda: fatebias.read_screen(path, config=3), lambda: fatebias.check(path, config=guides),
        ),
        ("progress", fatebias.SettingsError): (
            lambda: fatebias.read_screen(path, progress="x"), lambda: fatebias.fit(screen, progress=1),
        ),
        ("progress", fatebias.SimulationError): (lambda: fatebias.simulate(tmp_path, progress="x"),),
        ("words", fatebias.ScreenError): tuple(
            lambda words=words: fitted.contrast(words) for words in (3, None, ["NEU"])
        ),
        ("cells", fatebias.SimulationError): tuple(
            lambda cells=cells: fatebias.simulate(tmp_path, cells=cells)
            for cells in (600.5, True, "six", float("inf"), [600])
        ),
    }  # fmt: skip
    for (name, error), made in calls.items():
        for call in made:
            with pytest.raises(error, match=name):
                call()
    with pytest.raises(fatebias.ExportError, match="Cannot save"):
        fitted.save(tmp_path / "a\0b")
    assert list(tmp_path.iterdir()) == []


# ---- ranking by R -----------------------------------------------------------------------------------------


def test_a_ranking_is_read_where_it_is_of_this_fit(fitted, tmp_path):
    fit = fatebias.load(copy_of(fitted, tmp_path / "fit"))
    path = fit.out_dir / "hits_ranked.csv"
    path.write_text("gene,lfsr_min\n'=A1,0.01\nnan,0.2\n")
    for identity, known in (("f" * 16, False), (fit_id(fit.manifest), True)):
        entry = {"fit_id": identity, "bytes": path.stat().st_size, "sha256": digest(path)}
        (fit.out_dir / MADE_FROM).write_text(json.dumps({path.name: entry}))
        if known:
            assert fit.hits.gene.tolist() == ["=A1", "nan"]
        else:
            with pytest.raises(fatebias.ExportError, match="Rscript -e 'library"):
                _ = fit.hits
    path.write_text("gene,lfsr_min\nB,0.01\n")
    with pytest.raises(fatebias.ExportError, match="changed since R wrote it"):
        _ = fit.hits


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def has_r() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = "quit(status = !requireNamespace('fatebias', quietly = TRUE))"
    return subprocess.run(["Rscript", "-e", asked], capture_output=True).returncode == 0


def test_the_line_that_ranks_is_right(screen, tmp_path):
    if not has_r():
        pytest.skip("needs the R package")
    fit = fatebias.fit(screen, out_dir=tmp_path / "a colleague's fit", **QUICK)
    line = str(pytest.raises(fatebias.ExportError, lambda: fit.hits).value).splitlines()[1]
    assert line == rank_line(fit.out_dir)
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(fit.hits.gene) == sorted(set(fit.genes.gene))
