"""The folder of results in a preflight: what a fit would be refused for, and nothing is made."""

import pytest

from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen
from fatebias.preflight.folder import ITEM


def row_of(tmp_path, out_dir):
    rows = check_screen(tmp_path / "no.h5ad", Settings.from_mapping(), out_dir=out_dir)["rows"]
    return next((row for row in rows if row["item"] == ITEM), None)


def test_a_folder_that_a_fit_could_write_to_is_well_and_is_not_made(tmp_path):
    assert row_of(tmp_path, tmp_path / "new" / "out")["status"] == "ok"
    assert list(tmp_path.iterdir()) == [] and row_of(tmp_path, None) is None


@pytest.mark.parametrize("name", ["gene_daywise_cov.csv", "fit_manifest.json"])
def test_a_folder_in_the_place_of_a_file_is_a_problem(tmp_path, name):
    (tmp_path / "out" / name).mkdir(parents=True)
    row = row_of(tmp_path, tmp_path / "out")
    assert row["status"] == "problem" and f"{name} is a folder" in row["found"]
