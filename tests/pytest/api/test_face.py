"""The package's face: what it offers, what its import costs, and that each example in its help runs."""

import doctest
import importlib.util
import inspect
import subprocess
import sys

import pytest

import fatebias
from fatebias import api
from fatebias.api import fitted

PUBLIC = [getattr(fatebias, name) for name in fatebias.__all__ if name[0].islower()] + [
    fatebias.Findings, fatebias.Fit, fatebias.ScreenFile,
]  # fmt: skip
MEMBERS = [
    (name, member) for name, member in inspect.getmembers(fitted.Fit)
    if not name.startswith("_") and name not in fitted.Fit.__dataclass_fields__
]  # fmt: skip
EXAMPLES = [(one.__name__, one) for one in PUBLIC] + [(f"Fit.{name}", member) for name, member in MEMBERS]


def in_child(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_imports_nothing_that_is_slow():
    code = "import sys, fatebias; dir(fatebias); print(sorted({'torch', 'numpy', 'pandas', 'yaml'} & set(sys.modules)))"
    assert in_child(code) == "[]\n"


def test_the_version_is_told_without_torch_or_numpy():
    code = (
        "import sys\nsys.argv = ['fatebias', '--version']\nfrom fatebias.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    print(sorted({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    assert in_child(code) == f"{fatebias.__version__}\n[]\n"


def test_errors_and_reading_come_without_torch():
    code = (
        "import sys, fatebias\nfatebias.FatebiasError, fatebias.read_screen, fatebias.Fit\n"
        "found = fatebias.check('none.h5ad', 'none.csv')\nprint(found.ok, 'torch' in sys.modules)"
    )
    assert in_child(code) == "False False\n"


def test_the_face_of_the_package_is_that_of_the_wing():
    assert fatebias.__all__ == api.__all__ and set(fatebias.__all__) <= set(dir(fatebias))
    assert all(getattr(fatebias, name) is getattr(api, name) for name in api.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        fatebias.nonsense  # noqa: B018


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the screen and the fit that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        files = fatebias.simulate("demo", cells=600, genes=6, guides_per_gene=3, days=2)
        with pytest.warns(fatebias.ScreenWarning):
            screen = fatebias.read_screen(files["screen"], files["guide_map"])
        fatebias.fit(screen, inference="laplace", likelihood_weight=7, out_dir="demo/fit")
    return folder


@pytest.mark.filterwarnings("ignore::fatebias.base.ScreenWarning")
@pytest.mark.parametrize(("name", "thing"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_each_example_runs_and_says_what_the_help_says(folder, monkeypatch, name, thing):
    if name == "Fit.posterior" and importlib.util.find_spec("xarray") is None:
        pytest.skip("needs xarray")
    monkeypatch.chdir(folder)
    text = inspect.getdoc(thing)
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert test.examples, f"{name} has no example"
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert result.failed == 0, "".join(said)
    assert list((folder / "demo").glob(".*")) == []


@pytest.mark.parametrize(("name", "thing"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_each_help_says_what_is_returned_and_each_argument(name, thing):
    text = inspect.getdoc(thing)
    if inspect.isfunction(thing):
        arguments = [one for one in inspect.signature(thing).parameters if one != "self"]
        lines = [line.strip() for line in text.splitlines()]
        missing = [one for one in arguments if not any(line.startswith((f"{one} :", f"**{one}")) for line in lines)]
        assert missing == [] and "Returns\n-------" in text
