"""Screens that several tests use."""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small problems; and two test runs side by side do not fight for cores

import numpy as np
import pytest

from fatebias.guide_map import GuideMap
from fatebias.screen import RawCells, Screen, build_screen
from fatebias.settings import Settings
from fatebias.simulate import Arguments, Simulation, simulate

DATA = Path(__file__).parents[1] / "data"


def simulated(**arguments) -> Simulation:
    """A simulation that is small unless told otherwise."""
    small = {"cells": 600, "genes": 6, "guides_per_gene": 4, "ntc": 4, "moi": 3.0, "days": 3, "concentration": 20.0}
    return simulate(Arguments.from_mapping(small | arguments))


def screen_of(sim: Simulation, settings: Settings | None = None) -> Screen:
    """The screen that reading the simulation's file would give, without the file."""
    cells = RawCells(
        guides=sim.guides, guide_names=list(sim.guide_map.guide_name), day=labels("d", sim.day),
        replicate=labels("r", sim.replicate), fates=sim.fates, fate_probs=sim.probs,
    )  # fmt: skip
    guide_map = GuideMap(
        guide_names=tuple(sim.guide_map.guide_name), gene_names=tuple(sim.guide_map.gene_name),
        is_ntc=sim.guide_map.is_ntc.to_numpy(dtype=bool),
    )  # fmt: skip
    return build_screen(cells, guide_map, settings or Settings.from_mapping(), where="simulation")


def labels(prefix: str, codes: np.ndarray) -> np.ndarray:
    return np.array([f"{prefix}{code}" for code in codes], dtype=object)


@pytest.fixture(scope="session")
def small_sim() -> Simulation:
    return simulated()


@pytest.fixture(scope="session")
def small_screen(small_sim) -> Screen:
    return screen_of(small_sim)
