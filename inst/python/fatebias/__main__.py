"""Command line: `python -m fatebias assemble | certify | check | fit | simulate ...` (arguments only)."""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from . import __version__
from .assemble import assemble_screen, read_samples
from .certify import CHECKS, FOLDER, SIZES, fit_source, parse_part, planned_units, run_units
from .errors import FatebiasError, FatebiasWarning
from .fate_table import read_fate_table
from .fit import fit_screen
from .guide_counts import CELL_NAME, FEATURE_TYPE, MIN_UMI, count_by_threshold
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
    _add_assemble(
        commands.add_parser("assemble", help="put a screen together: cells of an .h5ad, guides from elsewhere")
    )
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


def _add_certify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fit", metavar="DIR", help="folder of a fit")
    parser.add_argument("--checks", nargs="+", choices=CHECKS, default=list(CHECKS), help="some of the checks")
    for name, number in SIZES.items():
        parser.add_argument(f"--{name}s", type=int, default=number, help=f"number of units (default {number})")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="the K-th of N shares of the work")
    parser.set_defaults(run=_certify)


def _add_assemble(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cells", help=".h5ad with the cells: days in obs, fate probabilities in obsm")
    parser.add_argument(
        "--guides", required=True, nargs="+", metavar="[SAMPLE=]PATH",
        help="folder or .h5 of Cell Ranger, or a long table; several need the names of their samples",
    )  # fmt: skip
    parser.add_argument("--out", required=True, metavar="SCREEN.h5ad", help="screen file to write")
    parser.add_argument("--day", default="day", help="column of obs (default day)")
    parser.add_argument("--replicate", help="column of obs (default: there is one replicate)")
    fates = parser.add_mutually_exclusive_group()
    fates.add_argument(
        "--fate-probs", default="lineages_fwd", metavar="KEY", help="entry of obsm (default lineages_fwd)"
    )
    fates.add_argument("--fate-table", metavar="FILE.csv", help="fate probabilities: cell names, a column a fate")
    parser.add_argument("--fates", nargs="+", help="names of the columns in order, where the file has none")
    parser.add_argument("--min-umi", type=float, default=MIN_UMI, help=f"UMIs that make a guide present ({MIN_UMI})")
    parser.add_argument("--feature-type", help=f"of the guides, Cell Ranger (default {FEATURE_TYPE})")
    parser.add_argument("--names", choices=("id", "name"), help="column that names guides, Cell Ranger (default id)")
    parser.add_argument("--columns", nargs=3, metavar=("CELL", "GUIDE", "UMI"), help="columns of a long table")
    parser.add_argument(
        "--cell-name", default=CELL_NAME, help=f"names of cells of several samples (default {CELL_NAME})"
    )
    parser.add_argument(
        "--rescale", action="store_true", help="divide fate probabilities that nearly sum to 1 by the sum"
    )
    parser.add_argument("--drop-suffix", action="store_true", help="match cells without -1 at the end of their names")
    parser.set_defaults(run=_assemble)


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


def _certify(args: argparse.Namespace) -> None:
    sizes = {name: getattr(args, f"{name}s") for name in SIZES}
    k, n = parse_part(args.part)
    units = planned_units(args.checks, sizes)[k - 1 :: n]
    paths = run_units(out_dir=args.fit, units=units, **fit_source(args.fit))
    print(f"{len(paths)} units in {args.fit}/{FOLDER}; certify_fit() in R reads them and gives the verdicts")


def _assemble(args: argparse.Namespace) -> None:
    options = {"feature_type": args.feature_type, "names": args.names}
    options |= dict(zip(("cell", "guide", "umi"), args.columns or ()))
    given = {name: value for name, value in options.items() if value is not None}
    samples, paths = zip(*(text.rpartition("=")[::2] for text in args.guides))
    guides = read_samples(paths, samples if any(samples) else None, args.cell_name, **given)
    for row in count_by_threshold(guides):
        print(
            f"UMIs >= {row['min_umi']:g}: {row['guides_per_cell_mean']:.2f} guides a cell, "
            f"{row['cells_without_guide']} of {len(guides.cells)} cells without"
        )
    report = assemble_screen(
        args.cells, guides, args.out, day=args.day, replicate=args.replicate, fates=args.fates,
        fate_probs=read_fate_table(args.fate_table) if args.fate_table else args.fate_probs,
        min_umi=args.min_umi, rescale=args.rescale, drop_suffix=args.drop_suffix,
    )  # fmt: skip
    left = ", ".join(f"{part} {n}" for part, n in report["unmatched"].items())
    print(f"{report['path']}: {report['n_cells']} cells, fates {', '.join(report['fates'])}; not matched: {left}")
    print("Cells with 0, 1, .. guides: " + ", ".join(map(str, report["guides_per_cell"])))


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
