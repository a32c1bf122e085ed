"""bench/equality.py: what counts as a difference between two runs, and what does not."""

import json

import h5py
import numpy as np
import pytest
from equality_compare import compare, differing_parts
from equality_files import digest_file, digest_folder, read_parts

MANIFEST = {
    "created": "2020-01-01", "seconds": {"total": 3.0}, "seed": 1, "files": ["a.csv"], "scales": {"tau": [0.5, None]},
    "screen": {"path": "a.h5ad", "n_cells": 3},
}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """Writes a run of three files and returns the path of its JSON."""

    def write(name, manifest=MANIFEST, se="0.1", theta=(1.0, 2.0)):
        fit = tmp_path / name / "weak"
        fit.mkdir(parents=True)
        (fit / "fit_manifest.json").write_text(json.dumps(manifest))
        (fit / "gene.csv").write_text(f"gene,se\nA,{se}\nB,\n")
        np.savez(fit / "theta.npz", theta=np.array(theta))
        found = {"folder": name, "sha256": digest_folder(tmp_path / name)}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(found))
        return path

    return write


def test_times_and_paths_are_no_difference(run, capsys):
    other = MANIFEST | {"created": "2021-01-01", "seconds": {"total": 9.0}, "screen": {"path": "b.h5ad", "n_cells": 3}}
    assert compare(run("one"), run("other", other), None) == 0
    assert "3 equal; 0 differences" in capsys.readouterr().out


def test_each_part_that_differs_is_named_with_its_size(run, capsys):
    manifest = MANIFEST | {"seed": 2, "scales": {"tau": [0.5, 0.1]}, "sha256": {"a.csv": "x"}}
    assert compare(run("one"), run("other", manifest, "0.2", (1.0, 2.0 + 2e-9)), None) == 5
    out = capsys.readouterr().out
    for line in (
        "DIFFERS weak/fit_manifest.json:seed  largest relative difference 0.5, absolute 1, 1 of 1",
        "DIFFERS weak/fit_manifest.json:scales.tau  largest relative difference inf, absolute inf, 1 of 2",
        "DIFFERS weak/fit_manifest.json:sha256.a.csv  only in B",
        "DIFFERS weak/gene.csv:se  largest relative difference 0.5, absolute 0.1, 1 of 2",
        "    1 DIFFERS */gene.csv:se",
        "DIFFERS weak/theta.npz:theta  largest relative difference 1e-09, absolute 2e-09, 1 of 2",
    ):
        assert line in out


def test_a_list_of_allowed_differences_takes_out_those_only(run, tmp_path, capsys):
    allowed = tmp_path / "allowed"
    allowed.write_text("# point 5\n*/fit_manifest.json:sha256.*\n*.csv:other\n")
    new = MANIFEST | {"sha256": {"a.csv": "x"}}
    assert compare(run("one"), run("new", new), allowed) == 0
    assert "unused pattern: *.csv:other" in capsys.readouterr().out
    assert compare(run("two"), run("newer", new, se="0.2"), allowed) == 1


def test_a_file_that_only_one_run_has_is_a_difference(run):
    one, other = run("one"), run("other")
    (other.parent / "other" / "weak" / "gene.csv").unlink()
    found = json.loads(other.read_text())
    found["sha256"] = digest_folder(other.parent / "other")
    other.write_text(json.dumps(found))
    assert compare(one, other, None) == compare(other, one, None) == 1


def test_numbers_written_in_another_way_are_a_difference(run, capsys):
    assert compare(run("one", se="0.1"), run("other", se="0.10"), None) == 1
    assert "written in another way" in capsys.readouterr().out


def test_type_shape_order_and_text_of_parts_are_compared():
    one = {"a": np.arange(3), "b": np.array(["x", "y"]), "c": np.zeros(2)}
    assert list(differing_parts(one, dict(one))) == []
    assert dict(differing_parts(one, dict(reversed(one.items())))) == {"": "another order of parts"}
    other = {"a": np.arange(3.0), "b": np.array(["x", "z"]), "c": np.zeros((2, 1))}
    assert dict(differing_parts(one, other)) == {
        "a": "type int64 / float64; equal values", "b": "1 of 2 texts", "c": "shape (2,) / (2, 1)"
    }  # fmt: skip


def test_screen_files_are_compared_by_content(tmp_path):
    def write(name, texts, compression=None):
        with h5py.File(tmp_path / name, "w") as file:
            file.create_dataset("x", data=np.arange(100.0), compression=compression)
            file.create_dataset("names", data=texts, dtype=h5py.string_dtype())
            file.create_dataset("raw", data=h5py.Empty("f"))
        return tmp_path / name

    one, same, other = write("1.h5ad", ["a", "b"]), write("2.h5ad", ["a", "b"], "gzip"), write("3.h5ad", ["a", "c"])
    assert digest_file(one) == digest_file(same) != digest_file(other)
    assert list(read_parts(one)["names"]) == ["a", "b"]
