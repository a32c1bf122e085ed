import json

import numpy as np
import pandas as pd
import pytest
from conftest import simulated

from fatebias.base.errors import SimulationError
from fatebias.base.settings import Settings
from fatebias.screens.reader import read_screen
from fatebias.simulation import Arguments, simulate, simulate_to
from fatebias.simulation.arguments import EFFECTS, LABELS, PRESETS


def test_presets_have_the_sizes_of_the_design():
    weak, strong = Arguments.from_mapping({"preset": "weak"}), Arguments.from_mapping({"preset": "strong"})
    assert (weak.cells, weak.genes, weak.guides_per_gene, weak.ntc, weak.moi, weak.concentration) == (
        6000,
        100,
        6,
        20,
        5,
        6,
    )
    assert (strong.cells, strong.moi, strong.concentration) == (25000, 4, 50)
    assert set(PRESETS) == {"weak", "strong", "real", "real500k", "genome"}
    genome = Arguments.from_mapping({"preset": "genome", "cells": 2_000_000})
    assert (genome.cells, genome.genes, genome.guides_per_gene, genome.ntc) == (2_000_000, 18_000, 4, 500)


def test_real_library_has_its_genes_guides_and_controls():
    sim = simulate(Arguments.from_mapping({"preset": "real", "cells": 200}))
    assert (len(sim.genes), len(sim.targeting), (sim.guide_map.is_ntc == 1).sum()) == (298, 1806, 120)
    some = simulate(Arguments.from_mapping({"preset": "real", "cells": 200, "genes": 10}))
    assert some.genes == sim.genes[:10] and (some.guide_map.is_ntc == 1).sum() == 120


def test_sparse_effects():
    sim = simulate(Arguments.from_mapping({"cells": 50}))
    assert (sim.theta[:, 0] != 0).sum(0).tolist() == [10] * 4
    size = np.abs(sim.theta[sim.theta != 0])
    assert size.min() >= 0.3 and size.max() <= 1.0 and np.array_equal(sim.theta[:, 0], sim.theta[:, 1])


def test_random_walk_effects_have_their_steps():
    sim = simulate(Arguments.from_mapping({"cells": 50, "genes": 4000, "effects": "random_walk"}))
    steps = np.diff(sim.theta, axis=2, prepend=0).std((0, 1))
    assert np.allclose(steps, [0.3, 0.25, 0.15, 0.2], rtol=0.05)
    assert not simulated(effects="none").theta.any()


def test_theta_is_the_mean_of_its_guides():
    sim = simulated()
    gene = pd.Series(sim.guide_map.gene_name[sim.guide_map.is_ntc == 0]).to_numpy()
    for name in sim.genes:
        assert np.abs(sim.delta[gene == name].mean(0)).max() < 1e-12
    assert (sim.delta[gene == sim.genes[0]] == 0).all()


def test_guides_a_cell():
    sim = simulated(cells=20_000, genes=300, moi=6.0)
    burden = np.diff(sim.guides.indptr)
    assert burden.min() >= 1 and burden.max() <= 20 and set(np.unique(sim.guides.data)) == {1}
    assert abs(burden.mean() - 6) < 0.1
    control = sim.guides[:, sim.guide_map.is_ntc.to_numpy() == 1].sum() / sim.guides.sum()
    assert abs(control - 0.05) < 0.005


def test_dirichlet_labels_have_the_variance_of_their_concentration():
    """No effects and no spread of pi within a group: the label variance is pi (1 - pi) / (c + 1)."""
    sim = simulated(cells=60_000, effects="none", concentration=9.0, genes=1, guides_per_gene=1, moi=0.01)
    group = (sim.day == 0) & (sim.replicate == 0)
    mean, variance = sim.probs[group].mean(0), sim.probs[group].var(0)
    assert np.allclose(variance, mean * (1 - mean) / 10, rtol=0.05)


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


def test_smoothed_labels_are_averages_shrunk_to_uniform():
    sim = simulated(cells=2000, labels="smoothed")
    steps = (sim.probs - 0.1 / 3) / 0.9 * 31
    assert np.allclose(steps, np.round(steps)) and np.allclose(sim.probs.sum(1), 1)


def test_the_seed_decides_everything():
    one, two, other = simulated(seed=4), simulated(seed=4), simulated(seed=5)
    assert np.array_equal(one.probs, two.probs) and (one.guides != two.guides).nnz == 0
    assert not np.array_equal(one.probs, other.probs)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"preset": "huge"}, "preset must be one of weak"),
        ({"cell": 3}, "Not an argument of a simulation: cell"),
        ({"cells": 0}, "cells must be at least 1"),
        ({"days": 1}, "days must be at least 2"),
        ({"ntc": 0}, "ntc must be at least 1"),
        ({"labels": "hard"}, "labels must be one of"),
        ({"moi": -1}, "above 0"),
        ({"cells": "many"}, "wrong type"),
    ],
)
def test_impossible_simulations_are_refused(given, said):
    with pytest.raises(SimulationError, match=said):
        Arguments.from_mapping(given)
