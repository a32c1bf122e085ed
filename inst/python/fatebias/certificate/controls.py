"""Control pseudo-genes: control guides grouped and run like genes, so that the truth of every estimate is 0.

Half of the control guides are held out of the baseline and grouped in the panel's median group size
(Barry et al. 2024, Genome Biology 25, 124: negative control analysis); the other half stays the baseline.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from ..base import Progress, ScreenError, Settings
from ..laplace import LaplaceOptions, estimate_theta, fit_laplace
from ..results import daywise_table
from ..screens import (
    GuideMap,
    RawCells,
    Screen,
    build_screen,
    carried_guides,
    contrast_weights,
    read_cells,
    read_map,
)


def hold_out_controls(given: GuideMap, carried: set[str], prefix: str, rng: np.random.Generator) -> GuideMap:
    """The guide map with half of its carried controls as pseudo-genes `prefix1`, `prefix2`, ..

    given: the map. carried: names of guides that some usable cell carries.
    Raises ScreenError with fewer than 2 carried controls.
    """
    names = np.asarray(given.guide_names, dtype=object)
    is_carried = np.isin(names, list(carried))
    controls = np.flatnonzero(given.is_ntc & is_carried)
    if len(controls) < 2:
        raise ScreenError(
            f"Control pseudo-genes need 2 or more control guides that cells carry; there are {len(controls)}."
        )
    held_out = rng.permutation(controls)[: len(controls) // 2]
    size = min(_median_guides_per_gene(given, is_carried), len(held_out))
    genes = np.asarray(given.gene_names, dtype=object)
    is_ntc = given.is_ntc.copy()
    for k in range(len(held_out) // size):
        group = held_out[k * size : (k + 1) * size]
        genes[group], is_ntc[group] = f"{prefix}{k + 1}", False
    return dataclasses.replace(given, gene_names=tuple(genes), is_ntc=is_ntc)


def estimate_controls(
    screen_path: str | Path, guide_map: str | Path, settings: Settings, n_splits: int, progress: bool | None = False
) -> dict[str, list[Any]]:
    """Fixed-effect estimates of control pseudo-genes over random splits of the controls, engine laplace.

    Returns columns gene, betahat_d0, .., se_d0, ..; a pseudo-gene is called `control_split_number`.
    Raises ScreenError or FitError.
    """
    cells = read_cells(screen_path, settings).of_mean_labels()
    given = read_map(guide_map, screen_path, cells.guide_names, settings)
    options, rng = LaplaceOptions.of(settings), np.random.default_rng(settings.seed)
    carried = carried_guides(cells, settings.Kmax)
    names: list[str] = []
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for split in Progress(progress).each(range(n_splits), "Controls", n_splits):
        prefix = f"control_{split + 1}_"
        grouped = hold_out_controls(given, carried, prefix, rng)
        screen = screen_without(cells, grouped, settings, where=str(screen_path))
        contrast = contrast_weights(settings.contrast_fate, screen.fates)
        estimates = estimate_theta(fit_laplace(screen, options).baseline, screen, contrast, options)
        rows = [k for k, gene in enumerate(screen.gene_names) if gene.startswith(prefix)]
        names += [screen.gene_names[k] for k in rows]
        found.append((estimates.theta_hat[rows], estimates.se[rows]))
    mean, se = (np.concatenate(part) for part in zip(*found))
    return {str(name): list(column) for name, column in daywise_table({"gene": tuple(names)}, mean, se).items()}


def screen_without(cells: RawCells, grouped: GuideMap, settings: Settings, where: str) -> Screen:
    """The screen with controls held out. Raises ScreenError where those that are left are no baseline."""
    try:
        return build_screen(cells, grouped, settings, where)
    except ScreenError as error:
        raise ScreenError(f"Too few controls to hold half of them out: {error}") from error


def _median_guides_per_gene(given: GuideMap, is_carried: np.ndarray) -> int:
    targeting = np.asarray(given.gene_names, dtype=object)[~given.is_ntc & is_carried]
    return max(1, int(np.median(np.unique(targeting, return_counts=True)[1])))
