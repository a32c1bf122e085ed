"""What several commands are given: a screen, its guide map, settings."""

import argparse

from ..base import Settings, parse_assignment


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """What both check and fit are given: a screen, its guide map, settings."""
    parser.add_argument("screen", help="screen file (.h5ad, .h5mu, .zarr)")
    text = "guide map: guide_name, gene_name, is_ntc, or another layout; left out where the screen's file has it"
    parser.add_argument("--guides", metavar="MAP.csv", help=text)
    parser.add_argument("--config", metavar="FILE", help="settings (config.yaml)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting; may repeat"
    )


def settings_of(args: argparse.Namespace) -> Settings:
    """Settings of a configuration file, overridden by those given with --set."""
    overrides = dict(parse_assignment(text) for text in args.set)
    return Settings.from_file(args.config, overrides) if args.config is not None else Settings.from_mapping(overrides)
