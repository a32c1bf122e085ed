from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated

from fatebias.base.errors import FitError
from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, fit_laplace
from fatebias.model import build_design
from fatebias.model.dispersion import (
    dispersion_at,
    dispersion_by_day,
    final_dispersion,
    pearson_by_day,
    pearson_excess_by_day,
)
from fatebias.model.pooling import shrink_over_days

AUTO = LaplaceOptions.of(Settings.from_mapping({"likelihood_weight": "auto"}))
WEAK = {"cells": 6000, "genes": 100, "guides_per_gene": 6, "ntc": 20, "moi": 5.0, "days": 4}


def random_probabilities(design, seed=0):
    logits = torch.randn(
        (design.n_cells, design.n_logits + 1), generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    return torch.softmax(logits, 1)[:, 1:]


def test_pearson_is_the_quadratic_form(small_screen):
    design = build_design(small_screen)
    pi = random_probabilities(design)
    v = torch.diag_embed(pi) - pi.unsqueeze(2) * pi.unsqueeze(1)
    miss = design.labels - pi
    by_cell = torch.einsum("na,nab,nb->n", miss, torch.linalg.inv(v), miss)
    np.testing.assert_allclose(pearson_by_day(design, pi), design.sum_by_day(by_cell), rtol=1e-9)


def test_excess_is_the_mean_over_draws(small_screen):
    design = build_design(small_screen)
    pi = random_probabilities(design)
    shift = 0.3 * torch.randn((design.n_cells, design.n_logits, 5), generator=torch.Generator().manual_seed(1))
    eta = torch.log(pi / (1 - pi.sum(1, keepdim=True)))
    moved = [eta + shift[:, :, draw] for draw in range(5)]
    each = [
        pearson_by_day(design, torch.softmax(torch.cat([torch.zeros_like(e[:, :1]), e], 1), 1)[:, 1:]) for e in moved
    ]
    expected = torch.stack(each).mean(0) - pearson_by_day(design, pi)
    np.testing.assert_allclose(pearson_excess_by_day(design, pi, shift), expected, rtol=1e-6)


def test_dispersion_pools_days_or_not(small_screen):
    design = build_design(small_screen)
    pi, none = random_probabilities(design), torch.zeros(design.n_days, dtype=torch.float64)
    pooled, apart = (dispersion_by_day(design, pi, none, pooled=pooled) for pooled in (True, False))
    by_cell, day = design.likelihood.pearson(design.labels, pi).numpy(), small_screen.day
    assert float(pooled[0]) == pytest.approx(by_cell.sum() / (design.n_logits * design.n_cells))
    assert len(set(pooled.tolist())) == 1
    own = [by_cell[day == d] for d in range(design.n_days)]
    log_phi = np.log([one.mean() / design.n_logits for one in own])
    error = np.array([one.var() / len(one) / one.mean() ** 2 for one in own])  # of the logarithm of a mean
    np.testing.assert_allclose(apart, np.exp(shrink_over_days(log_phi, error)[0]))


def test_days_of_one_dispersion_share_it_and_days_of_their_own_keep_theirs(small_screen):
    """Labels at a distance from their mean that is the same for all cells of a day, but for a little noise."""
    design = build_design(small_screen)
    pi, none = random_probabilities(design), torch.zeros(design.n_days, dtype=torch.float64)
    generator = torch.Generator().manual_seed(2)
    root = torch.linalg.cholesky(design.likelihood.curvature(pi, torch.ones_like(pi[:, 0])))
    z = torch.randn(pi.shape, generator=generator, dtype=torch.float64).unsqueeze(2)
    for sd, tolerance in (([0.2, 0.2, 0.2], 0.15), ([0.1, 0.2, 0.4], 0.25)):
        labels = pi + (root @ z).squeeze(2) * torch.tensor(sd, dtype=torch.float64)[design.day, None]
        found = dispersion_by_day(replace(design, labels=labels), pi, none, pooled=False).numpy()
        np.testing.assert_allclose(found, np.square(sd), rtol=tolerance)
        if len(set(sd)) == 1:
            raw = design.sum_by_day(design.likelihood.pearson(labels, pi)).numpy()
            raw = raw / (design.n_logits * np.bincount(small_screen.day))
            assert np.ptp(np.log(found)) < 0.8 * np.ptp(np.log(raw))


@pytest.mark.parametrize(("labels", "concentration", "seed"), [
    ("dirichlet", 5.0, 1), ("dirichlet", 15.0, 2), ("dirichlet", 50.0, 3), ("onehot", 1.0, 4), ("onehot", 1.0, 5),
])  # fmt: skip
def test_weight_is_found(labels, concentration, seed):
    wanted = 1 if labels == "onehot" else concentration + 1
    sim = simulated(**WEAK, seed=seed, labels=labels, concentration=concentration)
    fit = fit_laplace(screen_of(sim), AUTO)
    assert fit.weight[0] == pytest.approx(wanted, rel=0.05)
    assert fit.weight[0] * fit.dispersion[0] == pytest.approx(1, rel=0.02)
    assert len(set(fit.weight.tolist())) == 1


def test_weight_by_day_finds_days_of_different_quality():
    sim = simulated(**WEAK, seed=6, concentration=40.0)
    noisy = simulated(**WEAK, seed=6, concentration=8.0)
    probs = np.where((sim.day == 0)[:, None], noisy.probs, sim.probs)  # the same truth, the first day noisier
    fit = fit_laplace(screen_of(replace(sim, probs=probs)), replace(AUTO, weight="auto_by_day"))
    np.testing.assert_allclose(fit.weight, [9, 41, 41, 41], rtol=0.12)


def test_a_fixed_weight_reports_the_dispersion_that_auto_would_use():
    screen = screen_of(simulated(**WEAK, seed=1))
    fit = fit_laplace(screen, replace(AUTO, weight=21.0))
    assert 1 / fit.dispersion[0] == pytest.approx(21, rel=0.05)
    np.testing.assert_array_equal(fit.weight, 21.0)


def test_one_weight_counts_the_parameters_of_all_days():
    """A rare day may have more parameters than labels; a weight of its own is refused, one for all days is not."""
    sim = simulated(cells=900, days=3)
    keep = np.flatnonzero((sim.day == 0) | (np.cumsum(sim.day != 0) <= 40))
    rare = {name: getattr(sim, name)[keep] for name in ("guides", "day", "replicate", "probs")}
    design = build_design(screen_of(replace(sim, **rare)))
    pi = random_probabilities(design)
    labels = design.n_logits * torch.bincount(design.day).double()
    parameters = labels * torch.tensor([0.1, 1.5, 1.5], dtype=torch.float64)
    assert len(set(final_dispersion(design, pi, parameters, "auto").tolist())) == 1
    with pytest.raises(FitError, match="no usable dispersion"):
        final_dispersion(design, pi, parameters, "auto_by_day")


def test_too_few_cells_for_a_dispersion():
    screen = screen_of(
        simulated(cells=60, genes=20, guides_per_gene=2, days=2, fates=5, replicates=1, moi=6.0, labels="onehot")
    )
    with pytest.raises(FitError, match="Set a number as `likelihood_weight`"):
        fit_laplace(screen, AUTO)


def test_dispersion_at_a_day_is_that_of_its_cells_alone(small_screen):
    design = build_design(small_screen)
    pi, p = random_probabilities(design), torch.tensor([3.0, 5.0, 1e6], dtype=torch.float64)
    found = dispersion_at(design, pi, p).numpy()
    by_cell = design.likelihood.pearson(design.labels, pi).numpy()
    for day in range(3):
        own = by_cell[small_screen.day == day]
        labels = 2 * len(own)
        assert found[day] == pytest.approx(own.sum() / max(labels - float(p[day]), 0.05 * labels))
