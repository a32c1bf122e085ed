"""Any manifest in a folder of results: one that follows its schema, or an ExportError that names the folder."""

import json
from pathlib import Path

import fuzz
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fatebias.base.errors import ExportError
from fatebias.base.settings import Settings
from fatebias.certificate.store import fit_source
from fatebias.results.manifest import MANIFEST, check_manifest, read_manifest

EXAMPLE = Path(__file__).parents[3] / "inst" / "extdata" / "example_fit" / MANIFEST


def cut(tree):
    """A tree with two items of each list, which is as valid."""
    if isinstance(tree, dict):
        return {key: cut(value) for key, value in tree.items()}
    return [cut(value) for value in tree[:2]] if isinstance(tree, list) else tree


TREE = cut(json.loads(EXAMPLE.read_text(encoding="utf-8")))
OLD = {key: value for key, value in TREE.items() if key not in ("format", "contents")}  # no schema has seen it


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("manifests")


def read(folder, content: bytes) -> None:
    """What a command does with a folder of a fit, as far as its manifest goes."""
    (folder / MANIFEST).write_bytes(content)
    with fuzz.told(ExportError, folder):
        found = read_manifest(folder)
        if "format" in found:
            check_manifest(found, folder / MANIFEST)
    with fuzz.told(ExportError, folder):
        source = fit_source(folder)
        assert isinstance(source["screen_path"], str) and isinstance(source["guide_map"], str)
        assert isinstance(source["settings"], Settings)


@fuzz.fuzz(80)
@given(content=fuzz.damaged(json.dumps(TREE).encode()) | st.binary(max_size=60))
@example(content=b"")
@example(content=b"[" * 100_000)
@example(content=b'{"format": 2}')
@example(content=b'{"format": ' + b"9" * 5000 + b"}")
@example(content=EXAMPLE.read_text(encoding="utf-8").encode("utf-16"))
def test_any_bytes(folder, content):
    read(folder, content)


@fuzz.fuzz(120)
@given(tree=fuzz.grafted(TREE) | fuzz.grafted(OLD))
def test_any_tree(folder, tree):
    read(folder, json.dumps(tree).encode())


def test_the_tree_that_is_grafted_above_is_valid(folder):
    (folder / MANIFEST).write_text(json.dumps(TREE))
    assert read_manifest(folder) == TREE and fit_source(folder)["screen_path"] == TREE["screen"]["path"]


def test_every_key_of_a_manifest_may_hold_anything_else(folder):
    for tree in (TREE, OLD):
        for key in tree:
            for value in (None, True, -1, "a", [[]], {"a": [1]}):
                read(folder, json.dumps(tree | {key: value}).encode())
