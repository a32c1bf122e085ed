"""Files of the certificate: whole or not there, made once, gone on with, and of one fit only."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from certificate_screens import add_column

from fatebias.__main__ import main
from fatebias.base.constants import CONSTANTS
from fatebias.base.errors import ExportError, FitError, SettingsError
from fatebias.base.settings import Settings
from fatebias.certificate import store as certify
from fatebias.certificate.store import (
    CHECKS,
    SIZES,
    describe_units,
    fit_source,
    planned_units,
    run_units,
    usual_sizes,
)
from fatebias.certificate.units import UNITS
from fatebias.commands.certify import named_checks, parse_part
from fatebias.results.fit import fit_screen
from fatebias.simulation import simulate_to

SETTINGS = Settings.from_mapping({"inference": "laplace", "seed": 2})


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certify")
    paths = simulate_to(folder, {"seed": 2, "cells": 900, "genes": 6, "ntc": 8, "days": 2})
    fit_screen(paths["screen"], paths["guide_map"], folder / "fit", SETTINGS)
    return folder / "fit"


def test_every_check_has_its_units():
    units = planned_units(CHECKS, SIZES)
    assert units.count(("permutation", 20)) == 1 and ("heldout", 1) in units and ("reference", 1) in units
    assert len(units) == 20 + 10 + 20 + 5 + 5 + 5 + 8 and {name for name, _ in units} == set(UNITS)
    assert {check for checks in CONSTANTS.certificate_levels.values() for check in checks} == set(CHECKS)
    assert planned_units(["ntc"], {"ntc": 2}) == [("ntc", 1), ("ntc", 2)]


@pytest.mark.parametrize(("genes", "shuffles"), [(298, 5), (2500, 4), (5000, 2), (18000, 2)])
def test_many_genes_have_fewer_shuffles(tmp_path, genes, shuffles):
    (tmp_path / "fit_manifest.json").write_text(json.dumps({"screen": {"n_genes": genes}}))
    assert usual_sizes(tmp_path) == {**SIZES, "shuffle": shuffles}


@pytest.mark.parametrize("screen", [{}, {"n_genes": 0}, {"n_genes": "9"}, None])
def test_a_manifest_that_does_not_say_how_many_genes_is_refused(tmp_path, screen):
    (tmp_path / "fit_manifest.json").write_text(json.dumps({"screen": screen}))
    with pytest.raises(ExportError, match="how many genes"):
        usual_sizes(tmp_path)


def test_units_are_made_once_and_a_stopped_run_goes_on(fitted, monkeypatch):
    units = planned_units(["bootstrap"], {"bootstrap": 3, "seed": 1})
    made = []

    def stopping(source, number):
        if number == 3:
            raise KeyboardInterrupt
        made.append(number)
        return {"betahat": [[1.0]]}

    with monkeypatch.context() as patch:
        patch.setitem(certify.UNITS, "bootstrap", stopping)
        with pytest.raises(KeyboardInterrupt):
            run_units(out_dir=fitted, units=units, **fit_source(fitted))
    assert made == [1, 2]
    described = describe_units(out_dir=fitted, units=units, **fit_source(fitted))
    assert described["missing"] == [["bootstrap", 3], ["seed", 1]]
    before = {path.name: path.stat().st_mtime_ns for path in (fitted / "calibration").iterdir()}
    paths = run_units(out_dir=fitted, units=units, **fit_source(fitted))
    after = {path.name: path.stat().st_mtime_ns for path in (fitted / "calibration").iterdir()}
    assert len(paths) == 5 and set(after) - set(before) == {
        "bootstrap_0003.json",
        "seed_0001.json",
    }
    assert all(after[name] == before[name] for name in before)
    assert not list((fitted / "calibration").glob("*.part"))


def test_a_refit_that_does_not_settle_is_kept_as_such(fitted, monkeypatch):
    def restless(source, number):
        raise FitError("scales and weight did not settle")

    with monkeypatch.context() as patch:
        patch.setitem(certify.UNITS, "seed", restless)
        path = run_units(out_dir=fitted, units=[("seed", 2)], **fit_source(fitted))[0]
    assert json.loads(Path(path).read_text())["value"] == {"not_settled": "scales and weight did not settle"}


def test_a_column_that_is_added_to_the_file_makes_other_units(fitted):
    source, unit = fit_source(fitted), [("associations", 1)]
    before = describe_units(out_dir=fitted, units=unit, **source)["key"]
    with h5py.File(source["screen_path"]) as file:
        n = len(file["obs"][file["obs"].attrs["_index"]])
    add_column(source["screen_path"], "depth", np.arange(n) % 7 / 7)
    assert describe_units(out_dir=fitted, units=unit, **source)["key"] != before


def test_checks_by_their_words():
    assert named_checks(["quick", "ntc", "guides"]) == [*CONSTANTS.certificate_levels["quick"], "ntc"]


def test_a_unit_of_another_fit_or_a_damaged_one_is_made_again(fitted):
    unit = [("sandwich", 1)]
    path = run_units(out_dir=fitted, units=unit, **fit_source(fitted))[0]
    whole = json.loads(Path(path).read_text())
    source = fit_source(fitted)
    other = source | {"settings": Settings.from_mapping({"inference": "laplace", "seed": 3})}
    assert describe_units(out_dir=fitted, units=unit, **source)["missing"] == []
    assert describe_units(out_dir=fitted, units=unit, **other)["missing"] == [["sandwich", 1]]
    threads = source | {"settings": Settings.from_mapping({"inference": "laplace", "seed": 2, "threads": 1})}
    assert describe_units(out_dir=fitted, units=unit, **threads)["missing"] == []
    Path(path).write_text(json.dumps(whole)[:100])
    run_units(out_dir=fitted, units=unit, **source)
    assert json.loads(Path(path).read_text())["value"] == whole["value"]


def unit_of(name, out_dir, source):
    """A unit's numbers, made anew by a process that has read no screen yet."""
    certify._opened.clear()
    return json.loads(Path(run_units(out_dir=out_dir, units=[(name, 1)], **source)[0]).read_text())["value"]


@pytest.fixture
def no_settling(monkeypatch):
    def settled(*_):
        raise AssertionError("the baseline was made again")

    monkeypatch.setattr(certify, "settle", settled)


def test_what_the_fit_has_kept_is_not_made_again(fitted, tmp_path, monkeypatch):
    source, kept = fit_source(fitted), tmp_path / "kept"
    kept.mkdir()
    for path in fitted.iterdir():
        if path.is_file():
            (kept / path.name).write_bytes(path.read_bytes())
    for name, numbers in (("sandwich", ("se", "sandwich")), ("shuffle", ("betahat", "se"))):
        settled = unit_of(name, tmp_path / "none", source)
        with monkeypatch.context() as patch:
            patch.setattr(certify, "settle", None)  # a call would fail
            found = unit_of(name, kept, source)
        for number in numbers:
            one, other = (np.array(unit[number], dtype=float) for unit in (found, settled))
            scale = np.array(settled["se"], dtype=float) if number == "betahat" else other
            assert np.nanmax(np.abs(one - other) / scale) < 2e-3


def test_a_fit_of_other_settings_is_settled_again(fitted, no_settling):
    other = fit_source(fitted) | {"settings": Settings.from_mapping({"inference": "laplace", "seed": 3})}
    with pytest.raises(AssertionError, match="made again"):
        unit_of("sandwich", fitted, other)


def test_the_command_line_makes_shares_of_the_work(fitted, capsys):
    for part in ("1/2", "2/2"):
        main(
            [
                "certify",
                str(fitted),
                "--checks",
                "heldout",
                "ntc",
                "--ntcs",
                "2",
                "--part",
                part,
            ]
        )
    assert "certify_fit()" in capsys.readouterr().out
    assert {path.name for path in (fitted / "calibration").iterdir()} >= {
        "heldout_0001.json",
        "ntc_0002.json",
    }
    assert parse_part("2/3") == (2, 3)
    for wrong in ("0/2", "3/2", "a/b", "2"):
        with pytest.raises(SettingsError):
            parse_part(wrong)


@pytest.mark.parametrize("number", ["-1", "1000000000"])
def test_a_number_of_units_is_sane(tmp_path, capsys, number):
    with pytest.raises(SystemExit) as caught:
        main(["certify", str(tmp_path), "--permutations", number])
    assert caught.value.code == 1
    assert "Error (settings): --permutations must be a number from 0 to 100,000" in capsys.readouterr().err


def test_a_fit_of_another_version_is_told(fitted, tmp_path):
    manifest = json.loads((fitted / "fit_manifest.json").read_text())
    for settings, said in (({"nosuch": 1}, "not this version's. Fit again"), ({"seed": "x"}, "`seed` must be")):
        (tmp_path / "fit_manifest.json").write_text(json.dumps(manifest | {"settings": settings}))
        with pytest.raises(ExportError, match=said):
            fit_source(tmp_path)
    old = {key: value for key, value in manifest.items() if key not in ("format", "screen")}
    (tmp_path / "fit_manifest.json").write_text(json.dumps(old))
    with pytest.raises(ExportError, match="does not say what it is of"):
        fit_source(tmp_path)


def test_only_the_manifest_of_a_fit_is_read_for_what_it_was_made_from(fitted, tmp_path):
    """Each job of an array asks, and draws may be gigabytes."""
    (tmp_path / "fit_manifest.json").write_bytes((fitted / "fit_manifest.json").read_bytes())
    assert fit_source(tmp_path) == fit_source(fitted)


def test_a_folder_without_a_fit_is_refused(tmp_path):
    with pytest.raises(ExportError, match="not the folder of a finished fit"):
        fit_source(tmp_path)


def test_a_screen_that_is_a_folder_is_known_by_its_files(tmp_path):
    (tmp_path / "obs.csv").write_text("day\nd0\n")
    before = certify._stamp(tmp_path)
    assert certify._stamp(tmp_path) == before
    (tmp_path / "obs.csv").write_text("day\nd0\nd1\n")
    assert certify._stamp(tmp_path) != before
    assert certify._stamp(tmp_path / "none") == [str(tmp_path / "none")]
