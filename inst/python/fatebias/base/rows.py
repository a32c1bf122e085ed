"""How messages list things, and count rows: from 0 as Python's users do, from 1 where R asks.

Lines of text files are no rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

SHOWN = 5  # items that a message lists
_LONGEST = 100  # characters of each
_FIRST: ContextVar[int] = ContextVar("first", default=0)


@contextmanager
def rows_from(first: int) -> Iterator[None]:
    """Within the `with` block messages call the first row `row <first>`."""
    token = _FIRST.set(first)
    try:
        yield
    finally:
        _FIRST.reset(token)


def row_word(row: int) -> str:
    """A row (its index from 0) as messages call it."""
    return f"row {row + _FIRST.get()}"


def named_rows(rows: Sequence[int], names: Sequence[str]) -> list[str]:
    """Rows (indices from 0) with the names of their cells, as messages call them: "row 5 (cell5)"."""
    return [f"{row_word(row)} ({name})" for row, name in zip(rows, names)]


def first_few(items: Iterable[object], total: int | None = None) -> str:
    """The first few items of a list as text, for messages. total: how many there are, where `items` is cut short."""
    texts = [short(str(item)) for item in items]
    more = (len(texts) if total is None else total) - len(texts[:SHOWN])
    return ", ".join(texts[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def short(text: str) -> str:
    """A text of the user's as messages show it: cut where it is long."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}.."
