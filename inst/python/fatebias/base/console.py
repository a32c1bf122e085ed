"""What the command line says: to streams that lack a sign, that nobody reads any more, or that are closed."""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

UNREAD = 141  # the shell's exit code where the reader of a pipe has gone (SIGPIPE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # a terminal would obey them


def say(text: str) -> None:
    """A line for stderr. It is lost where that cannot be written to: no message ends what it is about."""
    with suppress(OSError, ValueError):  # ValueError: it is closed
        if sys.stderr is not None:
            print(visible(text), file=sys.stderr, flush=True)


def visible(text: str) -> str:
    r"""A text with signs that steer a terminal written out, as in \x1b; names in messages may hold any."""
    return _CONTROLS.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def tell(text: str) -> None:
    """A line for stdout. Where that cannot be written to, the command ends: see `plain_stdout`."""
    _written_or_end(lambda: print(visible(text)))


@contextmanager
def plain_stdout() -> Iterator[None]:
    """Within the block what is told, and what argparse prints, reaches stdout, or the command ends without a traceback.

    Signs that stdout's encoding lacks are written as escapes. Where the reader of a pipe has gone (`check .. | head`)
    the exit code is UNREAD; where stdout cannot be written to, as on a full disk, it is 1, and why is said.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        _written_or_end(lambda: sys.stdout and sys.stdout.flush())


def _written_or_end(write: Callable[[], object]) -> None:
    try:
        write()
    except BrokenPipeError:
        _drop_stdout()
        sys.exit(UNREAD)
    except OSError as error:
        _drop_stdout()
        say(f"Error (python): Cannot write to the standard output: {error}.")
        sys.exit(1)


def _drop_stdout() -> None:
    """Python writes what is left in stdout at its end, and would fail once more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
