"""Labels that follow from days, replicates and guides; labels that many columns tell by chance are none."""

import warnings

import numpy as np
import pytest

from fatebias.base.settings import Settings
from fatebias.screens import read_screen
from fatebias.screens.separation import doubt_separated, refuse_separated
from fatebias.simulation import simulate_to


def simulated(folder, **sizes):
    pytest.importorskip("torch", reason="labels are drawn by the model, which needs torch")
    files = simulate_to(folder, {"moi": 10, "labels": "onehot", "effects": "none"} | sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_screen(files["screen"], files["guide_map"], Settings.from_mapping())


def with_fates(screen, fate):
    object.__setattr__(screen, "fate_probs", np.eye(screen.n_fates)[fate])
    return screen


@pytest.mark.parametrize(("cells", "genes", "days"), [(800, 800, 4), (1000, 1000, 5), (300, 60, 3), (40, 20, 2)])
def test_one_hot_labels_of_many_genes_are_not_separated(tmp_path, cells, genes, days):
    screen = simulated(tmp_path, cells=cells, genes=genes, days=days)
    refuse_separated(screen, "s")
    assert doubt_separated(screen) is None


def test_a_fate_of_three_cells_is_told_by_chance(tmp_path):
    screen = simulated(tmp_path, cells=1000, genes=60, days=3)
    for seed in range(3):
        fate = np.zeros(screen.n_cells, dtype=int)
        fate[np.random.default_rng(seed).choice(screen.n_cells, 3, replace=False)] = 2
        assert doubt_separated(with_fates(screen, fate)) is None


@pytest.mark.parametrize("genes", [20, 800])
def test_a_day_that_is_a_fate_is_seen_among_any_number_of_genes(tmp_path, genes):
    screen = simulated(tmp_path, cells=800, genes=genes, days=3)
    found = doubt_separated(with_fates(screen, screen.day))
    assert found is not None and all(f"day {day}" in found.found for day in screen.day_labels)
