"""Screens that several tests use."""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small problems; and two test runs side by side do not fight for cores

import measure
import numpy as np
import pytest

from fatebias.screen import Screen
from fatebias.settings import Settings
from fatebias.simulate import Arguments, Simulation, simulate

DATA = Path(__file__).parents[1] / "data"


def simulated(**arguments) -> Simulation:
    """A simulation that is small unless told otherwise."""
    small = {"cells": 600, "genes": 6, "guides_per_gene": 4, "ntc": 4, "moi": 3.0, "days": 3, "concentration": 20.0}
    return simulate(Arguments.from_mapping(small | arguments))


def screen_of(sim: Simulation, settings: Settings | None = None) -> Screen:
    """The screen that reading the simulation's file would give, without the file."""
    return measure.screen_of(sim, settings or Settings.from_mapping())


def labels(prefix: str, codes: np.ndarray) -> np.ndarray:
    return np.array([f"{prefix}{code}" for code in codes], dtype=object)


@pytest.fixture(scope="session")
def small_sim() -> Simulation:
    return simulated()


@pytest.fixture(scope="session")
def small_screen(small_sim) -> Screen:
    return screen_of(small_sim)
