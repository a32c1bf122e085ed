"""Several label sets of the same cells: read in one order, refused where they do not belong together."""

import numpy as np
import pandas as pd
import pytest
from broken_screens import CELLS, guide_map, preflight, screen

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen
from fatebias.screens.reader import read_cells, read_screen

KEYS = ("fateprob", "k50", "palantir")


def with_sets(**changes):
    """The good screen with two more sets: k50 with its columns in another order, palantir with others' labels."""
    first = screen().obsm["fateprob"]
    rng = np.random.default_rng(5)
    other = pd.DataFrame(rng.dirichlet(np.ones(first.shape[1]), len(first)), first.index, first.columns)
    second = (0.5 * first + 0.5 * other)[[*first.columns[::-1]]]
    return screen(obsm={"k50": second, "palantir": other} | changes)


def read(folder, adata, keys=KEYS, **settings):
    found = preflight(folder, adata, fate_prob_key=list(keys), **settings)
    made = Settings.from_mapping({"fate_prob_key": list(keys)} | settings)
    return found, read_screen(folder / "screen.h5ad", folder / "map.csv", made)


def test_sets_are_read_in_one_order_of_fates_and_cells(tmp_path):
    adata = with_sets()
    found, made = read(tmp_path, adata)
    assert found.ok and "3 of the same fates and cells" in found.row("Label sets")["found"]
    assert made.label_sets == KEYS and made.n_sets == 3
    alone = read_screen(tmp_path / "screen.h5ad", tmp_path / "map.csv", Settings.from_mapping())
    np.testing.assert_array_equal(made.fate_probs, alone.fate_probs)
    for k, key in enumerate(KEYS):
        single = Settings.from_mapping({"fate_prob_key": key})
        wanted = read_screen(tmp_path / "screen.h5ad", tmp_path / "map.csv", single)
        order = [wanted.fates.index(fate) for fate in made.fates]
        np.testing.assert_array_equal(made.of_set(k).fate_probs, wanted.fate_probs[:, order])
        assert made.of_set(k).label_sets == (key,) and made.of_set(k).n_sets == 1
    mean = sum(made.of_set(k).fate_probs for k in range(3)) / 3
    np.testing.assert_allclose(made.of_mean_labels().fate_probs, mean)


def test_a_list_of_one_is_one_set(tmp_path):
    adata = with_sets()
    _, made = read(tmp_path, adata, ["k50"])
    assert made.n_sets == 1 and made.other_probs is None and made.of_set(0) is made


def test_a_cell_that_lacks_labels_in_one_set_is_left_out_of_all(tmp_path):
    adata = with_sets()
    probs = adata.obsm["k50"].copy()
    probs.iloc[:7] = np.nan
    adata.obsm["k50"] = probs
    found, made = read(tmp_path, adata)
    assert found.ok and found.row("Label sets")["status"] == "warning"
    assert "7 cells have fate probabilities in some label sets only" in found.row("Label sets")["found"]
    assert made.left_out["no_fate_probs"] == 7 and made.n_cells == CELLS - 7
    assert any(doubt.item == "Label sets" and "lacking in k50 7" in doubt.found for doubt in made.doubts)
    settings = Settings.from_mapping({"fate_prob_key": list(KEYS)})
    mean = read_cells(tmp_path / "screen.h5ad", settings).of_mean_labels()
    assert mean.other_probs is None and mean.lacks_fates.sum() == 7
    with pytest.raises(ScreenError, match=r"k50.*without fate probabilities"):
        read(tmp_path, adata, missing_fates="error")


def test_sets_of_different_fates_are_refused(tmp_path):
    adata = with_sets()
    adata.obsm["k50"] = adata.obsm["k50"].rename(columns={"NEU": "NPC"})
    found = preflight(tmp_path, adata, fate_prob_key=list(KEYS))
    assert "label sets must have the same fates" in found.problems["Label sets"]
    with pytest.raises(ScreenError, match=r"obsm\['fateprob'\] has EC, MES, NEU, and obsm\['k50'\] has .*NPC"):
        read(tmp_path, adata)


def test_a_set_twice_says_nothing_and_a_missing_one_is_named(tmp_path):
    adata = with_sets(k50=screen().obsm["fateprob"])
    found, _ = read(tmp_path, adata)
    assert "obsm['k50'] is obsm['fateprob'], number for number" in found.row("Label sets")["found"]
    missing = preflight(tmp_path, adata, fate_prob_key=["fateprob", "k70"])
    assert "no obsm['k70']" in missing.problems["Fate probabilities"] and not missing.reads_as_suggested


def test_flat_labels_of_any_set_are_refused(tmp_path):
    flat = screen().obsm["fateprob"] * 0 + 1 / 3
    adata = with_sets(palantir=flat)
    adata.write_h5ad(tmp_path / "screen.h5ad")
    guide_map().to_csv(tmp_path / "map.csv", index=False)
    for keys, wanted in ((KEYS[:2], True), (KEYS, False)):
        found = check_screen(
            tmp_path / "screen.h5ad", Settings.from_mapping({"fate_prob_key": list(keys)}), tmp_path / "map.csv"
        )
        assert found["ok"] is wanted
    assert "have the same fate probabilities" in str(found["rows"])
