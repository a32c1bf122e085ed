import shutil

import pytest

from fatebias.base.files import PACKAGE
from fatebias.base.settings import Settings
from fatebias.results.key import fit_key

WINGS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def key(screen):
    return fit_key(screen, Settings.from_mapping(), "cpu", {"torch": "2"})["fatebias"]


def test_there_are_wings():
    assert {"base", "screens", "model", "laplace", "vi", "results", "certificate"} <= set(WINGS)


@pytest.mark.parametrize("wing", [*WINGS, ""])
def test_a_change_of_any_source_in_any_wing_makes_another_fit(small_screen, monkeypatch, tmp_path, wing):
    copy = tmp_path / "fatebias"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("fatebias.results.key.PACKAGE", copy)
    before = key(small_screen)
    assert key(small_screen) == before
    source = sorted((copy / wing).glob("[a-z]*.py"))[0]
    source.write_text(source.read_text() + "\n# changed\n")
    assert key(small_screen) != before
