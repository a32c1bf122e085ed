"""Control pseudo-genes: who is held out, and that their estimates are what a fit of that map gives."""

import numpy as np
import pytest

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.certificate.controls import estimate_controls, hold_out_controls
from fatebias.results.files import read_table
from fatebias.results.fit import fit_screen
from fatebias.screens.guide_map import GuideMap, read_guide_map
from fatebias.simulation import simulate_to


def guide_map(guides_per_gene: list[int], n_controls: int) -> GuideMap:
    genes = [f"G{k}" for k, n in enumerate(guides_per_gene) for _ in range(n)] + ["NTC"] * n_controls
    names = tuple(f"sg{k}" for k in range(len(genes)))
    return GuideMap(guide_names=names, gene_names=tuple(genes), is_ntc=np.array([gene == "NTC" for gene in genes]))


def groups(given: GuideMap) -> dict[str, int]:
    found = [gene for gene in given.gene_names if gene.startswith("c_")]
    return {gene: found.count(gene) for gene in found}


def test_half_of_the_controls_are_grouped_in_the_median_size():
    given = guide_map([2, 3, 3, 9], 14)
    held_out = hold_out_controls(given, set(given.guide_names), "c_", np.random.default_rng(0))
    assert groups(held_out) == {"c_1": 3, "c_2": 3}
    assert held_out.is_ntc.sum() == 14 - 6
    targeting = ~given.is_ntc
    assert [held_out.gene_names[k] for k in np.flatnonzero(targeting)] == [
        given.gene_names[k] for k in np.flatnonzero(targeting)
    ]


def test_few_controls_make_one_small_group_and_uncarried_ones_do_not_count():
    given = guide_map([6, 6], 5)
    held_out = hold_out_controls(given, set(given.guide_names), "c_", np.random.default_rng(0))
    assert groups(held_out) == {"c_1": 2}
    with pytest.raises(ScreenError, match="there are 1"):
        hold_out_controls(given, {"sg0", "sg12"}, "c_", np.random.default_rng(0))


def test_estimates_are_those_of_a_fit_with_that_map(tmp_path):
    paths = simulate_to(tmp_path, {"seed": 2, "cells": 1500, "genes": 8, "ntc": 12, "days": 2})
    settings = Settings.from_mapping({"inference": "laplace", "seed": 4})
    found = estimate_controls(paths["screen"], paths["guide_map"], settings, 1)
    table = tmp_path / "grouped.csv"
    given = read_guide_map(paths["guide_map"])
    grouped = hold_out_controls(given, set(given.guide_names), "control_1_", np.random.default_rng(4))
    rows = [
        f"{guide},{gene},{int(ntc)}"
        for guide, gene, ntc in zip(grouped.guide_names, grouped.gene_names, grouped.is_ntc)
    ]
    table.write_text("guide_name,gene_name,is_ntc\n" + "\n".join(rows) + "\n")
    fit_screen(paths["screen"], table, tmp_path / "fit", settings)
    by_fit = read_table(tmp_path / "fit", "gene_daywise_likelihood.csv").set_index("gene")
    assert found["gene"] == ["control_1_1"]
    for column in ("betahat_d0", "betahat_d1", "se_d0", "se_d1"):
        assert np.isclose(found[column][0], by_fit.loc["control_1_1", column], rtol=1e-6)
