"""What looks like a key, on files made by hand."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from anndata.io import write_elem

from fatebias.containers.anndata_source import AnnDataSource
from fatebias.preflight import lookalikes


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        write_elem(file, "obs", pd.DataFrame({"a": ["x"] * 4}, index=list("abcd")))
        write_elem(file, "obsm", {})
        write_elem(file, "uns", {})
        yield file


def source_of(file):
    """The container of a file that is still open for writing."""
    return AnnDataSource(Path("x.h5ad"), file, lambda: None)


@pytest.mark.parametrize(
    ("name", "labels", "found"),
    [
        ("day", [1, 2, 1, 2], True),
        ("Time_point", ["x", "y", "x", "y"], True),
        ("stage", ["x", "x", "x", "x"], False),  # one level
        ("collected", ["12h", "24h", "12h", "24 h"], True),
        ("sample", ["D0", "D2", "D4", "D4"], True),
        ("leiden", ["0", "1", "2", "3"], False),
        ("yesterday_batch", ["0", "1", "2", "3"], False),
        ("n_genes", [1, 2, 3, 4], False),
    ],
)
def test_columns_of_days(file, name, labels, found):
    write_elem(file, "obs", pd.DataFrame({name: labels}, index=list("abcd")))
    assert bool(lookalikes.day_columns(source_of(file))) == found


def test_replicates_in_tables_come_first_and_those_named_so_before_others(file):
    table = pd.DataFrame({"batch": [1, 1, 2, 2], "Rep": [1, 2, 1, 2]}, index=list("abcd"))
    write_elem(file, "obs", table)
    write_elem(file, "obsm/meta", table)
    found = [(one.table, one.key) for one in lookalikes.replicate_columns(source_of(file))]
    assert found[:2] == [("obsm/meta", "Rep"), ("obs", "Rep")] and len(found) == 4


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([[0.2, 0.8], [0.5, 0.5]], True),
        ([[20, 80], [50, 50]], True),
        ([[0.2, 0.8], [np.nan, 0.5]], True),  # a row with NaN says nothing
        ([[-0.2, 1.2], [0.5, 0.5]], False),
        ([[0.2, 0.2], [0.5, 0.9]], False),
        ([[1.0], [1.0]], False),
        ([[np.nan, np.nan]], False),
    ],
)
def test_tables_of_fates(file, rows, found):
    write_elem(file, "obsm/x", np.array(rows))
    assert bool(lookalikes.fate_tables(source_of(file))) == found


def test_names_that_are_known_come_first(file):
    for name, texts in {"long_name_of_states": ["c1", "c2"], "g": ["A", "B"], "other": ["A", "A"], "n": ["A"]}.items():
        write_elem(file, f"uns/{name}", np.array(texts))
    assert [one.key for one in lookalikes.name_lists(source_of(file), 2, {"A", "B"})] == ["g", "long_name_of_states"]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("term_states_fwd_colors", ["red", "blue"]),
        ("to_terminal_states_colors", ["#111111", "#222222"]),
        ("colours", ["a", "b"]),
        ("my_palette", ["a", "b"]),
        ("lineages", ["#1F77B4", "#ff7f0eff"]),
        ("term_states_fwd_memberships", ["a", "b"]),
    ],
)
def test_colours_and_memberships_name_nothing(file, name, texts):
    write_elem(file, f"uns/{name}", np.array(texts))
    assert lookalikes.name_lists(source_of(file), 2) == []


def test_memberships_are_no_fate_probabilities_though_their_rows_sum_to_1(file):
    for name in ("macrostates_fwd_memberships", "term_states_fwd_memberships", "fates"):
        write_elem(file, f"obsm/{name}", np.full((4, 2), 0.5))
    assert [one.key for one in lookalikes.fate_tables(source_of(file))] == ["fates"]


def test_an_entry_that_cannot_be_read_hides_no_other(file):
    write_elem(file, "obsm/fates", np.full((4, 2), 0.5))
    broken = file.create_group("obsm/a_broken")
    broken.attrs["encoding-type"] = "dataframe"  # without its columns
    other = file.create_group("obsm/b_broken")
    other.attrs["encoding-type"], other.attrs["column-order"] = "dataframe", ["lost", "too"]
    file["obsm/c_nowhere"] = h5py.SoftLink("/nowhere")
    file.create_group("obsm/d_sparse").create_group("indptr")
    file["obs"].create_group("day_broken").create_group("categories")
    file["obs/day_broken"].create_group("codes")
    file["obs/day"] = np.array(["d0", "d2", "d0", "d2"], dtype=h5py.string_dtype())
    file["obs/day"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
    file["uns/odd"] = h5py.SoftLink("/nowhere")
    write_elem(file, "uns/names", np.array(["A", "B"]))
    source = source_of(file)
    assert [one.key for one in lookalikes.fate_tables(source)] == ["fates"]
    assert [one.key for one in lookalikes.guide_tables(source)] == []
    assert [one.key for one in lookalikes.day_columns(source)] == ["day"]
    assert [one.key for one in lookalikes.name_lists(source, 2)] == ["names"]
    assert lookalikes.replicate_columns(source) == [] and lookalikes.state_columns(source, 2) == []
