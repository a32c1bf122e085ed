"""Bars of what takes seconds, with the time left.

Functions take a `Progress` and ask it for a bar, whoever calls them; SILENT shows none. A bar shows itself
after DELAY seconds only, so what is quick says nothing. Bars go to stderr, which R shows as well; where that cannot
be written to (a terminal that was closed, a pipe that nobody reads) they are lost, and the work goes on.
"""

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import TextIO, TypeVar

from tqdm import tqdm

DELAY = 1.0  # seconds before a bar shows itself
REFRESH = 0.2  # seconds between two looks of a bar, at least
_WIDTH = 18  # of the words before a bar
_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"

Item = TypeVar("Item")


class _Lossy:
    """A stream, or None, whose failures nobody hears of."""

    def __init__(self, stream: TextIO | None):
        self._stream, self.encoding = stream, getattr(stream, "encoding", None)

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: it is closed, or cannot say this text
            if self._stream is not None:
                self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            if self._stream is not None:
                self._stream.flush()

    def fileno(self) -> int:
        """By which the bar asks for the width of the terminal. Raises OSError where there is none."""
        if self._stream is None:
            raise OSError("There is no stream.")
        return self._stream.fileno()


class Bar:
    """One bar, open within a `with` block. total: what is done in the end; it grows where more is done than thought."""

    def __init__(self, what: str, total: float, done: float, shown: bool):
        self._bar = tqdm(
            desc=f"{what:{_WIDTH}}", total=total, initial=done, disable=not shown, delay=DELAY, mininterval=REFRESH,
            bar_format=_FORMAT, file=_Lossy(sys.stderr),
        )  # fmt: skip
        self._shown = shown

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown and kind is None:
            self._bar.total = self._bar.n  # fewer steps than thought
        self._bar.close()

    def advance(self, by: float = 1.0) -> None:
        if self._shown:
            self._bar.total = max(self._bar.total or 0.0, self._bar.n + by)
            self._bar.update(by)

    def note(self, text: str) -> None:
        """A few words behind the bar."""
        self._bar.set_postfix_str(text, refresh=False)

    def part(self, size: float) -> Callable[[float], None]:
        """A function that is told which share, 0 to 1, of the next `size` units is done."""
        start = self._bar.n if self._shown else 0.0

        def done(share: float) -> None:
            if self._shown:
                self.advance(max(0.0, start + size * min(share, 1.0) - self._bar.n))

        return done


class Progress:
    """Makes bars. shown: True, False, or None: where stderr is a terminal and no CI writes it down."""

    def __init__(self, shown: bool | None):
        watched = sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("CI")
        self.shown = watched if shown is None else shown

    def bar(self, what: str, total: float, done: float = 0.0) -> Bar:
        """A bar; total may be a guess."""
        return Bar(what, total, done, self.shown)

    def each(self, items: Iterable[Item], what: str, total: float) -> Iterator[Item]:
        """The items, with a bar that advances as each is done."""
        with self.bar(what, total) as bar:
            for item in items:
                yield item
                bar.advance()


SILENT = Progress(False)


def unheard(share: float) -> None:
    """Takes the place of a `Bar.part` where there is no bar."""


def share_of_way(start: float, now: float, end: float) -> float:
    """How far `now` has come from start down to end, on the log scale: 0 to 1, for any numbers."""
    if not (math.inf > start > end > 0 and math.inf > now > 0):
        return 1.0
    way, whole = (math.log(start) - math.log(other) for other in (now, end))  # a ratio may be 0 or infinite
    return min(1.0, max(0.0, way / whole)) if whole > 0 else 1.0
