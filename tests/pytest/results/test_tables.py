"""Tables of a fit: names, order of rows, and what their columns are of."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import screen_of, simulated

from fatebias.base.settings import Settings
from fatebias.laplace import replicate_agreement
from fatebias.results.engines import infer
from fatebias.results.manifest import describe_estimates
from fatebias.results.tables import daywise_table, heterogeneity_tables, p_value_tables

SETTINGS = Settings.from_mapping({"inference": "laplace", "num_posterior_draws": 20})


@pytest.fixture(scope="module")
def screen():
    """Gene 3 has no cell on day 1 of the second replicate."""
    whole = screen_of(simulated(cells=1500))
    cell = np.repeat(np.arange(whole.n_cells), np.diff(whole.guide_ptr))
    gone = (whole.guide_gene[whole.guide_idx] == 3) & (whole.day[cell] == 1) & (whole.replicate[cell] == 1)
    pointer = np.r_[0, np.cumsum(np.bincount(cell[~gone], minlength=whole.n_cells))]
    return replace(whole, guide_idx=whole.guide_idx[~gone], guide_ptr=pointer)


@pytest.fixture(scope="module")
def found(screen):
    return infer(screen, SETTINGS)


@pytest.fixture(scope="module")
def tables(found, screen):
    return heterogeneity_tables(found.estimates, screen)


def test_daywise_tables_have_names_then_means_then_sds():
    table = daywise_table({"gene": ("A", "B")}, np.array([[1.0, 2], [3, 4]]), np.array([[0.1, 0.2], [0.3, 0.4]]))
    assert list(table) == ["gene", "betahat_d0", "betahat_d1", "se_d0", "se_d1"]
    assert table.iloc[1].tolist() == ["B", 3, 4, 0.3, 0.4]


def test_p_values_are_those_of_the_estimates_and_none_where_none_are_asked_for(found, screen):
    table, values = p_value_tables(found.estimates, screen)["gene_daywise_p.csv"], found.estimates.p_values
    assert table.gene.tolist() == list(screen.gene_names)
    for name in ("z", "p", "p_guides"):
        np.testing.assert_array_equal(table.filter(regex=f"^{name}_d"), getattr(values, name))
    none = replace(found, estimates=replace(found.estimates, p_values=None))
    assert p_value_tables(none.estimates, screen) == {}


def test_guides_are_in_the_screens_order_and_have_the_genes_mean(tables, found, screen):
    table = tables["guide_daywise_likelihood.csv"]
    assert table.guide.tolist() == list(screen.guide_names)
    assert table.gene.tolist() == [screen.gene_names[gene] for gene in screen.guide_gene]
    mean = table.groupby("gene", sort=False).mean(numeric_only=True).loc[list(screen.gene_names)]
    np.testing.assert_allclose(mean.filter(like="betahat"), found.estimates.theta_hat, atol=1e-10)


def test_guides_can_be_left_out_of_genes_with_two_or_more(tables, found, screen):
    table, every = tables["guide_daywise_left_out.csv"], tables["guide_daywise_likelihood.csv"]
    several = pd.Series(screen.guides_per_gene, index=screen.gene_names) > 1
    assert (~several).any()
    assert table.guide.tolist() == every.guide[every.gene.map(several)].tolist()
    own = screen.guides_per_gene[screen.guide_gene] > 1
    np.testing.assert_array_equal(table.filter(like="betahat"), found.estimates.guides.left_out[own])
    np.testing.assert_array_equal(table.filter(like="se_"), found.estimates.guides.left_out_se[own])


def test_rows_by_replicate_are_gene_by_day_by_replicate(tables, found, screen):
    table = tables["gene_daywise_by_replicate.csv"]
    r, d = screen.n_replicates, screen.n_days
    assert len(table) == screen.n_genes * d * r
    by = found.estimates.by_replicate
    for row in (0, 1, r, 4 * d * r + 2 * r + 1):
        gene, day, replicate = row // (d * r), row // r % d, row % r
        one = table.iloc[row]
        names = (screen.gene_names[gene], day, screen.replicate_labels[replicate])
        assert (one.gene, one.day, one.replicate) == names
        assert (one.betahat, one.se) == (by.theta[replicate, gene, day], by.se[replicate, gene, day])
    missing = table[table.betahat.isna()]
    expected = [[screen.gene_names[3], 1, screen.replicate_labels[1]]]
    assert missing[["gene", "day", "replicate"]].to_numpy().tolist() == expected
    assert missing.se.isna().all() and table.se.isna().sum() == 1


def test_one_replicate_has_the_header_alone():
    screen = screen_of(simulated(replicates=1))
    tables = heterogeneity_tables(infer(screen, SETTINGS).estimates, screen)
    table = tables["gene_daywise_by_replicate.csv"]
    assert list(table) == ["gene", "day", "replicate", "betahat", "se"] and len(table) == 0
    assert tables["gene_heterogeneity.csv"].filter(like="replicate").isna().all().all()


def test_heterogeneity_by_gene(tables, found, screen):
    table, estimates = tables["gene_heterogeneity.csv"], found.estimates
    assert table.gene.tolist() == list(screen.gene_names)
    assert table.n_guides.tolist() == np.bincount(screen.guide_gene).tolist()
    np.testing.assert_allclose(table.guide_sd**2, estimates.guide_variance.by_gene)
    profile, day = estimates.guide_variance.profile, estimates.guide_variance.day
    for gene, row in table.iterrows():
        of_guides = profile**2 * (row.guide_sd**2 + day) / row.n_guides
        share = of_guides / (of_guides + np.diag(estimates.noise[gene]))
        assert row.guide_share == pytest.approx(np.mean(share))
    agreement = replicate_agreement(estimates.by_replicate)
    np.testing.assert_array_equal(table.replicate_q, agreement.q)
    assert table.replicate_df.tolist() == [3, 3, 3, 2, 3, 3]
    np.testing.assert_array_equal(table.replicate_p, agreement.p)


def test_the_manifest_says_what_standard_errors_contain(found, screen):
    said, guides, replicates = describe_estimates(found.estimates), found.estimates.guide_variance, found.estimates
    assert (said["estimand"], said["n_replicates"]) == ("gene", 2)
    assert (said["guide_sd"], said["guide_sd_df"]) == (guides.scale, guides.df)
    assert said["guide_day_sd"] ** 2 == pytest.approx(guides.day)
    assert said["guide_profile"] == guides.profile.tolist() and max(said["guide_profile"]) == 1
    np.testing.assert_allclose(np.square(said["replicate_sd"]), replicates.replicate_variance.by_day)
    assert 0 <= said["replicate_constant_share"] <= 1 and len(said["replicate_sd"]) == screen.n_days
