from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import dense_model, random_walk_precision

from fatebias.covariance import gene_covariances, perturbation, sandwich_covariances
from fatebias.curvature import curvature_at
from fatebias.design import build_design
from fatebias.errors import FitError
from fatebias.laplace import fate_probabilities
from fatebias.prior import fixed_effect_prior, random_walk_prior
from fatebias.settings import Settings

SETTINGS = Settings.from_mapping()


def curvature_of(screen, prior="random_walk", weight=20.0, seed=0):
    """A curvature at a random x, and A as the dense matrix that its products with unit vectors make."""
    design = build_design(screen)
    generator = torch.Generator().manual_seed(seed)
    x = 0.3 * torch.randn(design.n_effects, generator=generator, dtype=torch.float64)
    scales = torch.full((design.n_days + 1, design.n_fates), 0.25, dtype=torch.float64)
    if prior == "random_walk":
        prior = random_walk_prior(design, scales, SETTINGS)
    else:
        prior = fixed_effect_prior(design, scales[-1], SETTINGS)
    cells = torch.full((design.n_cells,), weight, dtype=torch.float64)
    curvature = curvature_at(design, prior, fate_probabilities(design.forward(x)), cells)
    return x, curvature, curvature.times(torch.eye(design.n_effects, dtype=torch.float64))


def dense_curvature(screen, curvature, x, theta_precision):
    """A from the dense reference, in the engine's order of effects."""
    d = curvature.design
    dense = dense_model(screen, SETTINGS, theta_precision, np.full(d.n_fates, 0.25), np.full(d.n_days, 20.0))
    order = np.concatenate([dense.gene_index(screen, gene) for gene in d.gene_order])
    nuisance = [dense.starts[name] + np.arange(np.prod(dense.shapes[name])).reshape(d.n_fates, -1).T
                for name in ("alpha", "b", "gamma")]  # fmt: skip
    order = np.concatenate([order, np.concatenate(nuisance).ravel()])
    back = np.empty(len(x))
    back[order] = x.numpy()
    return dense.curvature(back)[np.ix_(order, order)]


@pytest.mark.parametrize("arguments", [{}, {"fates": 2}, {"fates": 4, "days": 2}, {"replicates": 1, "moi": 8.0}])
def test_products_equal_the_dense_matrix(arguments):
    screen = screen_of(simulated(cells=150, **arguments))
    x, curvature, matrix = curvature_of(screen)
    f, d = screen.n_fates - 1, screen.n_days
    walk = random_walk_precision(np.full(f, 0.25), np.full((f, d - 1), 0.25))
    np.testing.assert_allclose(matrix, dense_curvature(screen, curvature, x, walk), rtol=1e-9, atol=1e-9)


def test_fixed_effect_prior_is_independent_over_days(small_screen):
    x, curvature, matrix = curvature_of(small_screen, prior="fixed")
    f, d = small_screen.n_fates - 1, small_screen.n_days
    flat = np.broadcast_to(np.eye(d) / SETTINGS.estimate_prior_sd**2, (f, d, d))
    np.testing.assert_allclose(matrix, dense_curvature(small_screen, curvature, x, flat), rtol=1e-9, atol=1e-9)


def test_gene_blocks_are_exactly_those_of_the_matrix():
    screen = screen_of(simulated(cells=300, genes=5, guides_per_gene=5, moi=9.0))  # many pairs of one gene in a cell
    _, curvature, matrix = curvature_of(screen)
    for group, inverses in zip(curvature.design.groups, curvature.inverses):
        for gene, inverse in enumerate(inverses):
            k = inverse.shape[0]
            at = slice(group.entries.start + gene * k, group.entries.start + (gene + 1) * k)
            np.testing.assert_allclose(inverse, torch.linalg.inv(matrix[at, at]), atol=1e-12)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-10])
def test_solve_meets_its_tolerance(small_screen, tolerance):
    _, curvature, matrix = curvature_of(small_screen)
    b = torch.randn((len(matrix), 4), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    solution = curvature.solve(b, tolerance)
    exact = torch.linalg.solve(matrix, b)
    error = ((solution.x - exact) * (matrix @ (solution.x - exact))).sum(0) / (exact * b).sum(0)
    assert float(error.max().sqrt()) < 2 * tolerance
    assert solution.iterations < 30


def test_solve_from_a_good_start_needs_fewer_iterations(small_screen):
    _, curvature, matrix = curvature_of(small_screen)
    b = torch.randn((len(matrix), 2), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    cold = curvature.solve(b, 1e-8)
    warm = curvature.solve(b, 1e-8, start=cold.x + 1e-6)
    assert warm.iterations < cold.iterations
    np.testing.assert_allclose(warm.x, cold.x, atol=1e-6)


def test_solving_for_nothing_gives_nothing(small_screen):
    _, curvature, matrix = curvature_of(small_screen)
    b = torch.zeros((len(matrix), 2), dtype=torch.float64)
    assert float(curvature.solve(b, 1e-4).x.abs().max()) == 0


def test_a_solve_that_does_not_converge_is_an_error(small_screen, monkeypatch):
    _, curvature, matrix = curvature_of(small_screen)
    monkeypatch.setattr("fatebias.curvature.MOST_ITERATIONS", 2)
    with pytest.raises(FitError, match="Raise `cg_tolerance`"):
        curvature.solve(torch.ones((len(matrix), 1), dtype=torch.float64), 1e-10)


def test_perturbations_have_the_curvature_as_covariance():
    _, curvature, matrix = curvature_of(screen_of(simulated(cells=60, genes=2, fates=4)))
    r = perturbation(curvature, seed=3, n_draws=40_000).double()
    found = r @ r.T / r.shape[1]
    sd = matrix.diagonal().sqrt()
    assert float(((found - matrix) / (sd[:, None] * sd)).abs().max()) < 0.03  # 4.5 SD of a correlation of 40,000 draws


def standard_error_ratios(screen, n_draws, seed=0):
    """SEs by perturbation relative to those of the dense inverse, all gene effects."""
    _, curvature, matrix = curvature_of(screen, seed=seed)
    exact = torch.linalg.inv(matrix).diagonal().sqrt()
    found = gene_covariances(curvature, replace(SETTINGS, num_perturbations=n_draws, seed=seed)).by_group
    sds = torch.cat([c.diagonal(dim1=1, dim2=2).sqrt().reshape(-1) for c in found])
    return (sds / exact[: len(sds)]).numpy()


@pytest.mark.parametrize(("n_draws", "median", "upper"), [(64, 0.017, 0.045), (1024, 0.005, 0.014)])
def test_standard_errors_agree_with_the_dense_inverse(n_draws, median, upper):
    rng, ratios = np.random.default_rng(0), []
    for seed in range(8):
        size = {"genes": int(rng.integers(12, 31)), "guides_per_gene": int(rng.integers(3, 7)), "cells": int(rng.integers(400, 2000)),
                "moi": rng.uniform(2, 6), "days": int(rng.integers(2, 5)), "fates": int(rng.integers(2, 4))}  # fmt: skip
        ratios.append(standard_error_ratios(screen_of(simulated(seed=seed, **size)), n_draws, seed))
    error = np.abs(np.concatenate(ratios) - 1)
    assert np.median(error) <= median
    assert np.quantile(error, 0.95) <= upper


def test_sandwich_equals_the_dense_one():
    screen = screen_of(simulated(cells=400, labels="logitnormal"))
    _, curvature, matrix = curvature_of(screen, prior="fixed", weight=5.0)
    d, inverse = curvature.design, torch.linalg.inv(matrix)
    score = 5.0 * (d.fate_probs - curvature.pi)
    unit = torch.eye(d.n_cells, dtype=torch.float64).unsqueeze(1) * score.unsqueeze(2)  # [N, F, N]: one column a cell
    by_cell = d.transpose(unit)
    middle = by_cell @ by_cell.T + curvature.prior.precision(d, torch.eye(d.n_effects, dtype=torch.float64))
    exact = (inverse @ middle @ inverse).diagonal().sqrt()
    found = sandwich_covariances(curvature, 0.0, 1024, replace(SETTINGS, seed=5))
    sds = torch.cat([c.diagonal(dim1=1, dim2=2).sqrt().reshape(-1) for c in found])
    error = (sds / exact[: len(sds)] - 1).abs()
    assert float(error.median()) < 0.01
    assert float(error.quantile(0.95)) < 0.03
