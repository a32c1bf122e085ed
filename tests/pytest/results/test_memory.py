"""What a fit says of its memory beforehand, against what it then takes."""

import subprocess
import sys

import pytest
from broken_screens import guide_map, preflight, screen

from fatebias import r_api
from fatebias.base.errors import MemoryLimitError, ScreenWarning
from fatebias.base.memory import MemoryLimit, gigabytes
from fatebias.base.settings import Settings
from fatebias.preflight import check_screen, findings
from fatebias.results import fit as fits
from fatebias.simulation import simulate_to

GB, WITHIN = 2**30, 0.3
FIT = """
import sys, warnings
warnings.simplefilter("ignore")
from fatebias.base import Settings
from fatebias.results import fit_screen
given = {"inference": sys.argv[2], "num_steps": 2, "cg_tolerance": .01, "newton_tolerance": .05}
folder = sys.argv[1]
fit_screen(folder + "/screen.h5ad", folder + "/guide_map.csv", folder + "/out", Settings.from_mapping(given))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks are read from /proc")
@pytest.mark.parametrize(
    ("sizes", "engine"),
    [
        ({"cells": 3_000, "genes": 40}, "laplace"),
        ({"cells": 3_000, "genes": 40}, "svi"),
        ({"cells": 20_000, "genes": 100, "fates": 5}, "laplace"),
    ],
)
def test_the_estimate_is_near_the_peak(tmp_path, sizes, engine):
    simulate_to(tmp_path, sizes)
    files = [str(tmp_path / name) for name in ("screen.h5ad", "guide_map.csv")]
    found = check_screen(files[0], Settings.from_mapping({"inference": engine}), files[1])
    ran = subprocess.run([sys.executable, "-c", FIT, str(tmp_path), engine], capture_output=True, check=True, text=True)
    peak = int(ran.stdout) / 2**20
    assert found["memory_gb"]["peak"] == pytest.approx(peak, rel=WITHIN)
    said = next(row["found"] for row in found["rows"] if row["item"] == "Memory")
    assert said == f"a fit needs about {gigabytes(found['memory_gb']['peak'] * GB)}"


def test_what_was_told_at_reading_is_not_told_again_by_the_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(fits, "memory_limit", lambda: MemoryLimit(bytes=0.42 * GB, whose="this machine"))
    files = [str(tmp_path / name) for name in ("screen.h5ad", "map.csv")]
    screen().write_h5ad(files[0])
    guide_map().to_csv(files[1], index=False)
    settings = Settings.from_mapping({"inference": "laplace"})
    with pytest.warns(ScreenWarning):
        told = r_api.describe_screen(*files, settings, False)["warnings"]
    with pytest.warns(ScreenWarning) as caught:
        r_api.fit_screen(*files, str(tmp_path / "out"), settings, False, warned=told)
    said = [str(one.message) for one in caught if issubclass(one.category, ScreenWarning)]
    assert len(told) > 0 and len(said) == 1 and said[0].startswith("Memory: a fit needs about")


def test_a_fit_and_the_preflight_refuse_what_the_machine_lacks(tmp_path, monkeypatch):
    for place in (findings, fits, sys.modules["fatebias.base.memory"]):
        monkeypatch.setattr(place, "memory_limit", lambda: MemoryLimit(bytes=GB / 10, whose="this machine"))
    files = tmp_path / "screen.h5ad", tmp_path / "map.csv"
    screen().write_h5ad(files[0])
    guide_map().to_csv(files[1], index=False)
    found = check_screen(files[0], Settings.from_mapping(), files[1])
    said = next(row["found"] for row in found["rows"] if row["status"] == "problem")
    assert said.startswith("a fit needs about 0.") and not found["ok"]
    with pytest.raises(MemoryLimitError, match="this machine has 0.1 GB"):
        fits.fit_screen(*files, tmp_path / "out", Settings.from_mapping())
    assert list((tmp_path / "out").iterdir()) == []


def test_a_need_near_the_limit_is_a_warning(tmp_path, monkeypatch):
    for place in (findings, fits):
        monkeypatch.setattr(place, "memory_limit", lambda: MemoryLimit(bytes=0.9 * GB, whose="this machine"))
    rows = preflight(tmp_path, screen(), inference="laplace").rows
    assert [row["status"] for row in rows if row["item"] == "Memory"] == ["ok"]
    for place in (findings, fits):
        monkeypatch.setattr(place, "memory_limit", lambda: MemoryLimit(bytes=0.42 * GB, whose="this machine"))
    rows = preflight(tmp_path, screen(), inference="laplace").rows
    assert [row["status"] for row in rows if row["item"] == "Memory"] == ["warning"]


@pytest.mark.parametrize(("host", "gpu", "whose"), [(0.1, 80, "this machine"), (80, 1e-3, "the GPU")])
def test_a_fit_and_the_preflight_look_at_both_memories(tmp_path, monkeypatch, host, gpu, whose):
    for place in (findings, fits):
        monkeypatch.setattr(place, "memory_limit", lambda: MemoryLimit(bytes=host * GB, whose="this machine"))
    monkeypatch.setattr(findings, "gpu_memory", lambda: MemoryLimit(bytes=gpu * GB, whose="the GPU"))
    monkeypatch.setattr(fits, "device_limit", lambda device: MemoryLimit(bytes=gpu * GB, whose="the GPU"))
    files = tmp_path / "screen.h5ad", tmp_path / "map.csv"
    screen().write_h5ad(files[0])
    guide_map().to_csv(files[1], index=False)
    rows = [row for row in check_screen(files[0], Settings.from_mapping(), files[1])["rows"] if row["item"] == "Memory"]
    assert [row["status"] for row in rows] == ["problem"] and f"{whose} has" in rows[0]["found"]
    with pytest.raises(MemoryLimitError, match=f"{whose} has"):
        fits.fit_screen(*files, tmp_path / "out", Settings.from_mapping())
