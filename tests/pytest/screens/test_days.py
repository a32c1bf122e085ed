"""The days in order: what was stated before what the labels tell, and what gives no order."""

import hypothesis
import numpy as np
import pandas as pd
import pytest
from broken_screens import CELLS, guide_map, preflight, screen
from hypothesis import strategies as st

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.containers.write import write_screen
from fatebias.screens.assemble import assemble_screen
from fatebias.screens.days import DaysError, order_days
from fatebias.screens.guide_table import read_guide_table
from fatebias.screens.reader import read_cells, read_screen

ROWS = np.arange(CELLS)


def ordered(labels, declared=None, **given):
    return order_days(labels, Settings.from_mapping(given), declared)


def test_day_levels_come_before_a_declared_order_and_that_before_numbers():
    labels, declared = ["d0", "d1", "d2"], ("d1", "d0", "d2", "d9")
    assert ordered(labels).labels == ("d0", "d1", "d2")
    assert ordered(labels, declared).labels == ("d1", "d0", "d2")  # d9 is in no cell
    assert ordered(labels, declared, day_levels=["d2", "d1", "d0"]).labels == ("d2", "d1", "d0")


def test_an_order_against_the_numbers_is_looked_at_and_has_no_times():
    days = ordered(["d0", "d10", "d2"], ("d0", "d10", "d2"))  # as of a categorical that was made ordered as it stood
    assert days.values is None and days.doubt == "not in the order of their numbers"
    assert ordered(["d0", "d2"], ("d0", "d2")).doubt == ""


def test_times_of_a_stated_order():
    assert ordered(["iPSC", "ME", "EB"], ("iPSC", "ME", "EB")).values is None
    assert ordered(["12h", "1d", "3d"], day_levels=["12h", "1d", "3d"]).values == pytest.approx((0.5, 1, 3))
    assert ordered(["d-1", "d-2"], day_levels=["d-1", "d-2"]).values == (1, 2)
    assert ordered(["d-1", "d-2"], day_levels=["d-2", "d-1"]).values == (-2, -1)
    assert ordered(["iPSC", "ME"], day_levels=["iPSC", "ME"], day_values=[0, 4]).values == (0, 4)


@pytest.mark.parametrize(
    ("labels", "settings", "said", "levels"),
    [
        (["12h", "1d", "3d"], {}, r"several units of time.*day_levels: \[12h, 1d, 3d\]", ("12h", "1d", "3d")),
        (["day-1", "day-2"], {}, r"\[day-1, day-2\] or day_levels: \[day-2, day-1\], whichever is right", ()),
        (["EB", "ME", "iPSC"], {}, r"no order of time: they have no numbers; name all days in the order of time", ()),
        (["d0", "D0", "d1"], {}, "one day is written in two ways, 'D0' and 'd0'", ()),
        (["d1", "d01"], {"day_levels": ["d1", "d01"]}, "one day is written in two ways", ()),
        (["0.3", "0.30000000000000004", "1"], {}, "one day is written in two ways", ()),
        (["d0", "d1"], {"day_levels": ["d0", "d0", "d1"]}, r"names d0 twice.*set day_levels: \[d0, d1\]", ("d0", "d1")),
        (["d0", "d1"], {"day_levels": ["d0"]}, r"names d0, but the days are d0, d1", ("d0", "d1")),
        (["b", "a"], {"day_levels": ["a", "c"]}, r"name each day once, in the order of time", ()),
        (["d0", "d1", "d2"], {"day_values": [0, 0, 0]}, "day_values must increase from day to day, not 0, 0, 0", ()),
        (["d0", "d1", "d2"], {"day_values": [2, 1, 0]}, "day_values must increase", ()),
        (["d0", "d1", "d2"], {"day_values": [0, 1]}, "2 values, but there are 3 days.*d0 < d1 < d2", ()),
        ([f"cell{i}" for i in range(1001)], {}, "1,001 different days", ()),
    ],
)
def test_refusals(labels, settings, said, levels):
    with pytest.raises(DaysError, match=said) as error:
        ordered(labels, **settings)
    assert error.value.levels == levels


@pytest.mark.parametrize(
    ("labels", "settings"),
    [
        (["12h", "1d", "3d"], {}),
        (["day-1", "day-2", "day-3"], {}),
        (["iPSC", "ME", "EB"], {}),
        (["D0", "d0", "d1"], {}),
        (["d0", "d0 ", "d1"], {}),
        (["d0", "", "d1"], {}),
        (["d0", "nan", "d1"], {}),
        (["d0", "NA", "d1"], {}),
        (["d0", "d1", "d2"], {"day_values": [0, 0, 0]}),
        (["d0", "d1", "d2"], {"day_levels": ["d0", "d0", "d1", "d2"]}),
        ([0.0, 1.0, 1e20], {}),
        ([0.1, 0.3, 0.1 + 0.2], {}),
    ],
)
def test_check_and_reading_refuse_in_the_same_words(tmp_path, labels, settings):
    day = np.array(labels)[ROWS % 3]
    found = preflight(tmp_path, screen(obs={"day": day}), **settings)
    with pytest.raises(ScreenError) as error:
        read_screen(tmp_path / "screen.h5ad", tmp_path / "map.csv", Settings.from_mapping(settings))
    first = found.problems["Days"].split(" -> ")[0]
    assert first in str(error.value)
    assert found.reads_as_suggested == ("day_levels" in found.settings)  # what is proposed is read


@pytest.mark.parametrize(
    ("labels", "order", "values"),
    [
        (["d-2", "d-1", "d0"], ("d-2", "d-1", "d0"), (-2, -1, 0)),
        ([-2, -1, 0], ("-2", "-1", "0"), (-2, -1, 0)),
        ([1e-5, 0.5, 1.0], ("1e-05", "0.5", "1.0"), (1e-5, 0.5, 1)),
        ([" d0", " d1", " d2"], ("d0", "d1", "d2"), (0, 1, 2)),
        (["d0\u00a0", "d1", "d2"], ("d0", "d1", "d2"), (0, 1, 2)),
        (pd.Categorical(["iPSC", "ME", "EB"], ["iPSC", "ME", "EB", "no"], ordered=True), ("iPSC", "ME", "EB"), None),
        (pd.Categorical([10, 2, 0]), ("0", "2", "10"), (0, 2, 10)),
        ([2.0, 0.0, 1.0], ("0", "1", "2"), (0, 1, 2)),
    ],
)
def test_days_of_a_file(tmp_path, labels, order, values):
    day = labels[ROWS % 3] if isinstance(labels, pd.Categorical) else np.array(labels)[ROWS % 3]
    found = preflight(tmp_path, screen(obs={"day": day}))
    assert found.ok and found.row("Days")["status"] == "ok"
    read = read_screen(tmp_path / "screen.h5ad", tmp_path / "map.csv", Settings.from_mapping())
    assert read.day_labels == order and read.day_values == values
    texts = [str(label).strip() for label in day[:3]]
    assert read.day[:3].tolist() == [order.index(text if text in order else text.removesuffix(".0")) for text in texts]


def test_flags_are_days_in_an_order_to_look_at(tmp_path):
    found = preflight(tmp_path, screen(obs={"day": ROWS % 2 == 0}))
    assert found.ok and "False < True: False before True" in found.row("Days")["found"]


def test_a_declared_order_is_kept_when_a_screen_is_written_and_assembled(tmp_path):
    adata = screen(obs={"day": pd.Categorical(np.array(["iPSC", "ME"])[ROWS % 2], ["iPSC", "ME"], ordered=True)})
    adata.write_h5ad(tmp_path / "cells.h5ad")
    cells = read_cells(tmp_path / "cells.h5ad", Settings.from_mapping())
    assert cells.day_order == ("iPSC", "ME")
    days = pd.Categorical(cells.day, cells.day_order, ordered=True)
    written = tmp_path / "written.h5ad"
    write_screen(written, cells.guides, cells.guide_names, cells.fate_probs, cells.fates, days, cells.replicate)
    assert read_cells(written, Settings.from_mapping()).day_order == ("iPSC", "ME")
    table = tmp_path / "long.csv"
    rows, columns = cells.guides.nonzero()
    pd.DataFrame({"cell": adata.obs_names[rows], "guide": np.array(cells.guide_names)[columns], "umi": 9}).to_csv(
        table, index=False
    )
    out = tmp_path / "assembled.h5ad"
    assemble_screen(tmp_path / "cells.h5ad", read_guide_table(table), out, fate_probs="fateprob")
    guide_map().to_csv(tmp_path / "map.csv", index=False)
    assert read_screen(out, tmp_path / "map.csv", Settings.from_mapping()).day_labels == ("iPSC", "ME")


pieces = st.sampled_from([*"d-012.5h_+ Ew/", "day ", "10", "2024", "\u0663"])


@hypothesis.settings(max_examples=500, deadline=None)
@hypothesis.given(st.lists(st.lists(pieces, min_size=1, max_size=6).map("".join), min_size=1, max_size=5, unique=True))
def test_whatever_the_labels_they_are_ordered_or_refused_whatever_their_order(labels):
    def found(given):
        try:
            return ordered(given)
        except DaysError as error:
            return str(error)

    days = found(labels)
    assert found(labels[::-1]) == days
    if not isinstance(days, str):
        assert sorted(days.labels) == sorted(labels)
        assert len(labels) == 1 or all(a < b for a, b in zip(days.values, days.values[1:]))
