"""Command line: `python -m fatebias COMMAND ...` (arguments only)."""

import argparse
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from . import __version__
from .base import FatebiasError, FatebiasWarning, Stopped, heed_stops
from .commands import COMMANDS

INTERRUPTED = 130  # the shell's exit code for Ctrl-C


def main_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """The parser; it only builds. Only the command `chosen` has its arguments: the others need not be imported."""
    parser = argparse.ArgumentParser(prog="python -m fatebias", description="Which gene knock-downs bias cell fate?")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text)
        if name == chosen:
            module = import_module(f".commands.{name}", __package__)
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def main(cli_args: Sequence[str] | None = None) -> None:
    """Run a command; a known error ends it with one message and exit code 1."""
    given = sys.argv[1:] if cli_args is None else cli_args
    chosen = next((text for text in given if not text.startswith("-")), None)
    args = main_parser(chosen).parse_args(given)
    with _readable_errors(), heed_stops():
        args.run(args)


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Known errors become one message and exit code 1; Ctrl-C, SIGTERM and SIGUSR1 one, and a shell's exit code for
    them. fatebias's warnings become one message each.
    """
    plain = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, FatebiasWarning):
            print(f"Warning: {message}", file=sys.stderr)
        else:
            plain(message, category, *rest, **more)

    warnings.showwarning = show
    try:
        yield
    except FatebiasError as error:
        print(f"Error ({error.kind}): {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        message = "Interrupted. A fit goes on from its checkpoint, where it has written one."
        print(message, file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)  # all files are closed; taking torch down would take seconds more
    except Stopped as stopped:
        print(stopped, file=sys.stderr, flush=True)
        os._exit(stopped.exit_code)
    finally:
        warnings.showwarning = plain


if __name__ == "__main__":
    main()
