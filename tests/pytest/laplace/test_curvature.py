import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import curvature_of, dense_model, random_walk_precision

from fatebias.base.errors import FitError
from fatebias.base.settings import Settings

SETTINGS = Settings.from_mapping()


def dense_curvature(screen, curvature, x, theta_precision):
    """A from the dense reference, in the engine's order of effects."""
    d = curvature.design
    dense = dense_model(screen, SETTINGS, theta_precision, np.full(d.n_logits, 0.25), np.full(d.n_days, 20.0))
    order = np.concatenate([dense.gene_index(screen, gene) for group in d.groups for gene in d.genes_of(group)])
    nuisance = [dense.starts[name] + np.arange(np.prod(dense.shapes[name])).reshape(d.n_logits, -1).T
                for name in dense.starts if name not in ("theta", "v")]  # fmt: skip
    order = np.concatenate([order, np.concatenate(nuisance).ravel()])
    back = np.empty(len(x))
    back[order] = x.numpy()
    return dense.curvature(back)[np.ix_(order, order)]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"fates": 2}, {"fates": 4, "days": 2}, {"replicates": 1, "moi": 8.0}, {"fates": 10, "days": 3, "genes": 3}],
)
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
    monkeypatch.setattr("fatebias.laplace.curvature.MOST_ITERATIONS", 2)
    with pytest.raises(FitError, match="Raise `cg_tolerance`"):
        curvature.solve(torch.ones((len(matrix), 1), dtype=torch.float64), 1e-10)
