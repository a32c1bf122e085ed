from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import curvature_of

from fatebias.laplace import covariance
from fatebias.laplace.covariance import gene_covariances, perturbation
from fatebias.laplace.options import Perturbations
from fatebias.laplace.sandwich import sandwich_covariances
from fatebias.laplace.scatter import Scatter

TOLERANCE = 1e-4


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
    found = gene_covariances(curvature, Perturbations(number=n_draws, seed=seed, tolerance=TOLERANCE)).by_group
    sds = torch.cat([c.diagonal(dim1=1, dim2=2).sqrt().reshape(-1) for c in found])
    return (sds / exact[: len(sds)]).numpy()


def always_together(screen, first):
    """The screen with guide first + 1 in exactly the cells of guide first."""
    lists = np.split(screen.guide_idx, screen.guide_ptr[1:-1])
    lists = [one[one != first + 1] for one in lists]
    lists = [np.sort(np.r_[one, first + 1]) if first in one else one for one in lists]
    pointer = np.r_[0, np.cumsum([len(one) for one in lists])]
    return replace(screen, guide_idx=np.concatenate(lists).astype(np.int32), guide_ptr=pointer)


def test_guides_that_always_travel_together():
    """A ridge: their difference is known from the prior alone; SEs are wide and right within 12 %."""
    screen = always_together(screen_of(simulated(cells=800, genes=12)), first=0)
    ratios = standard_error_ratios(screen, 64)
    assert np.abs(ratios - 1).max() < 0.12


def test_genes_that_travel_together_get_more_draws_where_effects_outnumber_labels(monkeypatch):
    _, curvature, _ = curvature_of(screen_of(simulated(cells=60, genes=24)))
    monkeypatch.setattr(covariance, "RIDGE_SHARE", 0.0)  # any share
    design, numbers = curvature.design, []
    assert design.n_cells * design.n_logits < design.n_effects

    def counted(curvature, perturbations, *rest, before=covariance._simulate):
        numbers.append(perturbations.number)
        return before(curvature, perturbations, *rest)

    monkeypatch.setattr(covariance, "_simulate", counted)
    few = Perturbations(number=16, seed=0, tolerance=TOLERANCE)
    gene_covariances(curvature, few)
    assert numbers == [16, 16 * (covariance.RIDGE_FACTOR - 1)]
    gene_covariances(curvature, few, of_many=True)  # the mean share is below MANY_SHARE
    assert numbers[2:] == [16]
    monkeypatch.setattr(covariance, "MANY_SHARE", 0.0)
    gene_covariances(curvature, few, of_many=True)
    assert numbers[3:] == [16, 16 * (covariance.RIDGE_FACTOR - 1)]


def test_few_draws_at_once_give_the_same_kind_of_answer(small_screen, monkeypatch):
    """A screen too large for all draws at once: portions with their own seeds."""
    numbers = 20 * small_screen.n_cells * (small_screen.n_fates - 1)
    monkeypatch.setattr("fatebias.laplace.covariance.COLUMN_NUMBERS", numbers)
    ratios = standard_error_ratios(small_screen, 512)
    assert np.median(np.abs(ratios - 1)) < 0.02


def test_effective_parameters_are_the_trace(small_screen):
    _, curvature, matrix = curvature_of(small_screen)
    design = curvature.design
    prior = curvature.prior.precision(design, torch.eye(design.n_effects, dtype=torch.float64))
    exact = design.n_effects - torch.trace(prior @ torch.linalg.inv(matrix))
    found = gene_covariances(curvature, Perturbations(number=256, seed=0, tolerance=TOLERANCE)).p_eff.sum()
    assert float(found) == pytest.approx(float(exact), rel=0.03)


@pytest.mark.parametrize(("n_draws", "median", "upper"), [(64, 0.011, 0.035), (1024, 0.003, 0.009)])
def test_standard_errors_agree_with_the_dense_inverse(n_draws, median, upper):
    rng, ratios = np.random.default_rng(0), []
    for seed in range(8):
        genes, per_gene, cells = (int(rng.integers(*ends)) for ends in ((12, 31), (3, 7), (400, 2000)))
        size = {"genes": genes, "guides_per_gene": per_gene, "cells": cells, "moi": rng.uniform(2, 6)}
        size |= {"days": int(rng.integers(2, 5)), "fates": int(rng.integers(2, 4))}
        ratios.append(standard_error_ratios(screen_of(simulated(seed=seed, **size)), n_draws, seed))
    error = np.abs(np.concatenate(ratios) - 1)
    assert np.median(error) <= median
    assert np.quantile(error, 0.95) <= upper


def test_sandwich_equals_the_dense_one():
    screen = screen_of(simulated(cells=400, labels="logitnormal"))
    _, curvature, matrix = curvature_of(screen, prior="fixed", weight=5.0)
    d, inverse = curvature.design, torch.linalg.inv(matrix)
    score = 5.0 * (d.labels - curvature.mean)
    unit = torch.eye(d.n_cells, dtype=torch.float64).unsqueeze(1) * score.unsqueeze(2)  # [N, F, N]: one column a cell
    by_cell = d.transpose(unit)
    middle = by_cell @ by_cell.T + curvature.prior.precision(d, torch.eye(d.n_effects, dtype=torch.float64))
    exact = (inverse @ middle @ inverse).diagonal().sqrt()
    found = sandwich_covariances(
        curvature, Scatter.at(curvature, 0.0), Perturbations(number=1024, seed=5, tolerance=TOLERANCE)
    ).by_group
    sds = torch.cat([c.diagonal(dim1=1, dim2=2).sqrt().reshape(-1) for c in found])
    error = (sds / exact[: len(sds)] - 1).abs()
    assert float(error.median()) < 0.01
    assert float(error.quantile(0.95)) < 0.03
