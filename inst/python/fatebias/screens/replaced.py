"""What a screen was read from, so that it can be told later, and while it is read, whether its files are the same.

What was read decides, by a digest; size and time of the last change, which a copy changes and a forger need not, only
name the file. No file is read for this, however large its expression.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from ..base import ScreenError, digest_of, files_of
from .screen import Screen

_DECIMALS = 6  # of numbers: the last digits of a mean depend on the processor


def fingerprint(screen: Screen, path: str | Path, guide_map: str | Path) -> dict[str, str]:
    """Bytes and last change (ns) of both files, and a digest of what was read of them."""
    return {"screen": _state(path), "guide_map": _state(guide_map), "content": _content(screen)}


def refuse_replaced(screen: Screen, path: str | Path, guide_map: str | Path, earlier: Mapping[str, str] | None) -> None:
    """Raise ScreenError where the files hold another screen than at an earlier reading. earlier: its fingerprint."""
    if not earlier or _content(screen) == earlier["content"]:
        return
    files = {"screen": str(path), "guide_map": str(guide_map)}
    changed = [file for name, file in files.items() if _state(file) != earlier[name]]
    raise ScreenError(
        f"{' and '.join(changed) or ' or '.join(files.values())} changed since the screen was read: it is another "
        "screen now. Read it again with read_screen(), and fit that."
    )


def read_unchanged(read: Callable[[], Screen], path: str | Path, guide_map: str | Path) -> Screen:
    """What read() makes of two files. Where one changed meanwhile it is read once more, and must be the same: raises
    ScreenError else, since a half of each would be a screen that never was.
    """
    before = _state(path), _state(guide_map)
    screen = read()
    if (_state(path), _state(guide_map)) != before and _content(read()) != _content(screen):
        raise ScreenError(f"{path} or {guide_map} changed while it was read. Read it again when it is written.")
    return screen


def _state(path: str | Path) -> str:
    """Size and time of the last change of a file, or of all files below a folder; of what is not there nothing."""
    try:
        stats = [file.stat() for file in files_of(Path(path))]
    except OSError:  # who reads says what is wrong
        return ""
    return f"{sum(one.st_size for one in stats)} bytes, {max((one.st_mtime_ns for one in stats), default=0)}"


def _content(screen: Screen) -> str:
    """A digest of what was read."""
    return digest_of(_parts(screen))


def _parts(screen: Screen) -> Iterator[bytes | np.ndarray]:
    for field in fields(screen):
        value = getattr(screen, field.name)
        if not isinstance(value, np.ndarray):
            yield f"{field.name} {value!r}".encode()
            continue
        yield f"{field.name} {value.dtype.kind} {value.shape}".encode()
        whole = value.dtype.kind in "iub"
        yield np.ascontiguousarray(value if whole else np.round(value, _DECIMALS) + 0.0)
