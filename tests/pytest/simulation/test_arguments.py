"""Arguments of a simulation: presets, what overrides them, and what is refused."""

import numpy as np
import pytest

from fatebias.base.errors import SimulationError
from fatebias.simulation import simulate
from fatebias.simulation.arguments import ARGUMENTS, PRESETS, Arguments


def test_presets_have_the_sizes_of_the_design():
    weak, strong = Arguments.from_mapping({"preset": "weak"}), Arguments.from_mapping({"preset": "strong"})
    assert (weak.cells, weak.genes, weak.guides_per_gene, weak.ntc, weak.moi, weak.concentration) == (
        6000,
        100,
        6,
        20,
        5,
        6,
    )
    assert (strong.cells, strong.moi, strong.concentration) == (25000, 4, 50)
    assert set(PRESETS) == {"weak", "strong", "real", "real500k", "genome", "life", "life_none"}
    genome = Arguments.from_mapping({"preset": "genome", "cells": 2_000_000})
    assert (genome.cells, genome.genes, genome.guides_per_gene, genome.ntc) == (2_000_000, 18_000, 4, 500)


def test_life_has_a_little_of_everything():
    life, none = Arguments.from_mapping({"preset": "life"}), Arguments.from_mapping({"preset": "life_none"})
    assert (life.cells, life.genes, life.guides_per_gene, life.days, life.replicates) == (8000, 100, 5, 4, 2)
    assert life.life == {
        "guide_sd": 0.1, "off_target": 0.05, "sample_sd": 0.1, "replicate_sd": 0.08, "burden_day_sd": 0.04,
        "day_dispersion": (40, 20, 12, 8),
    }  # fmt: skip
    assert (life.effects, none.effects) == ("sparse", "none") and life.life == none.life
    assert life.clone_sizes is None and not Arguments(genes=1).life


def test_life_arguments_come_as_words_and_as_values():
    words = {"clones": "5,15", "day_dispersion": "40, 20,12,8", "rare": "TRUE", "day0_flat": "false", "dead": "0.5"}
    values = {"clones": [5, 15], "day_dispersion": [40, 20, 12, 8], "rare": True, "day0_flat": False, "dead": 0.5}
    assert Arguments.from_mapping(words) == Arguments.from_mapping(values)
    assert Arguments.from_mapping(words).clone_sizes == (5, 15)


@pytest.mark.parametrize(("clones", "sizes"), [("0", None), (10, (5, 15)), (7, (4, 10)), (1, (1, 1)), ("3,9", (3, 9))])
def test_sizes_of_clones_lie_around_their_mean(clones, sizes):
    assert Arguments.from_mapping({"clones": clones}).clone_sizes == sizes


def test_concentrations_by_day():
    assert Arguments(genes=1, concentration=7).concentrations == (7,) * 4
    assert Arguments(genes=1, concentration=7, day0_flat=True).concentrations == (100, 7, 7, 7)
    assert Arguments(genes=1, day0_flat=True, day_dispersion=(4, 3, 2, 1)).concentrations == (4, 3, 2, 1)


def test_given_arguments_override_the_preset_and_come_in_their_type():
    found = Arguments.from_mapping({"preset": "strong", "cells": "300", "moi": 2, "seed": None})
    assert (found.cells, found.moi, found.seed, found.concentration) == (300, 2.0, 1, 50.0)
    assert isinstance(found.cells, int) and isinstance(found.moi, float)


def test_the_table_names_every_argument_and_presets_set_no_other():
    assert list(ARGUMENTS) == list(vars(Arguments(genes=1)))
    assert all(set(preset) <= set(ARGUMENTS) for preset in PRESETS.values())


def test_fewer_days_than_a_preset_has_take_its_first_concentrations():
    assert Arguments.from_mapping({"preset": "life", "days": 1}).concentrations == (40.0,)
    assert Arguments.from_mapping({"preset": "life", "days": 2, "day_dispersion": "9,8"}).concentrations == (9.0, 8.0)


def test_fates_have_the_names_that_are_asked_for():
    assert Arguments.from_mapping({"fates": 2}).fate_names == ("EC", "MES")
    assert Arguments.from_mapping({"fates": 5}).fate_names == ("EC", "MES", "NEU", "FATE4", "FATE5")
    for given in ("T cell, B cell,NK", ["T cell", "B cell", "NK"]):
        asked = Arguments.from_mapping({"fate_names": given})
        assert asked.fate_names == ("T cell", "B cell", "NK") and asked.fates == 3


def test_names_change_nothing_else_of_a_screen():
    sizes = {"cells": 60, "genes": 3, "fates": 4}
    plain, named = (simulate(Arguments.from_mapping(sizes | more)) for more in ({}, {"fate_names": "P1,P2,P3,P4"}))
    assert named.fates == ("P1", "P2", "P3", "P4") and plain.fates[0] == "EC"
    np.testing.assert_array_equal(plain.probs, named.probs)


@pytest.mark.parametrize("fates", [2, 3, 10, 30])
@pytest.mark.parametrize("labels", ["dirichlet", "onehot", "logitnormal", "smoothed"])
def test_any_simplex_is_drawn(fates, labels):
    sim = simulate(Arguments.from_mapping({"cells": 300, "genes": 3, "fates": fates, "labels": labels}))
    assert sim.probs.shape == (300, fates) and len(set(sim.fates)) == fates
    np.testing.assert_allclose(sim.probs.sum(1), 1, atol=1e-12)
    assert sim.probs.min() >= 0 and sim.theta.shape[1] == fates - 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"preset": "huge"}, "preset must be one of weak"),
        ({"cell": 3}, "Not an argument of a simulation: cell"),
        ({"cells": 0}, "cells must be at least 1"),
        ({"days": 0}, "days must be at least 1"),
        ({"ntc": 0}, "ntc must be at least 1"),
        ({"labels": "hard"}, "labels must be one of"),
        ({"moi": -1}, "above 0"),
        ({"moi": "nan"}, "moi must be above 0 and at most 10,000, not nan"),
        ({"moi": "inf"}, "at most 10,000, not inf"),
        ({"concentration": "nan"}, "concentration must be above 0, not nan"),
        ({"concentration": "1e999"}, "concentration must be above 0, not inf"),
        ({"cells": 10**12}, "cells must be at most 2147483647"),
        ({"cells": 5, "replicates": 6}, "6 replicates need as many cells, not 5"),
        ({"clones": 10**12}, "clones must be 0, a mean size"),
        ({"effects": "large"}, "effects must be one of"),
        ({"concentration": 0}, "above 0"),
        ({"cells": "many"}, "wrong type"),
        ({"guide_sd": -0.1}, "guide_sd must be 0 or more"),
        ({"sample_sd": float("nan")}, "sample_sd must be 0 or more"),
        ({"off_target": 1.1}, "off_target is a share"),
        ({"dead": 1}, "dead is a share from 0 to below 1"),
        ({"clones": -3}, "clones must be 0"),
        ({"clones": 2.5}, "clones must be 0"),
        ({"clones": "0,4"}, "clones must be 0"),
        ({"clones": "9,4"}, "clones must be 0"),
        ({"clones": "1,2,3"}, "clones must be 0"),
        ({"clones": float("inf")}, "clones must be 0"),
        ({"clone_sd": 0.3}, "clone_sd needs clones"),
        ({"preset": "life", "days": 5}, r"one concentration a day \(5\), not 4"),
        ({"day_dispersion": "8,9"}, r"one concentration a day \(4\), not 2"),
        ({"day_dispersion": "8,9,0,1"}, "day_dispersion must be above 0"),
        ({"day_dispersion": "8,9,,1"}, "wrong type"),
        ({"rare": "maybe"}, "neither true nor false"),
        ({"rare": True, "fates": 31}, "can be 30 fates, not 31"),
        ({"fates": 1}, "fates must be at least 2"),
        ({"fates": 3, "fate_names": "A,B"}, "fate_names has 2 names for 3 fates"),
        ({"fate_names": "A"}, "fates must be at least 2"),
        ({"fate_names": "A,B,A"}, "different names"),
        ({"fate_names": ["A", "", "B"]}, "none of them empty"),
        ({"fate_names": 3}, "wrong type"),
    ],
)
def test_impossible_simulations_are_refused(given, said):
    with pytest.raises(SimulationError, match=said):
        Arguments.from_mapping(given)


def test_a_synthetic_library_needs_its_number_of_genes():
    with pytest.raises(SimulationError, match="needs genes: give how many"):
        Arguments()
    assert Arguments(library="real").genes is None
