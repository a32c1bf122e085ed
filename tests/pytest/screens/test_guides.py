import h5py
import pytest
from conftest import write_cellranger
from umi_counts import CELLS, UMI_COUNTS, long_table

from fatebias.base.errors import ScreenError
from fatebias.screens.cellranger import read_cellranger
from fatebias.screens.guides import read_guides


@pytest.fixture
def folder(tmp_path):
    return write_cellranger(tmp_path / "matrix", UMI_COUNTS, CELLS)


def test_options_of_another_reader_are_refused(tmp_path, folder):
    long_table().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ScreenError, match="read as a long table, for which there is no option feature_type, names"):
        read_guides(tmp_path / "t.csv", feature_type="X", names="id")
    with pytest.raises(ScreenError, match="read as a matrix of Cell Ranger, for which there is no option umi"):
        read_guides(folder, umi="n")
    with pytest.raises(ScreenError, match="nothing does not exist"):
        read_guides(tmp_path / "nothing", feature_type="X")


def test_files_that_are_not_there_or_no_matrix(tmp_path, folder):
    with pytest.raises(ScreenError, match="give the folder that holds it"):
        read_cellranger(folder / "matrix.mtx.gz")
    with pytest.raises(ScreenError, match="does not exist"):
        read_cellranger(tmp_path / "nothing")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(ScreenError, match="no matrix/features"):
        read_cellranger(tmp_path / "other.h5")
    (tmp_path / "text.h5").write_text("x")
    with pytest.raises(ScreenError, match="Cannot read"):
        read_cellranger(tmp_path / "text.h5")
