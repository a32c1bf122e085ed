"""`simulate`: write a simulated screen and its truth."""

import argparse

from ..base import tell
from ..simulation import ARGUMENTS, simulate_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write to")
    for name, (kind, choices, text) in ARGUMENTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, choices=choices, help=text)


def run(args: argparse.Namespace) -> None:
    given = {name: getattr(args, name) for name in ARGUMENTS if getattr(args, name) is not None}
    for name, path in simulate_to(args.out, given, progress=None).items():
        tell(f"{name}: {path}")
