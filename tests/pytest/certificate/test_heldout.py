"""Held-out cells: predictions that have not seen them, and agreement of like cells where noise is shared."""

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from scipy import sparse
from scipy.special import softmax

from fatebias.base.settings import Settings
from fatebias.certificate.heldout import (
    _neighbour_weights,
    agreement_of_like_cells,
    carried_genes,
    held_out_statistics,
    predict_held_out,
)
from fatebias.certificate.refit import settle
from fatebias.laplace.options import LaplaceOptions
from fatebias.model.likelihood import SOFT_LABELS

OPTIONS = LaplaceOptions.of(Settings.from_mapping({"inference": "laplace"}))


def made_labels(seed: int, n: int = 1500, shared: float = 0.0):
    """eta that spreads, and labels around it; `shared`: SD of noise that cells near in eta have in common."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=(n, 2))
    cell_of_grid = (np.floor(4 * eta)).astype(int)
    _, block = np.unique(cell_of_grid, axis=0, return_inverse=True)
    noise = shared * rng.normal(size=(block.max() + 1, 2))[block.ravel()]
    pi = softmax(np.c_[np.zeros(n), eta + noise], axis=1)
    gamma = rng.standard_gamma(20 * pi)
    genes = sparse.csr_matrix((n, 1))
    return (gamma / gamma.sum(1, keepdims=True))[:, 1:], eta, np.zeros(n, dtype=int), genes


def test_independent_cells_do_not_agree_and_the_statistic_is_standard_normal():
    found = np.array([agreement_of_like_cells(SOFT_LABELS, *made_labels(seed, n=400))[0] for seed in range(60)])
    assert abs(found.mean()) < 4 / np.sqrt(60)
    assert 0.7 < found.std() < 1.35


def test_cells_with_shared_noise_agree():
    found, correlation = agreement_of_like_cells(SOFT_LABELS, *made_labels(1, shared=0.3))
    assert found > 5
    assert correlation > 0.05


def test_groups_too_small_for_their_trends_are_left_out():
    labels, eta, _, genes = made_labels(2, n=30)
    assert np.isnan(agreement_of_like_cells(SOFT_LABELS, labels, eta, np.arange(30) // 5, genes)[0])


def test_cells_with_a_gene_in_common_are_not_compared():
    labels, eta, group, _ = made_labels(1, n=400, shared=0.3)
    one_gene = sparse.csr_matrix(np.ones((400, 1)))
    assert np.isnan(agreement_of_like_cells(SOFT_LABELS, labels, eta, group, one_gene)[0])
    screen = screen_of(simulated(cells=60, seed=5))
    weights = _neighbour_weights(np.random.default_rng(0).normal(size=(60, 2)), carried_genes(screen)).tocoo()
    genes = [
        set(screen.guide_gene[screen.guide_idx[screen.guide_ptr[i] : screen.guide_ptr[i + 1]]].tolist())
        for i in range(60)
    ]
    assert len(weights.row) > 0 and not any(genes[i] & genes[j] for i, j in zip(weights.row, weights.col))


def test_like_cells_of_a_right_screen_with_one_guide_a_cell_do_not_agree():
    found = []
    for seed in range(6):
        screen = screen_of(simulated(cells=2500, genes=30, moi=0.05, ntc=8, seed=seed))
        baseline = settle(OPTIONS.design(screen), OPTIONS)
        found.append(held_out_statistics(screen, baseline, OPTIONS, np.random.default_rng(0))["agreement"])
    assert abs(np.mean(found)) < 4 / np.sqrt(6) and max(found) < 3


@pytest.mark.parametrize("effects", ["sparse", "none"])
def test_gain_is_the_difference_of_cross_entropies_on_cells_not_seen(effects):
    screen = screen_of(simulated(cells=1200, effects=effects, seed=3))
    baseline = settle(OPTIONS.design(screen), OPTIONS)
    held_out = predict_held_out(screen, baseline, OPTIONS, np.random.default_rng(0))
    found = held_out_statistics(screen, baseline, OPTIONS, np.random.default_rng(0))

    def log_likelihood(eta: torch.Tensor) -> np.ndarray:
        pi = softmax(np.c_[np.zeros(len(eta)), eta.numpy()], axis=1)
        return (screen.fate_probs * np.log(pi)).sum(1)

    gain = log_likelihood(held_out.model) - log_likelihood(held_out.nuisance)
    assert np.isclose(found["gain"], gain.mean(), rtol=1e-9)
    assert np.isclose(found["gain_sd"], gain.std(ddof=1) / np.sqrt(len(gain)), rtol=1e-9)
    in_sample = log_likelihood(baseline.design.forward(baseline.x)) - log_likelihood(held_out.nuisance)
    assert in_sample.mean() > gain.mean()
    assert found["gain"] > found["gain_noise"]
    if effects == "sparse":
        assert found["gain"] > 3 * found["gain_sd"]
