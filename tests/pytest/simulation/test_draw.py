import numpy as np
import pandas as pd
from conftest import simulated

from fatebias.simulation import Arguments, simulate


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


def test_the_seed_decides_everything():
    one, two, other = simulated(seed=4), simulated(seed=4), simulated(seed=5)
    assert np.array_equal(one.probs, two.probs) and (one.guides != two.guides).nnz == 0
    assert not np.array_equal(one.probs, other.probs)


def test_a_gene_of_single_effects_moves_one_fate_against_all_others():
    sim = simulated(effects="single", genes=400, cells=50, fates=5, days=2)
    odds = np.concatenate([np.zeros_like(sim.theta[:, :1]), sim.theta], axis=1)  # the reference first
    against_rest = odds - (odds.sum(1, keepdims=True) - odds) / 4
    moved = np.abs(against_rest).argmax(1)
    seen = set()
    for gene in np.flatnonzero(odds.any((1, 2))):
        for day in np.flatnonzero(odds[gene].any(0)):
            one = moved[gene, day]
            others = np.delete(odds[gene, :, day], one)
            assert np.ptp(others) == 0 and 0.3 <= abs(odds[gene, one, day] - others[0]) <= 1
            seen.add(one)
        assert len({moved[gene, day] for day in np.flatnonzero(odds[gene].any(0))}) == 1
    assert seen == set(range(5))
