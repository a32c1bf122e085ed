import hashlib
import os
import stat
from pathlib import Path

import pytest

from fatebias.base import files
from fatebias.base.files import (
    PACKAGE,
    day_columns,
    digest_of,
    file_digest,
    files_of,
    regular_bytes,
    remove_parts,
    source_files,
    whole_file,
    whole_folder,
)


def test_day_columns_are_numbered_by_order():
    assert day_columns("se", 3) == ["se_d0", "se_d1", "se_d2"]


def test_digests_are_those_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"12")
    assert digest_of([b"1", b"2"]) == file_digest(tmp_path / "a") == hashlib.sha256(b"12").hexdigest()


def test_only_a_file_of_a_sane_size_is_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12")
    assert regular_bytes(path, 2) == b"12"
    with pytest.raises(OSError, match="2 bytes; at most 1"):
        regular_bytes(path, 1)
    os.mkfifo(tmp_path / "pipe")
    for odd in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/stdin").resolve().parent):
        with pytest.raises(OSError, match="no file|a folder"):
            regular_bytes(odd, 10)


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
    assert {"__main__.py", "base/settings.yaml", "base/constants.yaml", "results/manifest.schema.json"} <= names


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


def test_parts_of_a_killed_process_go_and_no_other_files(tmp_path):
    path, others = tmp_path / "fit[1].pt", [".fit[1]-more.part", ".fit1-00000000.part", "fit[1].pt", ".fit[1]-x.pt"]
    for name in others:
        (tmp_path / name).write_text("")
    with whole_file(tmp_path / "fit[1]-b.pt") as other, whole_file(path) as part:
        for one in (other, part):
            one.write_text("half")
        remove_parts(path)
        assert not part.exists() and other.exists()
        part.write_text("whole")
    assert path.read_text() == "whole"
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([*others, "fit[1]-b.pt"])


def texts_in(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def write_three(folder, text, earlier=()):
    with whole_folder(folder, "last", earlier) as stage:
        for name in ("last", "a", "b"):
            (stage / name).write_text(text)
    return texts_in(folder)


def test_the_files_of_a_folder_are_written_all_or_none(tmp_path):
    (tmp_path / "mine").write_text("")
    assert write_three(tmp_path, "1") == {"a": "1", "b": "1", "last": "1", "mine": ""}

    def fail():
        with whole_folder(tmp_path, "last", ["a", "b", "last"]) as stage:
            (stage / "a").write_text("2")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert texts_in(tmp_path) == {"a": "1", "b": "1", "last": "1", "mine": ""}
    (tmp_path / "old").write_text("1")
    assert write_three(tmp_path, "3", ["a", "old", "last"]) == {"a": "3", "b": "3", "last": "3", "mine": ""}


def test_a_folder_with_its_last_file_is_whole_at_every_moment(tmp_path, monkeypatch):
    write_three(tmp_path, "1")
    replace, sync, seen = files.os.replace, files.os.fsync, []

    def look_and_replace(*paths):
        seen.append(sorted(path.name for path in tmp_path.iterdir() if path.is_file()))
        replace(*paths)

    def look_and_sync(number):
        seen.append("on the disk")
        sync(number)

    monkeypatch.setattr(files.os, "replace", look_and_replace)
    monkeypatch.setattr(files.os, "fsync", look_and_sync)
    write_three(tmp_path, "2")
    assert seen == ["on the disk"] * 3 + [["a", "b"]] * 3


def test_what_cannot_be_moved_leaves_a_folder_without_its_last_file(tmp_path, monkeypatch):
    write_three(tmp_path, "1")

    def refuse(*paths):
        raise OSError("read-only")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(OSError, match="read-only"):
        write_three(tmp_path, "2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_what_a_kill_has_left_of_a_folder_that_was_written_goes_and_nothing_else(tmp_path):
    for name in (".stage-abcdefgh", ".stage-abc", ".stage-abcdefghi"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").touch()
    (tmp_path / ".stage-file1234").touch()
    with whole_folder(tmp_path, "last") as stage:
        (stage / "last").touch()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {".stage-abc", ".stage-abcdefghi", ".stage-file1234", "last"}
