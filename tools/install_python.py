"""Install the package for Python and what its tests need into the Python that runs this; set-up has its own way.

Usage: python install_python.py lock | newest | oldest | pre
       python install_python.py reading newest | oldest    print what the tests of reading need, one package a line
  lock    the exact versions of the lock files
  newest  what the ranges of pyproject.toml give today
  oldest  the lower bounds of those ranges
  pre     as newest, pre-releases included
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "inst/python"
LOCKS = ("requirements.lock", "requirements-dev.lock")
NOT_FOR_READING = ("torch", "pyro-ppl")
OF_TESTS = ("pytest", "hypothesis", "hdf5plugin")


def dependencies(project: Path) -> list[str]:
    """The run-time dependencies with their ranges, as pyproject.toml has them."""
    return list(tomllib.loads(project.read_text())["project"]["dependencies"])


def lower_bounds(project: Path) -> list[str]:
    """Each run-time dependency at its lower bound, `torch==2.2`; one without a bound is refused."""
    needs = dependencies(project)
    found = [re.fullmatch(r"([\w.-]+)>=([\d.]+)(,<[\d.]+)?", need) for need in needs]
    if None in found:
        raise SystemExit(f"{needs[found.index(None)]}: expected name>=version or name>=version,<version")
    return [f"{match[1]}=={match[2]}" for match in found if match]


def reading_needs(which: str) -> list[str]:
    """What reads and checks screens (no torch), and tests that: at the lower bounds or within the ranges."""
    project = SOURCES / "pyproject.toml"
    if which not in ("newest", "oldest"):
        raise SystemExit(__doc__)
    needs = lower_bounds(project) if which == "oldest" else dependencies(project)
    return [need for need in needs if not need.startswith(NOT_FOR_READING)] + list(OF_TESTS)


def arguments(which: str, constraints: Path) -> list[str]:
    """Of `pip install`; `constraints` is written where they are needed."""
    package = f"{SOURCES}[dev]"
    if which == "lock":
        locks = [argument for lock in LOCKS for argument in ("-r", str(SOURCES / lock))]
        return [*locks, "-e", str(SOURCES)]
    if which == "oldest":
        constraints.write_text("\n".join(lower_bounds(SOURCES / "pyproject.toml")) + "\n")
        return ["-c", str(constraints), "-e", package]
    if which in ("newest", "pre"):
        return ["--upgrade", *(["--pre"] if which == "pre" else []), "-e", package]
    raise SystemExit(__doc__)


def main(which: str = "lock", versions: str = "") -> None:
    if which == "reading":
        print("\n".join(reading_needs(versions)))
        return
    with tempfile.TemporaryDirectory() as folder:
        wanted = arguments(which, Path(folder) / "constraints.txt")
        subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
