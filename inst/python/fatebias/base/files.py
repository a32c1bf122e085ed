"""Folders of results, names of columns, digests of contents, and the source files of this package."""

import hashlib
import tempfile
from collections.abc import Iterable
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
