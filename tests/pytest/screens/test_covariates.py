import numpy as np
import pandas as pd
import pytest
from conftest import labels
from tiny_screen import PRESENCE, tiny

from fatebias.base.errors import ScreenError
from fatebias.screens.covariates import number_clusters, standardise_covariates

NONE: dict = {}


def test_numbers_are_standardised_and_levels_are_centred_indicators():
    cells = pd.DataFrame({"depth": [1.0, 2.0, 6.0, 7.0], "lane": ["B", "A10", "A9", "B"]})
    columns, names = standardise_covariates(cells, NONE, "here")
    assert names == ("depth", "lane=A9", "lane=A10", "lane=B")
    depth = np.array([-3, -2, 2, 3]) / np.sqrt(6.5)
    np.testing.assert_allclose(columns[:, 0], depth)
    np.testing.assert_allclose(columns[:, 1], [-0.25, -0.25, 0.75, -0.25])
    np.testing.assert_allclose(columns[:, 3], [0.5, -0.5, -0.5, 0.5])


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([3.0] * 4, r"x is constant \(3.0\)"),
        ([1e6, 1e6 + 1e-5, 1e6, 1e6], "constant"),
        (["a"] * 4, r"constant \(a\)"),
        (["a", "b", "c", "d"], "another label in each cell"),
        (["d0", "d0", "d1", "d1"], "the same as the day"),
        ([2.0, 2.0, 5.0, 5.0], "the same as the day"),
    ],
)
def test_columns_that_say_nothing_of_their_own_are_refused(column, said):
    day = labels("x", [0, 0, 1, 1])
    with pytest.raises(ScreenError, match=said):
        standardise_covariates(pd.DataFrame({"x": column}), {"day": day}, "here")


def test_a_label_within_days_and_four_different_numbers_are_fine():
    day = labels("x", [0, 0, 1, 1])
    cells = pd.DataFrame({"a": ["p", "q", "r", "r"], "b": [1.0, 2.0, 3.0, 4.0]})
    assert standardise_covariates(cells, {"day": day}, "here")[0].shape == (4, 4)


def test_two_columns_of_one_name_are_refused():
    cells = pd.DataFrame({"lane": ["A", "B", "A"], "lane=A": [1.0, 2.0, 4.0]})
    with pytest.raises(ScreenError, match="lane=A"):
        standardise_covariates(cells, NONE, "here")


def test_clusters_are_numbered_from_0():
    names = labels("c", [5, 3, 3, 10, *range(20, 30)])
    cluster = number_clusters(names, "clone", "here")
    assert cluster.dtype == np.int64 and set(cluster) == set(range(13)) and cluster[1] == cluster[2]
    assert number_clusters(None, None, "here") is None
    assert number_clusters(labels("c", range(5)), "clone", "here") is None
    with pytest.raises(ScreenError, match=r"clone.*2 cluster\(s\)"):
        number_clusters(labels("c", [0, 1] * 20), "clone", "here")


def test_a_screen_standardises_over_the_cells_that_it_keeps():
    presence = np.tile(PRESENCE, (3, 1))
    presence[0] = 0
    probs = np.full((24, 2), 0.5)
    probs[5] = np.nan
    depth = np.arange(24.0) ** 2
    clone = labels("c", np.arange(24) // 2)
    screen = tiny(
        presence, day=labels("d", np.arange(24) // 12), replicate=labels("r", [0, 1] * 12), fate_probs=probs,
        covariates=pd.DataFrame({"depth": depth}), cluster=clone,
    )  # fmt: skip
    keep = np.delete(np.arange(24), [0, 5])
    assert screen.left_out == {"no_guide": 1, "too_many_guides": 0, "no_fate_probs": 1}
    assert screen.n_cells == 22 and screen.n_cells_file == 24 and np.isfinite(screen.fate_probs).all()
    expected = (depth[keep] - depth[keep].mean()) / depth[keep].std()
    np.testing.assert_allclose(screen.covariates, expected[:, None])
    assert screen.covariate_names == ("depth",) and screen.n_covariates == 1
    assert screen.cluster.tolist() == [sorted(set(clone[keep])).index(name) for name in clone[keep]]
    assert screen.n_clusters == 12


def test_without_any_a_screen_has_none():
    screen = tiny(PRESENCE)
    assert screen.covariates.shape == (8, 0) and screen.covariate_names == ()
    assert screen.cluster is None and screen.n_clusters is None and screen.mended == {}
