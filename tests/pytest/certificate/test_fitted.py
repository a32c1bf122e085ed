"""What the fit's own standard errors contain, on screens whose truth is known."""

import dataclasses

import numpy as np
import pytest
from conftest import screen_of, simulated
from one_step import source_of
from scipy.stats import chi2

from fatebias.base.settings import Settings
from fatebias.certificate.fitted import (
    burden_slopes,
    cochran_q,
    guide_share,
    label_dispersion,
    replicate_scatter,
    sample_name,
)
from fatebias.laplace import ByReplicate

SIZES = {"cells": 3000, "genes": 20, "ntc": 12, "moi": 4.0}


def made(arguments: dict, **settings):
    wanted = Settings.from_mapping({"inference": "laplace", "seed": 3} | settings)
    return source_of(screen_of(simulated(**(SIZES | arguments)), wanted), wanted)


def test_guides_that_differ_are_a_share_of_the_variance_that_their_estimand_has_or_lacks():
    of_guides, of_gene = (made({"guide_sd": 0.3, "seed": 1}, estimand=one) for one in ("guides", "gene"))
    lacking, contained = guide_share(of_guides), guide_share(of_gene)
    assert lacking["lacking"] == lacking["share"] > 0.3 and contained["lacking"] == 0
    noise = np.einsum("ldd->ld", of_guides.estimates.noise)
    truth = np.mean(0.3**2 / 4 / (noise + 0.3**2 / 4))
    assert abs(lacking["share"] - truth) < 0.15
    alike = guide_share(made({"guide_sd": 0.0, "seed": 1}, estimand="guides"))
    assert alike["lacking"] < 1 - 1 / 1.05**2 + 3 * alike["chance"]


def by_replicate(theta, covariance):
    """Estimates of genes that share nothing."""
    return ByReplicate(theta=theta, covariance=covariance, centred=theta, centred_covariance=covariance)


def test_cochran_q_of_two_replicates_by_hand():
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(2, 30, 3))
    root = rng.normal(size=(2, 30, 3, 3)) * 0.2 + np.eye(3)
    covariance = root @ root.transpose(0, 1, 3, 2)
    theta[1, 4, 2] = np.nan
    covariance[1, 4, 2, :] = covariance[1, 4, :, 2] = np.nan
    q, df, _ = cochran_q(by_replicate(theta, covariance), np.zeros((3, 3)))
    v = np.einsum("rldd->rld", covariance)
    by_hand = np.nansum((theta[0] - theta[1]) ** 2 / (v[0] + v[1]))
    assert df == 89 and np.isclose(q, by_hand)


def test_the_variance_of_q_is_that_of_draws():
    rng = np.random.default_rng(1)
    root = np.linalg.cholesky(0.6 + 0.4 * np.eye(3))
    found = []
    for _ in range(300):
        by = by_replicate(rng.normal(size=(2, 20, 3)) @ root.T, np.broadcast_to(root @ root.T, (2, 20, 3, 3)))
        found.append(cochran_q(by, np.zeros((3, 3))))
    q, df, variance = (np.array(part) for part in zip(*found))
    assert abs(q.mean() / df[0] - 1) < 0.05 and abs(q.var() / variance[0] - 1) < 0.35


def test_replicates_that_differ_are_seen_where_the_estimand_is_of_these_cultures():
    arguments = {"replicate_sd": 0.3, "seed": 2}
    of_guides, of_gene = (replicate_scatter(made(arguments, estimand=one)) for one in ("guides", "gene"))
    assert of_guides["q"] > 1.5 * of_guides["df"]
    assert of_gene["q"] < chi2.isf(1e-4, of_gene["df"])
    assert replicate_scatter(made({"replicates": 1, "seed": 2})) == {
        "q": 0.0, "df": 0, "q_variance": 0.0, "n_replicates": 1,
    }  # fmt: skip


def test_dispersion_times_weight_is_one_by_day_and_follows_the_days_under_one_weight():
    right = label_dispersion(made({"seed": 3}))
    assert (np.abs(right["by_day"] - 1) < 4 * right["day_sd"] + 0.05).all()
    assert (np.abs(right["by_sample"] - 1) < 4 * right["sample_sd"] + 0.05).all()
    uneven = label_dispersion(made({"seed": 3, "day_dispersion": (40.0, 20.0, 8.0)}, likelihood_weight="auto"))
    ratio = uneven["by_day"] / uneven["by_day"][0]
    assert np.allclose(ratio, np.array([41, 41, 41]) / np.array([41, 21, 9]), rtol=0.2)


def test_samples_are_named(small_screen):
    assert sample_name(small_screen, small_screen.n_replicates + 1) == (
        f"{small_screen.day_labels[1]}, {small_screen.replicate_labels[1]}"
    )


def test_burden_slopes_that_differ_are_seen_where_the_model_lacks_them():
    lacks = {"burden_by_day": False}
    right = [burden_slopes(made({"seed": seed}, **lacks)) for seed in range(6)]
    z = (np.array([one["chi_square"] for one in right]) - right[0]["df"]) / np.sqrt(2 * right[0]["df"])
    assert right[0]["df"] == 2 and abs(z.mean()) < 4 / np.sqrt(6)
    wrong = burden_slopes(made({"seed": 4, "burden_day_sd": 0.2}, **lacks))
    assert wrong["chi_square"] > chi2.isf(1e-4, wrong["df"])
    assert burden_slopes(made({"seed": 4})) == {"in_model": True, "n_days": 3}


@pytest.mark.parametrize("seed", [1, 2])
def test_quick_permutations_are_permutations(seed):
    from fatebias.certificate.units import UNITS, _shuffled

    source = made({"seed": seed})
    quick = UNITS["shuffle"](source, 1)
    screen, design = _shuffled(source, "shuffle", 1)
    whole = dataclasses.replace(source, screen=screen, baseline=dataclasses.replace(source.baseline, design=design))
    assert np.abs(quick["betahat"] - whole.estimates.theta_hat).max() < 0.6 * quick["se"].max()
    z = quick["betahat"] / quick["se"]
    assert 0.6 < np.sqrt((z**2).mean()) < 1.4  # .66 to 1.38 of eight seeds, .99 over all
