"""Pseudo-observations of guides by day against one Newton step written out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import curvature_of

from fatebias.laplace.guide_observations import observe_guides

CONTRAST = np.array([1.0, -1.0])


def layouts_of(screen, curvature, x, scatter):
    return observe_guides(curvature, x, screen.guide_gene, np.ones(2), scatter).layouts(CONTRAST)


@pytest.fixture(scope="module")
def observed():
    screen = screen_of(simulated(cells=500, genes=5, days=3))
    x, curvature, _ = curvature_of(screen, weight=7.0)
    return screen, x, curvature


def of_guide(screen, curvature, guide, day):
    """Information and score, summed over the cells of the day that carry the guide."""
    design, pi = curvature.design, curvature.mean.numpy()
    information, score, f = 0.0, 0.0, design.n_logits
    for i in range(screen.n_cells):
        if screen.day[i] == day and guide in screen.guide_idx[screen.guide_ptr[i] : screen.guide_ptr[i + 1]]:
            information = information + 7.0 * (np.diag(pi[i]) - np.outer(pi[i], pi[i]))
            score = score + 7.0 * (design.labels[i].numpy() - pi[i])
    return np.broadcast_to(information, (f, f)), np.broadcast_to(score, f)


def test_an_observation_is_one_newton_step_of_a_guide_alone(observed):
    screen, x, curvature = observed
    design = curvature.design
    theta, delta = design.theta(x).numpy(), design.delta(x).numpy()
    found = layouts_of(screen, curvature, x, None)
    assert sorted(np.concatenate([layout.guides.ravel() for layout in found])) == list(range(screen.n_guides))
    for layout in found:
        for gene, guides, y, v in zip(layout.genes, layout.guides, layout.y, layout.v):
            for guide, own_y, own_v in zip(guides, y, v):
                assert screen.guide_gene[guide] == gene
                for day in range(screen.n_days):
                    information, score = of_guide(screen, curvature, guide, day)
                    onto = np.linalg.solve(information, CONTRAST)
                    at = CONTRAST @ (theta[gene, :, day] + delta[guide])
                    np.testing.assert_allclose(own_y[day], at + onto @ score, rtol=1e-9)
                    np.testing.assert_allclose(own_v[day], CONTRAST @ onto, rtol=1e-9)


def test_the_scatter_gives_variances_one_factor_a_day(observed):
    screen, x, curvature = observed
    design = curvature.design
    by_model = layouts_of(screen, curvature, x, None)
    information = design.guide_sums(design.likelihood.curvature(curvature.mean, curvature.weight))
    same = layouts_of(screen, curvature, x, information)  # scatter as the model has it
    factor = torch.tensor([1.0, 4.0, 0.25])[torch.arange(len(information)) % 3]
    other = layouts_of(screen, curvature, x, information * factor[:, None, None])
    for a, b, c in zip(by_model, same, other):
        np.testing.assert_allclose(b.v, a.v, rtol=1e-9)
        np.testing.assert_allclose(c.v, a.v * np.array([1.0, 4.0, 0.25]), rtol=1e-9)
        np.testing.assert_array_equal(c.y, a.y)
    # one guide that scatters four times as much moves the day's factor by its share of the information
    one = information.clone()
    one[0] *= 4
    moved = layouts_of(screen, curvature, x, one)
    variance = np.concatenate([layout.v[:, :, 0].ravel() for layout in by_model])  # of day 0, in the design's order
    expected = 1 + 3 * (1 / variance[0]) / (1 / variance).sum()
    for a, b in zip(by_model, moved):
        np.testing.assert_allclose(b.v, a.v * np.array([expected, 1, 1]), rtol=1e-9)


def test_a_day_without_the_guides_cells_says_nothing(observed):
    screen, _, _ = observed
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    keep = ~((screen.guide_idx == 2) & (screen.day[cell] == 1))
    pointer = np.r_[0, np.cumsum(np.bincount(cell[keep], minlength=screen.n_cells))]
    screen = replace(screen, guide_idx=screen.guide_idx[keep], guide_ptr=pointer)
    x, curvature, _ = curvature_of(screen)
    layouts = layouts_of(screen, curvature, x, None)
    silent = [
        (int(layout.guides[at[0], at[1]]), int(at[2])) for layout in layouts for at in np.argwhere(layout.v > 1e9)
    ]
    assert silent == [(2, 1)]
    assert all(np.isfinite(layout.y).all() for layout in layouts)
