"""Install the package for Python and what its tests need into the Python that runs this; set-up has its own way.

Usage: python install_python.py lock | newest | oldest | pre
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


def lower_bounds(project: Path) -> list[str]:
    """Each run-time dependency at its lower bound, `torch==2.2`; one without a bound is refused."""
    needs = tomllib.loads(project.read_text())["project"]["dependencies"]
    found = [re.fullmatch(r"([\w.-]+)>=([\d.]+)", need) for need in needs]
    if None in found:
        raise SystemExit(f"{needs[found.index(None)]}: expected name>=version")
    return [f"{match[1]}=={match[2]}" for match in found if match]


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


def main(which: str = "lock") -> None:
    with tempfile.TemporaryDirectory() as folder:
        wanted = arguments(which, Path(folder) / "constraints.txt")
        subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
