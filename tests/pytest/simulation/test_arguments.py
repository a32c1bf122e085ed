"""Arguments of a simulation: presets, what overrides them, and what is refused."""

import pytest

from fatebias.base.errors import SimulationError
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
    assert set(PRESETS) == {"weak", "strong", "real", "real500k", "genome"}
    genome = Arguments.from_mapping({"preset": "genome", "cells": 2_000_000})
    assert (genome.cells, genome.genes, genome.guides_per_gene, genome.ntc) == (2_000_000, 18_000, 4, 500)


def test_given_arguments_override_the_preset_and_come_in_their_type():
    found = Arguments.from_mapping({"preset": "strong", "cells": "300", "moi": 2, "seed": None})
    assert (found.cells, found.moi, found.seed, found.concentration) == (300, 2.0, 1, 50.0)
    assert isinstance(found.cells, int) and isinstance(found.moi, float)


def test_the_table_names_every_argument_and_presets_set_no_other():
    assert list(ARGUMENTS) == list(vars(Arguments(genes=1)))
    assert all(set(preset) <= set(ARGUMENTS) for preset in PRESETS.values())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"preset": "huge"}, "preset must be one of weak"),
        ({"cell": 3}, "Not an argument of a simulation: cell"),
        ({"cells": 0}, "cells must be at least 1"),
        ({"days": 1}, "days must be at least 2"),
        ({"ntc": 0}, "ntc must be at least 1"),
        ({"labels": "hard"}, "labels must be one of"),
        ({"moi": -1}, "above 0"),
        ({"effects": "large"}, "effects must be one of"),
        ({"concentration": 0}, "above 0"),
        ({"cells": "many"}, "wrong type"),
    ],
)
def test_impossible_simulations_are_refused(given, said):
    with pytest.raises(SimulationError, match=said):
        Arguments.from_mapping(given)


def test_a_synthetic_library_needs_its_number_of_genes():
    with pytest.raises(SimulationError, match="needs a number of genes"):
        Arguments()
    assert Arguments(library="real").genes is None
