"""`certify`: make the units of work behind the certificate of a fit."""

import argparse

from ..certificate import CHECKS, FOLDER, SIZES, fit_source, parse_part, planned_units, run_units


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fit", metavar="DIR", help="folder of a fit")
    parser.add_argument("--checks", nargs="+", choices=CHECKS, default=list(CHECKS), help="some of the checks")
    for name, number in SIZES.items():
        parser.add_argument(f"--{name}s", type=int, default=number, help=f"number of units (default {number})")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="the K-th of N shares of the work")


def run(args: argparse.Namespace) -> None:
    sizes = {name: getattr(args, f"{name}s") for name in SIZES}
    k, n = parse_part(args.part)
    units = planned_units(args.checks, sizes)[k - 1 :: n]
    paths = run_units(out_dir=args.fit, units=units, **fit_source(args.fit))
    print(f"{len(paths)} units in {args.fit}/{FOLDER}; certify_fit() in R reads them and gives the verdicts")
