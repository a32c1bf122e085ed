"""The design of some cells: the whole's, with all other cells at weight 0."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated

from fatebias.laplace.cell_matrices import HeldMatrices
from fatebias.laplace.curvature import gene_grams
from fatebias.model import build_design, design_of_rows
from fatebias.model.nuisance import Terms

BOTH = Terms(burden_by_day=True, sample_effects=True)


@pytest.fixture(scope="module", params=[0.5, 0.03])
def parts(request):
    """The whole design, which of its cells count, and the design of these."""
    screen = screen_of(simulated(cells=400, moi=6.0))  # cells with several guides of a gene
    screen = replace(screen, cluster=np.arange(screen.n_cells) // 3)
    design = replace(build_design(screen, terms=BOTH), given=torch.ones((screen.n_cells, 2), dtype=torch.float64))
    counted = np.random.default_rng(0).random(screen.n_cells) < request.param
    return design, counted, design_of_rows(design, counted)


def test_predictors_are_those_of_the_cells_that_count(parts):
    design, counted, part = parts
    assert part.n_cells == counted.sum() and part.n_effects == design.n_effects
    x = torch.randn((design.n_effects, 3), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.allclose(part.forward(x), design.forward(x)[counted])
    assert torch.allclose(part.predictor(x[:, 0]), design.predictor(x[:, 0])[counted])
    assert torch.allclose(part.theta(x), design.theta(x)) and torch.allclose(part.delta(x), design.delta(x))


def test_sums_over_cells_leave_the_others_out(parts):
    design, counted, part = parts
    e = torch.randn((design.n_cells, 2, 3), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    alone = e * torch.as_tensor(counted.astype(float))[:, None, None]
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 1e-4)):
        found, expected = part.transpose(e[counted].to(dtype)), design.transpose(alone.to(dtype))
        assert torch.allclose(found, expected, atol=tolerance)
    carried = design.n_carried * torch.as_tensor(counted)
    assert torch.equal(part.sum_by_day(part.n_carried), design.sum_by_day(carried))


def test_gene_blocks_count_two_guides_of_a_cell_exactly(parts):
    design, counted, part = parts
    w = torch.randn((design.n_cells, 2, 2), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    w = w @ w.mT
    alone = w * torch.as_tensor(counted.astype(float))[:, None, None]
    assert any(len(group.pair_cell) for group in design.groups)
    for found, expected in zip(
        gene_grams(part, HeldMatrices(values=w[counted])), gene_grams(design, HeldMatrices(values=alone))
    ):
        assert torch.allclose(found, expected, atol=1e-10)


def test_what_a_cell_has_goes_with_it(parts):
    design, counted, part = parts
    for name in ("nuisance", "day", "n_carried", "labels", "given", "cluster"):
        assert torch.equal(getattr(part, name), getattr(design, name)[counted]), name
