"""What is built from the sources: a wheel and an sdist hold every file of every sub-package."""

import importlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from fatebias import base
from fatebias.base.files import PACKAGE, source_files

SOURCES = Path(__file__).parents[2] / "inst" / "python"
WANTED = {f"fatebias/{path.relative_to(PACKAGE).as_posix()}" for path in source_files()} | {"fatebias/py.typed"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The sources without what earlier builds have left beside them."""
    copy = tmp_path_factory.mktemp("build") / "python"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    return copy


def build(project: Path, kind: str) -> Path:
    out = project.parent / kind
    out.mkdir()
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(out)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.iterdir())


def test_a_wheel_holds_every_source(project):
    with zipfile.ZipFile(build(project, "wheel")) as wheel:
        assert {name for name in wheel.namelist() if name.startswith("fatebias/")} == WANTED


def test_an_sdist_holds_every_source(project):
    with tarfile.open(build(project, "sdist")) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert names >= WANTED


def test_the_face_of_each_wing_names_what_it_offers_once():
    for wing in PACKAGE.glob("*/__init__.py"):
        names = getattr(importlib.import_module(f"fatebias.{wing.parent.name}"), "__all__", [])
        assert len(names) == len(set(names)), wing
    assert base.__all__ == sorted(base.__all__)
