"""Sums of matrices by cell, held or as vectors, against loops over cells and a dense J."""

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated

from fatebias.laplace import cell_matrices
from fatebias.laplace.cell_matrices import FactoredMatrices, HeldMatrices, curvature_by_cell, squares_by_cell
from fatebias.laplace.curvature import gene_grams
from fatebias.model import build_design
from fatebias.model.likelihood import SOFT_LABELS
from fatebias.model.nuisance import Terms


@pytest.fixture(scope="module", params=[2, 3, 10])
def case(request):
    """A design, means and weights of its cells, a score, and the columns of J [N, F, P]."""
    screen = screen_of(simulated(fates=request.param, cells=120, genes=3, guides_per_gene=3, moi=4.0, days=3))
    design = build_design(screen, terms=Terms(burden_by_day=True, sample_effects=True))
    rng = np.random.default_rng(0)
    mean = torch.as_tensor(rng.dirichlet(np.full(screen.n_fates, 0.3), screen.n_cells)[:, 1:])
    weight, score = (torch.as_tensor(rng.uniform(0.5, 9, size)) for size in (screen.n_cells, mean.shape))
    columns = design.forward(torch.eye(design.n_effects, dtype=torch.float64)).numpy()
    return design, mean, weight, score, columns


def by_hand(mean, weight):
    """weight (diag(pi) - pi pi') of each cell, entry by entry."""
    n, f = mean.shape
    out = np.empty((n, f, f))
    for i in range(n):
        for a in range(f):
            for b in range(f):
                own = float(mean[i, a]) if a == b else 0.0
                out[i, a, b] = float(weight[i]) * (own - float(mean[i, a]) * float(mean[i, b]))
    return out


def kinds(case):
    """Both ways to have the curvature, and both to have the squares of scores, each with the dense matrices."""
    _, mean, weight, score, _ = case
    w = by_hand(mean, weight)
    weighted = weight[:, None] * mean
    none = torch.zeros_like(score)
    squares = np.einsum("na,nb->nab", score, score)
    return [
        (HeldMatrices(values=torch.as_tensor(w)), w),
        (FactoredMatrices(diagonal=weighted, left=-weighted, right=mean), w),
        (FactoredMatrices(diagonal=none, left=score, right=score), squares),
    ]


def test_sums_by_guide_and_day_are_those_of_the_cells(case):
    design, *_ = case
    ptr, cells = design.guide_sums.lists
    for matrices, dense in kinds(case):
        exact = np.stack([dense[cells[a:b]].sum(0) for a, b in zip(ptr, ptr[1:])])
        np.testing.assert_allclose(matrices.guide_sums(design), exact, rtol=1e-12, atol=1e-12)
        chosen = torch.tensor([5, 0, 5])
        np.testing.assert_allclose(matrices.at(chosen), dense[chosen.numpy()], rtol=1e-12, atol=1e-14)


def test_gene_blocks_are_those_of_the_dense_matrix(case):
    design, *_, columns = case
    for matrices, dense in kinds(case):
        whole = np.einsum("nap,nab,nbq->pq", columns, dense, columns, optimize=True)
        for group, blocks in zip(design.groups, gene_grams(design, matrices)):
            k = blocks.shape[1]
            for gene, block in enumerate(blocks):
                at = slice(group.entries.start + gene * k, group.entries.start + (gene + 1) * k)
                np.testing.assert_allclose(block, whole[at, at], rtol=1e-10, atol=1e-10)


def test_columns_of_all_logits_are_moved_as_by_the_dense_matrix(case):
    design, *_, columns = case
    f = design.n_logits
    on_day = torch.nn.functional.one_hot(design.day, design.n_days) * design.n_carried.unsqueeze(1)
    shared = torch.cat([design.nuisance, on_day], 1)
    onto = np.einsum("nk,ab->nakb", shared, np.eye(f)).reshape(len(shared), f, -1)
    for matrices, dense in kinds(case):
        bent = np.einsum("nab,nbc->nac", dense, onto)
        products = np.einsum("nac,nad->cd", onto, bent)
        found = matrices.products(design.shared_columns)
        np.testing.assert_allclose(found, products, rtol=1e-10, atol=1e-9)
        image = np.einsum("nap,nac->pc", columns, bent)
        moved = matrices.image(design, design.shared_columns, found)
        np.testing.assert_allclose(moved, image, rtol=1e-4, atol=1e-4 * np.abs(image).max())


def test_matrices_are_held_with_few_fates_only(case, monkeypatch):
    _, mean, weight, score, _ = case
    for most, kind in ((mean.shape[1], HeldMatrices), (mean.shape[1] - 1, FactoredMatrices)):
        monkeypatch.setattr(cell_matrices, "MOST_DENSE", most)
        found = curvature_by_cell(SOFT_LABELS, mean, weight)
        assert isinstance(found, kind) and isinstance(squares_by_cell(score), kind)
        np.testing.assert_allclose(found.at(torch.arange(len(mean))), by_hand(mean, weight), rtol=1e-12, atol=1e-14)


def test_a_likelihood_of_another_curvature_has_it_held():
    class Other(type(SOFT_LABELS)):
        curvature_is_multinomial = False

    mean = torch.full((4, 9), 0.1, dtype=torch.float64)
    assert isinstance(curvature_by_cell(Other(), mean, torch.ones(4, dtype=torch.float64)), HeldMatrices)
