"""The scatter of scores by cells and by clusters against dense sums of s s', and the sandwich that is made of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import curvature_of

from fatebias.laplace.covariance import gene_covariances, parameters_of_clusters
from fatebias.laplace.options import Perturbations
from fatebias.laplace.sandwich import sandwich_covariances
from fatebias.laplace.scatter import Scatter

WEIGHT = 5.0


def clustered(screen, n_clusters, seed=0):
    """The screen with cells in so many clusters of unequal sizes."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(n_clusters))
    cluster = rng.choice(n_clusters, screen.n_cells, p=share)
    return replace(screen, cluster=np.unique(cluster, return_inverse=True)[1])


@pytest.fixture(scope="module", params=[None, 60], ids=["cells", "clusters"])
def case(request):
    """A curvature, the units of its cells, each cell's score, its columns of J [N, F, P], and A."""
    screen = screen_of(simulated(cells=400, labels="logitnormal"))
    if request.param:
        screen = clustered(screen, request.param)
    _, curvature, matrix = curvature_of(screen, prior="fixed", weight=WEIGHT)
    design = curvature.design
    unit = np.arange(design.n_cells) if screen.cluster is None else screen.cluster
    score = WEIGHT * (design.labels - curvature.mean).numpy()
    columns = design.forward(torch.eye(design.n_effects, dtype=torch.float64)).numpy()
    return screen, curvature, unit, score, columns, matrix.numpy()


def dense_scatter(unit, score, columns):
    """Sum over units of s s', s = sum over the unit's cells of J_i' score_i: [P, P]."""
    by_cell = np.einsum("nfp,nf->np", columns, score)
    by_unit = np.stack([by_cell[unit == u].sum(0) for u in range(unit.max() + 1)])
    return by_unit.T @ by_unit


def test_by_gene_is_the_block_of_the_dense_scatter(case):
    screen, curvature, unit, score, columns, _ = case
    dense, design = dense_scatter(unit, score, columns), curvature.design
    found = Scatter.at(curvature, 0.0).by_gene()
    for group, blocks in zip(design.groups, found):
        for gene, block in zip(design.genes_of(group), blocks.numpy()):
            own = design.rows(int(gene))
            np.testing.assert_allclose(block, dense[own, own], rtol=1e-9, atol=1e-9 * np.abs(dense[own, own]).max())


def test_by_guide_and_day_is_a_sum_over_the_units_of_the_guides_cells(case):
    screen, curvature, unit, score, _, _ = case
    design = curvature.design
    found = Scatter.at(curvature, 0.0).by_guide_day().view(design.n_guides, design.n_days, design.n_logits, -1)
    carries = np.zeros((screen.n_cells, screen.n_guides), dtype=bool)
    carries[np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr)), screen.guide_idx] = True
    in_order = np.concatenate([design.guides_of(group).ravel() for group in design.groups])
    for place, guide in enumerate(in_order):
        for day in range(screen.n_days):
            among = carries[:, guide] & (screen.day == day)
            expected = np.zeros((design.n_logits, design.n_logits))
            for u in np.unique(unit[among]):
                s = score[among & (unit == u)].sum(0)
                expected += np.outer(s, s)
            np.testing.assert_allclose(found[place, day].numpy(), expected, rtol=1e-10, atol=1e-10)


def test_perturbed_scores_have_the_scatter_as_covariance(case):
    """With one number a unit, unit vectors: their outer products are the scatter itself."""
    _, curvature, unit, score, columns, _ = case
    scatter = Scatter.at(curvature, 0.0)
    assert scatter.n_numbers == unit.max() + 1
    moved = curvature.design.transpose(scatter.perturb(torch.eye(scatter.n_numbers))).double().numpy()
    dense = dense_scatter(unit, score, columns)
    sd = np.sqrt(np.maximum(np.diag(dense), 1e-6))  # 0 of the deviation of a guide that is alone
    assert np.abs((moved @ moved.T - dense) / np.outer(sd, sd)).max() < 1e-4  # single precision


def test_parameters_widen_the_scores(case):
    _, curvature, unit, _, _, _ = case
    n = (unit.max() + 1) * curvature.design.n_logits
    plain, wider = Scatter.at(curvature, 0.0).score, Scatter.at(curvature, 0.36 * n).score
    np.testing.assert_allclose(wider, plain / 0.8)


def test_the_sandwich_is_the_dense_one(case):
    _, curvature, unit, score, columns, matrix = case
    design, inverse = curvature.design, np.linalg.inv(matrix)
    prior = curvature.prior.precision(design, torch.eye(design.n_effects, dtype=torch.float64)).numpy()
    exact = np.sqrt(np.diag(inverse @ (dense_scatter(unit, score, columns) + prior) @ inverse))
    options = Perturbations(number=1024, seed=5, tolerance=1e-4)
    found = sandwich_covariances(curvature, Scatter.at(curvature, 0.0), options).by_group
    sds = np.concatenate([c.diagonal(dim1=1, dim2=2).sqrt().reshape(-1).numpy() for c in found])
    error = np.abs(sds / exact[: len(sds)] - 1)
    assert np.median(error) < 0.01
    assert np.quantile(error, 0.95) < 0.044  # two SDs of an SD of 1,024 draws


def test_units_use_up_as_many_parameters_as_the_dense_hat_matrix_says(case):
    """Of a unit with curvature S: trace(S^-1 K Sigma K'), K = sum over its cells of W J; units weighted by cells."""
    _, curvature, unit, _, columns, matrix = case
    w = curvature.design.likelihood.curvature(curvature.mean, curvature.weight).numpy()
    sigma, exact, weighted = np.linalg.inv(matrix), 0.0, 0.0
    for u in range(unit.max() + 1):
        own = unit == u
        k = np.einsum("nfg,ngp->fp", w[own], columns[own])
        leverage = np.trace(np.linalg.solve(w[own].sum(0), k @ sigma @ k.T))
        exact, weighted = exact + leverage, weighted + own.mean() * leverage
    found = gene_covariances(curvature, Perturbations(number=512, seed=0, tolerance=1e-4))
    assert float(found.p_units) == pytest.approx((unit.max() + 1) * weighted, rel=0.03)
    assert float(found.p_eff.sum()) >= 0.97 * exact  # cells of a cluster share what they use up


def test_each_cell_a_cluster_of_its_own_is_no_cluster():
    screen = screen_of(simulated(cells=300))
    _, alone, _ = curvature_of(screen, weight=WEIGHT)
    number = np.random.default_rng(1).permutation(screen.n_cells)
    _, own, _ = curvature_of(replace(screen, cluster=number), weight=WEIGHT)
    one, other = Scatter.at(alone, 10.0), Scatter.at(own, 10.0)
    np.testing.assert_allclose(one.by_guide_day(), other.by_guide_day(), rtol=1e-10, atol=1e-12)
    for a, b in zip(one.by_gene(), other.by_gene()):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9)
    options = Perturbations(number=512, seed=3, tolerance=1e-4)
    found = [sandwich_covariances(*both, options).by_group for both in ((alone, one), (own, other))]
    for a, b in zip(*found):
        ratio = (a.diagonal(dim1=1, dim2=2) / b.diagonal(dim1=1, dim2=2)).sqrt()
        assert float((ratio - 1).abs().max()) < 0.2  # other draws, 512 of them
        assert float((ratio - 1).abs().median()) < 0.04
    eta = torch.randn((screen.n_cells, 2, 7), generator=torch.Generator().manual_seed(0))
    bent = own.design.likelihood.curve_(eta.double(), own.mean, own.weight)
    assert float(parameters_of_clusters(own, eta)) == pytest.approx(float((bent * eta).sum()) / 7, rel=1e-5)


def test_shared_noise_of_clusters_widens_the_standard_errors():
    """Clusters of cells with the same guides, whose labels are moved together."""
    sim = simulated(cells=900, genes=6, seed=2)
    screen = screen_of(sim)
    rng = np.random.default_rng(0)
    first = np.full(screen.n_cells, -1)
    carried = np.diff(screen.guide_ptr) > 0
    first[carried] = screen.guide_idx[screen.guide_ptr[:-1][carried]]
    _, cluster = np.unique(first * 3 + rng.integers(3, size=screen.n_cells), return_inverse=True)
    logits = np.log(screen.fate_probs + 1e-9) + rng.normal(0, 0.7, (cluster.max() + 1, screen.n_fates))[cluster]
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    sds = []
    for one in (replace(screen, fate_probs=probs), replace(screen, fate_probs=probs, cluster=cluster)):
        _, curvature, _ = curvature_of(one, weight=WEIGHT)
        found = sandwich_covariances(
            curvature, Scatter.at(curvature, 0.0), Perturbations(number=64, seed=0, tolerance=1e-3)
        ).by_group
        sds.append(np.concatenate([c.diagonal(dim1=1, dim2=2).sqrt().reshape(-1).numpy() for c in found]))
    assert np.median(sds[1] / sds[0]) > 1.2
