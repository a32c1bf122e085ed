import numpy as np
import pytest
from conftest import labels
from tiny_screen import PRESENCE, tiny

from fatebias.base.errors import ScreenError


def test_guides_are_sorted_by_gene_and_controls_only_count():
    screen = tiny(PRESENCE)
    assert screen.guide_names == ("a1", "a2", "b1") and screen.gene_names == ("A", "B")
    assert screen.guide_gene.tolist() == [0, 0, 1]
    lists = [screen.guide_idx[a:b].tolist() for a, b in zip(screen.guide_ptr, screen.guide_ptr[1:])]
    assert lists == [[2], [], [0, 1], [0], [1, 2], [2], [], [2]]
    assert screen.burden.tolist() == [1, 1, 2, 2, 2, 1, 1, 2]
    assert screen.burden_centered.tolist() == [-0.5, -0.5, 0.5, 0.5, 0.5, -0.5, -0.5, 0.5]


def test_days_sort_naturally_and_tell_their_time():
    screen = tiny(PRESENCE)
    assert screen.day_labels == ("d2", "d10") and screen.day_values == (2.0, 10.0)


def test_one_day_has_its_label_and_time():
    screen = tiny(PRESENCE, day=labels("d", [2] * 8))
    assert (screen.n_days, screen.day_labels, screen.day_values) == (1, ("d2",), (2.0,))


def test_uncarried_guides_and_their_genes_are_dropped_and_listed():
    screen = tiny(PRESENCE)
    assert screen.uncarried_guides == ("c1",) and screen.dropped_genes == ("C",)


def test_cells_with_no_or_too_many_guides_are_left_out_and_counted():
    presence = PRESENCE.copy()
    presence[0], presence[2] = 0, 1
    screen = tiny(presence)
    assert screen.left_out == {"no_guide": 1, "too_many_guides": 1, "no_fate_probs": 0}
    assert screen.n_cells == 6 and screen.n_cells_file == 8


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day": labels("d", [2] * 7 + [3])}, r"`day` has level\(s\) with fewer than 2 usable cells: d3 \(1\)"),
        ({"replicate": labels("r", [0] * 7 + [1])}, r"`rep` has level\(s\) with fewer than 2 usable cells: r1 \(1\)"),
        ({"guide_names": ["b1", "n1", "a1", "x9"]}, r"lacks 1 guide\(s\) of tiny: x9"),
    ],
)
def test_refuses(changes, said):
    with pytest.raises(ScreenError, match=said):
        tiny(PRESENCE, **changes)


def test_too_few_cells():
    keep = [0, 3, 4, 7]
    few = {"day": labels("d", [1, 1, 2, 2]), "replicate": labels("r", [0, 0, 1, 1]), "fate_probs": np.full((4, 2), 0.5)}
    with pytest.raises(ScreenError, match="too few usable cells: 4 of 4"):
        tiny(PRESENCE[keep], **few)
