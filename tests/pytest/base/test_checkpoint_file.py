"""The file of a checkpoint: when it is written, what is in it, and what a kill or a full disk leaves of it."""

import hashlib
import io
import json
import os
import pickle
import re
import warnings
from pathlib import Path

import killed_fit
import numpy as np
import pytest
import torch
from damage import flip

from fatebias.base.checkpoint import CHECKPOINT, NOWHERE, open_checkpoint
from fatebias.base.checkpoint_file import DAMAGED
from fatebias.base.errors import FitWarning

KEY = {"settings": {"seed": 0}, "screen": "a", "device": "cpu"}


class Killed(BaseException):
    """Ends a write where nothing can catch it."""


@pytest.fixture
def eager(monkeypatch):
    """Every save is written."""
    for module, name, value in killed_fit.ALWAYS:
        monkeypatch.setattr(module, name, value)
    return monkeypatch


def write(folder, header, states=b"", **changes):
    """A checkpoint of KEY by hand."""
    content = {"key": KEY, "resumed": [], "bytes": len(states), "digest": hashlib.sha256(states).hexdigest()}
    whole = content | {"at": "here", "steps": 1, "saved": "2026-01-01T00:00:00+00:00"} | header | changes
    (folder / CHECKPOINT).write_bytes(json.dumps(whole).encode() + b"\n" + states)


def saved(states, **options):
    buffer = io.BytesIO()
    torch.save(states, buffer, **options)
    return buffer.getvalue()


def is_fresh(folder, said="is not used"):
    """Nothing is gone on with, this is told once, what was there is kept aside, and the next run is as the first."""
    with pytest.warns(FitWarning, match=f"{re.escape(str(folder / CHECKPOINT))} {said}.*from its beginning") as told:
        place = open_checkpoint(folder, KEY).at("here")
    assert len(told) == 1 and place.load() is None and place.resumed == []
    assert os.path.lexists(folder / DAMAGED) and not os.path.lexists(folder / CHECKPOINT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_checkpoint(folder, KEY).at("here").save({"x": 1}, 1)
        assert open_checkpoint(folder, KEY).at("here").load() == {"x": 1}
    (folder / CHECKPOINT).unlink()
    return True


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "pipe"])
def test_what_is_no_file_is_set_aside_and_never_opened(tmp_path, eager, kind):
    path, other = tmp_path / CHECKPOINT, tmp_path / "other"
    other.write_bytes(b"precious")
    make = {"folder": path.mkdir, "link": lambda: path.symlink_to(other), "pipe": lambda: os.mkfifo(path)}
    make["dangling link"] = lambda: path.symlink_to(tmp_path / "nothing")
    make[kind]()
    assert is_fresh(tmp_path, "is not used: it is no file") and other.read_bytes() == b"precious"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_set_aside(tmp_path, eager):
    write(tmp_path, {})
    (tmp_path / CHECKPOINT).chmod(0)
    assert is_fresh(tmp_path, "is not used: it cannot be read")


@pytest.mark.parametrize(
    "header",
    [
        {"key": []}, {"key": None}, {"key": "text"}, {"resumed": 3}, {"resumed": [1]}, {"resumed": [{"at": "x"}]},
        {"at": 1}, {"steps": "one"}, {"steps": True}, {"saved": None}, {"digest": 5}, {"bytes": 1}, {"bytes": -1},
        {"bytes": "0"},
    ],
    ids=str,
)  # fmt: skip
def test_a_header_of_other_types_is_damage(tmp_path, eager, header):
    write(tmp_path, header, saved({"here": {"x": 1}}))
    assert is_fresh(tmp_path)


def test_deep_nesting_and_a_header_without_end_are_damage(tmp_path, eager):
    for content in (b"[" * 100_000, b'{"key": ' * 50_000, b"\xff\xfe\x00", b"9" * 5_000):
        (tmp_path / CHECKPOINT).write_bytes(content)
        assert is_fresh(tmp_path)


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize(
    "states",
    [b"", b"no archive", saved([1, 2]), saved({"here": 3}), saved({"here": {"x": torch.ones(9)}})[:-200]],
    ids=["nothing", "no archive", "a list", "a state that is a number", "cut"],
)
def test_states_that_do_not_load_are_damage_though_the_digest_is_right(tmp_path, eager, states):
    write(tmp_path, {}, states)
    assert is_fresh(tmp_path)


@pytest.mark.parametrize("form", [True, False], ids=["archive", "old format"])
def test_a_file_that_somebody_made_runs_nothing(tmp_path, eager, form):
    states = saved({"here": {"x": Evil(tmp_path / "was run")}}, _use_new_zipfile_serialization=form)
    write(tmp_path, {}, states)
    assert is_fresh(tmp_path) and not (tmp_path / "was run").exists()
    write(tmp_path, {}, pickle.dumps(Evil(tmp_path / "was run")))
    assert is_fresh(tmp_path) and not (tmp_path / "was run").exists()


def test_a_key_with_other_types_within_is_another_fit(tmp_path):
    for key in ({}, {"settings": 3}, {"settings": [], "screen": {}}, KEY | {"more": 1}):
        write(tmp_path, {"key": key})
        with pytest.warns(FitWarning, match=r"of another fit \(different: .+\)"):
            assert open_checkpoint(tmp_path, KEY).at("here").load() is None


@pytest.mark.parametrize("seed", range(60))
def test_bytes_turned_lost_or_added_at_random_are_noticed_or_change_nothing(tmp_path, eager, seed):
    """In the header some turns are of no account: a letter of the time, or of a place."""
    state = {"x": torch.arange(5.0), "n": 3}
    open_checkpoint(tmp_path, KEY).at("here").save(state, 7)
    path, rng = tmp_path / CHECKPOINT, np.random.default_rng(seed)
    if seed % 3 == 0:
        flip(path, rng)
    elif seed % 3 == 1:
        path.write_bytes(path.read_bytes()[: rng.integers(path.stat().st_size)])
    else:
        path.write_bytes(path.read_bytes() + rng.bytes(rng.integers(1, 99)))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = open_checkpoint(tmp_path, KEY).at("here").load()
    assert [one.category for one in told] == [FitWarning] * (found is None)
    assert found is None or (torch.equal(found["x"], state["x"]) and found["n"] == 3)


def test_one_file_is_kept_aside_the_last(tmp_path):
    for content in (b"first", b"second"):
        (tmp_path / CHECKPOINT).write_bytes(content)
        with pytest.warns(FitWarning, match=f"kept as {DAMAGED}"):
            open_checkpoint(tmp_path, KEY)
    assert [path.name for path in tmp_path.iterdir()] == [DAMAGED]
    assert (tmp_path / DAMAGED).read_bytes() == b"second"


@pytest.mark.parametrize("moment", ["os.fsync", "os.replace"])
def test_a_kill_while_the_file_is_written_leaves_the_one_before(tmp_path, moment, eager):
    open_checkpoint(tmp_path, KEY).at("here").save({"x": torch.ones(3)}, 1)
    before = (tmp_path / CHECKPOINT).read_bytes()

    def die(*arguments, **named):
        raise Killed

    place = open_checkpoint(tmp_path, KEY).at("here")
    with eager.context() as patch:
        patch.setattr(moment, die)
        patch.setattr(Path, "unlink", die)  # a kill does not clean up
        with pytest.raises(Killed):
            place.save({"x": torch.zeros(3)}, 2)
    assert len(list(tmp_path.iterdir())) == 2 and (tmp_path / CHECKPOINT).read_bytes() == before
    assert torch.equal(open_checkpoint(tmp_path, KEY).at("here").load()["x"], torch.ones(3))
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_disk_that_is_full_warns_once_and_keeps_the_fit_going(tmp_path, eager):
    place = open_checkpoint(tmp_path, KEY).at("here")

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    with eager.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.warns(FitWarning, match="No space left"):
            place.save({"x": 1}, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            place.save({"x": 2}, 2)
    assert list(tmp_path.iterdir()) == []
    place.save({"x": 3}, 3)
    assert open_checkpoint(tmp_path, KEY).at("here").load() == {"x": 3}


class Clock:
    """Seconds that pass when told to; a write takes `cost` of them."""

    def __init__(self, patch, cost=0.0):
        self.now, self.written, replace = 0.0, [], os.replace

        def slow_replace(*arguments):
            self.written.append(self.now)
            self.now += cost
            replace(*arguments)

        patch.setattr(os, "replace", slow_replace)

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("cost", "written"),
    [(0.0, [5, 10, 15]), (0.2, [5, 25, 45]), (3.0, [5, 58, 111])],  # least; 1 % of the time; most seconds
)
def test_writes_keep_their_distance(tmp_path, monkeypatch, cost, written):
    clock = Clock(monkeypatch, cost)
    place = open_checkpoint(tmp_path, KEY, clock=clock).at("here")
    while len(clock.written) < 3:
        due, before = place.due, len(clock.written)
        place.save({"at": clock.now}, 1)
        assert (len(clock.written) > before) == due
        clock.now += 0.25
    assert clock.written == pytest.approx(written, abs=0.8)


def test_a_final_state_does_not_wait_for_its_share_of_the_time(tmp_path, monkeypatch):
    clock = Clock(monkeypatch, cost=0.2)
    place = open_checkpoint(tmp_path, KEY, clock=clock).at("here")
    for now, final in ((1, True), (6, True), (12, False), (13, True), (14, True)):
        clock.now = now
        place.save({}, 1, final=final)
    assert clock.written == [6, 13]


def test_what_is_saved_supersedes_what_was_saved_within(tmp_path, eager):
    root = open_checkpoint(tmp_path, KEY)
    root.at("a").at("b").save({"x": 1}, 1)
    root.at("ab").save({"x": 2}, 1)
    root.at("a").save({"x": 3}, 7)
    again = open_checkpoint(tmp_path, KEY)
    assert (again.at("a").load(), again.at("ab").load(), again.at("a").at("b").load()) == ({"x": 3}, {"x": 2}, None)
    assert [(one["at"], one["steps"]) for one in again.resumed] == [("a", 7)]


def test_nowhere_keeps_nothing():
    NOWHERE.at("here").save({"x": 1}, 1)
    assert NOWHERE.at("here").load() is None and not NOWHERE.due and NOWHERE.resumed == []
