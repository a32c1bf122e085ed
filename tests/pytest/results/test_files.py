import csv
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fatebias.base.errors import ExportError
from fatebias.results.files import read_named, read_table, write_files, write_tables
from fatebias.results.manifest import MANIFEST, read_manifest

EXAMPLE = Path(__file__).parents[3] / "inst" / "extdata" / "example_fit" / MANIFEST


def manifest(**changes):
    """A manifest before its files are known."""
    whole = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return {key: value for key, value in whole.items() if key not in ("files", "contents")} | changes


def contents_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_come_back_as_written_with_their_digests(tmp_path):
    table = pd.DataFrame({"gene": ["NA", "A,B"], "betahat_d0": [1 / 3, -2e-9]})
    written = write_files(tmp_path, {"t.csv": table}, {"a.npz": {"x": np.arange(3)}}, manifest())
    assert written["files"] == ["a.npz", "fit_manifest.json", "t.csv"]
    back = read_table(tmp_path, "t.csv")
    assert back.gene.tolist() == ["NA", "A,B"] and np.allclose(back.betahat_d0, table.betahat_d0, rtol=1e-9)
    assert json.loads((tmp_path / MANIFEST).read_text()) == written
    found = contents_of(tmp_path)
    assert sorted(found) == ["a.npz", "fit_manifest.json", "t.csv"]
    del found[MANIFEST]
    assert written["contents"] == {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in found.items()
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"effective_parameters": float("nan")}, "JSON"), ({"days": []}, "does not follow its schema at days")],
)
def test_a_failed_write_leaves_the_earlier_fit_as_it_was(tmp_path, wrong, said):
    write_files(tmp_path, {"t.csv": pd.DataFrame({"x": [1]})}, {}, manifest())
    before = contents_of(tmp_path)
    with pytest.raises(ExportError, match=said) as error:
        write_files(tmp_path, {"t.csv": pd.DataFrame({"x": [2]})}, {}, manifest(**wrong))
    assert "permissions" not in str(error.value)
    assert contents_of(tmp_path) == before


def test_missing_table_says_what_is_missing(tmp_path):
    with pytest.raises(ExportError, match=r"has no t.csv; it is not the folder of a finished fit"):
        read_table(tmp_path, "t.csv")


def test_names_come_back_as_they_were_written(tmp_path):
    names = ['a,"b"1', '""', "line\nbreak", "NA", "nan", "NaN", "TRUE", "1e5", "01", "null"]
    table = pd.DataFrame({"guide": names[::-1], "gene": names, "se_d0": [np.nan, *np.arange(1.0, len(names))]})
    write_files(tmp_path, {"t.csv": table}, {}, manifest())
    found = read_table(tmp_path, "t.csv")
    assert found.gene.tolist() == names and found.guide.tolist() == names[::-1]
    assert found.se_d0.isna().tolist() == [True] + [False] * (len(names) - 1)


def test_labels_of_days_and_guides_in_a_ranking_are_texts_as_they_were(tmp_path):
    table = pd.DataFrame(
        {
            "gene": ["A", "B", "C"],
            "best_day": ["1", "01", "-3"],
            "onset_day": ["1.0", None, "nan"],
            "active_set": ["-3+1", "none", "1"],
            "top_guide": ["=A_1", "7", None],
        }
    )
    write_tables(tmp_path, {"hits_ranked.csv": table})
    assert "'-3+1" in (tmp_path / "hits_ranked.csv").read_text()
    assert read_named(tmp_path / "hits_ranked.csv").to_dict("list") == table.to_dict("list")


@pytest.mark.parametrize("earlier", ["{", "{}", "[]", "[" * 100_000, '{"files": null}', '{"files": [1, null, "sub"]}'])
def test_an_earlier_manifest_that_is_damaged_hinders_no_fit(tmp_path, earlier):
    (tmp_path / "sub").mkdir()
    (tmp_path / MANIFEST).write_text(earlier)
    write_files(tmp_path, {"t.csv": pd.DataFrame({"x": [1]})}, {}, manifest())
    assert json.loads((tmp_path / MANIFEST).read_text())["files"] == [MANIFEST, "t.csv"]
    assert (tmp_path / "sub").is_dir()


@pytest.mark.parametrize(
    "name", ["../{}", "{folder}/{}", "./{}", "sub/../{}", "{}", "notes.csv", "out", ".", "..", "", "{}/", "~/{}"]
)
def test_an_earlier_manifest_takes_away_nothing_but_files_of_a_fit(tmp_path, name):
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    kept = [tmp_path / "thesis.csv", tmp_path / "gene_daywise_p.csv", out / "thesis.csv", out / "notes.csv"]
    gone = [out / "posterior_draws.npz", out / "gene_daywise_cov.NEU-rest.csv"]  # the latter of a further contrast
    for path in (*kept, *gone):
        path.write_text("x")
    names = [name.format(one.name, folder=one.parent) for one in kept]
    (out / MANIFEST).write_text(json.dumps({"files": [*names, *(path.name for path in gone)]}))
    write_files(out, {"t.csv": pd.DataFrame({"x": [1]})}, {}, manifest())
    assert all(path.is_file() for path in kept) and not any(path.exists() for path in gone)


def test_a_link_in_the_folder_is_removed_and_what_it_leads_to_stays(tmp_path):
    out, kept = tmp_path / "out", tmp_path / "precious"
    out.mkdir()
    kept.write_text("x")
    for name in ("posterior_draws.npz", "t.csv"):
        (out / name).symlink_to(kept)
    (out / MANIFEST).write_text(json.dumps({"files": ["posterior_draws.npz"]}))
    write_files(out, {"t.csv": pd.DataFrame({"x": [1]})}, {}, manifest())
    assert kept.read_text() == "x" and not (out / "posterior_draws.npz").is_symlink()
    assert not (out / "t.csv").is_symlink()


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_a_manifest_that_is_no_file_is_not_waited_for(tmp_path, make):
    make(tmp_path / MANIFEST)
    with pytest.raises(ExportError, match="is (no file|a folder)"):
        read_manifest(tmp_path)
    if not (tmp_path / MANIFEST).is_dir():
        write_files(tmp_path, {"t.csv": pd.DataFrame({"x": [1]})}, {}, manifest())
        assert read_manifest(tmp_path)["files"] == [MANIFEST, "t.csv"]


RUN = ["=1+1", "+1", "-1.5", "@SUM(A1)", "\t=1", '=HYPERLINK("x","y")', "-A", "\uff1d1", "\n=1", "=cmd|'x'!A0"]
MARKED = ["'=a", "''-b", "'+", "'a", "'", "''", "-", "=", "'-", "@", "a=b", "5'-x", "\u2212a"]


def test_no_name_is_a_formula_and_each_comes_back(tmp_path):
    names = RUN + MARKED
    table = pd.DataFrame({"guide": names[::-1], "gene": names, "se_d0": np.linspace(-3, 3, len(names))})
    write_files(tmp_path, {"t.csv": table}, {}, manifest())
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        cells = [row["gene"] for row in csv.DictReader(file)]
    assert not any(len(cell) > 1 and cell[0] in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20" for cell in cells)
    assert cells[: len(RUN)] == [f"'{name}" for name in RUN]
    back = read_table(tmp_path, "t.csv")
    assert back.gene.tolist() == names and back.guide.tolist() == names[::-1]
    assert np.allclose(back.se_d0, table.se_d0) and list(table.gene) == names


def test_tables_of_honest_names_have_the_bytes_of_pandas(tmp_path):
    table = pd.DataFrame(
        {"gene": ["HLA-A", "-", "nan", "a,b", "1-Mar"], "n": [1, -2, 3, -4, 5], "x_d0": [-1.5, np.nan, 0, -1e-9, 2]}
    )
    table["is_ntc"] = [True, False, True, False, True]
    write_files(tmp_path, {"t.csv": table}, {}, manifest())
    assert (tmp_path / "t.csv").read_text() == table.to_csv(index=False, float_format="%.10g")
