import numpy as np
import pandas as pd
import pytest
from conftest import screen_of, simulated
from tiny_screen import PRESENCE, tiny

from fatebias.screens.summary import count_cells_by_guide, summarise_screen


def test_counts_add_up():
    screen = screen_of(simulated(replicates=3, fates=4))
    summary = summarise_screen(screen)
    assert np.sum(summary["cells_by_day_replicate"]) == summary["n_cells"]
    assert np.allclose(np.sum(summary["fate_means_by_day"], axis=1), 1)
    assert len(summary["fates"]) == 4 and len(summary["replicates"]) == 3


def test_means_by_day_and_replicate_are_those_of_the_cells():
    screen = screen_of(simulated(replicates=2))
    table = pd.DataFrame(screen.fate_probs).groupby([screen.day, screen.replicate]).mean()
    found = np.array(summarise_screen(screen)["fate_means_by_day_replicate"])
    assert found.shape == (3, 2, 3)
    assert found.reshape(6, 3) == pytest.approx(table.to_numpy())


def test_a_replicate_without_cells_on_a_day_has_no_mean():
    screen = tiny(PRESENCE, replicate=np.array(["r0", "r0", "r0", "r0", "r0", "r1", "r1", "r0"], dtype=object))
    means = summarise_screen(screen)["fate_means_by_day_replicate"]
    assert means[0] == [[0.5, 0.5], [None, None]] and means[1] == [[0.5, 0.5], [0.5, 0.5]]


def test_burden_counts_are_of_the_file():
    presence = PRESENCE.copy()
    presence[0], presence[2] = 0, 1  # no guide, and more than Kmax
    counts = summarise_screen(tiny(presence))["burden_counts"]
    assert counts == {"n_guides": [0, 1, 2, 3, 4], "n_cells": [1, 3, 3, 0, 1]}


def test_cells_by_guide_and_day():
    table = count_cells_by_guide(tiny(PRESENCE))
    assert table.guide.tolist() == ["a1", "a2", "b1", "n1"] and table.is_ntc.tolist() == [0, 0, 0, 1]
    assert table.gene.tolist()[:3] == ["A", "A", "B"] and table.gene.isna().tolist() == [False] * 3 + [True]
    column = {"b1": 0, "n1": 1, "a1": 2, "a2": 3}
    for row in table.itertuples():
        carried = PRESENCE[:, column[row.guide]]
        assert (row.n_cells_d0, row.n_cells_d1) == (carried[:4].sum(), carried[4:].sum())


def test_covariates_clusters_and_mended_cells_are_told():
    cells = pd.DataFrame({"lane": ["A", "B", "B", "A", "A", "B", "B", "B"]})
    summary = summarise_screen(tiny(PRESENCE, covariates=cells, mended={"sum_to_one": 2}))
    assert summary["covariates"] == ["lane=A", "lane=B"] and summary["mended"] == {"sum_to_one": 2}
    assert summary["n_clusters"] is None
