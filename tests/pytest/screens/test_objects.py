import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata.io import read_elem
from conftest import labels, simulated
from h5py import File

from fatebias.base import Settings, rows_from
from fatebias.base.errors import ScreenError
from fatebias.screens.objects import write_objects


@pytest.fixture(scope="module")
def sim():
    return simulated(cells=300)


def arguments(sim, **changes):
    found = {
        "settings": Settings.from_mapping(),
        "guides": sp.csc_matrix(sim.guides),
        "guide_names": list(sim.guide_map.guide_name),
        "fate_probs": sim.probs,
        "fates": list(sim.fates),
        "day": labels("d", sim.day),
        "replicate": labels("r", sim.replicate),
        "cell_names": None,
        "covariates": pd.DataFrame(index=range(300)),
    }
    return found | changes


def changed(values, at, value):
    values = np.array(values, dtype=float)
    values[at] = value
    return values


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (lambda sim: {"fate_probs": changed(sim.probs, (4, 0), 5)}, r"^`fate_probs`: 1 cell.*row 5 \(cell5\)"),
        (lambda sim: {"guides": sp.csc_matrix(sim.guides * 3)}, r"^`guides` must hold presence"),
        (lambda sim: {"day": [None, *labels("d", sim.day)[1:]]}, r"^`day`: 1 cell\(s\) without a label: row 1"),
        (lambda sim: {"replicate": [None] * 300}, "^`replicate`: 300 cell"),
        (lambda sim: {"settings": Settings.from_mapping({"covariates": ["x"]})}, "no column x in `cell_data` or obs"),
        (lambda sim: {"settings": Settings.from_mapping({"ref_fate": "x"})}, "^`fate_probs` has no fate x"),
    ],
)  # fmt: skip
def test_parts_are_refused_by_the_names_of_the_arguments(sim, tmp_path, changes, said):
    with rows_from(1), pytest.raises(ScreenError, match=said):
        write_objects(tmp_path / "s.h5ad", **arguments(sim, **changes(sim)))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_sparse_matrix_is_refused_before_compiled_code_sees_it(sim, tmp_path):
    guides = sp.csc_matrix(sim.guides)
    guides.indices = guides.indices.copy()
    guides.indices[0] = 10_000_000
    with pytest.raises(ScreenError, match="outside its 300"):
        write_objects(tmp_path / "s.h5ad", **arguments(sim, guides=guides))


def test_the_declared_order_of_days_is_kept_in_the_file(sim, tmp_path):
    stage = np.array(["iPSC", "ME", "EB"], dtype=object)[sim.day % 3]
    day = pd.Categorical(stage, categories=["iPSC", "ME", "EB", "unused"], ordered=True)
    write_objects(tmp_path / "s.h5ad", **arguments(sim, day=day))
    with File(tmp_path / "s.h5ad") as file:
        found = read_elem(file["obs/day"])
    assert list(found.categories) == ["iPSC", "ME", "EB"] and found.ordered
    assert np.array_equal(np.asarray(found, dtype=object), stage)
