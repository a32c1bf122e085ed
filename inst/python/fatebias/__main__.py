"""Command line: `python -m fatebias COMMAND ...` (arguments only)."""

import sys

INTERRUPTED = 130  # the shell's exit code for Ctrl-C
_INTERRUPTED = "Interrupted. A fit goes on from its checkpoint, where it has written one."

try:
    import argparse
    import os
    import warnings
    from collections.abc import Iterator, Sequence
    from contextlib import contextmanager
    from importlib import import_module
    from typing import Any

    from . import __version__
    from .base import (
        FatebiasError,
        FatebiasWarning,
        MemoryLimitError,
        Stopped,
        heed_stops,
        lacks_memory,
        plain_stdout,
        say,
        tell,
        without_memory,
    )
    from .commands import COMMANDS
except KeyboardInterrupt:  # within the tenth of a second that they take
    sys.stderr.write(f"{_INTERRUPTED}\n")
    sys.exit(INTERRUPTED)


class _Parser(argparse.ArgumentParser):
    """Help for a stdout that cannot be written to ends as all does that is told there."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:
            tell(message.rstrip())
        else:
            super()._print_message(message, file)


def main_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """The parser; it only builds. Only the command `chosen` has its arguments: the others need not be imported."""
    parser = _Parser(prog="python -m fatebias", description="Which gene knock-downs bias cell fate?")
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
    with plain_stdout(), _readable_errors(), heed_stops():
        args = main_parser(chosen).parse_args(given)
        args.run(args)


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Known errors become one message and exit code 1; Ctrl-C, SIGTERM and SIGUSR1 one, and a shell's exit code for
    them. fatebias's warnings become one message each.
    """
    plain = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, FatebiasWarning):
            say(f"Warning: {message}")
        else:
            plain(message, category, *rest, **more)

    warnings.showwarning = show
    try:
        yield
    except FatebiasError as error:
        say(f"Error ({error.kind}): {error}")
        sys.exit(1)
    except (MemoryError, RuntimeError, OSError) as error:
        if not lacks_memory(error):
            raise
        say(f"Error ({MemoryLimitError.kind}): {without_memory(error)}")
        sys.exit(1)
    except KeyboardInterrupt:
        say(_INTERRUPTED)
        os._exit(INTERRUPTED)  # all files are closed; taking torch down would take seconds more
    except Stopped as stopped:
        say(str(stopped))
        os._exit(stopped.exit_code)
    finally:
        warnings.showwarning = plain


if __name__ == "__main__":
    main()
