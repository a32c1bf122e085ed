"""`bench/truth.py` and what it shares with `bench/methods.py`: plans of work, and scores against the truth."""

from argparse import Namespace

import numpy as np
import pandas as pd
import peers_score
import pytest
import truth
import truth_tables
from peers_screens import Place

TRUTH = pd.DataFrame({"theta_d0": [0.5, 0.0, -0.5], "theta_d1": [0.0, 0.0, -0.5]}, index=["a", "b", "c"])


def calls(sign, estimate, half=0.3, hits=None, genes=("a", "b", "c")):
    estimate = np.array(estimate)
    return peers_score.Calls(
        genes=pd.Index(genes), sign=np.array(sign), z=estimate / 0.1, estimate=estimate,
        half=np.full(estimate.shape, half), hits=hits,
    )  # fmt: skip


def test_a_call_counts_where_its_sign_is_the_truths():
    score = peers_score.Score()
    score.add(calls([[1, 0], [0, -1], [1, -1]], [[0.4, 0.1], [0.0, -0.2], [0.1, -0.9]]), TRUTH)
    assert (score.calls, score.false, score.active, score.with_false) == (4, 2, 3, 1)
    assert score.power == pytest.approx(2 / 3) and score.false_share == 0.5
    assert score.coverage == pytest.approx(4 / 6)  # of c, .1 and -.9 are further from -.5 than .3
    assert np.allclose(score.z_by_day, [0.0, np.std([1.0, -2.0])])  # nulls: b; a and b
    assert score.null_sd == pytest.approx(np.std([0.0, 1.0, -2.0]))
    assert score.signal == pytest.approx(np.mean([4.0, -1.0, 9.0]) / score.null_sd)  # of a, and of c on both days


def test_signs_alone_judge_intervals_on_nulls_only():
    signs = np.sign(TRUTH).rename(columns=lambda name: name.replace("theta", "sign"))
    score = peers_score.Score()
    score.add(calls(np.zeros((3, 2)), [[9.0, 0.1], [0.0, -0.4], [9.0, 9.0]]), signs)
    assert score.coverage == pytest.approx(2 / 3)


def test_genes_that_no_cell_carries_and_missing_estimates_are_left_out():
    score = peers_score.Score()
    score.add(calls([[1, 0], [0, 0]], [[0.5, np.nan], [-0.5, -0.5]], genes=("a", "c")), TRUTH)
    assert (score.active, score.coverage) == (3, 1.0)


def test_a_hit_is_false_where_its_best_day_is_null_or_has_the_other_sign():
    hits = pd.DataFrame(
        {"sign": [1.0, -1.0, 1.0], "day": [0, 1, 1], "robust": [True, True, False]}, index=["a", "b", "c"]
    )
    score = peers_score.Score()
    score.add(calls(np.zeros((3, 2)), np.zeros((3, 2)), hits=hits), TRUTH)
    assert score.hits == [2, 3] and score.robust == [1, 2]


def test_benjamini_hochberg_steps_up_and_ignores_missing_ones():
    p = np.array([[0.001, 0.03], [0.034, np.nan], [0.9, 0.5]])  # .034 <= .05 * 3 / 5 is false, .001 <= .01 true
    assert peers_score.benjamini_hochberg(p).tolist() == [[True, False], [False, False], [False, False]]
    p[1, 0] = 0.03  # now two of .03 are below .05 * 3 / 5
    assert peers_score.benjamini_hochberg(p).tolist() == [[True, True], [True, False], [False, False]]
    assert not peers_score.benjamini_hochberg(np.full((2, 2), np.nan)).any()


def test_defaults_and_competitors_come_first_and_screens_that_are_not_there_are_left_out(tmp_path):
    args = Namespace(first_seed=11, seeds=3, clone_seeds=1, remedy_seeds=2)
    jobs = list(truth.plan(Place(folder=tmp_path), ["base", "clone_50+key", "plain", "life"], args))
    first = [(job.row, job.methods) for job in jobs if job.methods in (("fatebias",), truth_tables.COMPETITORS)]
    assert first == [(job.row, job.methods) for job in jobs[: len(first)]] and "base" not in dict(first)
    assert {(job.row, len(job.seeds)) for job in jobs[len(first) :]} == {("life", 2)}
    seeds = [seed for job in jobs for seed in job.seeds if job.methods == ("fatebias",)]
    assert len(set(seeds)) == len(seeds) == 7 and jobs[len(first) - 1].row == "clone_50+key"


def test_files_of_a_landscape_folder_give_the_seeds(tmp_path):
    for name in ("null_7", "null_12", "nullish_1", "base_3"):
        (tmp_path / f"{name}.h5ad").touch()
    place = Place(folder=tmp_path / "out", landscape=tmp_path)
    assert place.seeds("null", 1, 8) == [7, 12]
    assert place.files("null", 7)[2] == tmp_path / "null_7_truth.csv"


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    page = tmp_path / "TRUTH.md"
    page.write_text("# head\n{}\nold\n{}\ntail\n".format(*truth_tables.marks("truth.py")))
    truth_tables.write_between_marks(page, "truth.py", "new")
    text = page.read_text()
    assert text.startswith("# head\n") and text.endswith("\ntail\n") and "new" in text and "old" not in text


def test_every_row_that_power_is_asked_of_is_there():
    assert set(truth_tables.POWER) | set(truth.REMEDY_ROWS) <= set(truth.ROWS)
