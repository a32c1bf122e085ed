import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fatebias.base.errors import ScreenError
from fatebias.screens.fate_table import (
    as_numbers,
    check_fate_table,
    lack_probabilities,
    mend_probabilities,
    probability_faults,
    read_fate_table,
)


@pytest.mark.parametrize(
    "value",
    [
        np.array([["0.25", "0.75"]], dtype=object),
        pd.DataFrame({"EC": pd.array([0.25], dtype="Float64"), "MES": pd.Categorical([0.75])}),
        pd.DataFrame({"EC": ["0.25"], "MES": np.float16([0.75])}),
        np.matrix([[0.25, 0.75]]),
    ],
)
def test_numbers_of_any_kind(value):
    assert as_numbers(value, "f").tolist() == [[0.25, 0.75]]


def test_a_missing_number_is_nan():
    table = pd.DataFrame({"EC": pd.array([None, 0.5], dtype="Float64"), "MES": pd.array([None, 1], dtype="Int64")})
    np.testing.assert_array_equal(as_numbers(table, "f"), [[np.nan, np.nan], [0.5, 1]])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array([[0.5 + 1j, 0.5]]), "f must hold probabilities, real numbers, but is of the kind complex128"),
        (np.array([[0.5 + 0j, 0.5]]), "complex128"),
        (np.zeros(2, dtype=[("EC", "f8"), ("MES", "f8")]), "f must hold"),
        (pd.DataFrame({"EC": [0.5], "MES": ["x"]}), "f: its column MES must hold .* of the kind (object|str)"),
        (pd.DataFrame({"EC": pd.Categorical(["a"]), "MES": [0.5]}), "its column EC must hold .* category"),
        (pd.DataFrame({"EC": [0.5], "MES": np.array([0.5 + 1j])}), "its column MES .* complex128"),
        ({"EC": [0.5]}, "f must hold"),
    ],
)
def test_what_is_no_number_is_refused_before_it_is_cast(value, said):
    with pytest.raises(ScreenError, match=said):
        as_numbers(value, "f")


def test_faults_find_the_cells():
    probs = np.array([[0.5, 0.5], [np.nan, 1], [-0.1, 1.1], [0.5, 0.502], [0.5, 0.5009]])
    assert [np.flatnonzero(bad).tolist() for bad, _ in probability_faults(probs)] == [[1], [2], [3]]


def test_a_cell_without_any_is_no_fault_nor_is_rounding():
    probs = np.array([[np.nan, np.nan], [-1e-12, 1 + 1e-12], [-1e-6, 1 + 1e-6], [np.nan, np.inf], [-1e-9, 1]])
    assert [np.flatnonzero(bad).tolist() for bad, _ in probability_faults(probs)] == [[3], [2], []]
    assert lack_probabilities(probs).tolist() == [True, False, False, False, False]


def test_rounding_is_mended_and_counted():
    probs = np.array([[0.2, 0.8], [-1e-12, 1.0], [0.5, 0.5005], [np.nan, np.nan], [0.5 + 1e-8, 0.5]])
    mended, counts = mend_probabilities(probs)
    assert counts == {"negative_to_zero": 1, "sum_to_one": 1}  # the last is off by single precision only
    assert mended[1].tolist() == [0.0, 1.0] and np.isnan(mended[3]).all() and (mended[[0, 1, 2, 4]] >= 0).all()
    np.testing.assert_allclose(mended[2], [0.5 / 1.0005, 0.5005 / 1.0005])
    np.testing.assert_allclose(mended[[0, 1, 2, 4]].sum(1), 1, atol=1e-15)
    assert probs[1, 0] == -1e-12  # the file's are kept


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.matrix])
def test_probabilities_of_any_kind(kind):
    """Multiples of 1/64 are exact in each; -1e-17 is not, and is rounding."""
    right = np.array([[0.25, 0.75], [1 / 64, 63 / 64], [0.0, 1.0]])
    given = right.copy() if kind is np.matrix else right.astype(kind)
    given[2, 0] = -1e-17
    given = np.matrix(given) if kind is np.matrix else given
    found = check_fate_table(pd.DataFrame(given, columns=["EC", "MES"], index=list("abc")), "t")
    assert mend_probabilities(found.to_numpy())[0].tolist() == right.tolist()


def table(**columns):
    return pd.DataFrame(columns, index=[f"c{i}" for i in range(3)])


def test_a_table_of_a_file(tmp_path):
    table(EC=[0.2, 0.3, 0.5], MES=[0.8, 0.7, 0.5]).rename(index={"c0": "007"}).to_csv(tmp_path / "fates.csv")
    found = check_fate_table(read_fate_table(tmp_path / "fates.csv"), "fates.csv")
    assert list(found.index) == ["007", "c1", "c2"] and list(found.columns) == ["EC", "MES"]
    with pytest.raises(ScreenError, match="none.csv does not exist"):
        read_fate_table(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ScreenError, match="empty.csv is empty"):
        read_fate_table(tmp_path / "empty.csv")
    os.mkfifo(tmp_path / "pipe")
    for odd in (tmp_path / "pipe", Path("/dev/zero"), "http://127.0.0.1:9/fates.csv", tmp_path):
        with pytest.raises(ScreenError, match="no file|an address|a folder"):
            read_fate_table(odd)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_however_it_is_written(tmp_path, encoding, separator):
    text = "cell,EC,MES\n\nc1,0.2,0.8\nc2,NA,1e-1\n".replace(",", separator)
    (tmp_path / "f.csv").write_bytes(text.encode(encoding))
    found = read_fate_table(tmp_path / "f.csv")
    assert list(found.index) == ["c1", "c2"] and list(found.columns) == ["EC", "MES"]
    np.testing.assert_array_equal(found.to_numpy(), [[0.2, 0.8], [np.nan, 0.1]])
    (tmp_path / "f.csv").write_bytes((text + f"c3{separator}1\n").encode(encoding))
    with pytest.raises(ScreenError, match=r"line 5 has 2 field\(s\)"):
        read_fate_table(tmp_path / "f.csv")


def test_a_fate_that_is_named_twice_is_refused(tmp_path):
    (tmp_path / "f.csv").write_text("cell,EC,EC\nc1,0.2,0.8\n")
    with pytest.raises(ScreenError, match="names a fate twice"):
        check_fate_table(read_fate_table(tmp_path / "f.csv"), "f.csv")


@pytest.mark.parametrize("header", [",EC,MES", "cell,EC,MES", "EC,MES"])
def test_names_of_cells_are_text_whatever_they_look_like(tmp_path, header):
    (tmp_path / "f.csv").write_text(f"{header}\n001,0.2,0.8\n002,0.5,0.5\nNA,1,0\n1e5,0,1\n")
    found = check_fate_table(read_fate_table(tmp_path / "f.csv"), "f.csv")
    assert list(found.index) == ["001", "002", "NA", "1e5"] and list(found.columns) == ["EC", "MES"]
    assert found.to_numpy().tolist() == [[0.2, 0.8], [0.5, 0.5], [1, 0], [0, 1]]
    (tmp_path / "f.csv").write_text(f"{header}\n001,,1\n")
    with pytest.raises(ScreenError, match="NaN"):
        check_fate_table(read_fate_table(tmp_path / "f.csv"), "f.csv")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (table(EC=[0.2, 0.3, 0.5], MES=["a", "b", "c"]), "no numbers: MES"),
        (table(EC=[0.2, 0.3, 0.5], MES=np.array([0.8, 0.7, 0.5 + 1j])), "no numbers: MES"),
        (table(EC=[1.0, 1.0, 1.0]), "two fates or more"),
        (table(EC=[0.2, 0.3, 0.5], MES=[0.8, 0.7, 0.49]), r"1 cell\(s\) .*not sum to 1.*: c2.*use rescale"),
        (table(EC=[0.5] * 3, MES=[0.5] * 3).set_axis(["EC", "EC"], axis=1), "names a fate twice"),
    ],
)
def test_what_is_no_table_of_probabilities(bad, said):
    with pytest.raises(ScreenError, match=said):
        check_fate_table(bad, "t")


def test_sums_a_little_off_are_rescaled_when_asked_for_and_others_never():
    cut = table(EC=[0.2, 0.0, 0.5], MES=[0.8, 0.97, 0.5])
    with pytest.raises(ScreenError, match="c1"):
        check_fate_table(cut, "t")
    found = check_fate_table(cut, "t", rescale=True)
    assert found.loc["c1"].tolist() == [0.0, 1.0] and found.loc["c0"].tolist() == [0.2, 0.8]
    with pytest.raises(ScreenError, match="tolerance 0.05.*: c1"):
        check_fate_table(table(EC=[0.2, 0.0, 0.5], MES=[0.8, 0.9, 0.5]), "t", rescale=True)
