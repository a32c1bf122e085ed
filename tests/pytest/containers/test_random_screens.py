"""Random screens in random ways of writing are read as what they are."""

import hypothesis
import numpy as np
import pytest
from random_screens import WAYS, Writer
from written_screen import differences

from fatebias.containers import hdf5
from fatebias.containers.joining import CellIndex, Rows
from fatebias.containers.nodes import length_of
from fatebias.screens import days, fate_names, presence
from fatebias.screens.entries import Reader

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def read_alike(tmp_path, monkeypatch):
    """Reads a number of random screens. What looks for crashes of HDF5, a process each, is not under test here."""
    monkeypatch.setattr(hdf5, "_probe", lambda *_: None)

    def read(examples: int, **more) -> None:
        options = {"deadline": None, "database": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}

        @hypothesis.settings(max_examples=examples, **options, **more)
        @hypothesis.given(WAYS)
        def alike(ways):
            writer = Writer(ways, tmp_path)
            assert differences(writer.read(), writer.expected()) == []

        alike()

    return read


def test_every_way_of_writing_is_read_alike(read_alike):
    read_alike(150)


def by_position(self, what, node, *_):
    return Rows(length_of(node), np.arange(self.n))


def reversed_names(self, table, element, names=Reader._guide_names):
    return names(self, table, element)[::-1]


FAULTS = {
    "tables are joined by position": (CellIndex, "join", by_position),
    "names of guides go astray": (Reader, "_guide_names", reversed_names),
    "columns of fates are named by categories": (
        fate_names, "_name_by_states", lambda _, cells: fate_names.FateNames(names=list(cells.of.states))),
    "counts are present from 1 on": (presence, "reaching", lambda guides, _, real=presence.reaching: real(guides, 0.1)),
    "days are in the order of the alphabet": (days, "_by_time", lambda found, *_: sorted(found)),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_reader_with_a_fault_does_not_pass(read_alike, monkeypatch, fault):
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(AssertionError, match="Left contains"):
        read_alike(200, derandomize=True, phases=[hypothesis.Phase.generate], report_multiple_bugs=False)
