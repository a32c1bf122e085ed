"""Folders of results, files written whole or not at all, names of columns, digests, and this package's sources."""

import errno
import glob
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import ExportError
from .interrupts import run_whole

PACKAGE = Path(__file__).parents[1]
ELSEWHERE = "Choose another folder, or mend its permissions."
_FULL = {errno.ENOSPC, errno.EDQUOT}
_PART_BYTES = 4  # of the random token in the name of a part
_STAGE, _STAGE_TOKEN = ".stage-", 8  # names of folders by tempfile.mkdtemp(), and the letters that it adds


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


def from_where(path: object) -> str:
    """For messages about a path that is not there: where a relative one was looked for; "" for an absolute one."""
    return "" if Path(str(path)).expanduser().is_absolute() else f" (the working directory is {Path.cwd()})"


def regular_bytes(path: Path, most: int) -> bytes:
    """All of a file of at most so many bytes. Raises OSError; a pipe or a device is refused before it is opened."""
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise OSError(f"{path} is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is no file (a device, a pipe or a socket)")
    if found.st_size > most:
        raise OSError(f"{path} has {found.st_size} bytes; at most {most} are read")
    with path.open("rb") as file:
        return file.read(most)


def files_of(path: Path) -> list[Path]:
    """A file itself, or all files below a folder: a container of a screen may be either."""
    return sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to within the `with` block, which then takes the place of `path`: whole, or not at all.

    It lies in the same folder. The file is on the disk before it is renamed, so that it is whole whatever the moment
    of a kill; a part that a kill leaves is for `remove_parts`.
    """
    part = path.with_name(_part_name(path.stem, secrets.token_hex(_PART_BYTES)))
    try:
        yield part
        _sync(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def remove_parts(path: Path) -> None:
    """Remove what processes that were killed while they wrote `path` as a `whole_file` have left."""
    for part in path.parent.glob(_part_name(glob.escape(path.stem), "[0-9a-f]" * 2 * _PART_BYTES)):
        part.unlink(missing_ok=True)


def disk_words(folder: Path, error: OSError) -> str:
    """What kept a file in a folder from being written, and what to do, for the end of a sentence and after it."""
    if error.errno not in _FULL:
        return f"{error}. {ELSEWHERE}"
    left = shutil.disk_usage(folder).free / 1e6
    return (
        f"the disk is full, or your quota of it ({left:,.1f} MB are free). No half file is left. Make room there, or "
        "choose another folder, and run the same again."
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Within the block an OSError is an ExportError with words; the folder of `path` is there, or made first."""
    if "\0" in str(path):
        raise ExportError("Cannot write a file whose name holds NUL. Choose another name.")
    try:
        if path.exists() and not path.is_file():  # root's rename would put a file in the place of a device
            kind = "folder" if path.is_dir() else "device or a pipe"
            raise ExportError(f"Cannot write {path}: it is a {kind}. Name a file.")
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        folder = next(one for one in path.absolute().parents if os.path.isdir(one))
        raise ExportError(f"Cannot write {path}: {disk_words(folder, error)}") from error


def refuse_unwritable(path: str | Path) -> None:
    """Raise ExportError where a file cannot be written, before any work; its folder is made."""
    with writing(Path(path)), tempfile.TemporaryFile(dir=Path(path).parent):
        pass


@contextmanager
def whole_folder(folder: Path, last: str, earlier: Iterable[str] = ()) -> Iterator[Path]:
    """A folder to write files to within the `with` block, which then go to `folder`, the file named `last` as last.

    That file says what belongs together: it is taken away before any other is replaced, so that where it is, all are
    there and whole. An error within the block changes nothing in `folder`; Ctrl-C waits until all are moved.
    earlier: names of the files that these replace; what is not written anew goes. One process at a time writes to a
    folder: what an earlier one has left of this that was killed goes as well.
    """
    for left in folder.glob(_STAGE + "?" * _STAGE_TOKEN):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
    stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=folder))
    try:
        yield stage
        names = [*sorted({path.name for path in stage.iterdir()} - {last}), last]
        for name in names:
            _sync(stage / name)
        run_whole(lambda: _move(stage, folder, names, set(earlier) - set(names)))
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _part_name(stem: str, token: str) -> str:
    return f".{stem}-{token}.part"


def _sync(path: Path) -> None:
    """Have a file on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _move(stage: Path, folder: Path, names: list[str], stale: set[str]) -> None:
    """Move files in place in their order; the last of these goes first, then the stale ones."""
    (folder / names[-1]).unlink(missing_ok=True)
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    for name in names:
        os.replace(stage / name, folder / name)


def source_files(folder: Path = PACKAGE) -> list[Path]:
    """Sources of the package, sub-packages included: all that a change of the numbers can come from."""
    return sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".yaml", ".json"))


def day_columns(prefix: str, n_days: int) -> list[str]:
    """`prefix_d0`, `prefix_d1`, ..: columns are numbered by day order; the manifest maps them to labels."""
    return [f"{prefix}_d{day}" for day in range(n_days)]
