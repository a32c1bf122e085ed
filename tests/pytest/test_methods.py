"""`bench/methods.py`: conditional randomisation against other ways to the same numbers, rules of calls, and the rows
where another method is ahead."""

from argparse import Namespace

import methods
import methods_tables
import numpy as np
import pandas as pd
import peers_resampling
import peers_score
import pytest
from peers_screens import KINDS, Place, kind_of
from scipy import optimize, stats


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def given(rng, n):
    return np.c_[np.eye(2)[rng.integers(2, size=n)], rng.poisson(5, n)]


def orthonormal(z):
    return np.linalg.qr(z)[0]


def test_the_score_is_that_of_a_linear_regression(rng):
    z, x = given(rng, 300), (rng.random(300) < 0.2)
    y = rng.normal(size=300) + 0.3 * x
    basis = orthonormal(z)
    residual = y - basis @ (basis.T @ y)
    found = peers_resampling.scores(x[None], residual, basis)[0]
    of_x = x - z @ np.linalg.lstsq(z, x.astype(float), rcond=None)[0]  # Frisch, Waugh and Lovell
    assert found == pytest.approx(of_x @ y / np.sqrt(of_x @ of_x), rel=1e-4)


def test_chances_maximise_the_likelihood(rng):
    z = given(rng, 400)
    x = rng.random(400) < 1 / (1 + np.exp(2 - 0.2 * z[:, 2]))

    def negative(b):
        return (np.logaddexp(0, z @ b) - x * (z @ b)).sum()

    best = optimize.minimize(negative, np.zeros(3), tol=1e-12).x
    chances = peers_resampling.carrier_chances(x, orthonormal(z))
    assert np.allclose(chances, 1 / (1 + np.exp(-(z @ best))), atol=1e-4)


def test_chances_are_finite_where_few_carriers_are_separate(rng):
    z = given(rng, 400)
    x = np.zeros(400, dtype=bool)
    x[np.argsort(z[:, 2])[-3:]] = True  # the three cells with most guides
    chances = peers_resampling.carrier_chances(x, orthonormal(z))
    assert np.isfinite(chances).all() and chances.sum() == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("shape", [-3.0, 0.0, 2.0])
def test_p_is_the_tail_of_the_skew_normal_that_was_drawn(rng, shape):
    drawn = stats.skewnorm(shape, loc=0.3, scale=1.4)
    null = drawn.ppf((np.arange(20_000) + 0.5) / 20_000)
    for z in drawn.ppf([1e-4, 0.01, 0.4, 0.9, 0.999]):
        expected = 2 * min(drawn.cdf(z), drawn.sf(z))
        assert peers_resampling.skew_normal_p(z, null) == pytest.approx(expected, rel=0.02)


def test_p_is_uniform_where_nothing_is_and_small_where_something_is(rng):
    z = given(rng, 2000)
    carried = rng.random((2000, 200)) < (0.02 * z[:, [2]]).clip(0, 1)  # more often in cells with many guides
    y = rng.exponential(size=2000) + 0.5 * z[:, 2]  # which have more of the response
    y += 0.8 * carried[:, 0]
    carried[:, 3] = False
    score, p = peers_resampling.randomisation_p(rng, y, carried, z, 300)
    assert p[0] < 1e-3 and score[0] > 3
    assert np.isnan(p[3]) and np.isnan(score[3])
    assert stats.kstest(p[4:], "uniform").pvalue > 0.01


def mash_table(path, lfsr, z, postmean=None):
    postmean = np.sign(z) if postmean is None else np.array(postmean)
    columns = {"betahat_d0": z, "se_d0": 1.0, "postmean_d0": postmean, "lfsr_d0": lfsr}
    best = {"best_day": 0, "robust": True, "lfsr_min": lfsr}
    pd.DataFrame({"gene": [f"g{k}" for k in range(len(z))]} | columns | best).to_csv(path, index=False)
    return path


def test_rules_of_calls(tmp_path):
    path = mash_table(tmp_path / "m.csv", lfsr=[0.0, 0.04, 0.10, 0.3], z=[5.0, -1.0, 2.9, -3.0], postmean=[1, -1, 1, 1])
    calls = {rule: peers_score.read_mash(path, rule).sign[:, 0].tolist() for rule in ("lfsr", "svalue", "bh", "either")}
    assert calls["lfsr"] == [1, -1, 0, 0]
    assert calls["svalue"] == [1, -1, 1, 0]  # averages 0, .02, .047, .11
    assert calls["bh"] == [1, 0, 1, -1]  # p 6e-7, .32, .0037, .0027: below .05 * rank / 4 but the second
    assert calls["either"] == [1, -1, 1, -1]


def test_missing_ones_are_no_calls(tmp_path):
    path = mash_table(tmp_path / "m.csv", lfsr=[0.0, np.nan], z=[5.0, np.nan])
    assert all(
        peers_score.read_mash(path, rule).sign.ravel().tolist() == [1, 0] for rule in ("lfsr", "svalue", "either")
    )
    missing = {"gene": ["a", "b"], "day": 0, "half": 1.0} | dict.fromkeys(("estimate", "z", "p"), [np.nan, 0.001])
    pd.DataFrame(missing).to_csv(path, index=False)
    assert peers_score.read_tests(path).sign.ravel().tolist() == [0, 1]
    assert not peers_score.average_below(np.array([[np.nan, 0.06]])).any()
    assert peers_score.average_below(np.array([[np.nan, 0.04], [0.06, 0.3]])).tolist() == [
        [False, True],
        [False, False],
    ]


def score(power, false, active=100):
    found = round(power * active)
    some = [np.array([0.0, 1.0, np.nan])]
    shown = {"covered": some, "null_z": some, "effect_z": some}
    return peers_score.Score(screens=8, active=active, calls=found + false, false=false, **shown)


def cell(power, false, best=0.5, best_false=0):
    names = methods_tables.OURS
    ours = {names[0]: score(best, best_false), names[1]: score(0.9, 40), names[2]: score(0.1, 0)}
    return methods_tables.Cell(score=score(power, false), ours=ours)


def test_a_method_is_ahead_with_more_power_and_a_false_share_that_it_keeps():
    results = {
        "base": {"limma": cell(0.53, 3), "least squares": cell(0.6, 9), "rank-sum": cell(0.52, 0)},
        "life": {"fatebias, BH": cell(0.7, 0), "t over guides": cell(0.4, 0)},
        "guide": {"limma": cell(0.13, 0, best=0.5, best_false=9)},
        "null": {"limma": cell(0.0, 1)},
    }
    found, counted = methods_tables.ahead(results)
    assert counted == 3 and [line[0] for line in found] == [
        "landscape",
        "landscape, 8 % off-target guides, a quarter dead",
    ]
    assert found[0][1:] == ["fatebias, `lfsr` .50", "not run", "limma .53 (.05)"]
    assert found[1][1].endswith("`either` .10")  # lfsr does not keep it there


def test_a_row_counts_once_where_methods_have_other_screens():
    results = {"base": {"limma": cell(0.7, 0, best=0.5), "Dirichlet regression": cell(0.7, 0, best=0.6)}}
    assert len(methods_tables.ahead(results)[0]) == 2
    assert "1 of 1 rows with effects." in methods_tables.page(results, {"base": (1, 2)})


def test_every_cell_is_shown():
    results = {"base": {"limma": cell(0.5, 10)}, "null": {"limma": methods_tables.Cell(score=score(0, 3, 0), ours={})}}
    text = methods_tables.page(results, {"base": (1, 2), "null": (3, 4)})
    assert ".50, 10/60 (.17)" in text and "3 in 0" in text
    assert "not run" in text and "| landscape | not run | not run | not run | not run | .50 |" in text  # its coverage
    assert "| 1.00 (.50) |" in text


def test_slow_methods_come_last_and_on_few_screens(tmp_path):
    args = Namespace(first_seed=5001, seeds=8, rows=["weak_none_onehot", "strong_none_onehot"], methods=methods.METHODS)
    jobs = methods.plan(Place(folder=tmp_path), args)
    assert [job.methods for job in jobs] == [methods.QUICK] * 2 + [("autonormal",)] * 2 + [("dirichlet",)]
    assert [len(job.seeds) for job in jobs] == [8] * 4 + [2]
    assert not set(jobs[0].seeds) & set(jobs[1].seeds)


def test_rows_have_their_kinds():
    assert all(kind_of(row) in KINDS.values() for row in methods.ROWS) and "clone+key" in methods.ROWS
