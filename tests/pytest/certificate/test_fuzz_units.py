"""Any file in the place of a unit of work: the unit of this fit, or none, so that it is made again."""

import json
import os

import fuzz
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fatebias.certificate.store import _read_unit, _unit_path, _write_unit

KEY = "0123456789abcdef"
UNIT = {"key": KEY, "check": "ntc", "number": 3, "seconds": 1.5, "value": {"gene": ["A", "B"], "z": [0.1, -2.0]}}
TEXT = json.dumps(UNIT).encode()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return _unit_path(tmp_path_factory.mktemp("calibration"), "ntc", 3)


def read(path, content: bytes) -> None:
    path.write_bytes(content)
    found = _read_unit(path, KEY)
    if found is not None:
        assert (found["key"], found["check"], found["number"]) == (KEY, "ntc", 3) and isinstance(found["value"], dict)


def test_a_unit_that_was_written_is_read(path):
    _write_unit(path, UNIT)
    assert _read_unit(path, KEY) == UNIT
    assert _read_unit(path, "another") is None


@fuzz.fuzz(200)
@given(content=fuzz.damaged(TEXT) | st.binary(max_size=40))
@example(content=b"[" * 200_000)
@example(content=TEXT.replace(b"3", b"9" * 5000))
def test_any_bytes(path, content):
    read(path, content)


@fuzz.fuzz(200)
@given(tree=fuzz.grafted(UNIT) | fuzz.trees())
@example(tree=[KEY])
@example(tree=UNIT | {"number": 4})
@example(tree=UNIT | {"number": True})
@example(tree=UNIT | {"number": 3.0})
@example(tree=UNIT | {"value": None})
def test_any_tree(path, tree):
    read(path, json.dumps(tree).encode())


def test_what_is_no_file_is_no_unit(tmp_path):
    for number, make in enumerate((os.mkdir, os.mkfifo, lambda path: os.symlink(path, path))):
        path = _unit_path(tmp_path, "ntc", number)
        make(path)
        assert _read_unit(path, KEY) is None
