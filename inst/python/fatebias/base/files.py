"""Folders of results, files written whole or not at all, names of columns, digests, and this package's sources."""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import ExportError

PACKAGE = Path(__file__).parents[1]


def digest_of(parts: Iterable[Any]) -> str:
    """sha256, in hexadecimal, of byte strings and buffers one after the other."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(path: Path) -> list[Path]:
    """A file itself, or all files below a folder: a container of a screen may be either."""
    return sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]


@contextmanager
def whole_file(path: Path, prefix: str | None = None) -> Iterator[Path]:
    """A path to write to within the `with` block, which then takes the place of `path`: whole, or not at all.

    It lies in the same folder and begins with `prefix`. The file is on the disk before it is renamed, so that it is
    whole whatever the moment of a kill.
    """
    part = path.with_name(f"{prefix or f'.{path.stem}-'}{secrets.token_hex(4)}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def source_files(folder: Path = PACKAGE) -> list[Path]:
    """Sources of the package, sub-packages included: all that a change of the numbers can come from."""
    return sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".yaml", ".json"))


def day_columns(prefix: str, n_days: int) -> list[str]:
    """`prefix_d0`, `prefix_d1`, ..: columns are numbered by day order; the manifest maps them to labels."""
    return [f"{prefix}_d{day}" for day in range(n_days)]


def prepare_out_dir(out_dir: str | Path) -> Path:
    """The results folder, made and found writable before any work; raises ExportError."""
    out_dir = Path(out_dir)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out_dir):
            pass
    except OSError as error:
        raise ExportError(
            f"Cannot write to `out_dir` {out_dir}: {error}. Choose another folder or its permissions."
        ) from error
    return out_dir
