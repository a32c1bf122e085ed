"""Estimates by replicate against dense fits of each replicate's cells, and how much replicates differ."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import screen_of, simulated
from dense_reference import dense_model
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, fit_laplace
from fatebias.laplace.estimates import solve_estimates
from fatebias.laplace.replicates import ByReplicate, observe_replicates, replicate_agreement, replicate_variance

SETTINGS = Settings.from_mapping({"likelihood_weight": 20.0, "num_perturbations": 512})
OPTIONS = LaplaceOptions.of(SETTINGS)
MES = np.array([1.0, 0.0])


def by_replicate(theta, covariance):
    """Records of estimates whose mean over genes is 0 already."""
    return ByReplicate(theta=theta, covariance=covariance, centred=theta, centred_covariance=covariance)


def planted(rng, replicates, genes, covariance, noise):
    """Effects that vary between replicates with a covariance over days [D, D]; noise variances [R, L, D] unequal."""
    d = len(covariance)
    v = noise**2 * rng.uniform(0.5, 2, (replicates, genes, d))
    own = rng.multivariate_normal(np.zeros(d), covariance, (replicates, genes))
    theta = rng.normal(0, 1, (1, genes, d)) + own + rng.normal(0, 1, v.shape) * np.sqrt(v)
    return by_replicate(theta, v[..., None] * np.eye(d))


# ---- estimates --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case():
    screen = screen_of(simulated(cells=900, genes=5, days=2, seed=1))
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    gone = (screen.guide_gene[screen.guide_idx] == 2) & (screen.day[cell] == 1) & (screen.replicate[cell] == 1)
    pointer = np.r_[0, np.cumsum(np.bincount(cell[~gone], minlength=screen.n_cells))]
    screen = replace(screen, guide_idx=screen.guide_idx[~gone], guide_ptr=pointer)
    fit = fit_laplace(screen, OPTIONS)
    flat = np.broadcast_to(np.eye(2) / SETTINGS.estimate_prior_sd**2, (2, 2, 2))
    dense = dense_model(screen, SETTINGS, flat, fit.scales["sigma_guide"], fit.weight)
    return screen, solve_estimates(fit.baseline, OPTIONS), dense


@pytest.fixture(scope="module")
def found(case):
    screen, solved, _ = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fatebias.laplace.replicates.DRAWS", 512)
        return observe_replicates(solved, screen, OPTIONS.perturbations).of_contrast(MES, np.full((5, 2), 1.5))


def of_logit(dense, logit=0):
    """Matrix [L D, P] that takes theta of one logit out of x."""
    l, f, d = dense.shapes["theta"]
    at = dense.starts["theta"] + np.arange(l * f * d).reshape(l, f, d)[:, logit]
    return np.eye(dense.design.shape[2])[at.ravel()]


def dispersion(dense, screen, x, sigma, among):
    """Pearson's sum over the labels less the parameters, by day, of the cells `among`."""
    pi, found = dense.pi(x), []
    v = pi[:, :, None] * np.eye(2) - pi[:, :, None] * pi[:, None]
    miss = dense.labels - pi
    pearson = np.einsum("nf,nfg,ng->n", miss, np.linalg.inv(v), miss)
    w = dense.weight[:, None, None] * v
    for day in range(screen.n_days):
        own = among & (screen.day == day)
        columns = dense.design[own]
        used = np.einsum("nfp,nfg,ngq,pq->", columns, w[own], columns, sigma, optimize=True)
        found.append(pearson[own].sum() / (2 * own.sum() - used))
    return np.array(found)


def widening(dense, screen, r):
    """1.5 times the root of a replicate's own dispersion over that of all: by day, and its curvature and estimates."""
    whole = dense.mode()
    own = replace(dense, weight=dense.weight * (screen.replicate == r))
    x = whole + np.linalg.solve(own.curvature(whole), own.gradient(whole))
    everyone = np.ones(screen.n_cells, dtype=bool)
    common = dispersion(dense, screen, whole, np.linalg.inv(dense.curvature(whole)), everyone)
    theirs = dispersion(own, screen, x, np.linalg.inv(own.curvature(whole)), screen.replicate == r)
    return 1.5 * np.sqrt(theirs / common)


def test_a_replicates_estimates_are_a_newton_step_with_its_cells_alone(case, found):
    screen, _, dense = case
    whole, onto = dense.mode(), of_logit(dense)
    for r in range(2):
        own = replace(dense, weight=dense.weight * (screen.replicate == r))
        curvature = own.curvature(whole)
        theta = (onto @ (whole + np.linalg.solve(curvature, own.gradient(whole)))).reshape(5, 2)
        covariance = (onto @ np.linalg.inv(curvature) @ onto.T).reshape(5, 2, 5, 2)
        fully, wider = (onto @ own.mode()).reshape(5, 2), widening(dense, screen, r)
        for gene in range(5):
            known = np.array([True, not (r == 1 and gene == 2)])
            np.testing.assert_allclose(found.theta[r, gene][known], theta[gene][known], atol=2e-3)
            exact = np.diag(covariance[gene, :, gene])[known] ** 0.5
            np.testing.assert_allclose(found.se[r, gene][known], wider[known] * exact, rtol=0.08)
            assert np.abs(found.theta[r, gene] - fully[gene])[known].max() < 0.5 * exact.max()  # one step is near
            assert np.isnan(found.theta[r, gene][~known]).all()
            assert np.isnan(found.se[r, gene][~known]).all()


def mean_variance_over_fates(dense, inverse):
    """Of the log probabilities less their mean over the three fates, by gene and day [5, 2]: written out."""
    found = np.zeros((5, 2))
    logits = [of_logit(dense, 0), of_logit(dense, 1)]
    mean = (logits[0] + logits[1]) / 3
    for fate in (-mean, logits[0] - mean, logits[1] - mean):  # the reference has logit 0
        found += np.diag(fate @ inverse @ fate.T).reshape(5, 2) / 3
    return found


def test_centred_estimates_have_the_covariance_without_what_genes_share(case, found):
    screen, _, dense = case
    whole, onto = dense.mode(), of_logit(dense)
    own = replace(dense, weight=dense.weight * (screen.replicate == 0))  # all genes are known there
    inverse = np.linalg.inv(own.curvature(whole))
    sigma = onto @ inverse @ onto.T
    wider = widening(dense, screen, 0)
    weight = 1 / mean_variance_over_fates(dense, inverse)
    weight = weight / weight.sum(0)
    to_centred = np.eye(10)
    for day in range(2):
        of_day = np.zeros(10)
        of_day[day::2] = weight[:, day]
        to_centred[day::2] -= of_day
    sd = np.sqrt(np.diag(sigma))
    assert np.abs((found.centred[0].ravel() - to_centred @ found.theta[0].ravel()) / sd).max() < 0.1
    exact = to_centred @ sigma @ to_centred.T
    for gene in range(5):
        block = exact[2 * gene : 2 * gene + 2, 2 * gene : 2 * gene + 2] * np.outer(wider, wider)
        sd = np.sqrt(np.diag(block))
        assert np.abs((found.centred_covariance[0, gene] - block) / np.outer(sd, sd)).max() < 0.15


def test_one_replicate_tells_nothing():
    screen = screen_of(simulated(cells=400, replicates=1))
    solved = solve_estimates(fit_laplace(screen, OPTIONS).baseline, OPTIONS)
    found = observe_replicates(solved, screen, OPTIONS.perturbations).of_contrast(MES, np.ones((6, 3)))
    assert found.n == 0 and found.theta.shape == (0, 6, 3) and found.se.shape == (0, 6, 3)
    variance = replicate_variance(found)
    assert variance.n_replicates == 1
    np.testing.assert_array_equal(variance.of_mean, np.zeros((3, 3)))
    agreement = replicate_agreement(found)
    assert np.isnan([agreement.q, agreement.df, agreement.p]).all() and agreement.q.shape == (6,)


# ---- variance between replicates --------------------------------------------------------------------------


@pytest.mark.parametrize("replicates", [2, 4])
@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_a_planted_variance_and_its_constant_share_are_recovered(replicates, share):
    rng, sd = np.random.default_rng(0), np.array([0.15, 0.3, 0.45])
    covariance = np.outer(sd, sd) * (share + (1 - share) * np.eye(3))
    found = [replicate_variance(planted(rng, replicates, 120, covariance, 0.15)) for _ in range(25)]
    by_day = np.stack([one.by_day for one in found])
    mc = by_day.std(0) / np.sqrt(len(found))
    above = by_day.mean(0) - by_day.std(0)  # one standard error above the estimate
    assert (np.abs(above - sd**2) < 5 * mc + 0.06 * sd**2).all()  # days are drawn towards each other a little
    # between days what is planted, since the share is of the larger variance
    of_mean = np.mean([one.of_mean for one in found], 0)
    off, expected = ~np.eye(3, dtype=bool), covariance / replicates
    np.testing.assert_allclose(of_mean[off], expected[off], rtol=0.1, atol=0.06 * expected.max())
    np.testing.assert_allclose(of_mean.diagonal(), by_day.mean(0) / replicates)
    assert share - 0.2 < np.mean([one.constant for one in found]) < share + 0.08


def test_replicates_that_differ_by_noise_alone_have_no_variance():
    rng = np.random.default_rng(1)
    found = [replicate_variance(planted(rng, 2, 120, np.zeros((3, 3)), 0.3)).by_day for _ in range(25)]
    assert np.mean(found) < 0.15 * 0.3**2  # one standard error: sqrt(2 / 120 / 3) = .075 of the noise
    assert np.min(found) >= 0


def test_estimates_that_are_missing_are_left_out():
    rng = np.random.default_rng(2)
    whole = planted(rng, 3, 400, 0.09 * np.eye(2), 0.2)
    gone = rng.random(whole.theta.shape) < 0.3
    theta = np.where(gone, np.nan, whole.theta)
    covariance = np.where(gone[..., None] | gone[..., None, :], np.nan, whole.covariance)
    np.testing.assert_allclose(replicate_variance(by_replicate(theta, covariance)).by_day, 0.09, rtol=0.25)


# ---- agreement --------------------------------------------------------------------------------------------


def test_q_is_cochrans():
    theta = np.array([[[1.0, 0.0]], [[2.0, 0.5]], [[4.0, np.nan]]])
    variance = np.array([[[1.0, 0.5]], [[0.5, 0.5]], [[2.0, np.nan]]])
    found = replicate_agreement(by_replicate(theta, variance[..., None] * np.eye(2)))
    w = np.array([1.0, 2.0, 0.5])
    mean = (w @ [1.0, 2.0, 4.0]) / w.sum()
    q = (w * (np.array([1.0, 2.0, 4.0]) - mean) ** 2).sum() + 2 * 0.25**2 + 2 * 0.25**2
    assert found.q[0] == pytest.approx(q)
    assert found.df[0] == 3
    assert found.p[0] == pytest.approx(stats.chi2.sf(q, 3))


def test_p_is_uniform_where_replicates_agree_and_small_where_they_do_not():
    rng = np.random.default_rng(3)
    agree = replicate_agreement(planted(rng, 3, 1500, np.zeros((2, 2)), 0.2)).p
    assert stats.kstest(agree, "uniform").pvalue > 0.01
    differ = replicate_agreement(planted(rng, 3, 1500, 0.16 * np.eye(2), 0.2)).p
    assert (differ < 0.05).mean() > 0.7


def test_a_gene_seen_in_one_replicate_only_has_no_p():
    theta = np.array([[[1.0, 2.0]], [[np.nan, np.nan]]])
    covariance = np.where(np.isnan(theta), np.nan, 1.0)[..., None] * np.eye(2)
    found = replicate_agreement(by_replicate(theta, covariance))
    assert found.df[0] == 0 and np.isnan(found.p[0])
