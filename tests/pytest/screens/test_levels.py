import numpy as np
import pandas as pd
import pytest

from fatebias.base.errors import ScreenError
from fatebias.screens.levels import declared_order, label_texts, sort_levels


def test_days_with_decimals_sort_by_their_numbers():
    assert sort_levels(["0.5", "0.25", "10"]) == ["0.25", "0.5", "10"]
    assert sort_levels(["E10.5", "E8.5", "E9"]) == ["E8.5", "E9", "E10.5"]
    assert sort_levels(["d2", "d10", "d1"]) == ["d1", "d2", "d10"]
    assert sort_levels(["12h", "0h", "48h"]) == ["0h", "12h", "48h"]


def column(values):
    return label_texts(pd.Series(values), "obs['x']")


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.0, 2.0], ["1", "2"]),
        ([0.5, 2.0], ["0.5", "2.0"]),
        ([0.0, 1e20], ["0.0", "1e+20"]),
        ([2**63 + 1, 2**63], ["9223372036854775809", "9223372036854775808"]),
        ([b"d0", b"d1"], ["d0", "d1"]),
        ([" a", "\u3000b\u00a0", "\ufeffc"], ["a", "b", "c"]),
        ([True, False], ["True", "False"]),
        (pd.Categorical(["b", "a"], ["b", "a", "z"]), ["b", "a"]),
    ],
)
def test_labels_as_texts(values, texts):
    found = column(values)
    assert found.tolist() == texts and declared_order(found) is None


def test_several_words_for_none_are_no_spellings_of_one_label():
    assert column(["", " ", "nan", "NaN ", "a"]).isna().tolist() == [True] * 4 + [False]


@pytest.mark.parametrize("none", ["", " ", "nan", "NaN", "NA", "n/a", "None", "<NA>", "null", None, np.nan])
def test_labels_that_are_none(none):
    assert column(["a", none, "b"]).isna().tolist() == [False, True, False]
    assert column(pd.Categorical(["a", none, "b"])).isna().tolist() == [False, True, False]


def test_a_declared_order_has_the_levels_of_some_cell():
    values = pd.Categorical(["ME ", "EB", "ME "], ["iPSC ", "ME ", "EB"], ordered=True)
    assert declared_order(column(values)) == ("ME", "EB")


def test_two_spellings_that_blanks_tell_apart_are_refused():
    with pytest.raises(ScreenError, match=r"obs\['x'\] has one label written in two ways, 'r1' and 'r1 '"):
        column(["r1", "r1 ", "r2"])


def test_levels_that_are_the_same_to_natural_sort_stand_in_a_fixed_order():
    assert sort_levels(["r01", "r1", "r001"]) == sort_levels(["r1", "r001", "r01"]) == ["r001", "r01", "r1"]
