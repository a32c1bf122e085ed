"""Preflight of fate probabilities; `preflight` holds every finding against the real reader."""

import h5py
import numpy as np
import pandas as pd
import pytest
from broken_screens import CELLS, preflight, screen

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen
from fatebias.screens.reader import read_screen


def probs(**changes):
    return screen().obsm["fateprob"].assign(**changes)


def test_a_missing_key_is_found_by_rows_that_sum_to_1(tmp_path):
    other = screen().obsm["fateprob"]
    found = preflight(tmp_path, screen(obsm={"fateprob": None, "to_fates": other, "X_umap": other.to_numpy() * 3}))
    assert found.settings == {"fate_prob_key": "to_fates"}
    assert "X_umap" in found.problems["Fate probabilities"] and "3 columns, rows sum to 1" in str(found.problems)
    assert found.reads_as_suggested


def test_cellrank_names_its_fates_itself(tmp_path):
    states = pd.Categorical(["A", "B", "C"] * (CELLS // 3))
    lineages = screen().obsm["fateprob"].to_numpy()
    adata = screen(obsm={"fateprob": None, "lineages_fwd": lineages}, obs={"term_states_fwd": states})
    found = preflight(tmp_path, adata)
    assert found.settings == {"fate_prob_key": "lineages_fwd", "ref_fate": "A", "contrast_fate": "B"}
    assert found.reads_as_suggested


FATES = ["EC", "MES", "NEU"]


def with_lineages(columns=FATES, key="lineages_fwd", column="term_states_fwd", terminal=10, **changes):
    """The good screen with an array as CellRank leaves it. columns: state of each column."""
    table, states = probs(), np.full(CELLS, None, dtype=object)
    for j, name in enumerate(FATES):
        rows = np.argsort(-table[name].to_numpy())[:terminal]
        table.iloc[rows], states[rows] = np.eye(3)[j], name
    obsm = {"fateprob": None, key: table[list(columns)].to_numpy(copy=True)}
    return screen(obsm=obsm, obs={column: pd.Categorical(states)}, **changes)


def warnings_of_fit(folder, **settings):
    """What a fit would say of the names, on the files that `preflight` has written."""
    found = read_screen(folder / "screen.h5ad", folder / "map.csv", Settings.from_mapping(settings)).doubts
    return [str(one) for one in found]


def test_an_order_that_terminal_cells_show_is_told_by_check_and_fit(tmp_path):
    found = preflight(tmp_path, with_lineages(["MES", "EC", "NEU"]), fate_prob_key="lineages_fwd")
    row = found.row("Fate names")
    assert found.ok and row["status"] == "warning"
    assert "the columns are MES, EC, NEU, in another order than the categories" in row["found"]
    assert "from the 30 terminal cells" in row["found"]
    told = warnings_of_fit(tmp_path, fate_prob_key="lineages_fwd")
    assert told == [f"Fate names: {row['found']}"]


def test_an_order_that_terminal_cells_confirm_is_fine(tmp_path):
    found = preflight(tmp_path, with_lineages(), fate_prob_key="lineages_fwd")
    row = found.row("Fate names")
    assert row["status"] == "ok" and row["found"].endswith(
        "obs['term_states_fwd']; its 30 terminal cells show the order"
    )
    assert warnings_of_fit(tmp_path, fate_prob_key="lineages_fwd") == []
    table = with_lineages(key="array")
    table.obsm["fateprob"] = pd.DataFrame(table.obsm["array"], columns=FATES, index=table.obs_names)
    row = preflight(tmp_path, table).row("Fate names")
    assert row["found"] == "EC, MES, NEU; 30 terminal cells of obs['term_states_fwd'] confirm it"


def test_an_order_that_nothing_confirms_is_told_by_check_and_fit(tmp_path):
    adata = with_lineages()
    adata.obsm["lineages_fwd"] = screen().obsm["fateprob"].to_numpy()  # soft in every cell
    row = preflight(tmp_path, adata, fate_prob_key="lineages_fwd").row("Fate names")
    assert row["status"] == "warning" and "no terminal cell of EC, MES, NEU confirms it" in row["found"]
    assert [text.endswith(row["found"]) for text in warnings_of_fit(tmp_path, fate_prob_key="lineages_fwd")] == [True]


@pytest.mark.parametrize(
    ("swapped", "settings", "said"),
    [
        (CELLS // 2, {}, "do not stand in the same order in all rows"),
        (CELLS, {"fates": FATES}, "`fates` names the columns EC, MES, NEU, but the terminal cells"),
    ],
)
def test_columns_that_terminal_cells_contradict_are_a_problem_in_the_words_of_a_fit(tmp_path, swapped, settings, said):
    adata = with_lineages()
    adata.obsm["lineages_fwd"][:swapped] = adata.obsm["lineages_fwd"][:swapped, ::-1]
    settings = settings | {"fate_prob_key": "lineages_fwd"}
    found = preflight(tmp_path, adata, **settings)
    with pytest.raises(ScreenError) as error:
        warnings_of_fit(tmp_path, **settings)
    problem = found.row("Fate probabilities")
    assert problem["status"] == "problem" and said in problem["found"]
    assert str(error.value) == f"{tmp_path / 'screen.h5ad'}: {problem['found']}"


def test_names_are_suggested_in_the_order_that_terminal_cells_show(tmp_path):
    for column in ("term_states_fwd", "my_states"):
        found = preflight(tmp_path, with_lineages(["NEU", "EC", "MES"], key="fateprob", column=column))
        assert found.settings == {"fates": ["NEU", "EC", "MES"]} and found.reads_as_suggested
        assert "30 terminal cells show" in found.problems["Fate probabilities"]


def test_names_are_suggested_without_the_text_of_a_missing_label(tmp_path):
    states = np.array([*FATES, "nan"] * (CELLS // 4))
    adata = screen(obsm={"fateprob": probs().to_numpy()}, obs={"my_states": pd.Categorical(states)})
    found = preflight(tmp_path, adata)
    assert found.settings == {"fates": FATES} and "check their order" in found.problems["Fate probabilities"]


def test_colours_are_no_names(tmp_path):
    colours = {"term_states_fwd_colors": np.array(["#111111", "#222222", "#333333"], dtype=object)}
    adata = with_lineages(uns=colours)
    del adata.obs["term_states_fwd"]
    found = preflight(tmp_path, adata, fate_prob_key="lineages_fwd")
    assert "#" not in found.problems["Fate probabilities"] and "fates" not in found.settings
    assert "fates: [name1, name2, name3]" in found.problems["Fate probabilities"]


def test_an_entry_that_cannot_be_read_does_not_stop_the_check_of_another(tmp_path):
    assert preflight(tmp_path, screen()).ok
    with h5py.File(tmp_path / "screen.h5ad", "r+") as file:
        for table in ("obs", "obsm", "uns"):
            odd = file.create_group(f"{table}/odd_day_rep")
            odd.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0"})
            file[f"{table}/gone_day_rep"] = h5py.SoftLink("/nowhere")
    settings = Settings.from_mapping()
    assert check_screen(tmp_path / "screen.h5ad", settings, tmp_path / "map.csv")["ok"]
    with h5py.File(tmp_path / "screen.h5ad", "r+") as file:
        file.move("obsm/fateprob", "obsm/other")
    found = check_screen(tmp_path / "screen.h5ad", settings, tmp_path / "map.csv")
    assert found["settings"] == {"fate_prob_key": "other"}


def test_cells_are_counted_and_the_first_five_named(tmp_path):
    table = probs()
    table.iloc[3:10] *= 1.5
    said = preflight(tmp_path, screen(obsm={"fateprob": table})).problems["Fate probabilities"]
    assert (
        "7 cells (row 3 (cell3), row 4 (cell4)" in said and "row 7 (cell7) and 2 more)" in said and "row 8" not in said
    )
    with pytest.raises(ScreenError, match=r"7 cell\(s\) whose .*row 7 \(cell7\) and 2 more\.$"):
        warnings_of_fit(tmp_path)


def test_a_plain_array_takes_its_names_from_what_has_as_many(tmp_path):
    adata = screen(obsm={"fateprob": screen().obsm["fateprob"].to_numpy()}, uns={"my_names": np.array(["x", "y", "z"])})
    found = preflight(tmp_path, adata)
    assert found.settings["fates"] == ["x", "y", "z"] and "check their order" in found.problems["Fate probabilities"]
    assert found.reads_as_suggested
    nameless = preflight(tmp_path, screen(obsm={"fateprob": screen().obsm["fateprob"].to_numpy()}))
    assert "fates: [name1, name2, name3]" in nameless.problems["Fate probabilities"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p * 100, ["percent", "/ 100"]),
        (lambda p: p * np.linspace(0.9, 1.1, CELLS)[:, None], ["do not sum to 1", "0.9", "1.1"]),
        (lambda p: p.assign(EC=np.nan), ["240 cells", "NaN", "leave them out"]),
        (lambda p: p * (np.arange(CELLS) != 7)[:, None], ["1 cell (row 7", "cell7", "zero for every fate"]),
        (lambda p: p.assign(EC=p.EC - 2, MES=p.MES + 2), ["negative"]),
        (lambda p: p.drop(columns="NEU"), ["do not sum to 1", "is a fate missing"]),
    ],
)
def test_values_that_are_no_probabilities(tmp_path, change, said):
    problems = preflight(tmp_path, screen(obsm={"fateprob": change(probs())})).problems
    assert all(text in problems["Fate probabilities"] for text in said), problems
    assert set(problems) == {"Fate probabilities"}


def test_several_faults_are_told_at_once(tmp_path):
    table = probs()
    table.iloc[3, 1] = np.nan
    table.iloc[9] = 0.0
    table.iloc[11] *= 1.5
    text = preflight(tmp_path, screen(obsm={"fateprob": table})).problems["Fate probabilities"]
    assert all(word in text for word in ("cell3", "cell9", "cell11"))


def test_cells_without_any_are_left_out_or_refused(tmp_path):
    table = probs()
    table.iloc[[3, 5]] = np.nan
    found = preflight(tmp_path, screen(obsm={"fateprob": table}))
    row = found.row("Fate probabilities")
    assert found.ok and row["status"] == "warning" and "2 cells (row 3 (cell3), row 5 (cell5))" in row["found"]
    assert "2 without fate probabilities" in found.row("Guides per cell")["found"]
    assert "238 usable cells" in found.row("Screen")["found"]
    refused = preflight(tmp_path, screen(obsm={"fateprob": table}), missing_fates="error")
    assert refused.settings == {"missing_fates": "drop"} and refused.reads_as_suggested
    none = preflight(tmp_path, screen(obsm={"fateprob": table * np.nan}))
    assert "no cell has any" in none.problems["Fate probabilities"]


def test_rounding_is_told_and_is_no_fault(tmp_path):
    table = probs()
    table.iloc[4] = [-1e-12, 0.5, 0.5]
    table.iloc[6] *= 1.0005
    found = preflight(tmp_path, screen(obsm={"fateprob": table})).row("Fate probabilities")
    assert found["status"] == "ok"
    assert "1 cell negative by rounding (set to 0); 1 cell with sums a little off" in found["found"]


def test_four_fates_and_a_reference_of_another_name(tmp_path):
    table = pd.DataFrame(
        np.random.default_rng(0).dirichlet(np.ones(4), CELLS), columns=["alpha", "beta", "delta", "ec"],
        index=[f"cell{i}" for i in range(CELLS)],
    )  # fmt: skip
    found = preflight(tmp_path, screen(obsm={"fateprob": table}))
    assert found.settings == {"ref_fate": "ec", "contrast_fate": "alpha"}  # apart from case: ec
    assert found.reads_as_suggested
    chosen = preflight(tmp_path, screen(obsm={"fateprob": table}), ref_fate="ec", contrast_fate="beta - delta")
    assert chosen.ok and "effects on beta against delta" in chosen.row("Fates")["found"]


@pytest.mark.parametrize(
    ("typed", "wanted", "said"),
    [
        ("MES - NEUR", "MES - NEU", "no fate 'NEUR', the nearest one is 'NEU'"),
        ("mes-neu - x", None, "a space on either side"),
        ("MES-NEU", "MES - NEU", "a space on either side"),
        ("mes - rest", "MES - rest", "no fate 'mes'"),
        ("MES - (EC + NEUU) / 2", "MES - (EC + NEU) / 2", "no fate 'NEUU', the nearest one is 'NEU'"),
        ("MESS", "MES", "no fate 'MESS', the nearest one is 'MES'"),
    ],
)
def test_a_mistyped_contrast_is_mended(tmp_path, typed, wanted, said):
    found = preflight(tmp_path, screen(), contrast_fate=typed)
    assert said in found.problems["Fates"]
    assert found.settings == ({"contrast_fate": wanted} if wanted else {})
    assert wanted is None or found.reads_as_suggested


def test_other_contrasts_are_looked_at_as_well(tmp_path):
    found = preflight(tmp_path, screen(), contrasts=["MES", "NEU - rest", "NEU - Mes", "EC"])
    assert "no fate 'Mes', the nearest one is 'MES'" in found.problems["Contrasts"]
    assert "`contrasts: EC` is the reference fate" in found.problems["Contrasts"]
    assert "mend or remove NEU - Mes, EC" in found.problems["Contrasts"]
    assert found.settings == {"contrasts": ["MES", "NEU - rest"]} and found.reads_as_suggested
    assert preflight(tmp_path, screen(), contrasts=["NEU - (EC + MES) / 2"], contrast_fate="NEU").ok


def test_what_a_contrast_compares_is_said(tmp_path):
    found = preflight(tmp_path, screen(), contrast_fate="MES - rest").row("Fates")["found"]
    assert found.endswith("effects on MES against EC, NEU")


def test_fates_that_are_not_the_columns(tmp_path):
    found = preflight(tmp_path, screen(), fates=["EC", "MES", "other"])
    assert found.settings == {"fates": None} and found.reads_as_suggested


def test_columns_of_0_and_1_are_not_taken_for_fates_first(tmp_path):
    groups = pd.DataFrame({"a": np.arange(CELLS) % 2, "b": 1 - np.arange(CELLS) % 2}, index=probs().index)
    found = preflight(tmp_path, screen(obsm={"fateprob": None, "a_groups": groups, "z": probs()}))
    assert found.settings == {"fate_prob_key": "z"}
