"""The file of a checkpoint as it is found: what is no checkpoint, damaged or another fit's is told by its reason.

Nothing of it is believed before its types, its length and its digest are right, and nothing in it is run.
"""

import io
import json
import os
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .constants import CONSTANTS

DAMAGED = f"{CONSTANTS.checkpoint_file}.damaged"  # the last one that was set aside
HEADER_BYTES = 16 << 20  # of the line of JSON, at most
POSITION = {"at": str, "steps": int, "saved": str}
_HEADER = POSITION | {"key": dict, "resumed": list, "bytes": int, "digest": str}


class NotUsableError(Exception):
    """Why a checkpoint cannot be gone on from."""


class DamagedError(NotUsableError):
    """Why none can be gone on from it, by any fit."""


def read_parts(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """Header and states as bytes, None where there is no file; of what is no regular file nothing is opened."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode):
            raise DamagedError("it is no file (a folder, a link, a pipe or a device)")
        with path.open("rb") as file:
            header = _parsed(file.readline(HEADER_BYTES))
            if header["bytes"] != found.st_size - file.tell():  # before it is read, however large it is
                raise DamagedError("it is damaged")
            return header, file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedError(f"it cannot be read ({error})") from error


def _parsed(head: bytes) -> dict[str, Any]:
    """The line of JSON, of which all that is used has its type. Raises DamagedError."""
    try:
        found = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise DamagedError("it is damaged") from error
    header: dict[str, Any] = found if isinstance(found, dict) else {}
    if not all(_is(header.get(name), kind) for name, kind in _HEADER.items()) or not all(
        map(_is_position, header["resumed"])
    ):
        raise DamagedError("it is damaged")
    return header


def _is_position(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() == POSITION.keys()
        and all(_is(found[name], kind) for name, kind in POSITION.items())
    )


def _is(value: Any, kind: type) -> bool:
    """Is a value of JSON of a type? True and False are no numbers."""
    return isinstance(value, kind) and not isinstance(value, bool)


def load_states(payload: bytes, device: str) -> dict[str, dict[str, Any]]:
    """The states; tensors and plain values only. Raises DamagedError."""
    import torch  # here, since the import takes seconds

    try:
        with warnings.catch_warnings(action="ignore"):  # what torch says of odd files
            states = torch.load(io.BytesIO(payload), map_location=device, weights_only=True)
    except (MemoryError, torch.cuda.OutOfMemoryError):
        raise
    except Exception as error:  # torch raises many kinds, of which each means the same
        raise DamagedError("torch cannot load its states") from error
    if not isinstance(states, dict) or not all(isinstance(one, dict) for one in states.values()):
        raise DamagedError("it holds no states")
    return states


def refuse_other_key(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    if found == wanted:
        return
    names = dict.fromkeys([*wanted, *found])
    other = [name for name in names if name != "settings" and found.get(name) != wanted.get(name)]
    before, now = found.get("settings"), wanted["settings"]
    before = before if isinstance(before, dict) else {}
    other += [f"setting `{name}`" for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    raise NotUsableError(f"it is the checkpoint of another fit (different: {', '.join(other)})")


def set_aside(path: Path) -> str:
    """Rename what is in the place of a checkpoint, instead of what was set aside before; where it is now, in words."""
    aside = path.with_name(DAMAGED)
    try:
        if aside.is_dir() and not aside.is_symlink():
            aside.rmdir()  # one with files in it stays
        else:
            aside.unlink(missing_ok=True)
        path.rename(aside)
    except OSError as error:
        return f"it cannot be renamed either ({error})"
    return f"what was there is kept as {aside.name}"
