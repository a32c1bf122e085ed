import numpy as np
import pytest
import scipy.sparse as sp

from fatebias.base import rows_from
from fatebias.base.errors import ScreenError
from fatebias.containers.ones import ones_of
from fatebias.containers.write import write_screen

CELLS, GUIDES = ["a", "b", "c"], ["g0", "g1"]
PRESENCE = np.array([[1, 0], [0, 1], [1, 1]])


@pytest.mark.parametrize(
    "guides",
    [
        PRESENCE,
        PRESENCE == 1,
        PRESENCE.astype(np.float16),
        PRESENCE.astype(np.uint16),
        np.asmatrix(PRESENCE),
        sp.csr_matrix(PRESENCE),
        sp.csc_matrix(PRESENCE.astype(np.int64)),
        sp.coo_matrix(PRESENCE.astype(bool)),
        sp.csr_array(PRESENCE),
        sp.csr_matrix((np.array([1, 0, 1, 1, 1.0]), [0, 1, 1, 0, 1], [0, 2, 3, 5]), shape=(3, 2)),  # a stored zero
    ],
)
def test_ones_and_zeros_of_any_storage_are_presence(guides):
    found = ones_of(guides, GUIDES, CELLS)
    assert found.dtype == np.int8 and found.nnz == 4
    assert np.array_equal(found.toarray(), PRESENCE)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.5, 0.99, 2.0, 256.0, 257.0, -255.0, 1e20])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix, sp.csc_matrix])
def test_no_value_is_cast_before_it_is_looked_at(value, form):
    guides = PRESENCE.astype(float)
    guides[1, 0] = value
    with pytest.raises(
        ScreenError,
        match=r"presence \(0 or 1\).* 1 other value.* at row 1 \(b\), guide g0.*threshold",
    ):
        ones_of(form(guides), GUIDES, CELLS)
    with rows_from(1), pytest.raises(ScreenError, match=r"at row 2 \(b\), guide g0"):
        ones_of(form(guides), GUIDES, CELLS)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.float32])
def test_entries_that_stand_twice_are_summed_as_wide_numbers(kind):
    """255 entries of 1, and 257 ones that int8 would wrap to 1."""
    for times in (2, 257):
        rows, columns = np.r_[np.zeros(times, int), 1], np.r_[np.zeros(times, int), 1]
        guides = sp.coo_matrix((np.ones(times + 1, dtype=kind), (rows, columns)), shape=(3, 2))
        with pytest.raises(ScreenError, match=rf"{times} at row 0 \(a\), guide g0"):
            ones_of(guides, GUIDES, CELLS)


def broken(**parts):
    matrix = sp.csr_matrix(PRESENCE)
    for name, value in parts.items():
        setattr(matrix, name, np.asarray(value, dtype=getattr(matrix, name).dtype))
    return matrix


@pytest.mark.parametrize(
    ("guides", "said"),
    [
        (broken(indices=[0, 1, 0, 900000]), "outside its 2 columns"),
        (broken(indices=[0, -1, 0, 1]), "outside its 2 columns"),
        (broken(indptr=[0, 1, 2, 900000]), "indptr"),
        (broken(indptr=[0, 3, 2, 4]), "indptr"),
        (broken(data=[1, 1, 1]), r"4 entries \(3 values\)"),
        (PRESENCE.astype(complex), "complex"),
        (sp.csr_matrix(PRESENCE * (1 + 1j)), "complex"),
        (PRESENCE.astype(str), "no matrix of numbers"),
        (PRESENCE.astype(object), "no matrix of numbers"),
        (PRESENCE[0], "no matrix of numbers"),
        (PRESENCE[:2], r"shape \(2, 2\), but 3 cells"),
        (PRESENCE[:, :1], r"shape \(3, 1\)"),
    ],
)
def test_what_is_no_matrix_of_presence_is_refused(guides, said):
    with pytest.raises(ScreenError, match=said):
        ones_of(guides, GUIDES, CELLS)


def test_a_screen_of_counts_is_not_written(tmp_path):
    probs = np.full((3, 2), 0.5)
    for value in (256, 257, np.nan):
        guides = sp.csr_matrix(PRESENCE * value)
        with pytest.raises(ScreenError, match="presence"):
            write_screen(
                tmp_path / "s.h5ad",
                guides,
                GUIDES,
                probs,
                ["A", "B"],
                ["d0"] * 3,
                ["r"] * 3,
                CELLS,
            )
    with pytest.raises(ScreenError, match=r"day: 1 cell\(s\) without a label, first row 1"):
        write_screen(
            tmp_path / "s.h5ad",
            PRESENCE,
            GUIDES,
            probs,
            ["A", "B"],
            ["d0", None, "d1"],
            ["r"] * 3,
            CELLS,
        )
    assert list(tmp_path.iterdir()) == []
