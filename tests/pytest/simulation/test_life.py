"""What screens of life have besides: moments of what is drawn, and nothing else moves."""

import dataclasses
import json

import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import simulated
from scipy.sparse import csr_matrix

from fatebias.simulation import Arguments, draw, life, simulate_to
from fatebias.simulation.arguments import FLAT_CONCENTRATION, LIFE


def gene_of(sim) -> np.ndarray:
    return pd.factorize(sim.guide_map.gene_name[sim.guide_map.is_ntc == 0])[0]


def linear_predictors(monkeypatch, **arguments) -> tuple:
    """A simulation, and eta [N, F] as its labels were given it."""
    seen, plain = [], draw.draw_labels
    monkeypatch.setattr(
        draw, "draw_labels", lambda rng, asked, eta, *rest: seen.append(eta) or plain(rng, asked, eta, *rest)
    )
    return simulated(**arguments), seen[0]


def added(monkeypatch, days=3, **argument) -> tuple:
    """The simulation with an argument, and what it adds to eta; all else stays as it was."""
    size = {"cells": 3000, "genes": 40, "replicates": 2, "fates": 4, "days": days}
    without, before = linear_predictors(monkeypatch, **size)
    sim, after = linear_predictors(monkeypatch, **size, **argument)
    assert (sim.guides != without.guides).nnz == 0
    assert np.array_equal(sim.day, without.day) and np.array_equal(sim.replicate, without.replicate)
    return sim, after - before


def test_guides_of_guide_sd_are_not_centred():
    sim = simulated(cells=20, genes=2000, guides_per_gene=5, guide_sd=0.3)
    assert abs(sim.delta.std() / 0.3 - 1) < 0.02
    means = pd.DataFrame(sim.delta).groupby(gene_of(sim)).mean().to_numpy()[2:]  # the first two genes have one guide
    assert abs(means.std() / (0.3 / np.sqrt(5)) - 1) < 0.05
    assert np.array_equal(sim.theta, simulated(cells=20, genes=2000, guides_per_gene=5).theta)
    assert not simulated(cells=20, guide_sd=0).delta.any()


def test_off_target_guides_add_the_same_to_every_day_and_fate(monkeypatch):
    sim, shift = added(monkeypatch, off_target=0.2)
    at = np.flatnonzero(sim.off_target)
    assert len(set(gene_of(sim)[at])) == len(at) == 8  # a fifth of 40 genes, one guide each
    assert (np.abs(sim.off_target[at]) >= 0.5).all() and (np.abs(sim.off_target[at]) <= 1.2).all()
    targeting = sim.guides[:, : len(sim.targeting)].toarray()
    assert np.allclose(shift, (targeting * sim.off_target).sum(1, keepdims=True))


def test_dead_guides_do_nothing_and_truth_is_the_mean_over_guides(monkeypatch):
    sim, shift = added(monkeypatch, dead=0.25)
    whole = simulated(cells=3000, genes=40, fates=4).theta
    assert np.allclose(sim.theta, 0.75 * whole) and whole.any()
    assert abs(simulated(cells=20, genes=2000, dead=0.25).dead.mean() - 0.25) < 0.02
    lost = np.where(sim.dead[:, None, None], whole[gene_of(sim)] + sim.delta[:, :, None], 0)
    targeting = sim.guides[:, : len(sim.targeting)].toarray().astype(float)
    assert np.allclose(shift, -np.einsum("ng,ngf->nf", targeting, np.moveaxis(lost[:, :, sim.day], 2, 0)))


@pytest.mark.parametrize(("clones", "least", "most"), [(10, 5, 15), ("2,4", 2, 4), (1, 1, 1), ([3, 3], 3, 3)])
def test_cells_of_a_clone_share_guides_and_replicate_on_all_days(clones, least, most):
    sim = simulated(cells=900, clones=clones, clone_sd=0.4)
    sizes = np.bincount(sim.clone)
    assert len(sim.clone) == 900 and sizes[:-1].min() >= least and sizes.max() <= most  # the last one is cut
    first = np.searchsorted(sim.clone, sim.clone)
    assert (sim.guides != sim.guides[first]).nnz == 0
    assert np.array_equal(sim.replicate, sim.replicate[first])
    assert np.array_equal(sim.day, sim.day[first]) == (most == 1)
    assert len(np.unique(sim.probs[:, 0])) > 850


def test_clones_have_a_mean_size_and_their_shift(monkeypatch):
    sim, eta = linear_predictors(monkeypatch, cells=20_000, clones=10, clone_sd=0.4, effects="none", moi=0.01)
    _, without = linear_predictors(monkeypatch, cells=20_000, clones=10, clone_sd=0, effects="none", moi=0.01)
    assert abs(np.bincount(sim.clone).mean() - 10) < 0.3
    shift = (eta - without)[np.unique(sim.clone, return_index=True)[1]]
    assert np.allclose(shift[sim.clone], eta - without)
    assert np.allclose(shift.std(0), 0.4, rtol=0.05) and abs(np.corrcoef(shift.T)[0, 1]) < 0.1


def test_samples_have_intercepts(monkeypatch):
    sim, shift = added(monkeypatch, sample_sd=0.3, days=50)
    table = pd.DataFrame(shift).groupby([sim.day, sim.replicate])
    assert table.std().max().max() < 1e-9  # one intercept a sample and fate
    means = table.mean().to_numpy()
    assert means.shape == (100, 3) and abs(means.std() / 0.3 - 1) < 0.15
    assert abs(np.corrcoef(means.T)[0, 1]) < 0.4


def test_effects_of_all_genes_differ_between_replicates(monkeypatch):
    arguments = {"effects": "none", "replicate_sd": 0.3, "dead": 0.3}
    sim, eta = linear_predictors(monkeypatch, cells=9000, genes=5, guides_per_gene=6, **arguments)
    _, without = linear_predictors(
        monkeypatch, cells=9000, genes=5, guides_per_gene=6, **arguments | {"replicate_sd": 0.0}
    )
    shift = eta - without
    assert np.allclose(shift, shift[:, :1]) and not sim.theta.any()  # the same for all fates; the truth is the mean
    targeting = sim.guides[:, : len(sim.targeting)].toarray()
    carried = np.stack([targeting[:, (gene_of(sim) == gene) & ~sim.dead].sum(1) for gene in range(5)], axis=1)
    found = []
    for rows in pd.Series(range(9000)).groupby([sim.day, sim.replicate]).groups.values():
        effect, left, *_ = np.linalg.lstsq(carried[rows], shift[rows, 0], rcond=None)
        assert np.allclose(carried[rows] @ effect, shift[rows, 0])  # explained by the live guides of genes alone
        found.append(effect[carried[rows].any(0)])
    drawn = np.concatenate(found)
    assert len(set(drawn.round(9))) == len(drawn) and 0.2 < drawn.std() < 0.4


def test_replicates_vary_by_the_sd_that_was_asked_for():
    asked = Arguments.from_mapping({"genes": 300, "replicate_sd": 0.3, "days": 2})
    gene, cells = np.arange(300), np.arange(1200)
    guides = csr_matrix((np.ones(1200), (cells, cells % 300)), shape=(1200, 300))
    day, replicate = cells // 600, cells // 300 % 2
    shift = life.replicate_sums(asked, guides, gene, np.zeros(300, dtype=bool), day, replicate)[:, 0]
    assert abs(shift.std() / 0.3 - 1) < 0.06 and abs(shift.mean()) < 0.04
    assert abs(np.corrcoef(shift[:600].reshape(2, 300))[0, 1]) < 0.2


def test_burden_slopes_differ_by_day(monkeypatch):
    sim, shift = added(monkeypatch, burden_day_sd=0.1, days=40)
    burden = pd.Series(np.diff(sim.guides.indptr)).astype(float)
    centred = (burden - burden.groupby(sim.day).transform("mean")).to_numpy()
    slopes = np.array(
        [centred[sim.day == d] @ shift[sim.day == d] / (centred[sim.day == d] ** 2).sum() for d in range(40)]
    )
    assert np.allclose(shift, centred[:, None] * slopes[sim.day])
    assert abs(slopes.std() / 0.1 - 1) < 0.2


def test_labels_scatter_by_the_concentration_of_their_day():
    flat = {"effects": "none", "genes": 1, "guides_per_gene": 1, "moi": 0.01, "cells": 60_000, "replicates": 1}
    sim = simulated(**flat, day_dispersion="40,9,4")
    for day, concentration in enumerate((40, 9, 4)):
        labels = sim.probs[sim.day == day]
        mean = labels.mean(0)
        assert np.allclose(labels.var(0), mean * (1 - mean) / (concentration + 1), rtol=0.06)


def test_rare_fates_have_their_share(monkeypatch):
    monkeypatch.setitem(draw.SD, "b", 0.0)
    monkeypatch.setitem(draw.SD, "gamma", 0.0)
    flat = {"effects": "none", "guide_sd": 0, "fates": 4, "concentration": 500, "days": 8, "cells": 20_000}
    sim = simulated(**flat, rare=True)
    shares = pd.DataFrame(sim.probs).groupby(sim.day).mean().to_numpy()
    rare = shares[:, [0, 2, 3]]
    assert rare.min() > 0.0029 and rare.max() < 0.031 and rare.max() / rare.min() > 2
    assert (shares[:, 1] > 0.9).all()


def test_labels_of_a_flat_first_day(monkeypatch):
    monkeypatch.setitem(draw.SD, "b", 0.0)
    flat = {"effects": "none", "genes": 1, "guides_per_gene": 1, "moi": 0.01, "cells": 30_000}
    sim = simulated(**flat, guide_sd=0, day0_flat="true")
    first = sim.probs[sim.day == 0]
    assert np.allclose(first.mean(0), 1 / 3, atol=0.002)
    assert np.allclose(first.var(0), 2 / 9 / (FLAT_CONCENTRATION + 1), rtol=0.06)
    without = simulated(**flat, guide_sd=0)
    assert np.abs(without.probs[without.day == 0].mean(0) - 1 / 3).max() > 0.03


def test_an_argument_that_changes_nothing_gives_the_same_screen():
    """Absent and at the value that means none: streams of the parts do not move that of the screen."""
    none = {
        "off_target": 0,
        "dead": 0,
        "clones": 0,
        "sample_sd": 0,
        "replicate_sd": 0,
        "burden_day_sd": 0,
        "rare": False,
    }
    plain, given = simulated(), simulated(**none, day_dispersion=[20, 20, 20], day0_flat=False)
    for one in dataclasses.fields(plain):
        left, right = getattr(plain, one.name), getattr(given, one.name)
        if one.name == "guides":
            assert (left != right).nnz == 0
        elif one.name == "guide_map":
            assert left.equals(right)
        else:
            assert np.array_equal(left, right)


def test_files_of_life_tell_clones_and_who_has_effects(tmp_path):
    given = {"preset": "life", "cells": 300, "genes": 20, "clones": "2,5", "off_target": 0.5, "dead": 0.2, "seed": 3}
    paths, sim = simulate_to(tmp_path / "life", given), draw.simulate(Arguments.from_mapping(given))
    with h5py.File(paths["screen"]) as file:
        names, codes = file["obs/clone/categories"].asstr()[:], file["obs/clone/codes"][:]
    assert np.array_equal(names[codes], [f"clone{number}" for number in sim.clone])
    truth, table = np.load(paths["truth_all"]), pd.read_csv(paths["truth"])
    assert np.array_equal(truth["has_effects"], (table.iloc[:, 1:] != 0).any(axis=1))
    assert np.array_equal(truth["off_target"], sim.off_target) and np.array_equal(truth["dead"], sim.dead)
    assert truth["dead"].any() and truth["off_target"].any()
    none = np.load(simulate_to(tmp_path / "none", given | {"preset": "life_none"})["truth_all"])
    assert not none["has_effects"].any() and not none["theta"].any()


def test_files_of_other_screens_do_not_speak_of_life(tmp_path):
    paths = simulate_to(tmp_path, {"cells": 60, "genes": 3, "ntc": 2})
    assert not set(LIFE) & set(json.loads((tmp_path / "simulation.json").read_text()))
    assert sorted(np.load(paths["truth_all"])) == ["delta", "fates", "genes", "guides", "theta"]
    with h5py.File(paths["screen"]) as file:
        assert "clone" not in file["obs"]


def test_parts_are_drawn_independently_of_each_other_and_of_the_screen():
    asked = Arguments(genes=1, seed=5)
    first = {part: life._stream(asked, part).random() for part in LIFE} | {"screen": np.random.default_rng(5).random()}
    assert len(set(first.values())) == len(LIFE) + 1
    assert life._stream(asked, "dead").random() == first["dead"]
    assert life._stream(Arguments(genes=1, seed=6), "dead").random() != first["dead"]
