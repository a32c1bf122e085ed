"""Print what the environment of this Python lacks against lock files, one line each; nothing when in place.

Usage: python check_python.py SOURCE_FOLDER LOCK_FILE...
"""

import json
import sys
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlparse


def read_pins(path: Path) -> dict[str, str]:
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return dict(line.split("==") for line in lines if line)


def installed_version(name: str) -> str | None:
    """Version without its local part: torch's 2.13.0+cpu answers the pin 2.13.0."""
    try:
        return metadata.version(name).split("+")[0]
    except metadata.PackageNotFoundError:
        return None


def check_pins(path: Path) -> list[str]:
    found = {name: (pin, installed_version(name)) for name, pin in read_pins(path).items()}
    return [f"{name} {pin} (found: {have})" for name, (pin, have) in found.items() if have != pin]


def check_source(folder: Path) -> list[str]:
    """The package must run from this clone's folder: a moved clone keeps the old path."""
    try:
        record = metadata.distribution("fatebias").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        record = None
    where = Path(unquote(urlparse(json.loads(record)["url"]).path)) if record else None
    if where != folder.resolve():
        return [f"fatebias from {folder} (found: {where})"]
    return [] if on_path(folder) else [f"fatebias on the path of {sys.prefix}"]


def on_path(folder: Path) -> bool:
    """As a folder on the path: a finder of setuptools' comes after the launcher at the top of the clone."""
    return str(folder.resolve()) in sys.path


def main(arguments: list[str]) -> None:
    source, *locks = map(Path, arguments)
    missing = [line for lock in locks for line in check_pins(lock)] + check_source(source)
    print("\n".join(missing), end="\n" if missing else "")


if __name__ == "__main__":
    main(sys.argv[1:])
