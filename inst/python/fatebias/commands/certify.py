"""`certify`: make the units of work behind the certificate of a fit."""

import argparse
from collections.abc import Sequence

from ..base import CONSTANTS, SettingsError, tell

MOST_UNITS = 100_000  # of a kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    words = [*CONSTANTS.certificate_levels, *CONSTANTS.certificate_checks]
    parser.add_argument("fit", metavar="DIR", help="folder of a fit")
    parser.add_argument(
        "--checks", nargs="+", choices=words, default=["quick"], help="quick, full, or some of the checks"
    )
    for name, number in CONSTANTS.certificate_sizes.items():
        fewer = ", fewer of many genes" if name == "shuffle" else ""
        parser.add_argument(f"--{name}s", type=int, help=f"number of units (default {number}{fewer})")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="the K-th of N shares of the work")


def run(args: argparse.Namespace) -> None:
    k, n = parse_part(args.part)
    from ..certificate import FOLDER, fit_source, planned_units, run_units, usual_sizes

    asked = {name: getattr(args, f"{name}s") for name in CONSTANTS.certificate_sizes}
    given = {name: checked_size(name, number) for name, number in asked.items() if number is not None}
    sizes = usual_sizes(args.fit) | given
    units = planned_units(named_checks(args.checks), sizes)[k - 1 :: n]
    paths = run_units(out_dir=args.fit, units=units, **fit_source(args.fit))
    tell(f"{len(paths)} units in {args.fit}/{FOLDER}; certify_fit() in R reads them and gives the verdicts")


def named_checks(words: Sequence[str]) -> list[str]:
    """Checks by their names and by the words that stand for several, each once."""
    checks = [name for word in words for name in CONSTANTS.certificate_levels.get(word, (word,))]
    return list(dict.fromkeys(checks))


def checked_size(name: str, number: int) -> int:
    """A number of units that can be made. Raises SettingsError."""
    if not 0 <= number <= MOST_UNITS:
        raise SettingsError(f"--{name}s must be a number from 0 to {MOST_UNITS:,}, not {number:,}.")
    return number


def parse_part(text: str) -> tuple[int, int]:
    """`K/N`, 1 <= K <= N. Raises SettingsError."""
    k, _, n = text.partition("/")
    if not (k.isdecimal() and n.isdecimal() and 1 <= int(k) <= int(n)):
        raise SettingsError(f"--part wants K/N with 1 <= K <= N, not {text!r}.")
    return int(k), int(n)
