"""Files of a simulation: a screen that can be read, its truth by name, and what it was asked for."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fatebias import __version__
from fatebias.base.errors import ExportError
from fatebias.base.settings import Settings
from fatebias.screens.reader import read_screen
from fatebias.simulation import Arguments, simulate, simulate_to
from fatebias.simulation.arguments import EFFECTS, LABELS


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("effects", EFFECTS)
def test_every_kind_of_screen_can_be_read(tmp_path, labels, effects):
    given = {"cells": 400, "genes": 5, "ntc": 3, "labels": labels, "effects": effects, "fates": 4, "days": 3}
    paths = simulate_to(tmp_path, given)
    screen = read_screen(paths["screen"], paths["guide_map"], Settings.from_mapping())
    assert screen.n_fates == 4 and screen.n_days == 3
    truth = pd.read_csv(paths["truth"])
    assert list(truth) == ["gene", "theta_d0", "theta_d1", "theta_d2"] and len(truth) == 5
    stored = np.load(paths["truth_all"])
    assert np.allclose(stored["theta"][:, 0], truth.iloc[:, 1:])
    record = json.loads((tmp_path / "simulation.json").read_text())
    assert record["labels"] == labels and record["cells"] == 400
    if labels == "onehot":
        assert set(np.unique(screen.fate_probs)) == {0.0, 1.0}


def test_the_files_hold_what_was_simulated(tmp_path):
    given = {"cells": 300, "genes": 4, "ntc": 3, "days": 2, "replicates": 3, "seed": 7}
    paths, sim = simulate_to(tmp_path, given), simulate(Arguments.from_mapping(given))
    screen = read_screen(paths["screen"], paths["guide_map"], Settings.from_mapping())
    assert screen.day_labels == ("d0", "d1") and screen.replicate_labels == ("rep1", "rep2", "rep3")
    assert np.array_equal(screen.day, sim.day) and np.array_equal(screen.replicate, sim.replicate)
    assert np.allclose(screen.fate_probs, sim.probs, atol=1e-12)
    assert np.array_equal(screen.burden, np.diff(sim.guides.indptr))
    truth = np.load(paths["truth_all"])
    assert np.array_equal(truth["theta"], sim.theta) and np.array_equal(truth["delta"], sim.delta)
    assert truth["genes"].tolist() == list(sim.genes) and truth["guides"].tolist() == list(sim.targeting)
    assert truth["fates"].tolist() == ["MES", "NEU"]


@pytest.mark.parametrize(("labels", "weight"), [("dirichlet", 10.0), ("onehot", 1.0), ("smoothed", None)])
def test_the_record_says_how_to_make_the_screen_again_and_its_weight(tmp_path, labels, weight):
    given = {"cells": 100, "genes": 3, "ntc": 2, "labels": labels, "concentration": 9.0}
    record = json.loads(Path(simulate_to(tmp_path, given)["arguments"]).read_text(encoding="utf-8"))
    assert record.pop("fatebias_version") == __version__
    assert record.pop("sampling_weight") == weight
    assert Arguments.from_mapping(record) == Arguments.from_mapping(given)


@pytest.mark.parametrize("given", [{"dead": 0}, {"guide_sd": 0.3, "clones": "2,3"}, {"day_dispersion": "9,9,9,4"}])
def test_the_record_of_a_screen_of_life_makes_it_again(tmp_path, given):
    given = {"preset": "life", "cells": 100, "genes": 3, "ntc": 2, "off_target": 0} | given
    record = json.loads(Path(simulate_to(tmp_path, given)["arguments"]).read_text(encoding="utf-8"))
    weights = [one + 1 for one in record["day_dispersion"]]
    assert (record.pop("fatebias_version"), record.pop("sampling_weight")) == (__version__, weights)
    assert Arguments.from_mapping(record) == Arguments.from_mapping(given)


def contents_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kept", range(5))
def test_each_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch, kept):
    given = {"cells": 60, "genes": 3, "ntc": 2, "days": 2}
    simulate_to(tmp_path, given)
    before, replace, moved = contents_of(tmp_path), os.replace, []

    def fail_later(*given):
        if len(moved) == kept:
            raise OSError("disk full")
        moved.append(given)
        replace(*given)

    monkeypatch.setattr(os, "replace", fail_later)
    with pytest.raises(ExportError, match="disk full"):
        simulate_to(tmp_path, given | {"seed": 8})
    after = contents_of(tmp_path)
    assert set(after) == set(before) and len(moved) == kept
    assert sum(after[name] != before[name] for name in before) == kept - (kept > 1)  # one guide map fits all seeds
