"""Labels of simulated cells, by kind: their means, their variances, their shapes."""

import numpy as np
import pytest
from conftest import simulated

from fatebias.simulation.arguments import LABELS, Arguments
from fatebias.simulation.labels import LOGIT_SD, draw_labels

ETA = np.array([0.5, -1.0])
PI = np.exp(np.r_[0, ETA]) / np.exp(np.r_[0, ETA]).sum()


def labels_of(kind: str, n: int = 20_000, **arguments) -> np.ndarray:
    """Labels of n like cells, all of one day and replicate."""
    none, asked = np.zeros(n, dtype=int), Arguments(genes=1, labels=kind, **arguments)
    return draw_labels(np.random.default_rng(0), asked, np.tile(ETA, (n, 1)), none, none)


@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_probabilities(kind):
    found = labels_of(kind, 500)
    assert found.shape == (500, 3) and (found >= 0).all()
    assert np.allclose(found.sum(1), 1)


@pytest.mark.parametrize(("kind", "share"), [("dirichlet", 1.0), ("onehot", 1.0), ("smoothed", 0.9)])
def test_their_mean_is_the_softmax_of_the_linear_predictor(kind, share):
    expected = share * PI + (1 - share) / 3  # smoothed ones are shrunk to uniform
    assert np.allclose(labels_of(kind).mean(0), expected, atol=5 * 0.5 / np.sqrt(20_000))


def test_logit_normal_labels_scatter_on_the_scale_of_the_linear_predictor():
    found = labels_of("logitnormal")
    eta = np.log(found[:, 1:] / found[:, :1])
    assert np.allclose(eta.mean(0), ETA, atol=5 * LOGIT_SD / np.sqrt(20_000))
    assert np.allclose(eta.std(0), LOGIT_SD, rtol=0.03)


def test_one_hot_labels_are_one_fate_each():
    found = labels_of("onehot")
    assert set(np.unique(found)) == {0.0, 1.0} and (found.max(1) == 1).all()


def test_dirichlet_labels_have_the_variance_of_their_concentration():
    """No effects and no spread of pi within a group: the label variance is pi (1 - pi) / (c + 1)."""
    sim = simulated(cells=60_000, effects="none", concentration=9.0, genes=1, guides_per_gene=1, moi=0.01)
    group = (sim.day == 0) & (sim.replicate == 0)
    mean, variance = sim.probs[group].mean(0), sim.probs[group].var(0)
    assert np.allclose(variance, mean * (1 - mean) / 10, rtol=0.05)


def test_smoothed_labels_are_averages_shrunk_to_uniform():
    sim = simulated(cells=2000, labels="smoothed")
    steps = (sim.probs - 0.1 / 3) / 0.9 * 31
    assert np.allclose(steps, np.round(steps)) and np.allclose(sim.probs.sum(1), 1)
