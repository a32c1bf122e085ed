"""`assemble`: put a screen together from cells and guides."""

import argparse

from ..base import CONSTANTS, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cells", help=".h5ad, .h5mu or .zarr with the cells: days in obs, fate probabilities in obsm")
    parser.add_argument(
        "--guides", required=True, nargs="+", metavar="[SAMPLE=]PATH",
        help="folder or .h5 of Cell Ranger, .h5ad, .h5mu or .zarr with cells x guides, or a long table; several need "
        "the names of their samples",
    )  # fmt: skip
    parser.add_argument("--out", required=True, metavar="SCREEN.h5ad", help="screen file to write")
    parser.add_argument("--day", default="day", help="column of obs (default day)")
    parser.add_argument("--modality", help="that of the cells, where their file is MuData")
    parser.add_argument("--guide-modality", help="that of the guides, where their file is MuData")
    parser.add_argument("--layer", help="layer that holds the guides of an .h5ad, .h5mu or .zarr (default X)")
    parser.add_argument("--replicate", help="column of obs (default: there is one replicate)")
    parser.add_argument(
        "--covariates", nargs="+", default=[], metavar="COLUMN",
        help="columns of obs to keep, for the settings covariates and cluster_key",
    )  # fmt: skip
    fates = parser.add_mutually_exclusive_group()
    fates.add_argument(
        "--fate-probs",
        nargs="+",
        default=["lineages_fwd"],
        metavar="KEY",
        help="entry of obsm (default lineages_fwd), or several label sets",
    )
    fates.add_argument("--fate-table", metavar="FILE.csv", help="fate probabilities: cell names, a column a fate")
    parser.add_argument("--fates", nargs="+", help="names of the columns in order, where the file has none")
    parser.add_argument(
        "--min-umi", type=float, default=CONSTANTS.min_umi, help=f"UMIs that make a guide present ({CONSTANTS.min_umi})"
    )
    parser.add_argument("--feature-type", help=f"of the guides, in features (default {CONSTANTS.feature_type})")
    parser.add_argument("--names", choices=("id", "name"), help="column that names guides, Cell Ranger (default id)")
    parser.add_argument(
        "--columns", nargs="+", metavar="COLUMN",
        help="columns of a table: of cells, guides and UMIs; without the last, guides that are named are present",
    )  # fmt: skip
    parser.add_argument(
        "--min-probability", type=float, metavar="P",
        help="posterior probability from which on a guide is present, where the guides have these in the place of UMIs",
    )  # fmt: skip
    names = CONSTANTS.cell_name
    parser.add_argument("--cell-name", default=names, help=f"names of cells of several samples (default {names})")
    parser.add_argument(
        "--rescale", action="store_true", help="divide fate probabilities that nearly sum to 1 by the sum"
    )
    parser.add_argument(
        "--drop-suffix", action="store_true",
        help="match cells without what programs put around a barcode: -1, .1, _1, -1-0, velocyto's sample: and x",
    )  # fmt: skip


def columns_of_table(names: list[str] | None) -> dict[str, str | None]:
    """The columns that --columns names, by what they hold; raises ScreenError unless they are two or three."""
    from ..base import ScreenError

    if names is None:
        return {}
    if len(names) not in (2, 3):
        raise ScreenError(f"--columns takes two or three names (cells, guides and, if any, UMIs), not {len(names)}.")
    return dict(zip(("cell", "guide", "umi"), [*names, None]))


def run(args: argparse.Namespace) -> None:
    from ..screens import assemble_screen, count_by_threshold, read_fate_table, read_samples

    options = {
        "feature_type": args.feature_type, "names": args.names, "min_probability": args.min_probability,
        "layer": args.layer, "modality": args.guide_modality,
    }  # fmt: skip
    given = {name: value for name, value in options.items() if value is not None} | columns_of_table(args.columns)
    samples, paths = zip(*(text.rpartition("=")[::2] for text in args.guides))
    guides = read_samples(paths, samples if any(samples) else None, args.cell_name, **given)
    if guides.present:
        tell("Guides are given as present or absent, so that no threshold of counts is used")
    for row in () if guides.present else count_by_threshold(guides):
        tell(
            f"UMIs >= {row['min_umi']:g}: {row['guides_per_cell_mean']:.2f} guides a cell, "
            f"{row['cells_without_guide']} of {len(guides.cells)} cells without"
        )
    report = assemble_screen(
        args.cells, guides, args.out, day=args.day, replicate=args.replicate, fates=args.fates,
        fate_probs=read_fate_table(args.fate_table) if args.fate_table else args.fate_probs,
        min_umi=args.min_umi, rescale=args.rescale, drop_suffix=args.drop_suffix, covariates=args.covariates,
        modality=args.modality,
    )  # fmt: skip
    left = ", ".join(f"{part} {n}" for part, n in report["unmatched"].items())
    tell(f"{report['path']}: {report['n_cells']} cells, fates {', '.join(report['fates'])}; not matched: {left}")
    tell("Cells with 0, 1, .. guides: " + ", ".join(map(str, report["guides_per_cell"])))
