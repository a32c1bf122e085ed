"""Cells that are alike as one row: the same fit as with a row for each cell."""

from dataclasses import replace

import measure
import numpy as np
import pytest
import torch
from conftest import screen_of, simulated

from fatebias.base import Settings
from fatebias.laplace import LaplaceOptions
from fatebias.laplace.baseline import Baseline
from fatebias.laplace.day_scores import FittedScores
from fatebias.laplace.estimates import solve_estimates
from fatebias.laplace.gene_estimates import estimate_theta
from fatebias.laplace.problem import Problem
from fatebias.laplace.rounds import run_rounds
from fatebias.laplace.scatter import Scatter, semidefinite_root
from fatebias.model.dispersion import dispersion_at, dispersion_by_day, pearson_excess_by_day
from fatebias.model.prior import fixed_effect_prior
from fatebias.preflight import ScreenSize
from fatebias.results.engines import infer
from fatebias.screens import Screen, plan
from fatebias.screens.strata import burden_strata

SETTINGS = Settings.from_mapping({"inference": "laplace", "num_perturbations": 200, "sample_effects": True})
OPTIONS = LaplaceOptions.of(SETTINGS)
WEIGHT = torch.tensor([5.0, 6.0, 7.0], dtype=torch.float64)
SIZES = {"cells": 8_000, "moi": 0.3, "genes": 12, "ntc": 6, "labels": "logitnormal"}
CONTRAST = np.array([-0.5, 1.0])


@pytest.fixture(scope="module")
def screen():
    """Of 8,000 cells with .3 guides each, on three days in two replicates."""
    return screen_of(simulated(**SIZES))


@pytest.fixture(scope="module")
def both(screen):
    """Its design with and without rows of several cells."""
    joined, alone = (OPTIONS.design(screen, join_alike=join) for join in (True, False))
    assert alone.cells is None and joined.n_rows < screen.n_cells / 3 and joined.n_cells == screen.n_cells
    return joined, alone


@pytest.fixture(scope="module")
def problems(both):
    """The same log posterior from both, and a place x."""
    found = [
        Problem(
            design=one, prior=fixed_effect_prior(one, torch.tensor([0.2, 0.3], dtype=torch.float64), OPTIONS.priors),
            row_weight=one.row_weight(WEIGHT),
        )
        for one in both
    ]  # fmt: skip
    x = 0.3 * torch.randn(both[0].n_effects, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return *found, x


def close(one, other, rtol=1e-9):
    one, other = np.asarray(one), np.asarray(other)
    np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * np.abs(np.nan_to_num(other)).max())


def what_is_known(screen, i):
    guides = screen.guide_idx[screen.guide_ptr[i] : screen.guide_ptr[i + 1]]
    alone = i if len(guides) > 3 else None
    return alone, screen.day[i], screen.replicate[i], screen.burden[i], *screen.covariates[i], tuple(guides)


def test_cells_are_alike_where_they_differ_in_their_labels_alone(screen):
    lane = np.random.default_rng(0).integers(0, 2, (screen.n_cells, 1)) - 0.5
    for one in (screen, replace(screen, covariates=lane, covariate_names=("lane=B",))):
        alike, kinds = one.alike, {}
        named = [kinds.setdefault(what_is_known(one, i), len(kinds)) for i in range(one.n_cells)]
        assert np.array_equal(alike.row, named)
        assert np.array_equal(alike.row[alike.first], np.arange(len(kinds)))
        assert np.all(np.diff(alike.first) > 0)


def test_parts_of_a_screen_say_the_same_of_all_its_cells(screen, monkeypatch):
    sim = simulated(**SIZES)
    monkeypatch.setattr(plan, "CELLS_AT_ONCE", 700)
    found = plan.plan_screen(measure.cells_of(sim), measure.guide_map_of(sim), SETTINGS, "it").alike()
    assert np.array_equal(found.row, screen.alike.row) and np.array_equal(found.first, screen.alike.first)
    assert found.entries == screen.alike.entries == np.diff(screen.guide_ptr)[found.first].sum()
    sizes = ScreenSize.of(screen, screen.n_cells, len(screen.guide_idx), found)
    assert vars(sizes)["joined"] == vars(ScreenSize.whole(screen))["joined"] == (len(found.first), found.entries)
    high = simulated(cells=2_000, moi=6.0)
    assert plan.plan_screen(measure.cells_of(high), measure.guide_map_of(high), SETTINGS, "it").alike() is None


def test_few_alike_cells_clusters_and_covariates_of_each_cell_leave_all_alone(screen):
    rng = np.random.default_rng(1)
    assert screen_of(simulated(cells=2_000, moi=6.0)).alike is None
    assert replace(screen, cluster=np.arange(screen.n_cells) // 4).alike is None
    depth = rng.standard_normal((screen.n_cells, 1))
    assert replace(screen, covariates=depth, covariate_names=("depth",)).alike is None
    assert screen_of(simulated(**SIZES | {"fates": 8})).alike is None


def test_log_posterior_gradient_and_curvature_are_exact(problems):
    joined, alone, x = problems
    mean, alone_mean = joined.mean(x), alone.mean(x)
    assert torch.allclose(joined.design.by_cell(mean), alone_mean)
    other = x.flip(0)
    moved = [one.log_posterior(x) - one.log_posterior(other) for one in (joined, alone)]
    assert moved[0] == pytest.approx(moved[1], rel=1e-9)
    close(joined.gradient(x, mean), alone.gradient(x, alone_mean))
    a, b = joined.curvature(mean), alone.curvature(alone_mean)
    close(a.times(x.unsqueeze(1)), b.times(x.unsqueeze(1)))
    for one, same in zip(a.inverses, b.inverses):
        close(one, same)


def test_dispersion_counts_the_cells_themselves(problems):
    joined, alone, x = problems
    shift = 0.2 * torch.randn((len(x), 4), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    p = torch.tensor([3.0, 4.0, 5.0], dtype=torch.float64)
    found = []
    for one in (joined, alone):
        mean, moved = one.mean(x), one.design.forward(shift)
        by_day = [dispersion_by_day(one.design, mean, p, pooled) for pooled in (True, False)]
        found.append([*by_day, pearson_excess_by_day(one.design, mean, moved)])
    for one, same in zip(*found):
        close(one, same)


def test_scatter_is_that_of_the_cells(problems):
    joined, alone, x = problems
    a, b = (Scatter.at(one.curvature(one.mean(x)), 10.0) for one in (joined, alone))
    close(a.by_guide_day(), b.by_guide_day())
    for one, same in zip(a.by_gene(), b.by_gene()):
        close(one, same)
    columns = torch.randn((len(x), 3), generator=torch.Generator().manual_seed(3))
    moved = [one.design.transpose(one.perturb(one.along(one.design.forward(columns)))) for one in (a, b)]
    close(*moved, rtol=1e-4)


def test_roots_of_singular_matrices():
    s = torch.randn((50, 4, 2), generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    whole = s @ s.mT  # of rank 2
    matrices = torch.cat([whole, torch.zeros_like(whole[:1]), torch.eye(4).double()[None], 1e-12 * whole[:5]])
    root = semidefinite_root(matrices)
    assert torch.equal(root, root.tril())
    size = matrices.abs().amax((1, 2), keepdim=True).clamp(min=1e-300)
    assert float(((root @ root.mT - matrices) / size).abs().max()) < 1e-7


def test_cells_of_one_row_count_together(screen, problems):
    joined, alone, x = problems
    counted = screen.replicate == 0
    a, b = joined.of_cells(counted), alone.of_cells(counted)
    assert a.design.n_cells == b.design.n_cells == counted.sum()
    close(a.gradient(x, a.mean(x)), b.gradient(x, b.mean(x)))
    close(dispersion_at(a.design, a.mean(x), 0 * WEIGHT), dispersion_at(b.design, b.mean(x), 0 * WEIGHT))
    counted[screen.alike.first[0]] ^= True
    with pytest.raises(ValueError, match="of a row"):
        joined.of_cells(counted)


def test_residuals_of_a_day_are_those_of_its_cells(screen, problems):
    joined, alone, x = problems
    solved = []
    for one in (joined, alone):
        scales = torch.ones((screen.n_days + 1, 2), dtype=torch.float64)
        solved.append(solve_estimates(Baseline(design=one.design, x=x, scales=scales, weight=WEIGHT), OPTIONS))
    fitted = [FittedScores.of(one, screen, CONTRAST, burden_strata(screen)) for one in solved]
    same_p = replace(fitted[0], p_eff=fitted[1].p_eff)
    for day in range(screen.n_days):
        one, other = same_p.on_day(day), fitted[1].on_day(day)
        for name in ("residual", "null", "information"):
            close(getattr(one, name), getattr(other, name), rtol=1e-5)


def test_estimates_are_those_of_single_cells(screen, both):
    joined, alone = both
    start = run_rounds(joined, OPTIONS).baseline(joined)
    a = estimate_theta(start, screen, CONTRAST, replace(OPTIONS, p_values=True))
    b = estimate_theta(replace(start, design=alone), screen, CONTRAST, replace(OPTIONS, p_values=True))
    close(a.theta_hat / b.se, b.theta_hat / b.se, rtol=1e-3)
    close(a.guides.beta / b.se.mean(), b.guides.beta / b.se.mean(), rtol=1e-3)
    close(a.by_replicate.theta, b.by_replicate.theta, rtol=1e-3)
    close(a.fate_baseline.eta, b.fate_baseline.eta, rtol=1e-3)
    assert np.nanmax(np.abs(a.p_values.z - b.p_values.z)) < 0.03
    ratio = a.se / b.se  # of covariances by other draws: 200 of them
    assert abs(np.nanmedian(ratio) - 1) < 0.03 and np.nanmax(np.abs(ratio - 1)) < 0.25


@pytest.mark.parametrize(
    "asked",
    [
        {"likelihood_weight": "auto_by_day", "burden_by_day": True},
        {"likelihood_weight": 6.0, "se": "model", "estimand": "guides"},
        {"likelihood_weight": "auto", "estimate_shift": "free"},
    ],
)
def test_a_fit_of_label_sets_is_that_of_single_cells(screen, monkeypatch, asked):
    other = np.random.default_rng(5).dirichlet(np.full(3, 30.0), screen.n_cells)
    several = replace(screen, other_probs=(0.9 * screen.fate_probs + 0.1 * other)[None], label_sets=("a", "b"))
    settings = Settings.from_mapping({"inference": "laplace", "num_perturbations": 200} | asked)
    joined = infer(several, settings)
    assert all(one.laplace.baseline.design.cells is not None for one in joined.sets)
    monkeypatch.setattr(Screen, "alike", None)
    single = infer(several, settings)
    assert all(one.laplace.baseline.design.cells is None for one in single.sets)
    a, b = joined.estimates, single.estimates
    assert np.nanmax(np.abs(a.theta_hat - b.theta_hat) / b.se) < 0.05
    assert np.nanmax(np.abs(a.p_values.z - b.p_values.z)) < 0.05
    ratio = a.se / b.se
    assert abs(np.nanmedian(ratio) - 1) < 0.03 and np.nanmax(np.abs(ratio - 1)) < 0.25
    np.testing.assert_allclose(joined.laplace.weight, single.laplace.weight, rtol=0.01)
