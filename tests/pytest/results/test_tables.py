import json

import numpy as np
import pandas as pd
import pytest

from fatebias.base.errors import ExportError
from fatebias.base.files import day_columns, prepare_out_dir
from fatebias.results.tables import MANIFEST, daywise_table, read_table, write_files


def test_day_columns_are_numbered_by_order():
    assert day_columns("se", 3) == ["se_d0", "se_d1", "se_d2"]


def test_daywise_tables_have_names_then_means_then_sds():
    table = daywise_table({"gene": ("A", "B")}, np.array([[1.0, 2], [3, 4]]), np.array([[0.1, 0.2], [0.3, 0.4]]))
    assert list(table) == ["gene", "betahat_d0", "betahat_d1", "se_d0", "se_d1"]
    assert table.iloc[1].tolist() == ["B", 3, 4, 0.3, 0.4]


def test_files_come_back_as_written(tmp_path):
    table = pd.DataFrame({"gene": ["NA", "A,B"], "betahat_d0": [1 / 3, -2e-9]})
    manifest = write_files(tmp_path, {"t.csv": table}, {"a.npz": {"x": np.arange(3)}}, {"seed": 1})
    assert manifest["files"] == ["a.npz", "fit_manifest.json", "t.csv"]
    back = read_table(tmp_path, "t.csv")
    assert back.gene.tolist() == ["NA", "A,B"] and np.allclose(back.betahat_d0, table.betahat_d0, rtol=1e-9)
    assert json.loads((tmp_path / MANIFEST).read_text()) == manifest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "fit_manifest.json", "t.csv"]


def test_a_failed_write_leaves_the_earlier_fit_as_it_was(tmp_path):
    write_files(tmp_path, {"t.csv": pd.DataFrame({"x": [1]})}, {}, {"seed": 1})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ExportError, match="JSON"):  # NaN is none
        write_files(tmp_path, {"t.csv": pd.DataFrame({"x": [2]})}, {}, {"seed": float("nan")})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_out_dir_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="Cannot write to `out_dir`"):
        prepare_out_dir(tmp_path / "file" / "results")


def test_missing_table_says_what_is_missing(tmp_path):
    with pytest.raises(ExportError, match=r"has no t.csv; it is not the folder of a finished fit"):
        read_table(tmp_path, "t.csv")
