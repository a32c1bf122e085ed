import hashlib
import stat

import pytest

from fatebias.base import files
from fatebias.base.errors import ExportError
from fatebias.base.files import (
    PACKAGE,
    day_columns,
    digest_of,
    file_digest,
    files_of,
    prepare_out_dir,
    source_files,
    whole_file,
)


def test_day_columns_are_numbered_by_order():
    assert day_columns("se", 3) == ["se_d0", "se_d1", "se_d2"]


def test_out_dir_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="Cannot write to `out_dir`"):
        prepare_out_dir(tmp_path / "file" / "results")


def test_digests_are_those_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"12")
    assert digest_of([b"1", b"2"]) == file_digest(tmp_path / "a") == hashlib.sha256(b"12").hexdigest()


def test_files_of_a_file_and_of_a_folder(tmp_path):
    (tmp_path / "obsm").mkdir()
    for name in ("obs.csv", "obsm/guide.npy"):
        (tmp_path / name).write_text(name)
    assert files_of(tmp_path) == [tmp_path / "obs.csv", tmp_path / "obsm" / "guide.npy"]
    assert files_of(tmp_path / "obs.csv") == [tmp_path / "obs.csv"]
    assert files_of(tmp_path / "none") == [tmp_path / "none"]


def test_sources_in_every_sub_package_are_seen():
    names = {path.relative_to(PACKAGE).as_posix() for path in source_files()}
    folders = [path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]
    assert len(folders) >= 10
    assert {f"{folder.name}/__init__.py" for folder in folders} <= names
    assert {"__main__.py", "base/settings.yaml", "results/manifest.schema.json"} <= names


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "t.json"
    with whole_file(path) as part:
        part.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"
    usual = tmp_path / "usual"
    usual.write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)  # who may read it
    usual.unlink()

    def fail():
        with whole_file(path) as part:
            part.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text() == "one" and [one.name for one in tmp_path.iterdir()] == ["t.json"]


def test_what_cannot_take_its_place_leaves_no_part(tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError("read-only")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(OSError, match="read-only"), whole_file(tmp_path / "t") as part:
        part.write_text("x")
    assert list(tmp_path.iterdir()) == []
