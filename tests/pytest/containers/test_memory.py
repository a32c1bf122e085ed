import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from conftest import labels, simulated

from fatebias.base import Settings
from fatebias.base.errors import ScreenError
from fatebias.containers.memory import MemorySource
from fatebias.containers.write import write_screen
from fatebias.screens.build import build_screen
from fatebias.screens.guide_map import read_guide_map
from fatebias.screens.reader import cells_of, read_screen


@pytest.fixture(scope="module")
def sim():
    return simulated(cells=300)


def tables(sim, **changes):
    day, rep = labels("d", sim.day), labels("r", sim.replicate)
    found = {
        "guide": sim.guides,
        "fateprob": pd.DataFrame(sim.probs, columns=list(sim.fates)),
        "day": np.asarray(day, dtype=object),
        "covar": pd.DataFrame({"rep": rep, "depth": np.arange(300.0)}),
        "guide_names": list(sim.guide_map.guide_name),
    }
    found |= changes
    return {
        "obs": {"day": found["day"]},
        "obsm": {name: found[name] for name in ("guide", "fateprob", "covar")},
        "uns": {"guide_names": found["guide_names"]},
    }


CELLS = [f"cell{i}" for i in range(300)]


def test_objects_give_the_same_screen_as_their_file(sim, tmp_path):
    sim.guide_map.to_csv(tmp_path / "map.csv", index=False)
    names, settings = sim.guide_map.guide_name, Settings.from_mapping()
    write_screen(
        tmp_path / "s.h5ad",
        sim.guides,
        names,
        sim.probs,
        sim.fates,
        labels("d", sim.day),
        labels("r", sim.replicate),
    )
    expected = read_screen(tmp_path / "s.h5ad", tmp_path / "map.csv", settings)
    for guides in (
        sim.guides,
        sim.guides.toarray(),
        pd.DataFrame(sim.guides.toarray(), columns=list(names)),
    ):
        cells = cells_of(MemorySource(CELLS, tables(sim, guide=guides)), settings)
        screen = build_screen(cells, read_guide_map(tmp_path / "map.csv"), settings, "objects")
        assert np.array_equal(screen.guide_idx, expected.guide_idx)
        assert np.array_equal(screen.guide_ptr, expected.guide_ptr)
        assert np.array_equal(screen.fate_probs, expected.fate_probs)
        assert np.array_equal(screen.day, expected.day) and screen.guide_names == expected.guide_names
        assert screen.replicate_labels == expected.replicate_labels


def test_the_same_checks_see_objects_and_files(sim):
    probs = pd.DataFrame(sim.probs, columns=list(sim.fates))
    bad = probs.copy()
    bad.iloc[3] = 0.9
    for changes, settings, said in (
        ({"fateprob": bad}, {}, r"do not sum to 1.*row 3 \(cell3\)"),
        ({"guide": sim.guides * 2}, {}, r"presence \(0 or 1\)"),
        (
            {"day": np.array([None] + ["d0"] * 299, dtype=object)},
            {},
            r"without a label: row 0 \(cell0\)",
        ),
        ({"covar": pd.DataFrame({"x": [0] * 300})}, {}, r"no obsm\['covar'\]\['rep'\]"),
        ({"fateprob": probs[:299]}, {}, "unequal length"),
        ({}, {"covariates": ["lane"]}, "no column lane in .*covar.*depth"),
        ({}, {"ref_fate": "XX"}, "no fate XX"),
    ):
        with pytest.raises(ScreenError, match=said):
            cells_of(
                MemorySource(CELLS, tables(sim, **changes)),
                Settings.from_mapping(settings),
            )


def test_an_element_says_what_it_is():
    source = MemorySource(
        ["a", "b"],
        {
            "obs": {
                "day": pd.Categorical(["d2", "d0"]),
                "_index": ["a", "b"],
                "n": np.array([1, 2]),
            },
            "obsm": {
                "t": pd.DataFrame({"x": [1, 2]}),
                "s": sp.csr_matrix(np.eye(2)),
                "m": np.eye(2),
            },
            "uns": {"names": ["g", "h"], "one": "text"},
        },
    )
    kinds = {name: source.element("obsm", name).kind for name in source.names("obsm")}
    assert kinds == {"t": "table", "s": "sparse", "m": "array"}
    assert source.tables() == ["obs", "obsm", "uns"] and source.has_table("obsm/t") and not source.has_table("var")
    assert source.names("obs") == ["day", "n"] and [name for name, _ in source.elements("obs")] == ["day", "n"]
    assert source.element("obs", "day").kind == "categorical"
    assert source.element("obs", "day").categories(9) == ["d0", "d2"]
    assert source.element("obs", "day").categories(1) is None
    assert source.element("obs", "n").categories(9) == [1, 2]
    assert source.element("uns", "names").texts(2) == ["g", "h"] and source.element("uns", "names").texts(3) is None
    assert source.element("uns", "one").kind == "other" and source.element("uns", "one").read_labels() is None
    assert source.element("obsm", "t").columns == ("x",) and source.element("obsm", "m").width == 2
    assert source.element("obsm", "m").some_rows(1).tolist() == [[1, 0], [0, 1]]
    assert source.element("obsm", "s").some_rows(1) is None
    assert source.element("obsm", "s").some_entries(1).tolist() == [1, 1]
    assert source.element("obsm", "absent") is None and source.cell_names([1]) == ["b"] and source.n_cells == 2


def test_objects_stay_as_they_are():
    zeros = sp.csr_matrix((np.array([2.0, 0.0, 1.0]), [1, 0, 1], [0, 2, 3]), shape=(2, 2))
    found = MemorySource(["a", "b"], {"obsm": {"guide": zeros}}).element("obsm", "guide").read_entries()
    assert found.toarray().tolist() == [[0, 2], [0, 1]] and found.nnz == 2
    assert zeros.nnz == 3 and zeros.indices.tolist() == [1, 0, 1]
