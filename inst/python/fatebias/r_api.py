"""All that R may call, through the bridge; a test holds these functions equal to what R's code calls.

Arguments are what JSON can hold (and matrices by name), values are plain: no object of Python reaches R. Each
function names the wing that does its work, which is imported only then: what needs no torch starts without it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .base import Settings

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
    """What Python, packages and device will be used; see `base`."""
    from .base import describe_environment

    return describe_environment()


@_within("preflight")
def check_screen(screen_path: str, settings: Settings, guide_map: str | None = None) -> dict[str, Any]:
    """Findings of the preflight as rows, suggested settings, and whether all is well."""
    from .preflight import check_screen

    return check_screen(screen_path, settings, guide_map)


@_within("screens")
def describe_screen(screen_path: str, guide_map: str, settings: Settings, progress: bool | None) -> dict[str, Any]:
    """Read and check a screen without fitting it; sizes, levels and counts."""
    from .base import Progress
    from .screens import read_screen, summarise_screen

    return summarise_screen(read_screen(screen_path, guide_map, settings, Progress(progress)))


@_within("screens")
def write_screen(**parts: Any) -> None:
    """Write a screen in the default layout; see `screens.write_screen`."""
    from .screens import write_screen

    write_screen(**parts)


@_within("screens")
def match_rows(tables: dict[str, list[str]], drop_suffix: bool) -> dict[str, Any]:
    """Rows of the cells that all tables have; see `screens.match_rows`."""
    from .screens import match_rows

    return match_rows(tables, drop_suffix)


@_within("screens")
def read_cellranger(
    paths: list[str], samples: list[str] | None = None, cell_name: str = "", **options: Any
) -> dict[str, Any]:
    """Counts of guides by Cell Ranger, of one path or several, as columns of entries."""
    from .screens import columns_of, read_cellranger, read_samples

    return columns_of(read_samples(paths, samples, cell_name, read_cellranger, **options))


@_within("screens")
def read_guide_table(table: Any, **columns: Any) -> dict[str, Any]:
    """Counts of guides from a long table, a path or columns by name, as columns of entries."""
    import pandas as pd

    from .screens import columns_of, read_guide_table

    return columns_of(read_guide_table(pd.DataFrame(table) if isinstance(table, dict) else table, **columns))


@_within("screens")
def assemble_screen(
    h5ad: str,
    presence: Any,
    guide_cells: list[str],
    guide_names: list[str],
    out: str,
    fate_probs: str | None,
    fate_table: Any = None,
    fate_cells: list[str] | None = None,
    **more: Any,
) -> Mapping[str, Any]:
    """Write a screen file of presence and, if given, of a matrix of fate probabilities with the names of `fates`."""
    from .screens import assemble_parts

    return assemble_parts(h5ad, presence, guide_cells, guide_names, out, fate_probs, fate_table, fate_cells, **more)


@_within("simulation")
def simulate_to(out_dir: str, given: dict[str, Any], progress: bool | None) -> dict[str, str]:
    """Simulate a screen and write it with its truth; returns paths."""
    from .simulation import simulate_to

    return simulate_to(out_dir, given, progress)


@_within("results")
def fit_screen(
    screen_path: str, guide_map: str, out_dir: str, settings: Settings, progress: bool | None
) -> dict[str, Any]:
    """Fit a screen and write its results; returns the manifest."""
    from .results import fit_screen

    return fit_screen(screen_path, guide_map, out_dir, settings, progress)


@_within("certificate")
def estimate_controls(**arguments: Any) -> dict[str, list[Any]]:
    """Estimates of control pseudo-genes; see `certificate.estimate_controls`."""
    from .certificate import estimate_controls

    return estimate_controls(**arguments)


@_within("certificate")
def describe_units(**arguments: Any) -> dict[str, Any]:
    """Paths, missing units and key of a certificate's units of work."""
    from .certificate import describe_units

    return describe_units(**arguments)


@_within("certificate")
def run_units(**arguments: Any) -> list[str]:
    """Make units of work that are not there yet; returns their paths."""
    from .certificate import run_units

    return run_units(**arguments)


@_within("certificate")
def randomise_genes(**arguments: Any) -> dict[str, list[Any]]:
    """Conditional randomisation test of genes, by day."""
    from .certificate import randomise_genes

    return randomise_genes(**arguments)


@_within("certificate")
def jackknife_blocks(**arguments: Any) -> dict[str, Any]:
    """Standard errors by blocks of cells that are left out."""
    from .certificate import jackknife_blocks

    return jackknife_blocks(**arguments)
