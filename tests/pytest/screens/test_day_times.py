"""The times that labels tell, by hand."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fatebias.screens.day_times import spelling, tell_times


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (["d-2", "d-1", "d0"], (-2, -1, 0)),
        (["-2", "-1", "0"], (-2, -1, 0)),
        (["d-1", "d0", "d+1"], (-1, 0, 1)),
        (["Day -1", "Day 0"], (-1, 0)),
        (["Day \u22121", "Day 0"], (-1, 0)),  # a minus sign
        (["d\u20132", "d0"], (-2, 0)),  # a dash
        (["T(-1)", "T(0)"], (-1, 0)),
        (["T-48h", "T0h", "T24h"], (-48, 0, 24)),
        (["-24h", "0h", "24 hr"], (-24, 0, 24)),
        (["day-0", "day-7", "day-14"], (0, 7, 14)),  # nobody writes minus zero
        (["D1-P3", "D10-P3"], (1, 10)),
        (["H9_d0", "H9_d10"], (0, 10)),  # the 9 names a line
        (["E8.5", "E10.5"], (8.5, 10.5)),
        (["1e-05", "0.5", "1.0"], (1e-5, 0.5, 1)),
        (["0", "12h", "24h"], (0, 12, 24)),  # nothing is nothing in any unit
        (["2 weeks", "w10"], (2, 10)),
        (["6hpi", "24 hours"], (6, 24)),
        (["2024-01-09", "2024-02-01", "2024-01-10"], (0, 23, 1)),
        (["20240131", "20240201"], (0, 1)),
        (["2024-01-09 12:00:00", "2024-01-10 00:00:00"], (0, 0.5)),
        (["\u0434\u0435\u043d\u044c 0", "\u0434\u0435\u043d\u044c 1"], (0, 1)),
        (["d\uff10", "d\uff11\uff10"], (0, 10)),  # full-width digits
        (["H1_rep1", "H1_rep2", "H1_rep10"], (1, 2, 10)),
    ],
)
def test_times(labels, values):
    found = tell_times(labels)
    assert found.why == "" and found.doubt == "" and found.candidates == (pytest.approx(values),)


@pytest.mark.parametrize(
    ("labels", "values", "why"),
    [
        (["d-1", "d-2", "d-3"], [(1, 2, 3), (-1, -2, -3)], "hyphen"),
        (["day 0", "day-1"], [(0, 1), (0, -1)], "hyphen"),  # in the place of the blank, or a minus
        (["12h", "1d", "3d"], [(0.5, 1, 3)], r"several units of time \(d, h\)"),
        (["30 min", "1h", "1 week"], [(1 / 48, 1 / 24, 7)], "several units"),
        (["d0", "1w", "0.5 months"], [(0, 7, 15.21875)], "several units"),
        (["iPSC", "ME", "EB"], [], "no numbers"),
        (["d0", "d2", "iPSC"], [], "some label has no number"),
        (["E18.5", "P0"], [], "words differ"),
        (["3a", "3b"], [], "words differ"),
        (["CD34+", "CD34-"], [], "words differ"),
        (["d1_r1", "d1_r2", "d2_r1"], [], "several of their numbers vary"),
        (["0-12h", "12-24h"], [], "several of their numbers vary"),
        (["12/30/2023", "1/2/2024"], [], "may be a date"),
        (["09.01.2024", "10.01.2024"], [], "may be a date"),
        (["d1,5", "d1,25"], [], "comma"),
        (["minus 2", "minus 1", "0"], [], "the word minus"),
        (["2 days before", "1 day before"], [], "the word before"),
        (["-d2", "-d1", "d0"], [], "a hyphen before a word"),
        (["0", "1", "1e+20"], [], "larger than"),
        (["9223372036854775808", "9223372036854775809"], [], "larger than"),
        (["iPSC_d2", "EB_d2"], [], "tell the same time"),
    ],
)
def test_no_order_by_themselves(labels, values, why):
    found = tell_times(labels)
    assert re.search(why, found.why)
    assert found.candidates == tuple(pytest.approx(one) for one in values)


def test_words_that_differ_beside_a_unit_are_looked_at():
    found = tell_times(["iPSC_d0", "EB_d5", "ME_d2"])
    assert found.candidates == ((0, 5, 2),) and "other words differ" in found.doubt


@pytest.mark.parametrize(
    "alike",
    [["d1", "D1", "d01", "D 1", "day_1", "1d", "d1.0", "day\u00a01"], ["24h", "24 hr"], ["0.3", "0.30000000000000004"]],
)
def test_spellings_of_one_day(alike):
    assert len({spelling(label) for label in alike}) == 1


@pytest.mark.parametrize(
    "other", [["d1", "d-1"], ["d1", "d10"], ["24h", "24d"], ["a", "b"], ["CD34+", "CD34-"], ["E8.5", "E85"]]
)
def test_spellings_of_two_days(other):
    assert len({spelling(label) for label in other}) == 2


@given(
    st.lists(st.integers(-50, 400), min_size=2, max_size=8, unique=True), st.sampled_from(["{}", "d{}", "{} h", "t={}"])
)
def test_whole_numbers_are_read_back(numbers, form):
    """With a sign that is told: 0 or more, or a number below 0 beside one that is not."""
    numbers = numbers if max(numbers) >= 0 else [*numbers, 0]
    labels = [form.format(number) for number in numbers]
    assert tell_times(labels).candidates == (tuple(map(float, numbers)),)


def test_the_order_of_the_labels_does_not_matter():
    labels = ["iPSC_d0", "d-1", "ME_2d"]
    for order in itertools.permutations(range(3)):
        found = tell_times([labels[i] for i in order])
        assert found.candidates == (tuple([0.0, -1.0, 2.0][i] for i in order),)
