"""What would hinder the export of a fit is found before work starts, and nothing is changed by looking."""

import os
import shutil

import pytest

from fatebias.base import out_dir as places
from fatebias.base.errors import ExportError
from fatebias.base.out_dir import (
    FIT_FILES,
    LATER_FILES,
    MADE_FROM,
    PREVIOUS,
    examine_out_dir,
    is_of_fit,
    is_of_later,
    prepare_out_dir,
    refuse_full_disk,
)


def test_out_dir_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ExportError, match="Cannot write to `out_dir` .* Choose another folder, or mend its permissions."
    ):
        prepare_out_dir(tmp_path / "file" / "results")


@pytest.mark.parametrize(("given", "said"), [("", "`out_dir` is empty"), ("a\0b", "Cannot write to `out_dir`")])
def test_a_folder_of_results_has_a_name(given, said):
    with pytest.raises(ExportError, match=said):
        prepare_out_dir(given)


def be_file(folder):
    folder.write_text("x")


def be_lost_link(folder):
    folder.symlink_to("/nowhere/at/all")


def have_folder_for_table(folder):
    (folder / "gene_daywise_cov.csv").mkdir(parents=True)


def have_odd_previous(make):
    def change(folder):
        folder.mkdir()
        (folder / MADE_FROM).write_text("{}")
        make(folder / PREVIOUS)

    return change


ODD = [
    (be_file, "is a file, no folder"), (be_lost_link, "a link that leads nowhere"),
    (have_folder_for_table, "gene_daywise_cov.csv is a folder, where a file"),
    (have_odd_previous(be_file), "previous is no folder"),
    (have_odd_previous(lambda path: path.symlink_to(".")), "previous is no folder"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), ODD)
@pytest.mark.parametrize("look", [examine_out_dir, prepare_out_dir])
def test_what_is_in_the_way_is_named_before_work(tmp_path, change, said, look):
    change(tmp_path / "out")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(ExportError, match=said):
        look(tmp_path / "out")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_where_nothing_is_in_the_way_looking_makes_nothing(tmp_path):
    examine_out_dir(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    out = prepare_out_dir(tmp_path / "a" / "b")
    (out / "fit_manifest.json").symlink_to(tmp_path)  # is replaced, not written through
    (out / PREVIOUS).write_text("somebody's")  # nothing is to be moved there
    examine_out_dir(out)
    assert sorted(path.name for path in out.iterdir()) == ["fit_manifest.json", PREVIOUS]


@pytest.mark.parametrize("name", ["x" * 300, "file/out", "a\0b"])
def test_a_folder_that_cannot_be_made_is_refused_by_looking(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="Cannot write to `out_dir`"):
        examine_out_dir(tmp_path / name)


def test_a_folder_without_leave_to_write_is_refused(tmp_path, monkeypatch):
    """Root may write anywhere, so the system's answer is put in its place."""
    monkeypatch.setattr(places.os, "access", lambda path, mode: mode & os.W_OK == 0)
    with pytest.raises(ExportError, match="you may not write there"):
        examine_out_dir(tmp_path)
    with pytest.raises(ExportError, match="you may not make it in"):
        examine_out_dir(tmp_path / "new")


def test_a_file_that_only_another_user_may_replace_is_refused(tmp_path, monkeypatch):
    (tmp_path / "fit_manifest.json").write_text("{}")
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(places.os, "geteuid", lambda: owner + 1)
    examine_out_dir(tmp_path)
    tmp_path.chmod(0o1777)
    with pytest.raises(ExportError, match="fit_manifest.json belongs to another user"):
        examine_out_dir(tmp_path)


def test_a_disk_without_room_is_refused(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    refuse_full_disk(tmp_path, free // 2)
    with pytest.raises(ExportError, match="The results need about .* GB, and the disk .* left"):
        refuse_full_disk(tmp_path, 2 * free + 2 * 10**9)


def test_names_of_a_fit_and_of_what_is_made_of_it():
    assert all(map(is_of_fit, FIT_FILES)) and not any(map(is_of_later, FIT_FILES))
    assert all(map(is_of_later, LATER_FILES)) and not any(map(is_of_fit, LATER_FILES))
    assert is_of_fit("gene_daywise_cov.NEU-rest.csv") and is_of_later("hits_ranked.NEU-rest.csv")
    assert is_of_later("my report.a.html") and not is_of_fit("my report.a.html")
    odd = [
        "../report.html",
        "x/report.html",
        "",
        "report.html.txt",
        "thesis.a.csv",
        "hits_ranked.a/b.csv",
        ".report.html",
        "a\nb.html",
    ]
    assert not any(is_of_fit(name) or is_of_later(name) for name in odd)
