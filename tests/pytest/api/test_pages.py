"""The pages of the Python API: the notebook runs, the line for R is the one of the code, all functions are shown."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fatebias
from fatebias.base import Settings
from fatebias.results.ranking import rank_line

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs" / "python"
NOTEBOOKS = sorted((DOCS / "pages").glob("*.ipynb"))
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def module(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def outputs(notebook):
    text = module("hooks").output_text
    return [text(one) for cell in notebook["cells"] for one in cell.get("outputs", [])]


@pytest.mark.filterwarnings("ignore::fatebias.base.ScreenWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_and_puts_out_what_stands_in_it(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored = json.loads(path.read_text())
    run = module("run_notebook").run_notebook(json.loads(path.read_text()))
    before, after = outputs(stored), outputs(run)
    assert len(before) == len(after) > 0
    for old, new in zip(before, after):  # the last digits depend on the processor
        assert NUMBER.sub("#", old).split() == NUMBER.sub("#", new).split()
        assert [*map(float, NUMBER.findall(new))] == pytest.approx([*map(float, NUMBER.findall(old))], abs=0.11)


def test_the_line_for_r_on_the_page_is_that_of_the_error():
    assert rank_line(Path("results")) in (DOCS / "pages" / "index.md").read_text()


def test_every_function_and_class_is_on_a_page():
    pages = "\n".join(path.read_text() for path in (DOCS / "pages").glob("*.md"))
    shown = {line.rpartition(".")[2] for line in re.findall(r"^::: (\S+)", pages, re.MULTILINE)}
    classes = {name for name in fatebias.__all__ if name.endswith(("Error", "Warning"))}
    assert set(fatebias.__all__) - classes <= shown and "errors" in shown


def test_each_setting_that_python_reads_is_in_the_table_of_settings():
    hooks, settings = module("hooks"), Settings.from_mapping()
    shown = re.findall(r"^\| `(\w+)` \|", hooks.settings_text(), re.MULTILINE)
    assert sorted(shown) == sorted(settings.as_dict(*hooks.STAGES)) and {"ref_fate", "inference"} <= set(shown)


def test_the_pages_build_and_fetch_nothing(tmp_path):
    if not all(map(importlib.util.find_spec, ("mkdocs", "mkdocstrings_handlers", "material"))):
        pytest.skip("needs docs/python/requirements.txt")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", str(DOCS / "mkdocs.yml"), "-d"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = {path.name: path.read_text() for path in tmp_path.glob("*.html")}
    assert pages.keys() >= {"index.html", "first-screen.html", "functions.html", "fit.html", "settings.html"}
    for name, text in pages.items():
        fetched = re.findall(r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=\"?((?:https?:)?//[^\"\s>]+)", text)
        assert fetched == [], name
    for name, member in (("functions.html", "read_screen"), ("fit.html", "genes"), ("fit.html", "posterior")):
        assert re.search(rf'id="fatebias\.api\.[^"]*\b{member}"', pages[name]), member
