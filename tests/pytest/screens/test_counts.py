"""Counts of the cells of a screen: those of parts add up to those of the whole."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from tiny_screen import PRESENCE, tiny

from fatebias.screens import counts as of_counts
from fatebias.screens import plan as of_plan
from fatebias.screens import usable as of_usable
from fatebias.screens.counts import count_cells
from fatebias.screens.usable import carriers_of

PROBS = np.random.default_rng(0).dirichlet(np.ones(2), 8)


@pytest.mark.parametrize("n", [1, 3, 8])
def test_a_screen_read_in_parts_is_the_whole_screen(monkeypatch, n):
    presence = np.vstack([PRESENCE, np.ones((1, 4), dtype=int), np.zeros((1, 4), dtype=int)])  # two that are left out
    many = {
        "presence": presence, "day": [f"d{k}" for k in (2, 2, 2, 2, 10, 10, 10, 10, 2, 10)],
        "replicate": ["r0", "r1"] * 5, "fate_probs": np.vstack([PROBS, PROBS[:2]]),
    }  # fmt: skip
    whole = tiny(**many)
    for module in (of_counts, of_plan, of_usable):
        monkeypatch.setattr(module, "CELLS_AT_ONCE", n)
    parts = tiny(**many)
    for field in dataclasses.fields(whole):
        one, other = getattr(whole, field.name), getattr(parts, field.name)
        assert np.array_equal(one, other) and getattr(one, "dtype", 0) == getattr(other, "dtype", 0), field.name
    assert whole.n_cells == 8 and whole.left_out == {"no_guide": 1, "too_many_guides": 1, "no_fate_probs": 0}


def test_counts_are_those_of_the_table():
    made = tiny(PRESENCE, fate_probs=PROBS)
    halves = [dataclasses.replace(made, **half) for half in (cells(made, 0, 4), cells(made, 4, 8))]
    for found in (count_cells([made], "MES"), count_cells(halves, "MES")):
        day = np.repeat([0, 1], 4)
        column = {name: PRESENCE[:, j] for j, name in enumerate(["b1", "n1", "a1", "a2"])}
        assert found.n_cells == 8
        assert found.carriers.tolist() == [column[name].sum() for name in made.guide_names]
        assert found.ntc_cells.tolist() == [[column["n1"][day == d].sum() for d in (0, 1)]]
        assert found.burdens.controls.tolist() == found.ntc_cells[0].tolist()
        assert found.burdens.least.tolist() == [PRESENCE[day == d].sum(1).min() for d in (0, 1)]
        assert found.burdens.most.tolist() == [PRESENCE[day == d].sum(1).max() for d in (0, 1)]
        of_gene = {"A": column["a1"] + column["a2"], "B": column["b1"]}
        assert found.guides_of_gene.tolist() == [[of_gene[g][day == d].sum() for d in (0, 1)] for g in made.gene_names]
        assert found.samples.tolist() == [[2, 2], [2, 2]] and len(found.clusters) == 0
        rarer = [[PROBS[(of_gene[g] > 0) & (day == d)].sum(0).min() for d in (0, 1)] for g in made.gene_names]
        np.testing.assert_allclose(found.effective, rarer)


def cells(screen, start, stop):
    """Fields of a part of the cells; controls by day are of these too."""
    ptr = screen.guide_ptr
    return {
        "guide_ptr": ptr[start : stop + 1] - ptr[start], "guide_idx": screen.guide_idx[ptr[start] : ptr[stop]],
        "ntc_cells": screen.ntc_cells * (screen.day[start] == np.arange(2)), "covariates": np.zeros((stop - start, 0)),
        **{name: getattr(screen, name)[start:stop] for name in ("burden", "day", "replicate", "fate_probs")},
    }  # fmt: skip


def test_genes_count_once_a_cell_in_any_order_of_its_guides():
    made = tiny(PRESENCE, fate_probs=PROBS)
    turned = made.guide_idx.copy()
    for start, stop in zip(made.guide_ptr, made.guide_ptr[1:]):
        turned[start:stop] = turned[start:stop][::-1]
    one, other = (count_cells([each], "MES") for each in (made, dataclasses.replace(made, guide_idx=turned)))
    np.testing.assert_allclose(one.effective, other.effective)


def test_carriers_are_usable_cells(monkeypatch):
    usable = np.array([True, False, True, True, False, True, True, False])
    for n in (2, 50):
        monkeypatch.setattr(of_usable, "CELLS_AT_ONCE", n)
        assert carriers_of(sp.csr_matrix(PRESENCE), usable).tolist() == PRESENCE[usable].sum(0).tolist()
