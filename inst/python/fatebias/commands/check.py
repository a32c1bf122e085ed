"""`check`: look at a screen before a fit."""

import argparse
import json
import sys

from ..base import tell
from .inputs import add_inputs, settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_inputs(parser)
    parser.add_argument("--out", metavar="DIR", help="folder of the results: could a fit write there?")


def run(args: argparse.Namespace) -> None:
    """One line a finding, and what to do below it; exit code 1 where there is a problem."""
    from ..preflight import check_screen

    found = check_screen(args.screen, settings_of(args), args.guides or None, args.out)
    for row in found["rows"]:
        tell(f"{row['status']:8} {row['item']}: {row['found']}")
        if row["fix"]:
            tell(f"{'':8} -> {row['fix']}")
    if found["settings"]:
        tell("For config.yaml:")
    for key, value in found["settings"].items():
        tell(f"{key}: {json.dumps(value)}")
    sys.exit(0 if found["ok"] else 1)
