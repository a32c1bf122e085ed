"""`check`: look at a screen before a fit."""

import argparse
import json
import sys

from ..base import Settings, count_gpus, tell
from .inputs import add_inputs, settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_inputs(parser)
    parser.add_argument("--out", metavar="DIR", help="folder of the results: could a fit write there?")


def run(args: argparse.Namespace) -> None:
    """One line a finding, and what to do below it; exit code 1 where there is a problem."""
    from ..preflight import check_screen

    settings = settings_of(args)
    found, device = check_screen(args.screen, settings, args.guides or None, args.out), device_rows(settings)
    for row in [*found["rows"], *device]:
        tell(f"{row['status']:8} {row['item']}: {row['found']}")
        if row["fix"]:
            tell(f"{'':8} -> {row['fix']}")
    if found["settings"]:
        tell("For config.yaml:")
    for key, value in found["settings"].items():
        tell(f"{key}: {json.dumps(value)}")
    sys.exit(0 if found["ok"] and not device else 1)


def device_rows(settings: Settings) -> list[dict[str, str]]:
    """A problem where a GPU is asked for that this machine has not."""
    if settings.device != "cuda" or count_gpus():
        return []
    fix = "set device: auto or cpu, unless the fit runs on another machine"
    return [
        {"status": "problem", "item": "Device", "found": "device: cuda, but this machine has no CUDA GPU", "fix": fix}
    ]
