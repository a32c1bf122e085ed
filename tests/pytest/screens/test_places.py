"""Guides that cannot be told apart, counted cell by cell, and told by name."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import labels
from tiny_screen import PRESENCE, tiny

from fatebias.base.settings import Settings
from fatebias.screens import counts
from fatebias.screens.build import build_screen
from fatebias.screens.counts import count_cells
from fatebias.screens.doubts import doubts_about
from fatebias.screens.guide_map import GuideMap
from fatebias.screens.screen import RawCells

NAMES = [f"{gene}_sg{j}" for gene in ("A", "B", "C") for j in (1, 2)] + ["NTC"]


def made(presence, probs=None, n_days=2):
    n = len(presence)
    probs = np.random.default_rng(0).dirichlet(np.ones(3), n) if probs is None else probs
    cells = RawCells(
        guides=sp.csr_matrix(presence), guide_names=NAMES, day=labels("d", np.arange(n) % n_days),
        replicate=labels("r", np.arange(n) // 2 % 2), fates=("EC", "MES", "NEU"), fate_probs=probs,
    )  # fmt: skip
    genes = tuple(name.split("_")[0] for name in NAMES)
    given = GuideMap(guide_names=tuple(NAMES), gene_names=genes, is_ntc=np.array(genes) == "NTC")
    return build_screen(cells, given, Settings.from_mapping(), where="made")


def random_presence(n=120, seed=3):
    presence = (np.random.default_rng(seed).random((n, len(NAMES))) < 0.3).astype(int)
    presence[:, -1] = presence[:, :-1].sum(1) == 0
    return presence


def found(screen):
    return {doubt.item: doubt.found for doubt in doubts_about(screen, Settings.from_mapping())}


def test_places_are_counted_as_cell_by_cell(monkeypatch):
    whole = made(random_presence())
    places = count_cells([whole], "MES").places
    for g in range(whole.n_guides):
        carries = [g in whole.guide_idx[slice(*whole.guide_ptr[i : i + 2])] for i in range(whole.n_cells)]
        assert places.by_day[g].tolist() == [sum(np.array(carries) & (whole.day == d)) for d in range(2)]
        assert places.fates[g] == pytest.approx(whole.fate_probs[carries].sum(0))
    assert places.of_gene.sum() == len({(whole.guide_gene[g], i) for i in range(whole.n_cells)
                                        for g in whole.guide_idx[slice(*whole.guide_ptr[i : i + 2])]})  # fmt: skip
    assert len(set(places.prints.tolist())) == whole.n_guides
    assert not {"Guides in every cell", "Guides in the same cells", "Guides of one fate"} & set(found(whole))
    monkeypatch.setattr(counts, "CELLS_AT_ONCE", 7)
    assert np.array_equal(count_cells([whole], "MES").places.prints, places.prints)


def test_parts_of_a_screen_add_up():
    presence = np.tile(PRESENCE, (1, 1))
    one = count_cells([tiny(presence)], "MES").places
    two = count_cells([tiny(presence), tiny(presence)], "MES").places
    assert np.array_equal(2 * one.by_day, two.by_day) and np.allclose(2 * one.of_all, two.of_all)
    assert not np.array_equal(2 * one.prints, two.prints)  # other cells


def test_a_guide_in_every_cell_of_a_day_is_named_with_the_day():
    presence = random_presence()
    presence[1::2, 2] = 1
    assert found(made(presence))["Guides in every cell"] == "guide B_sg1 on d1, gene B on d1"


def test_a_gene_whose_guides_share_all_cells_of_a_day_is_named():
    presence = random_presence()
    presence[:, :2] = np.eye(2)[np.arange(len(presence)) // 2 % 2]
    assert found(made(presence))["Guides in every cell"] == "gene A on every day"


def test_guides_that_are_always_together_are_named():
    presence = random_presence()
    presence[:, 4] = presence[:, 0]
    said = "2 of 6 guides lie in the same cells as another: A_sg1 = C_sg1"
    assert found(made(presence))["Guides in the same cells"] == said
    presence[:, :6] = presence[:, :1]
    presence[:, 6] = 1
    said = "6 of 6 guides lie in the same cells as another: A_sg1 = A_sg2 = B_sg1 and 3 more"
    assert found(made(presence))["Guides in the same cells"] == said


def test_a_guide_of_one_fate_is_named_where_that_is_no_chance():
    presence, rng = random_presence(), np.random.default_rng(1)
    probs = np.eye(3)[rng.integers(0, 3, len(presence))]
    assert "Guides of one fate" not in found(made(presence, probs))
    probs[presence[:, 3] == 1] = [0, 0, 1]
    cells = int(presence[:, 3].sum())
    said = f"all cells of 1 guide have one fate: B_sg2 ({cells} cells, NEU)"
    assert found(made(presence, probs))["Guides of one fate"] == said


def test_more_fates_than_fits_are_tried_with_are_a_doubt():
    settings = Settings.from_mapping({"contrast_fate": "F1", "ref_fate": "F0"})
    for n in (30, 31):
        probs = np.random.default_rng(0).dirichlet(np.ones(n), 8)
        screen = tiny(PRESENCE, fates=tuple(f"F{k}" for k in range(n)), fate_probs=probs)
        items = {doubt.item for doubt in doubts_about(screen, settings)}
        assert ("Fates" in items) == (n == 31)
