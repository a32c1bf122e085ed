"""The one place where what h5py, zarr, anndata and pandas raise becomes a ScreenError: where, and what to do."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ..base import FatebiasError, ScreenError

Result = TypeVar("Result")
_MOST_WORDS = 200  # characters of what a library said
_WRITE = "write it again with the current anndata, or give this entry anew"
_DAMAGED = "it is damaged: copy or write it again"
# what a library says, and what helps; the first that fits
_REMEDIES = (
    (("inflate", "decompress", "filter returned failure", "checksum"), _DAMAGED),
    (("filter", "plugin"), "it is compressed by a filter that is not installed: pip install hdf5plugin"),
    (("no module named 'zarr'",), "pip install zarr"),
    (("codec", "compressor"), "it is compressed by a codec that is not installed: pip install numcodecs"),
    (("unable to lock", "temporarily unavailable"), "it is open elsewhere for writing: close it there, or copy it"),
    (("truncated", "eof", "end of file"), "it is truncated: copy or write it again"),
    (("codes need to be", "categorical categories"), "its categories do not fit its codes: write the column again"),
    (("synchronously read data", "file name in directory"), _DAMAGED),
)


@contextmanager
def refusing(path: Path, what: str, remedy: str = _WRITE) -> Iterator[None]:
    """Whatever a library raises within the `with` block is a ScreenError that names the file and the entry.

    what: the entry as messages call it ("obsm['guide']"), or "" for the file itself.
    """
    try:
        yield
    except FatebiasError:
        raise
    except MemoryError as error:
        raise ScreenError(f"{_named(path, what)} needs more memory than there is; is its size right?") from error
    except RecursionError as error:
        raise ScreenError(f"{_named(path, what)} is nested too deeply to be read; {remedy}.") from error
    except Exception as error:
        raise ScreenError(
            f"{_named(path, what)} cannot be read ({reason_of(error)}): {_help(error, remedy)}."
        ) from error


def refused(method: Callable[..., Result]) -> Callable[..., Result]:
    """A method of an entry (with `path` and `label`) whose errors are ScreenErrors, see `refusing`."""

    @functools.wraps(method)
    def guarded(self: Any, *args: Any) -> Result:
        with refusing(self.path, self.label):
            return method(self, *args)

    return guarded


def reason_of(error: BaseException) -> str:
    """What an error says, on one line and not too long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MOST_WORDS else text[:_MOST_WORDS] + ".."


def _named(path: Path, what: str) -> str:
    return f"{path}: {what}" if what else str(path)


def _help(error: BaseException, remedy: str) -> str:
    text = f"{error} {error.__cause__ or ''}".lower()
    return next((help_ for words, help_ in _REMEDIES if any(word in text for word in words)), remedy)
