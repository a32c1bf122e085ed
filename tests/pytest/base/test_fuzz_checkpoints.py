"""Any file in the place of a checkpoint: the states that were saved, or none and a warning."""

import io
import json
import warnings

import fuzz
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from fatebias.base.checkpoint import CHECKPOINT, open_checkpoint
from fatebias.base.errors import FitWarning
from fatebias.base.files import digest_of

KEY = {"device": "cpu", "settings": {"seed": 1}, "versions": {"python": "3"}}
STATE = {"x": torch.arange(3.0), "n": 1, "name": "a", "none": None, "parts": [torch.ones(2)]}


def open_quietly(folder):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = open_checkpoint(folder, KEY)
    assert all(one.category is FitWarning for one in said)
    return found, said


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a checkpoint of one state, written at once."""
    path = tmp_path_factory.mktemp("checkpoints")
    clock = iter(range(0, 10**6, 1000))
    open_checkpoint(path, KEY, clock=lambda: float(next(clock))).at("svi").save(STATE, 7)
    return path


@pytest.fixture(scope="module")
def saved(folder):
    return (folder / CHECKPOINT).read_bytes()


def read(folder, content: bytes) -> None:
    (folder / CHECKPOINT).write_bytes(content)
    found, said = open_quietly(folder)
    state = found.at("svi").load()
    assert state is None or state.keys() == STATE.keys()
    assert said or found.resumed
    assert not said or str(folder / CHECKPOINT) in str(said[0].message)


def test_the_file_that_is_damaged_below_is_valid(folder, saved):
    (folder / CHECKPOINT).write_bytes(saved)
    found, said = open_quietly(folder)
    assert not said and found.at("svi").load()["n"] == 1 and found.resumed[0]["steps"] == 7


@fuzz.fuzz(80)
@given(data=st.data())
def test_any_bytes(folder, saved, data):
    read(folder, data.draw(fuzz.damaged(saved)))


@fuzz.fuzz(80)
@given(data=st.data())
def test_any_header(folder, saved, data):
    head, _, payload = saved.partition(b"\n")
    tree = data.draw(fuzz.grafted(json.loads(head)) | fuzz.trees())
    read(folder, json.dumps(tree).encode() + b"\n" + payload)


@fuzz.fuzz(60)
@given(data=st.data())
@example(data=None)
def test_any_states_with_the_digest_that_they_have(folder, saved, data):
    """As when a file is made by hand, or by another version of torch."""
    payload = io.BytesIO()
    states = "none" if data is None else data.draw(fuzz.trees() | st.just({"svi": STATE}) | st.just({"svi": [1]}))
    torch.save(states, payload)
    content = payload.getvalue() if data is None else data.draw(fuzz.damaged(payload.getvalue()))
    head = json.loads(saved.partition(b"\n")[0])
    head |= {"digest": digest_of([content]), "bytes": len(content)}
    read(folder, json.dumps(head).encode() + b"\n" + content)
