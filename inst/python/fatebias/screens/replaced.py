"""What a screen was read from, so that it can be told later whether its files are still the same.

Size and time of the last change are looked at first. Where these differ, as after a copy, what was read decides: no
file is read for this, however large its expression.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from ..base import ScreenError, digest_of, files_of
from .screen import Screen

_DECIMALS = 6  # of numbers: the last digits of a mean depend on the processor


def fingerprint(screen: Screen, path: str | Path, guide_map: str | Path) -> dict[str, str]:
    """Bytes and last change (ns) of both files, and a digest of what was read of them."""
    return {"screen": _state(path), "guide_map": _state(guide_map), "content": digest_of(_parts(screen))}


def refuse_replaced(screen: Screen, path: str | Path, guide_map: str | Path, earlier: Mapping[str, str] | None) -> None:
    """Raise ScreenError where the files hold another screen than at an earlier reading. earlier: its fingerprint."""
    if not earlier:
        return
    changed = [
        str(file) for file, name in ((path, "screen"), (guide_map, "guide_map")) if _state(file) != earlier[name]
    ]
    if changed and fingerprint(screen, path, guide_map)["content"] != earlier["content"]:
        raise ScreenError(
            f"{' and '.join(changed)} changed since the screen was read: it is another screen now. "
            "Read it again with read_screen(), and fit that."
        )


def _state(path: str | Path) -> str:
    """Size and time of the last change of a file, or of all files below a folder."""
    stats = [file.stat() for file in files_of(Path(path))]
    return f"{sum(one.st_size for one in stats)} bytes, {max((one.st_mtime_ns for one in stats), default=0)}"


def _parts(screen: Screen) -> Iterator[bytes | np.ndarray]:
    for field in fields(screen):
        value = getattr(screen, field.name)
        if not isinstance(value, np.ndarray):
            yield f"{field.name} {value!r}".encode()
            continue
        yield f"{field.name} {value.dtype.kind} {value.shape}".encode()
        whole = value.dtype.kind in "iub"
        yield np.ascontiguousarray(value if whole else np.round(value, _DECIMALS) + 0.0)
