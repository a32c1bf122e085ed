"""Variance of the guides of a gene, moderated: the prior is recovered, and an outlier keeps what is its own."""

import numpy as np
import pytest
from scipy.special import digamma

from fatebias.laplace.guide_days import VAGUE, GuideDays, fit_layout
from fatebias.laplace.guide_variance import GRID, GuideVariance, guide_profile, moderated_variance


def layouts_of(rng, variances, n, noise, profile=(1.0, 1.0, 1.0), day_sd=0.0, first=0):
    """Genes with n guides whose deviations have these variances [l] on the day of profile 1."""
    profile = np.asarray(profile)
    genes, d = len(variances), len(profile)
    v = noise**2 * rng.uniform(0.7, 1.4, (genes, n, d))
    deviation = rng.normal(0, 1, (genes, n, 1)) * np.sqrt(variances)[:, None, None]
    y = profile * (deviation + rng.normal(0, day_sd, v.shape)) + rng.normal(0, 1, v.shape) * np.sqrt(v)
    index = first + np.arange(genes)
    return GuideDays(
        y=y + rng.normal(0, 0.5, (genes, 1, d)), v=v, genes=index, guides=index[:, None] * n + np.arange(n)
    )


def inverse_chi_squared(rng, n, df, scale):
    return df * scale**2 / rng.chisquare(df, n)


@pytest.mark.parametrize("df", [3.0, 16.0])
@pytest.mark.parametrize("scale", [0.1, 0.3])
def test_scale_and_df_of_the_prior_are_recovered(df, scale):
    scales, dfs, rng = [], [], np.random.default_rng(0)
    for _ in range(6):
        layout = layouts_of(rng, inverse_chi_squared(rng, 400, df, scale), 5, noise=0.1)
        found = moderated_variance((layout,), 400)
        scales, dfs = [*scales, found.scale], [*dfs, found.df]
    assert np.exp(np.mean(np.log(scales))) == pytest.approx(scale, rel=0.12)
    assert 0.5 * df < np.exp(np.mean(np.log(dfs))) < 2.1 * df


def test_outliers_keep_a_larger_variance_and_others_lose_their_luck():
    """A guide of its own effect in one gene of ten; the others' guides are alike."""
    rng = np.random.default_rng(1)
    layout = layouts_of(rng, np.full(150, 0.15**2), 5, noise=0.1)
    layout.y[:15, 0] += 1.2  # the deviation of a guide that hits something else as well
    found = moderated_variance((layout,), 150)
    outliers, others = found.by_gene[:15], found.by_gene[15:]
    own = fit_layout(layout.y, layout.v, VAGUE).delta.var(1, ddof=1)
    assert np.median(outliers) > 5 * np.median(others)
    assert outliers.min() > 2 * np.median(others)
    assert np.median(outliers / own[:15]) > 0.5
    assert np.log(others).std() < 0.8 * np.log(own[15:]).std()
    assert 0.4 * 0.15**2 < np.median(others) < 1.3 * 0.15**2


def expected_log(df, whole):
    """exp(E log s^2) of whole / s^2 ~ chi-squared(df)."""
    return whole / 2 / np.exp(digamma(df / 2))


def test_the_closed_form_where_there_is_no_noise():
    """Without noise (df scale^2 + sum of squares) / s^2 ~ chi-squared(df + n - 1), at the prior that is found."""
    rng = np.random.default_rng(2)
    layout = layouts_of(rng, inverse_chi_squared(rng, 300, 4, 0.3), 4, noise=1e-3)
    found = moderated_variance((layout,), 300)
    squares = (fit_layout(layout.y, layout.v, VAGUE).delta ** 2).sum(1)
    expected = expected_log(found.df + 3, found.df * found.scale**2 + squares)
    inside = (expected > 4 * GRID[0]) & (expected < GRID[-1] / 20)
    assert inside.mean() > 0.9
    # the grid's profile is close to 1, not exactly so
    np.testing.assert_allclose(found.by_gene[inside], expected[inside], rtol=0.1)


def test_noise_alone_is_no_variance():
    rng = np.random.default_rng(3)
    found = moderated_variance((layouts_of(rng, np.zeros(200), 4, noise=0.3),), 200)
    assert np.sqrt(found.by_gene).max() < 0.1
    assert found.day < 0.005


def test_a_gene_with_one_guide_has_the_priors_variance():
    rng = np.random.default_rng(4)
    layouts = (
        layouts_of(rng, np.full(3, 0.04), 1, 0.1),
        layouts_of(rng, inverse_chi_squared(rng, 100, 8, 0.2), 4, 0.1, first=3),
    )
    found = moderated_variance(layouts, 103)
    np.testing.assert_allclose(found.by_gene[:3], expected_log(found.df, found.df * found.scale**2), rtol=0.05)


@pytest.mark.parametrize("profile", [(0.25, 0.5, 1.0), (1.0, 1.0, 1.0)])
def test_the_profile_of_days_is_recovered(profile):
    rng, found = np.random.default_rng(5), []
    for _ in range(10):
        found.append(guide_profile((layouts_of(rng, np.full(120, 0.09), 4, 0.1, profile),)))
    np.testing.assert_allclose(np.mean(found, 0), profile, atol=0.06)
    only_ones = layouts_of(rng, np.full(5, 0.09), 1, 0.1)
    np.testing.assert_array_equal(guide_profile((only_ones,)), 1.0)


def test_what_differs_by_day_is_told_from_what_does_not():
    rng = np.random.default_rng(6)
    found = moderated_variance((layouts_of(rng, np.full(300, 0.09), 4, 0.1, day_sd=0.15),), 300)
    top = found.profile.max()
    assert found.day * top**2 == pytest.approx(0.15**2, rel=0.25)
    assert np.median(found.by_gene) * top**2 == pytest.approx(0.09, rel=0.25)


def test_g_is_the_variance_of_a_mean_of_guides():
    """s^2 / n on all days together, s_gd^2 / n on each alone, both in the profile's units."""
    profile, n = np.array([0.5, 1.0]), np.array([1, 4])
    variance = GuideVariance(
        by_gene=np.array([0.2, 0.3]), scale=0.4, df=4.0, day=0.05, profile=profile, posterior=np.empty((2, 0))
    )
    for gene in range(2):
        expected = np.empty((2, 2))
        for a in range(2):
            for b in range(2):
                constant = variance.by_gene[gene] + (0.05 if a == b else 0.0)
                expected[a, b] = profile[a] * profile[b] * constant / n[gene]
        np.testing.assert_allclose(variance.of_mean(n)[gene], expected)
