"""Command line: `python -m fatebias simulate|fit|certify ...` (arguments only)."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from . import __version__
from .certify import CHECKS, FOLDER, SIZES, fit_source, parse_part, planned_units, run_units
from .errors import FatebiasError, FatebiasWarning
from .fit import fit_screen
from .qc import assert_qc, assess_qc
from .settings import Settings, parse_assignment
from .simulate import ARGUMENTS, simulate_to


def main_parser() -> argparse.ArgumentParser:
    """The parser; it only builds."""
    parser = argparse.ArgumentParser(prog="python -m fatebias", description="Which gene knock-downs bias cell fate?")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_fit(commands.add_parser("fit", help="fit a screen and write its results"))
    _add_certify(
        commands.add_parser("certify", help="make the checks of a fit's certificate (verdicts: certify_fit() in R)")
    )
    _add_simulate(commands.add_parser("simulate", help="write a simulated screen and its truth"))
    return parser


def main(cli_args: Sequence[str] | None = None) -> None:
    """Run a command; a known error ends it with one message and exit code 1."""
    args = main_parser().parse_args(cli_args)
    with _readable_errors():
        args.run(args)


def _add_fit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("screen", help="screen file (.h5ad)")
    parser.add_argument("--guides", required=True, metavar="MAP.csv", help="guide map: guide_name, gene_name, is_ntc")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the results")
    parser.add_argument("--config", metavar="FILE", help="settings (config.yaml)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting; may repeat"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=_fit)


def _add_certify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fit", metavar="DIR", help="folder of a fit")
    parser.add_argument("--checks", nargs="+", choices=CHECKS, default=list(CHECKS), help="some of the checks")
    for name, number in SIZES.items():
        parser.add_argument(f"--{name}s", type=int, default=number, help=f"number of units (default {number})")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="the K-th of N shares of the work")
    parser.set_defaults(run=_certify)


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write to")
    for name, (kind, choices, text) in ARGUMENTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, choices=choices, help=text)
    parser.set_defaults(run=_simulate)


def _fit(args: argparse.Namespace) -> None:
    overrides = dict(parse_assignment(text) for text in args.set)
    settings = Settings.from_file(args.config, overrides) if args.config else Settings.from_mapping(overrides)
    manifest = fit_screen(args.screen, args.guides, args.out, settings, progress=not args.quiet)
    assert_qc(assess_qc(args.out, settings), settings.mode)
    print(f"{len(manifest['files'])} files in {args.out} after {manifest['seconds']['total']:.1f} s")


def _certify(args: argparse.Namespace) -> None:
    sizes = {name: getattr(args, f"{name}s") for name in SIZES}
    k, n = parse_part(args.part)
    units = planned_units(args.checks, sizes)[k - 1 :: n]
    paths = run_units(out_dir=args.fit, units=units, **fit_source(args.fit))
    print(f"{len(paths)} units in {args.fit}/{FOLDER}; certify_fit() in R reads them and gives the verdicts")


def _simulate(args: argparse.Namespace) -> None:
    given = {name: getattr(args, name) for name in ARGUMENTS if getattr(args, name) is not None}
    for name, path in simulate_to(args.out, given).items():
        print(f"{name}: {path}")


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Known errors become one message and exit code 1; fatebias's warnings one message each."""
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
    finally:
        warnings.showwarning = plain


if __name__ == "__main__":
    main()
