"""The file of a checkpoint: when it is written, what is in it, and what a kill or a full disk leaves of it."""

import os
import warnings
from pathlib import Path

import killed_fit
import pytest
import torch

from fatebias.base.checkpoint import CHECKPOINT, NOWHERE, open_checkpoint
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


def test_a_file_that_cannot_be_opened_is_not_used(tmp_path):
    (tmp_path / CHECKPOINT).mkdir()
    with pytest.warns(FitWarning, match="it cannot be read"):
        assert open_checkpoint(tmp_path, KEY).load() is None


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
