import dataclasses
import shutil

import numpy as np
import pytest
import torch

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


def test_the_key_holds_all_that_the_numbers_depend_on(small_screen, monkeypatch, tmp_path):
    settings = Settings.from_mapping()

    def key(screen=small_screen, settings=settings, device="cpu", versions=None):
        return fit_key(screen, settings, device, versions or {"torch": "2"})

    labels = small_screen.fate_probs.copy()
    labels[0, 0] = np.nextafter(labels[0, 0], 1)
    others = [
        key(dataclasses.replace(small_screen, fate_probs=labels)),
        key(dataclasses.replace(small_screen, guide_names=("other", *small_screen.guide_names[1:]))),
        key(settings=dataclasses.replace(settings, s_tau=3.0)),
        key(device="cuda"),
        key(versions={"torch": "3"}),
    ]
    assert key() == key() and key() not in others
    assert key(settings=dataclasses.replace(settings, mode="simulation", out_dir="elsewhere")) == key()
    for name, changed in (("get_num_threads", lambda: 99), ("get_num_threads", lambda: 98)):
        monkeypatch.setattr(torch, name, changed)
        others.append(key())
    assert others[-1] != others[-2]
    (tmp_path / "model.py").write_text("changed")
    monkeypatch.setattr("fatebias.results.key.PACKAGE", tmp_path)
    assert key()["fatebias"] != others[-1]["fatebias"]
