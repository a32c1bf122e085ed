"""What was made of the fit before goes to previous/, whole and by name, and nothing that somebody edited is lost."""

import hashlib
import json
import os
from contextlib import suppress

import pytest

from fatebias.base.out_dir import MADE_FROM, MANIFEST, PREVIOUS
from fatebias.results import previous as rooms
from fatebias.results.previous import move_previous, read_listed, unlisted

A, B, C = ("a" * 16, "b" * 16, "c" * 16)


def make(folder, identity, **files):
    """Files as R writes them: report_html="text" is report.html."""
    listed = read_listed(folder)
    for key, text in files.items():
        path = folder / key.replace("_html", ".html").replace("_csv", ".csv")
        path.write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        listed[path.name] = {"fit_id": identity, "bytes": len(text), "sha256": digest}
    (folder / MADE_FROM).write_text(json.dumps(listed))


def texts_in(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file() and path.name != MADE_FROM}


def test_files_of_another_fit_are_moved_and_those_of_the_same_stay(tmp_path):
    make(tmp_path, A, report_html="old", hits_ranked_csv="old")
    make(tmp_path, B, mash_comparison_csv="new")
    (tmp_path / "notes.txt").write_text("mine")
    assert move_previous(tmp_path, A) == ["mash_comparison.csv"]
    assert move_previous(tmp_path, B) == ["hits_ranked.csv", "report.html"]
    assert texts_in(tmp_path) == {"notes.txt": "mine"} and not (tmp_path / MADE_FROM).exists()
    assert texts_in(tmp_path / PREVIOUS) == {"hits_ranked.csv": "old", "report.html": "old"}
    assert move_previous(tmp_path, B) == []


def test_previous_is_replaced_whole(tmp_path):
    make(tmp_path, A, report_html="a", hits_ranked_csv="a", gene_verdicts_csv="a")
    move_previous(tmp_path, B)
    make(tmp_path, B, report_html="b")
    move_previous(tmp_path, C)
    assert texts_in(tmp_path / PREVIOUS) == {"report.html": "b"}
    assert {entry["fit_id"] for entry in read_listed(tmp_path / PREVIOUS).values()} == {B}


def manifest_of(word):
    """A manifest, and the identity that it gives its fit."""
    digest = hashlib.sha256(word.encode()).hexdigest()
    found = {
        "format": 2,
        "contents": {"gene_daywise_cov.csv": {"bytes": 1, "sha256": digest}},
        "settings": {"word": word},
    }
    return json.dumps(found).encode(), hashlib.sha256(f"gene_daywise_cov.csv {digest}\n".encode()).hexdigest()[:16]


def test_the_manifest_of_the_fit_before_goes_with_what_was_made_of_it(tmp_path):
    for word in ("first", "second"):
        manifest, identity = manifest_of(word)
        make(tmp_path, identity, report_html=word)
        move_previous(tmp_path, A, manifest)
        assert texts_in(tmp_path / PREVIOUS) == {"report.html": word, MANIFEST: manifest.decode()}


@pytest.mark.parametrize("manifest", [None, b"", b"[]", b"{", b'{"format": 2}', manifest_of("of another fit")[0]])
def test_a_manifest_of_no_fit_that_was_moved_is_not_written(tmp_path, manifest):
    make(tmp_path, manifest_of("this fit")[1], report_html="a")
    assert move_previous(tmp_path, A, manifest) == ["report.html"]
    assert texts_in(tmp_path / PREVIOUS) == {"report.html": "a"}


def test_a_manifest_that_somebody_has_put_into_previous_stays(tmp_path):
    (tmp_path / PREVIOUS).mkdir()
    (tmp_path / PREVIOUS / MANIFEST).write_text("mine")
    manifest, identity = manifest_of("first")
    make(tmp_path, identity, report_html="a")
    move_previous(tmp_path, A, manifest)
    assert texts_in(tmp_path / PREVIOUS) == {
        "report.html": "a", MANIFEST: manifest.decode(), "fit_manifest.1.json": "mine",
    }  # fmt: skip


def test_a_manifest_in_previous_is_of_the_fit_that_was_moved_or_goes(tmp_path):
    manifest, identity = manifest_of("first")
    make(tmp_path, identity, report_html="a")
    move_previous(tmp_path, A, manifest)
    make(tmp_path, B, report_html="b")
    move_previous(tmp_path, A)
    assert texts_in(tmp_path / PREVIOUS) == {"report.html": "b"}
    (tmp_path / PREVIOUS / MANIFEST).write_text("mine")
    make(tmp_path, C, report_html="c")
    move_previous(tmp_path, A)
    assert texts_in(tmp_path / PREVIOUS) == {"report.html": "c", "fit_manifest.1.json": "mine"}


def test_an_edited_file_is_moved_and_never_lost(tmp_path):
    make(tmp_path, A, report_html="a", hits_ranked_csv="a", gene_verdicts_csv="a")
    (tmp_path / "report.html").write_text("a, with my notes")
    (tmp_path / "gene_verdicts.csv").write_text("mine")
    assert move_previous(tmp_path, B) == ["gene_verdicts.csv", "hits_ranked.csv", "report.html"]
    for identity, after in ((B, C), (C, A)):
        make(tmp_path, identity, report_html=identity)
        move_previous(tmp_path, after)
    assert texts_in(tmp_path / PREVIOUS) == {
        "gene_verdicts.csv": "mine", "report.1.html": "a, with my notes", "report.html": C,
    }  # fmt: skip


def test_files_of_others_in_previous_stay(tmp_path):
    make(tmp_path, A, report_html="a")
    (tmp_path / PREVIOUS).mkdir()
    (tmp_path / PREVIOUS / "report.html").write_text("mine")
    (tmp_path / PREVIOUS / "report.1.html").symlink_to("/nowhere")
    move_previous(tmp_path, B)
    assert (tmp_path / PREVIOUS / "report.2.html").read_text() == "mine"
    assert (tmp_path / PREVIOUS / "report.1.html").is_symlink()


def test_a_link_at_the_place_of_previous_is_not_followed(tmp_path):
    out, precious = tmp_path / "out", tmp_path / "precious"
    out.mkdir()
    precious.mkdir()
    make(out, A, report_html="a")
    (out / PREVIOUS).symlink_to(precious)
    with pytest.raises(OSError, match="is a link"):
        move_previous(out, B)
    assert list(precious.iterdir()) == [] and texts_in(out) == {"report.html": "a"}


def test_a_report_of_another_name_is_moved_where_it_is_listed(tmp_path):
    make(tmp_path, A, my_report_html="a", notes_html="b")
    (tmp_path / "thesis.html").write_text("mine")
    assert sorted(move_previous(tmp_path, B)) == ["my_report.html", "notes.html"]
    assert (tmp_path / "thesis.html").read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["../report.html", "thesis.csv", "/etc/passwd", "fit_manifest.json", "gene_daywise_cov.csv", ".", "", "sub"]
)
def test_a_list_is_believed_about_names_of_fatebias_only(tmp_path, name):
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    for path in (tmp_path / "report.html", out / "thesis.csv", out / "gene_daywise_cov.csv"):
        path.write_text("mine")
    entry = {"fit_id": A, "bytes": 4, "sha256": hashlib.sha256(b"mine").hexdigest()}
    (out / MADE_FROM).write_text(json.dumps({name: entry}))
    assert move_previous(out, B) == [] and not (out / PREVIOUS).exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "[" * 100_000, '{"report.html": 1}', '{"report.html": {}}', "null",
     '{"report.html": {"fit_id": "../x", "bytes": 1, "sha256": "x"}}'],
)  # fmt: skip
def test_a_damaged_list_moves_nothing_and_the_files_are_told(tmp_path, text):
    (tmp_path / "report.html").write_text("a")
    (tmp_path / MADE_FROM).write_text(text)
    assert move_previous(tmp_path, B) == [] and unlisted(tmp_path) == ["report.html"]
    make(tmp_path, A, report_html="a")
    assert unlisted(tmp_path) == []


def die_at(died_at, monkeypatch, work):
    """Do some work, of whose system calls that change names one is the last."""
    replace, unlink, calls = os.replace, os.unlink, []

    def counted(call):
        def do(*arguments, **more):
            calls.append(call)
            if len(calls) >= died_at:
                raise KeyboardInterrupt
            return call(*arguments, **more)

        return do

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(os, "replace", counted(replace))
        patch.setattr(os, "unlink", counted(unlink))
        work()


@pytest.mark.parametrize("died_at", range(1, 9))
def test_whatever_the_moment_of_a_kill_no_file_is_lost(tmp_path, monkeypatch, died_at):
    """Each system call that changes names is the last one in turn; the rerun moves what is left."""
    make(tmp_path, A, report_html="a")
    move_previous(tmp_path, B)
    files = {"report_html": "b", "hits_ranked_csv": "b", "gene_verdicts_csv": "b"}
    make(tmp_path, B, **files)
    die_at(died_at, monkeypatch, lambda: move_previous(tmp_path, C))
    both = {**texts_in(tmp_path / PREVIOUS), **texts_in(tmp_path)}
    assert {name: both[name] for name in ("hits_ranked.csv", "gene_verdicts.csv")} == {
        "hits_ranked.csv": "b", "gene_verdicts.csv": "b",
    }  # fmt: skip
    assert "b" in (both["report.html"], texts_in(tmp_path).get("report.html"))
    move_previous(tmp_path, C)
    moved = {name: text for name, text in texts_in(tmp_path / PREVIOUS).items() if not name.startswith(".")}
    assert moved == {"hits_ranked.csv": "b", "gene_verdicts.csv": "b", "report.html": "b"}
    assert not any(name.endswith((".html", ".csv")) for name in texts_in(tmp_path))
    assert rooms.read_listed(tmp_path) == {}


@pytest.mark.parametrize("died_at", range(1, 12))
def test_whatever_the_moment_of_a_kill_no_file_lies_beside_the_manifest_of_another_fit(tmp_path, monkeypatch, died_at):
    (first, one), (second, two), (third, three) = map(manifest_of, ("first", "second", "third"))
    make(tmp_path, one, report_html=one, my_notes_html=one)
    move_previous(tmp_path, two, first)
    make(tmp_path, two, report_html=two, hits_ranked_csv=two)
    previous = tmp_path / PREVIOUS
    for work in (
        lambda: die_at(died_at, monkeypatch, lambda: move_previous(tmp_path, three, second)),
        lambda: move_previous(tmp_path, three, third),  # the next call: the manifest of then is that of the new fit
    ):
        work()
        found = {name: text for name, text in texts_in(previous).items() if not name.startswith(".")}
        manifest = found.pop(MANIFEST, None)
        assert manifest is None or set(found.values()) <= {{first.decode(): one, second.decode(): two}[manifest]}
    assert found == {"report.html": two, "hits_ranked.csv": two}
