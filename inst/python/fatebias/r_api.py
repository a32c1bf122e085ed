"""All that R may call, through the bridge; a test holds these functions equal to what R's code calls.

Arguments are what JSON can hold (and matrices by name), values are plain: no object of Python reaches R. Each
function names the wing that does its work, which is imported only then: what needs no torch starts without it.
Errors are FatebiasErrors, which R raises again with their class.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .base import Progress, Settings
from .base import describe_environment as described

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sp

Function = Callable[..., Any]
FUNCTIONS: dict[str, tuple[Function, str]] = {}  # by name: the function, and the wing that it needs


def _within(wing: str) -> Callable[[Function], Function]:
    """Enter a function into FUNCTIONS, with the wing (or module) that is imported before it is called."""

    def enter(function: Function) -> Function:
        FUNCTIONS[function.__name__] = (function, wing)
        return function

    return enter


@_within("base")
def describe_environment() -> dict[str, Any]:
    """What Python, packages and device will be used. The bridge has imported torch before, so its threads are known."""
    return described()


@_within("preflight")
def check_screen(
    screen_path: str, settings: Settings, guide_map: str | None = None, out_dir: str | None = None
) -> dict[str, Any]:
    """Findings of the preflight as rows, suggested settings, and whether all is well."""
    from .preflight import check_screen

    return check_screen(screen_path, settings, guide_map, out_dir)


@_within("screens")
def describe_screen(screen_path: str, guide_map: str, settings: Settings, progress: bool | None) -> dict[str, Any]:
    """Read and check a screen without fitting it; sizes, levels and counts, warnings, and what it was read from."""
    from .screens import doubts_about, fingerprint, read_screen, summarise_screen, warn_of

    screen = read_screen(screen_path, guide_map, settings, Progress(progress))
    doubts = doubts_about(screen, settings)
    warn_of(doubts)
    read_from = fingerprint(screen, screen_path, guide_map)
    return summarise_screen(screen) | {"warnings": list(map(str, doubts)), "fingerprint": read_from}


@_within("screens")
def list_contrasts(first: str, others: list[str], fates: list[str]) -> list[str]:
    """Contrasts in words, each comparison once, `first` first; fates: the reference first."""
    from .screens import list_contrasts

    return list_contrasts(first, others, fates)


@_within("screens")
def write_screen(
    path: str,
    settings: Settings,
    guides: "sp.csc_matrix",
    guide_names: list[str],
    fate_probs: "np.ndarray",
    fates: list[str],
    day: list[str],
    day_levels: list[str] | None,
    replicate: list[str],
    cell_names: list[str] | None,
    covariates: dict[str, list[Any]],
    label_sets: list[str] | None = None,
) -> None:
    """Check and write a screen in the default layout. guides: cells x guides; fate_probs: cells x fates; day_levels:
    all days in the order of time, where the labels were declared to have one; covariates: columns. label_sets: names
    of several sets, whose probabilities stand side by side in `fate_probs`.
    """
    import numpy as np
    import pandas as pd

    from .screens import write_objects

    columns = pd.DataFrame(covariates, index=range(len(day)))
    days = day if day_levels is None else pd.Categorical(day, categories=day_levels, ordered=True)
    sets = dict(zip(label_sets, np.split(fate_probs, len(label_sets), axis=1))) if label_sets else fate_probs
    write_objects(path, settings, guides, guide_names, sets, fates, days, replicate, cell_names, columns)


@_within("screens")
def match_rows(tables: dict[str, list[str]], drop_suffix: bool) -> dict[str, Any]:
    """Rows of the cells that all tables have; see `screens.match_rows`."""
    from .screens import match_rows

    return match_rows(tables, drop_suffix)


@_within("screens")
def read_cellranger(
    paths: list[str], samples: list[str] | None, cell_name: str, feature_type: str, names: str
) -> dict[str, Any]:
    """Counts of guides by Cell Ranger, of one path or several, as columns of entries."""
    from .screens import columns_of, read_cellranger, read_samples

    options = {"feature_type": feature_type, "names": names}
    return columns_of(read_samples(paths, samples, cell_name, read_cellranger, **options))


@_within("screens")
def read_guides_anndata(
    paths: list[str],
    samples: list[str] | None,
    cell_name: str,
    layer: str | None,
    modality: str | None,
    min_probability: float | None,
    feature_type: str,
) -> dict[str, Any]:
    """Counts of guides from AnnData or MuData, of one path or several, as columns of entries. layer: None for X;
    modality: of MuData, that of the guides.
    """
    from .screens import columns_of, read_guides_anndata, read_samples

    options = {"modality": modality, "min_probability": min_probability, "feature_type": feature_type}
    return columns_of(read_samples(paths, samples, cell_name, read_guides_anndata, layer=layer, **options))


@_within("screens")
def read_guide_table(
    table: str | dict[str, list[Any]], cell: str, guide: str, umi: str | None, min_probability: float | None = None
) -> dict[str, Any]:
    """Counts of guides from a long table, a path or columns by name, as columns of entries."""
    import pandas as pd

    from .screens import columns_of, read_guide_table

    frame = pd.DataFrame(table) if isinstance(table, dict) else table
    return columns_of(read_guide_table(frame, cell, guide, umi, min_probability))


@_within("screens")
def assemble_screen(
    h5ad: str,
    out: str,
    day: str,
    replicate: str | None,
    presence: "sp.csc_matrix",
    guide_cells: list[str],
    guide_names: list[str],
    fate_probs: str | list[str] | None,
    fates: list[str] | None,
    rescale: bool,
    drop_suffix: bool,
    covariates: list[str] | None = None,
    fate_table: "np.ndarray | None" = None,
    fate_cells: list[str] | None = None,
    modality: str | None = None,
) -> Mapping[str, Any]:
    """Write a screen file of presence and, if given, of a matrix of fate probabilities with the names of `fates`."""
    from .screens import assemble_parts

    return assemble_parts(
        h5ad, presence, guide_cells, guide_names, out, fate_probs, fate_table, fate_cells,
        day=day, replicate=replicate, fates=fates, rescale=rescale, drop_suffix=drop_suffix,
        covariates=covariates or (), modality=modality,
    )  # fmt: skip


@_within("simulation")
def simulate_to(out_dir: str, given: dict[str, Any], progress: bool | None) -> dict[str, str]:
    """Simulate a screen and write it with its truth; returns paths."""
    from .simulation import simulate_to

    return simulate_to(out_dir, given, progress)


@_within("results")
def fit_screen(
    screen_path: str,
    guide_map: str,
    out_dir: str,
    settings: Settings,
    progress: bool | None,
    fingerprint: dict[str, str] | None = None,
    warned: list[str] | None = None,
    stages: bool = False,
) -> dict[str, Any]:
    """Fit a screen and write its results; `told`: what the user should know of the folder, in words. fingerprint: of
    the screen as R has read it; warned: what was told of it then, which is not told again. stages: say each stage.
    """
    from .results import fit_screen

    told: list[str] = []
    fit_screen(
        screen_path, guide_map, out_dir, settings, progress, fingerprint,
        tell=told.append, warned=warned or (), stages=stages,
    )  # fmt: skip
    return {"told": told}


@_within("results")
def write_contrast(out_dir: str, contrast: str, folder: str) -> dict[str, Any]:
    """Write the tables of a contrast of a fit to a folder; what its estimates contain, as in a manifest."""
    from .results import write_contrast

    return write_contrast(out_dir, contrast, folder)


@_within("results")
def annotate_screen(
    screen_path: str, out_dir: str, out: str, hits: dict[str, list[Any]], about: dict[str, str]
) -> dict[str, str]:
    """Write a copy of a screen's file with the results of a fit; `place`: where its guides are. hits: columns."""
    import pandas as pd

    from .results import annotate_screen

    infinite = {"Inf": float("inf"), "-Inf": float("-inf")}  # texts, since JSON has no such numbers
    columns = {
        name: values if any(isinstance(value, str) and value not in infinite for value in values)
        else [infinite.get(value, value) for value in values]
        for name, values in hits.items()
    }  # fmt: skip
    return {"place": annotate_screen(screen_path, out_dir, out, pd.DataFrame(columns), about)}


@_within("certificate")
def estimate_controls(
    screen_path: str, guide_map: str, settings: Settings, n_splits: int, progress: bool | None
) -> dict[str, list[Any]]:
    """Estimates of control pseudo-genes over random splits of the controls, as columns."""
    from .certificate import estimate_controls

    return estimate_controls(screen_path, guide_map, settings, n_splits, progress)


@_within("certificate")
def describe_units(
    screen_path: str, guide_map: str, out_dir: str, settings: Settings, units: list[tuple[str, int]]
) -> dict[str, Any]:
    """Paths, missing units and key of a certificate's units of work."""
    from .certificate import describe_units

    return describe_units(screen_path, guide_map, out_dir, settings, units)


@_within("certificate")
def run_units(
    screen_path: str, guide_map: str, out_dir: str, settings: Settings, units: list[tuple[str, int]]
) -> list[str]:
    """Make units of work that are not there yet; returns their paths."""
    from .certificate import run_units

    return run_units(screen_path, guide_map, out_dir, settings, units)


@_within("certificate")
def randomise_genes(
    screen_path: str, guide_map: str, settings: Settings, genes: list[str], n_resamples: int
) -> dict[str, list[Any]]:
    """Conditional randomisation test of genes, by day."""
    from .certificate import randomise_genes

    return randomise_genes(screen_path, guide_map, settings, genes, n_resamples)


@_within("certificate")
def jackknife_blocks(screen_path: str, guide_map: str, settings: Settings, blocks: list[str]) -> dict[str, Any]:
    """Standard errors by blocks of cells that are left out."""
    from .certificate import jackknife_blocks

    return jackknife_blocks(screen_path, guide_map, settings, blocks)
