"""Simulation-based calibration in short (bench/sbc.py runs it on 100 screens)."""

import numpy as np
import pytest
from sbc import MOST_T, ranks, uniformity


def test_the_test_itself_accepts_uniform_ranks_and_finds_narrow_wide_and_shifted_ones():
    rng = np.random.default_rng(1)
    uniform = rng.random((100, 60))
    assert max(map(abs, uniformity(list(uniform)))) < MOST_T
    narrow, wide = rng.beta(0.8, 0.8, (100, 60)), rng.beta(1.3, 1.3, (100, 60))
    assert uniformity(list(narrow))[1] > MOST_T and uniformity(list(wide))[1] < -MOST_T
    assert abs(uniformity(list(narrow))[0]) < MOST_T  # symmetric: the shift alone would not see it
    assert uniformity(list(rng.beta(1.2, 1, (100, 60))))[0] > MOST_T


@pytest.mark.parametrize(("engine", "screens"), [("laplace", 20), ("svi", 5)])
def test_ranks_of_the_truth_are_uniform(engine, screens):
    found = [ranks(engine, 500 + seed) for seed in range(screens)]
    for name in ("theta", "delta"):
        assert max(map(abs, uniformity([one[name] for one in found]))) < MOST_T, name
