"""What effects are measured from: cells with control guides, by day."""

import numpy as np
import pytest
from tiny_screen import PRESENCE, tiny

from fatebias.base.errors import ScreenError
from fatebias.screens.baseline import doubt_baseline
from fatebias.screens.counts import count_cells

# columns b1 n1 a1 a2; days d2 d2 d2 d2 d10 d10 d10 d10
ONE = np.eye(4, dtype=int)[[0, 1, 2, 3, 1, 1, 2, 3]]  # one guide a cell, on d2 one control, on d10 two


def doubts_of(screen):
    return doubt_baseline(screen, count_cells([screen], "MES"))


def without(presence, rows):
    """The controls of these cells replaced by b1."""
    out = presence.copy()
    out[rows, 1], out[rows, 0] = 0, 1
    return out


def test_a_day_without_any_control_is_refused_where_each_cell_has_as_many_guides():
    with pytest.raises(ScreenError, match=r"tiny: every usable cell of d2, d10 carries 1 guide\(s\) and none of them"):
        tiny(without(ONE, [1, 4, 5]))
    with pytest.raises(ScreenError, match=r"every usable cell of d2 carries 1 guide.*is_ntc.*leave the day out"):
        tiny(without(ONE, [1]))
    mixed = without(ONE, [1, 4, 5])
    mixed[[2, 6], 3] = 1  # a1 with a2: two guides in one cell of each day
    assert tiny(mixed).n_ntc == 0


def test_one_control_is_enough_to_be_read_and_too_few_to_be_silent():
    assert doubts_of(tiny(PRESENCE)) == []
    ones = np.eye(4, dtype=int)[[2, 1, 2, 0, 1, 1, 0, 2]]  # a1 twice and b1 once on d2, one control
    few = doubts_of(tiny(ones))
    assert [one.item for one in few] == ["Controls"]
    assert few[0].found.endswith("d2 (1); all effects share the error of these cells")


def test_no_control_in_cells_of_several_guides_is_a_doubt():
    some = PRESENCE.copy()
    some[:, 1] = 0
    some[[1, 6], 2] = 1  # the cells with a control alone carry a1
    every = doubts_of(tiny(some))
    assert [one.found for one in every] == [
        "no usable cell carries a control guide: effects are then relative to the average of all genes, not to controls"
    ]
    on_one = some.copy()
    on_one[7, 1] = 1
    assert "no usable cell of d2 carries a control guide" in doubts_of(tiny(on_one))[0].found
