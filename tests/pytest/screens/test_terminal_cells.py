"""Terminal cells that show which column is their state's: made by hand, and counted by hand."""

import numpy as np
import pandas as pd
import pytest

from fatebias.screens.terminal_cells import count_terminal_cells, counted, in_order, nth, state_column

EC, MES, NEU = np.eye(3)
SOFT, NONE = np.full(3, 1 / 3), np.full(3, np.nan)


def cells(*rows, categories=("EC", "MES", "NEU")):
    """Terminal cells of rows (label, probabilities)."""
    labels = pd.Series(pd.Categorical([label for label, _ in rows], categories=categories))
    return count_terminal_cells(state_column("obs['s']", labels), np.array([probs for _, probs in rows]))


def test_each_state_points_at_the_column_where_its_cells_have_probability_1():
    found = cells(("EC", MES), ("EC", MES), ("MES", EC), (None, NEU), ("NEU", NEU))
    assert found.sure.tolist() == [[0, 2, 0], [1, 0, 0], [0, 0, 1]] and found.labelled.tolist() == [2, 1, 1]
    assert found.column.tolist() == [1, 0, 2] and found.names == ["MES", "EC", "NEU"] and found.n_sure == 4


@pytest.mark.parametrize("scale", [1.0, 100.0, 1.0005])
def test_rounding_and_percent_make_no_difference(scale):
    rows = np.array([[2e-4, 0.9998, 0], [0.9995, 0, 5e-4], [0, 1e-3, 0.999]], dtype=np.float16) * scale
    assert cells(*zip(("EC", "MES", "NEU"), rows)).names == ["MES", "EC", "NEU"]


def test_rows_without_probabilities_and_soft_ones_tell_nothing():
    rows = [
        ("EC", EC),
        ("EC", NONE),
        ("EC", [np.inf, -np.inf, 1]),
        ("MES", SOFT),
        ("MES", [0, 0, 0]),
        ("MES", [0, 5, 0]),
    ]
    found = cells(*rows)
    assert found.column.tolist() == [0, -1, -1] and found.labelled.tolist() == [1, 1, 0]
    assert found.silent == ["MES", "NEU"] and found.torn == [] and found.names is None


def test_soft_cells_lean_to_the_column_of_their_largest_probability():
    soft = {"EC": [0.1, 0.7, 0.2], "MES": [0.6, 0.2, 0.2], "NEU": [0.3, 0.3, 0.4]}
    assert cells(*soft.items()).leaning == ["MES", "EC", "NEU"]
    assert cells(*[("EC", soft["EC"])] * 8, ("EC", EC), ("MES", soft["MES"]), ("NEU", NEU)).leaning is None  # 8 of 9
    assert cells(("EC", SOFT), ("MES", SOFT), ("NEU", SOFT)).leaning is None
    assert cells(("EC", EC), ("MES", MES)).leaning is None


def test_a_few_sure_cells_among_many_soft_ones_tell_nothing():
    assert cells(*[("EC", EC)] * 1, *[("EC", SOFT)] * 10).column[0] == -1
    assert cells(*[("EC", EC)] * 1, *[("EC", SOFT)] * 9).column[0] == 0


def test_one_cell_in_thirty_that_disagrees_is_a_contradiction():
    found = cells(*[("EC", EC)] * 29, ("EC", NEU), ("MES", MES))
    assert found.torn == [0] and found.column.tolist() == [-1, 1, -1]
    assert counted(found, found.torn) == "those of EC in the first column (29) and in the third column (1)"


def test_states_of_one_column_are_told_together_and_one_left_over_is_filled_in():
    joined = cells(("EC", EC[:2]), ("MES", EC[:2]), ("NEU", MES[:2]))
    assert joined.names is None and in_order(joined) == ["EC, MES", "NEU"]
    assert in_order(cells(("EC", MES), ("NEU", EC))) == ["NEU", "EC", "MES"]
    assert in_order(cells(("EC", MES))) == ["?", "EC", "?"]


@pytest.mark.parametrize(
    ("labels", "states", "codes"),
    [
        (pd.Categorical(["b", None, "a"], categories=["b", "a"]), ("b", "a"), [0, -1, 1]),
        (pd.Categorical(["nan", "b", "NaN"], categories=["NaN", "b", "nan"]), ("b",), [-1, 0, -1]),
        (pd.Categorical([2, 10, 2]), ("2", "10"), [0, 1, 0]),
        (["b", "", "a"], ("a", "b"), [1, -1, 0]),
        (pd.array(["b", None, "a"], dtype="string"), ("a", "b"), [1, -1, 0]),
    ],
)
def test_labels_of_any_kind(labels, states, codes):
    found = state_column("s", pd.Series(labels))
    assert found.states == states and found.codes.tolist() == codes
    assert found.declared == isinstance(labels, pd.Categorical)


@pytest.mark.parametrize("values", [[0.5, 1.0], [1, 2], [True, False], ["nan", ""], pd.Categorical([None, None])])
def test_what_is_no_column_of_states(values):
    assert state_column("s", pd.Series(values)) is None


def test_columns_in_words():
    assert [nth(0), nth(9), nth(11)] == ["first column", "tenth column", "12th column"]


@pytest.mark.parametrize("seed", range(50))
def test_any_order_of_any_states_is_found(seed):
    """Random states, orders, labels, rows of NaN and rounding; each state has a labelled cell."""
    rng = np.random.default_rng(seed)
    k, n = rng.integers(2, 9), 200
    order = rng.permutation(k)  # state of each column
    probs = rng.dirichlet(np.full(k, rng.choice([0.3, 5.0])), n)
    state = np.full(n, -1)
    labelled = rng.choice(n, rng.integers(k, 60), replace=False)
    state[labelled] = np.r_[np.arange(k), rng.integers(0, k, len(labelled) - k)]
    probs[labelled] = np.eye(k)[order.argsort()[state[labelled]]]
    probs[rng.choice(labelled[k:], len(labelled[k:]) // 2, replace=False)] = np.nan
    names = np.array([f"state{j}" for j in rng.permutation(k)])
    column = state_column("s", pd.Series(pd.Categorical.from_codes(state, names)))
    kind = rng.choice([np.float16, np.float32, np.float64])
    assert count_terminal_cells(column, probs.astype(kind).astype(float)).names == list(names[order])
