import io
import json
import os
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import labels, simulated

from fatebias import bridge, r_api
from fatebias.base import Settings, environment, row_word
from fatebias.base.errors import FitWarning, ScreenError
from fatebias.containers import write_screen
from fatebias.screens import read_screen


def report(monkeypatch, function, arguments="{}", objects=None):
    """What the bridge answers when `function` is the function `probe` of r_api."""
    monkeypatch.setitem(r_api.FUNCTIONS, "probe", (function, "base"))
    return json.loads(bridge.call("probe", arguments, objects))


def test_a_value_comes_back_as_plain_json(monkeypatch):
    value = {"a": np.arange(3), "b": (np.float32(0.5), None), "c": np.nan, 4: {"d": np.bool_(True)}}
    answer = report(monkeypatch, lambda: value)
    assert answer == {
        "value": {"a": [0, 1, 2], "b": [0.5, None], "c": None, "4": {"d": True}},
        "error": None,
        "warnings": [],
    }


def test_arguments_objects_and_settings_arrive(monkeypatch):
    def probe(x, settings, matrix):
        return [x, settings.seed, settings.s_tau, matrix]

    answer = report(monkeypatch, probe, '{"x": null, "settings": {"seed": 7}}', {"matrix": np.eye(2)})
    assert answer["value"] == [None, 7, 4.0, [[1, 0], [0, 1]]]


def test_errors_carry_kind_message_and_trace(monkeypatch):
    def refuse():
        raise ScreenError("no {key}")

    error = report(monkeypatch, refuse)["error"]
    assert (error["kind"], error["message"]) == ("screen", "no {key}")
    assert "Traceback" in error["trace"]
    answer = report(monkeypatch, lambda: 1 / 0)
    assert answer["error"]["kind"] == "python"
    assert answer["error"]["message"].startswith("ZeroDivisionError")
    assert "test_bridge.py" in answer["error"]["message"]
    assert answer["value"] is None


def test_rows_are_counted_from_1_as_in_r(monkeypatch):
    def refuse():
        raise ScreenError(row_word(4))

    assert report(monkeypatch, refuse)["error"]["message"] == "row 5"
    assert row_word(4) == "row 4"


def test_unknown_settings_and_missing_modules_are_classed(monkeypatch):
    assert report(monkeypatch, lambda settings: 0, '{"settings": {"sed": 1}}')["error"]["kind"] == "settings"

    def import_nothing():
        import no_such_module_at_all  # noqa: F401

    error = report(monkeypatch, import_nothing)["error"]
    assert error["kind"] == "environment"
    assert "no_such_module_at_all" in error["message"]


def test_our_warnings_are_collected_others_are_shown(monkeypatch, capsys):
    def warn():
        warnings.warn("not converged", FitWarning, stacklevel=1)
        warnings.warn("from elsewhere", RuntimeWarning, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        answer = report(monkeypatch, warn)
    assert answer["warnings"] == [{"kind": "fit", "message": "not converged"}]
    assert "from elsewhere" in capsys.readouterr().err


def test_a_warning_that_nobody_can_hear_costs_no_value(monkeypatch):
    def warn():
        warnings.warn("from elsewhere", RuntimeWarning, stacklevel=1)
        return 3

    monkeypatch.setattr(sys, "stderr", closed := io.StringIO())
    closed.close()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert report(monkeypatch, warn)["value"] == 3


def test_interrupts_are_not_swallowed(monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report(monkeypatch, interrupt)


def test_the_wings_without_torch_are_those_that_the_contracts_hold_to_it():
    project = tomllib.loads((Path(__file__).parents[2] / "inst/python/pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [
        one for one in project["tool"]["importlinter"]["contracts"] if one.get("forbidden_modules") == ["torch", "pyro"]
    ]
    wings = {name.removeprefix("fatebias.") for name in contract["source_modules"]}
    # base imports no torch either, but tells of it (`describe_environment`); containers and a command are none of R's
    assert set(bridge.WITHOUT_TORCH) == wings - {"base", "containers", "commands.check"}
    assert set(bridge.WITHOUT_TORCH) <= {wing for _, wing in r_api.FUNCTIONS.values()}


def test_records_keep_the_versions_of_the_packages_behind_their_numbers():
    fit, unit = environment.package_versions("fit"), environment.package_versions("unit")
    assert list(fit) == ["python", "torch", "pyro", "numpy", "scipy", "anndata"]
    assert fit["pyro"] == r_api.describe_environment()["packages"]["pyro-ppl"]
    assert unit == {name: fit[name] for name in ("python", "torch", "numpy", "scipy")}


def test_the_environment_names_versions():
    found = r_api.describe_environment()
    assert list(found["packages"]) == [package.name for package in environment.PACKAGES]
    assert found["packages"]["torch"]
    assert found["threads"] >= 1


def test_the_check_and_the_reader_count_rows_as_users_of_r_do(tmp_path):
    sim = simulated(cells=300)
    probs = np.array(sim.probs)
    probs[3] = 0.9
    path, names = str(tmp_path / "s.h5ad"), sim.guide_map.guide_name
    write_screen(path, sim.guides, names, probs, sim.fates, labels("d", sim.day), labels("r", sim.replicate))
    sim.guide_map.to_csv(tmp_path / "map.csv", index=False)
    asked = {"screen_path": path, "guide_map": str(tmp_path / "map.csv"), "settings": {}}
    found = json.loads(bridge.call("check_screen", json.dumps(asked)))["value"]["rows"]
    assert any("row 4 (cell3)" in row["found"] for row in found)
    error = json.loads(bridge.call("describe_screen", json.dumps({**asked, "progress": False})))["error"]
    assert "row 4 (cell3)" in error["message"]
    with pytest.raises(ScreenError, match=r"row 3 \(cell3\)"):
        read_screen(path, tmp_path / "map.csv", Settings.from_mapping())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="each library has its own threads elsewhere")
@pytest.mark.parametrize(
    ("given", "left"), [({}, 1), ({"OMP_WAIT_POLICY": "passive"}, 0), ({"OMP_NUM_THREADS": "2"}, 0)]
)
def test_a_core_is_left_to_others_where_threads_would_spin(given, left):
    code = """
import ctypes, glob, importlib.util, os
for path in glob.glob(os.path.join(importlib.util.find_spec("torch").submodule_search_locations[0], "lib", "libgomp*")):
    ctypes.CDLL(path)
before = os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0))
import fatebias.bridge as bridge
bridge._isolate_torch()
import torch
print(int(before) - torch.get_num_threads())
"""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")} | given
    found = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert int(found.stdout) == min(left, len(os.sched_getaffinity(0)) - 1)
