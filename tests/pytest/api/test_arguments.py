"""What a fit takes: settings, presets, screens; and what it refuses."""

import shutil
import warnings

import anndata
import pandas as pd
import pytest
from fitted_screen import FATES, QUICK

import fatebias


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
