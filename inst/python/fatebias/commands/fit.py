"""`fit`: fit a screen and write its results."""

import argparse

from ..base import tell
from .inputs import add_inputs, settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_inputs(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the results")
    parser.add_argument(
        "--contrast", action="append", metavar="WORDS",
        help="tables of this contrast as well, as in 'NEU - MES' or 'NEU - rest' (again for several)",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args: argparse.Namespace) -> None:
    from ..results import assert_qc, assess_qc, fit_screen

    settings = settings_of(args)
    manifest = fit_screen(
        args.screen, args.guides or args.screen, args.out, settings, progress=False if args.quiet else None,
        contrasts=args.contrast or settings.contrasts or (),
    )  # fmt: skip
    assert_qc(assess_qc(args.out, settings), settings.mode)
    tell(f"{len(manifest['files'])} files in {args.out} after {manifest['seconds']['total']:.1f} s")
