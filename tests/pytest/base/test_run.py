"""A run: what it hands down, and where its parts keep their state."""

import dataclasses

import pytest

from fatebias.base.checkpoint import NOWHERE, open_checkpoint
from fatebias.base.progress import SILENT, Progress
from fatebias.base.run import QUIET, Run


def test_a_quiet_run_shows_and_keeps_nothing():
    assert Run(device="cpu", progress=SILENT, checkpoint=NOWHERE) == QUIET
    QUIET.at("here").checkpoint.save({"x": 1}, 1)
    assert QUIET.at("here").checkpoint.load() is None


def test_a_part_has_a_place_of_its_own_and_all_else_of_the_whole(tmp_path):
    whole = Run(device="cuda", progress=Progress(True), checkpoint=open_checkpoint(tmp_path, {"device": "cpu"}))
    part = whole.at("laplace").at("mode")
    part.checkpoint.save({"x": 1}, 1)
    assert whole.at("laplace").at("mode").checkpoint.load() == {"x": 1}
    assert whole.checkpoint.at("laplace/mode").load() == {"x": 1}
    assert whole.checkpoint.load() is None and whole.at("other").checkpoint.load() is None
    assert part.device == "cuda" and part.progress is whole.progress


def test_a_run_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        QUIET.device = "cuda"
