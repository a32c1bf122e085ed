import numpy as np
import pytest
import scipy.sparse as sp
from umi_counts import CELLS, UMI_COUNTS, same

from fatebias.base.errors import ScreenError
from fatebias.screens.guide_counts import GuideCounts, count_by_threshold, join_samples


def counts(umis=UMI_COUNTS, cells=CELLS, guides=("g1", "g2", "g3", "g4"), source="s"):
    return GuideCounts(counts=sp.csr_matrix(umis), cells=np.array(cells, dtype=object), guides=guides, source=source)


@pytest.mark.parametrize("min_umi", [1, 5, 6])
def test_presence_is_a_count_at_or_above_the_threshold(min_umi):
    presence = counts().presence(min_umi)
    assert np.array_equal(presence.toarray() == 1, np.greater_equal(UMI_COUNTS, min_umi))


def test_thresholds_that_leave_nothing_are_refused():
    with pytest.raises(ScreenError, match="no cell has 31 UMIs or more"):
        counts().presence(31)
    with pytest.raises(ScreenError, match="above 0"):
        counts().presence(0)


def test_numbers_by_threshold():
    for row in count_by_threshold(counts(), (1, 5, 100)):
        found = np.greater_equal(UMI_COUNTS, row["min_umi"])
        assert row["cells_without_guide"] == (found.sum(1) == 0).sum()
        assert row["cells_with_several"] == (found.sum(1) > 1).sum()
        assert row["guides_per_cell_mean"] == found.sum() / 5
        assert row["guides_found"] == found.any(0).sum()


def test_samples_are_joined_guides_by_name_and_cells_renamed():
    other = counts(UMI_COUNTS[:2, ::-1], CELLS[:2], ("g4", "g3", "g2", "g1"), "t")
    found = join_samples({"d0": counts(), "d2": other})
    assert same(
        found, np.vstack([UMI_COUNTS, UMI_COUNTS[:2]]), [f"{c}-d0" for c in CELLS] + [f"{c}-d2" for c in CELLS[:2]]
    )
    assert join_samples({"d0": other}, "{sample}_{barcode}").cells[0] == f"d0_{CELLS[0]}"
    with pytest.raises(ScreenError, match="s and t have different guides: g3"):
        join_samples({"d0": counts(), "d2": counts(UMI_COUNTS[:, [0, 1, 3]], guides=("g1", "g2", "g4"), source="t")})
    with pytest.raises(ScreenError, match="must hold {barcode} and {sample}"):
        join_samples({"d0": counts()}, "{barcode}")


def test_shapes_and_names_that_do_not_fit_are_refused():
    with pytest.raises(ScreenError, match="5 x 4 counts, 5 cells, 3 guides"):
        counts(guides=("g1", "g2", "g3"))
    with pytest.raises(ScreenError, match=r"1 guide name\(s\) appear twice: g1"):
        counts(guides=("g1", "g1", "g3", "g4"))
    with pytest.raises(ScreenError, match="negative or missing"):
        counts(UMI_COUNTS - 0.5)
