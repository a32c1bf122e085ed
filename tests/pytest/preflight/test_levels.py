"""Preflight of days and replicates; `preflight` holds every finding against the real reader."""

import numpy as np
import pandas as pd
import pytest
from broken_screens import CELLS, preflight, screen

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.screens.reader import read_screen

ROWS = np.arange(CELLS)


def test_a_missing_day_is_found_by_its_name_or_labels(tmp_path):
    hours = np.array(["0h", "12h", "24h", "48h"])[ROWS % 4]
    found = preflight(tmp_path, screen(obs={"day": None, "collected": hours, "leiden": [str(i % 5) for i in ROWS]}))
    assert found.settings == {"day_key": "collected"} and found.reads_as_suggested
    assert "0h, 12h, 24h, 48h" in found.problems["Days"]
    named = preflight(tmp_path, screen(obs={"day": None, "time_point": ROWS % 3, "collected": hours}))
    assert named.settings == {"day_key": "time_point"} and named.reads_as_suggested


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.array([0, 12, 24, 48])[ROWS % 4], "0 (60 cells) < 12 (60 cells) < 24 (60 cells) < 48 (60 cells); at 0, 12"),
        (np.array(["0h", "48h", "12h", "24h"])[ROWS % 4], "0h (60 cells) < 12h (60 cells) < 24h (60 cells) < 48h"),
        (pd.Categorical(np.array([10.0, 2.0])[ROWS % 2]), "2.0 (120 cells) < 10.0 (120 cells); at 2, 10"),
        (np.array([0.5, 1.5])[ROWS % 2], "at 0.5, 1.5"),
    ],
)  # fmt: skip
def test_days_in_order(tmp_path, labels, said):
    found = preflight(tmp_path, screen(obs={"day": labels}))
    assert found.ok and said in found.row("Days")["found"]


def test_days_whose_order_cannot_be_told(tmp_path):
    words = preflight(tmp_path, screen(obs={"day": np.array(["early", "late"])[ROWS % 2]}))
    assert "have no order of time: they have no numbers" in words.problems["Days"] and words.settings == {}
    assert "[early, late]" not in words.problems["Days"]  # in the order of the alphabet: nothing to propose
    told = preflight(tmp_path, screen(obs={"day": np.array(["early", "late"])[ROWS % 2]}), day_levels=["late", "early"])
    assert told.row("Days")["status"] == "ok"
    fractions = preflight(tmp_path, screen(obs={"day": np.array([0.25, 0.5])[ROWS % 2]}))
    assert fractions.row("Days")["status"] == "ok" and fractions.row("Days")["found"].startswith("0.25 (")


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (np.where(ROWS == 0, "d9", np.where(ROWS % 2, "d1", "d2")), "fewer than 2 usable cells: d9"),
        (pd.Categorical(np.where(ROWS == 4, None, np.where(ROWS % 2, "d1", "d2"))), "cell4"),
    ],
)
def test_days_that_cannot_be_used(tmp_path, day, said):
    problems = preflight(tmp_path, screen(obs={"day": day})).problems
    assert said in problems["Days"] and set(problems) == {"Days"}


def test_one_day_is_a_doubt_unless_the_settings_say_so(tmp_path):
    column = preflight(tmp_path, screen(obs={"day": np.repeat("d1", CELLS)}))
    assert column.ok and column.row("Days") == {
        "item": "Days", "status": "warning", "found": "one day, d1: no change over days can be told",
        "fix": "is this the column of the day? Else set day_key: null",
    }  # fmt: skip
    none = preflight(tmp_path, screen(obs={"day": None}), day_key=None)
    assert none.ok and none.settings == {} and none.row("Days")["status"] == "ok"
    assert none.row("Days")["found"] == "one day, as day_key: null says: all (240 cells)"
    rows = preflight(tmp_path, screen(), day_key=None).rows
    several = next(row for row in rows if row["item"] == "Days" and row["status"] == "warning")
    assert several["fix"] == "are these the days? Then set day_key: day"
    assert several["found"] == "all cells are taken as of one day (day_key: null), but obs['day'] has d0, d1, d2"
    missing = preflight(tmp_path, screen(obs={"day": None, "n_counts": None}))
    assert "with one time point set day_key: null" in missing.problems["Days"]


def test_levels_of_days_that_no_column_tells_apart_are_refused(tmp_path):
    named = preflight(tmp_path, screen(), day_key=None, day_levels=["d0", "d1"])
    assert "leave day_levels out: with day_key: null there is one day" in named.problems["Days"]
    assert not named.ok


def test_levels_and_values_that_do_not_fit(tmp_path):
    assert "d0, d1, d2" in preflight(tmp_path, screen(), day_levels=["a", "b", "c"]).problems["Days"]
    assert "2 values" in preflight(tmp_path, screen(), day_values=[1, 2]).problems["Days"]


def test_a_replicate_in_another_table_or_in_obs(tmp_path):
    index = screen().obs_names
    other = pd.DataFrame({"donor": ["x", "y"] * (CELLS // 2)}, index=index)
    found = preflight(tmp_path, screen(obsm={"covar": None, "meta": other}))
    assert found.settings == {"covar_key": "meta", "rep_key": "donor"} and found.reads_as_suggested
    column = preflight(tmp_path, screen(obsm={"covar": other.rename(columns={"donor": "replicate"})}))
    assert column.settings == {"rep_key": "replicate"} and column.reads_as_suggested
    adata = screen(obsm={"covar": None}, obs={"batch": ["x", "y"] * (CELLS // 2)})
    in_obs = preflight(tmp_path, adata)
    assert in_obs.settings == {"covar_key": None, "rep_key": "batch"} and in_obs.reads_as_suggested
    assert "covar_key: null, rep_key: batch" in in_obs.problems["Replicates"]


def test_no_replicate_anywhere(tmp_path):
    adata = screen(obsm={"covar": None})
    found = preflight(tmp_path, adata)
    assert "with one replicate: set rep_key: null" in found.problems["Replicates"]
    assert found.settings == {"rep_key": None} and found.reads_as_suggested
    one = preflight(tmp_path, adata, rep_key=None)
    assert one.ok and one.row("Replicates")["status"] == "warning"
    assert one.row("Replicates")["found"] == "one replicate, r1 (240 cells): no SE can include how cultures differ"


def test_a_replicate_with_one_cell(tmp_path):
    rep = pd.DataFrame({"rep": np.where(ROWS == 0, "r9", "r1")}, index=screen().obs_names)
    assert "r9" in preflight(tmp_path, screen(obsm={"covar": rep})).problems["Replicates"]


def test_levels_with_few_cells_are_told_as_by_a_fit(tmp_path):
    day, rep = np.where(ROWS == 0, "d9", np.where(ROWS % 2, "d1", "d2")), np.where(ROWS == 1, "r9", "r1")
    adata = screen(obs={"day": day}, obsm={"covar": pd.DataFrame({"rep": rep}, index=screen().obs_names)})
    problems = preflight(tmp_path, adata).problems
    for item, column in (("Days", "day"), ("Replicates", "rep")):
        said = problems[item].split(";")[0]
        assert said.startswith(f"`{column}` has level(s) with fewer than 2 usable cells: ")
    with pytest.raises(ScreenError) as error:
        read_screen(tmp_path / "screen.h5ad", tmp_path / "map.csv", Settings.from_mapping())
    assert problems["Days"].split(";")[0] in str(error.value)
