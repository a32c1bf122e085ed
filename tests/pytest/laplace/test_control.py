"""The control variate of the sandwich beside dense matrices."""

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import curvature_of

from fatebias.laplace import control
from fatebias.laplace.control import Control
from fatebias.laplace.curvature import add_coarse_
from fatebias.laplace.options import Perturbations
from fatebias.laplace.sandwich import sandwich_covariances
from fatebias.laplace.scatter import Scatter


def dense_scatter(scatter: Scatter) -> np.ndarray:
    """V = M + Q, from the scores of cells one by one."""
    design = scatter.design
    one_each = torch.eye(design.n_cells, dtype=torch.float64).unsqueeze(1) * scatter.score.unsqueeze(2)
    by_cell = design.transpose(one_each).numpy()
    return by_cell @ by_cell.T


@pytest.fixture(scope="module")
def case():
    """Labels that are more scattered than the model says: curvature, A, scatter, V."""
    screen = screen_of(simulated(cells=500, genes=5, labels="logitnormal"))
    _, curvature, matrix = curvature_of(screen, prior="fixed", weight=5.0)
    scatter = Scatter.at(curvature, 0.0)
    prior = curvature.prior.precision(curvature.design, torch.eye(len(matrix), dtype=torch.float64)).numpy()
    return curvature, matrix.numpy(), scatter, dense_scatter(scatter) + prior


def dense_control(curvature, matrix, kept) -> np.ndarray:
    """K = Y + Z (Z' A Z)^-1 Z' (I - A Y) with the kept columns of the coarse space."""
    design, size = curvature.design, len(matrix)
    y = np.zeros_like(matrix)
    for group in design.groups:
        k = (design.n_days + group.n) * design.n_logits
        for first in range(group.entries.start, group.entries.stop, k):
            own = slice(first, first + k)
            y[own, own] = np.linalg.inv(matrix[own, own])
    n = len(curvature.coarse)
    z = add_coarse_(
        design,
        torch.zeros((size, n), dtype=torch.float64),
        torch.eye(n, dtype=torch.float64),
    ).numpy()
    z = z[:, kept]
    return y + z @ np.linalg.solve(z.T @ matrix @ z, z.T @ (np.eye(size) - matrix @ y))


@pytest.mark.parametrize("most", [128, 6])
def test_the_control_and_its_covariances_are_the_dense_ones(case, monkeypatch, most):
    """The whole coarse space, and theta's part of it alone (2 logits by 3 days)."""
    curvature, matrix, scatter, v = case
    design = curvature.design
    monkeypatch.setattr(control, "MOST_COLUMNS", most)
    theta = design.n_nuisance * design.n_logits + np.arange(design.n_days * design.n_logits)
    kept = {128: np.arange(len(curvature.coarse)), 6: theta}[most]
    k = dense_control(curvature, matrix, kept)
    found = Control.of(curvature)
    unit = torch.eye(len(matrix), dtype=torch.float64)
    scale = np.sqrt(np.diag(np.linalg.inv(matrix)))
    near = {"rtol": 0, "atol": 1e-4}
    np.testing.assert_allclose(
        found.times(unit).numpy() / np.outer(scale, scale),
        k / np.outer(scale, scale),
        **near,
    )
    other_way = found.transposed_times(unit).numpy()
    np.testing.assert_allclose(other_way / np.outer(scale, scale), k.T / np.outer(scale, scale), **near)
    blocks = [b + curvature.prior.block(g.n) for g, b in zip(design.groups, scatter.by_gene())]
    covariances = found.covariances(blocks, lambda columns: torch.from_numpy(v).float() @ columns)
    exact, sd = k @ v @ k.T, np.sqrt(np.diag(k @ v @ k.T))
    for group, of_genes in zip(design.groups, covariances):
        n = of_genes.shape[1]
        for gene in range(group.n_genes):
            own = slice(group.entries.start + gene * n, group.entries.start + (gene + 1) * n)
            error = (of_genes[gene].numpy() - exact[own, own]) / np.outer(sd[own], sd[own])
            assert np.abs(error).max() < 1e-4


def test_few_draws_know_the_sandwich_of_a_low_moi_screen():
    """Genes share what the controls leave open; within 1 % or so from 32 draws, whose own error is 12 %."""
    screen = screen_of(simulated(cells=2500, genes=12, ntc=2, moi=0.4, labels="logitnormal"))
    _, curvature, matrix = curvature_of(screen, prior="fixed", weight=5.0)
    scatter = Scatter.at(curvature, 0.0)
    size, inverse = len(matrix), np.linalg.inv(matrix.numpy())
    v = (
        dense_scatter(scatter)
        + curvature.prior.precision(curvature.design, torch.eye(size, dtype=torch.float64)).numpy()
    )
    exact = inverse @ v @ inverse
    columns = torch.zeros((size, 1), dtype=torch.float64)
    columns[: curvature.design.groups[-1].entries.stop] = 0.1
    found = sandwich_covariances(
        curvature,
        scatter,
        Perturbations(number=32, seed=1, tolerance=1e-5),
        columns=columns,
    )
    sds = np.concatenate([c.diagonal(dim1=1, dim2=2).sqrt().reshape(-1).numpy() for c in found.by_group])
    error = np.abs(sds / np.sqrt(np.diag(exact))[: len(sds)] - 1)
    assert np.median(error) < 0.01
    assert error.max() < 0.08
    a = columns.numpy()[:, 0]
    assert found.with_mean is not None and found.of_mean is not None
    assert float(found.of_mean) == pytest.approx(a @ exact @ a, rel=0.01)
    with_mean = np.concatenate([part.reshape(-1).numpy() for part in found.with_mean])
    scale = np.sqrt(np.diag(exact)[: len(sds)] * (a @ exact @ a))
    assert (np.abs(with_mean - (exact @ a)[: len(sds)]) / scale).max() < 0.05
