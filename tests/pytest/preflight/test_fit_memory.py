"""The estimate of a fit's memory, and what is made of it."""

import sys

import numpy as np
import pytest
from broken_screens import guide_map, preflight, screen

from fatebias.base.errors import MemoryLimitError
from fatebias.base.memory import MemoryLimit
from fatebias.base.settings import Settings
from fatebias.preflight import check_screen, findings
from fatebias.preflight.memory import ScreenSize, fit_memory, refuse_large_fit
from fatebias.results import fit as fits

GB = 2**30
GENOME = ScreenSize(
    cells=500_000, entries=3_000_000, per_gene=np.full(18_000, 4), days=4, replicates=2, fates=3, file_cells=500_000,
    file_entries=3_200_000,
)  # fmt: skip


def bigger(**changes):
    return ScreenSize(**vars(GENOME) | changes)


def test_thirty_fates_of_a_genome_need_tens_of_gb():
    needs = fit_memory(bigger(fates=30), Settings.from_mapping({"inference": "laplace"}))
    archive = 8 * 18_000 * (4 * 29) ** 2 * 3  # noise, model and posterior of the archive, without replicates
    assert needs.peak > archive > 5 * GB and needs.peak > 40 * GB
    with pytest.raises(MemoryLimitError, match="lower the number of fates, genes or days"):
        refuse_large_fit(needs, MemoryLimit(bytes=24 * GB, whose="this machine"))


@pytest.mark.parametrize(
    ("given", "size", "lower"),
    [
        ({"num_posterior_draws": 100_000, "save_draws": "all"}, GENOME, "num_posterior_draws"),
        ({"num_posterior_draws": 100_000, "inference": "svi"}, GENOME, "num_posterior_draws"),
        ({}, bigger(days=300), "days"),
        ({}, bigger(cells=10**10, entries=10**10, file_cells=10**10), "cells"),
    ],
)
def test_the_refusal_names_what_drives_the_need(given, size, lower):
    needs = fit_memory(size, Settings.from_mapping(given))
    with pytest.raises(MemoryLimitError, match=f"The fit needs about .* this machine has 24 GB.*{lower}"):
        refuse_large_fit(needs, MemoryLimit(bytes=24 * GB, whose="this machine"))


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


def test_host_and_gpu_are_held_against_their_own_memory():
    needs, much = fit_memory(GENOME, Settings.from_mapping()), MemoryLimit(bytes=1000 * GB, whose="this machine")
    (on_host, _), (on_gpu, _) = needs.beside(much, MemoryLimit(bytes=GB, whose="the GPU"))
    cells = 8 * GENOME.cells * GENOME.fates  # their probabilities, in the process alone
    assert on_host.largest.name != on_gpu.largest.name and on_host.peak > cells
    for host, gpu, whose in ((GB, 1000 * GB, "this machine"), (1000 * GB, GB, "the GPU")):
        limits = MemoryLimit(bytes=host, whose="this machine"), MemoryLimit(bytes=gpu, whose="the GPU")
        with pytest.raises(MemoryLimitError, match=f"{whose} has 1 GB"):
            refuse_large_fit(needs, *limits)
    enough = MemoryLimit(bytes=2 * max(on_host.peak, on_gpu.peak), whose="each")
    refuse_large_fit(needs, enough, enough)
    assert needs.peak > max(on_host.peak, on_gpu.peak)


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
