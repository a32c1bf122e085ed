"""Two things at once where each has a core: the next item is made while one is used."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


def made_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, each made by a thread while the one before is used: two are in memory."""
    left = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, left, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, left, _END)
            yield item  # type: ignore[misc]
