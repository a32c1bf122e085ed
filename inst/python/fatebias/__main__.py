"""Command line: `python -m fatebias check|fit|simulate ...` (arguments only)."""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from . import __version__
from .errors import FatebiasError, FatebiasWarning
from .fit import fit_screen
from .preflight import check_screen
from .qc import assert_qc, assess_qc
from .settings import Settings, parse_assignment
from .simulate import ARGUMENTS, simulate_to

INTERRUPTED = 130  # the shell's exit code for Ctrl-C


def main_parser() -> argparse.ArgumentParser:
    """The parser; it only builds."""
    parser = argparse.ArgumentParser(prog="python -m fatebias", description="Which gene knock-downs bias cell fate?")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_check(commands.add_parser("check", help="look at a screen before a fit: what was found, what is wrong"))
    _add_fit(commands.add_parser("fit", help="fit a screen and write its results"))
    _add_simulate(commands.add_parser("simulate", help="write a simulated screen and its truth"))
    return parser


def main(cli_args: Sequence[str] | None = None) -> None:
    """Run a command; a known error ends it with one message and exit code 1."""
    args = main_parser().parse_args(cli_args)
    with _readable_errors():
        args.run(args)


def _add_inputs(parser: argparse.ArgumentParser, map_required: bool) -> None:
    """What both check and fit are given: a screen, its guide map, settings."""
    parser.add_argument("screen", help="screen file (.h5ad)")
    text = "guide map: guide_name, gene_name, is_ntc"
    parser.add_argument("--guides", required=map_required, metavar="MAP.csv", help=text)
    parser.add_argument("--config", metavar="FILE", help="settings (config.yaml)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting; may repeat"
    )


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_inputs(parser, map_required=False)
    parser.set_defaults(run=_check)


def _add_fit(parser: argparse.ArgumentParser) -> None:
    _add_inputs(parser, map_required=True)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the results")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=_fit)


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write to")
    for name, (kind, choices, text) in ARGUMENTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, choices=choices, help=text)
    parser.set_defaults(run=_simulate)


def _settings(args: argparse.Namespace) -> Settings:
    overrides = dict(parse_assignment(text) for text in args.set)
    return Settings.from_file(args.config, overrides) if args.config else Settings.from_mapping(overrides)


def _check(args: argparse.Namespace) -> None:
    """One line a finding, and what to do below it; exit code 1 where there is a problem."""
    found = check_screen(args.screen, _settings(args), args.guides)
    for row in found["rows"]:
        print(f"{row['status']:8} {row['item']}: {row['found']}")
        if row["fix"]:
            print(f"{'':8} -> {row['fix']}")
    if found["settings"]:
        print(
            "For config.yaml:", *(f"{key}: {json.dumps(value)}" for key, value in found["settings"].items()), sep="\n"
        )
    sys.exit(0 if found["ok"] else 1)


def _fit(args: argparse.Namespace) -> None:
    settings = _settings(args)
    manifest = fit_screen(args.screen, args.guides, args.out, settings, progress=False if args.quiet else None)
    assert_qc(assess_qc(args.out, settings), settings.mode)
    print(f"{len(manifest['files'])} files in {args.out} after {manifest['seconds']['total']:.1f} s")


def _simulate(args: argparse.Namespace) -> None:
    given = {name: getattr(args, name) for name in ARGUMENTS if getattr(args, name) is not None}
    for name, path in simulate_to(args.out, given, progress=None).items():
        print(f"{name}: {path}")


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Known errors become one message and exit code 1, Ctrl-C another; fatebias's warnings one message each."""
    plain = warnings.showwarning

    def show(message, category, *rest, **more):
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
    finally:
        warnings.showwarning = plain


if __name__ == "__main__":
    main()
