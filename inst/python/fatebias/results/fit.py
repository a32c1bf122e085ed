"""A fit from a screen file to a results folder: the order of steps."""

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ..base import (
    FitError,
    FitWarning,
    Progress,
    Run,
    Settings,
    Stopwatch,
    memory_limit,
    open_checkpoint,
    refuse_threads,
    say,
    stop_at_save,
)
from ..preflight import ScreenSize, doubt_memory, fit_memory, refuse_large_fit
from ..screens import (
    CELLS_TABLE,
    WEIGHT,
    Doubt,
    Screen,
    count_cells,
    count_cells_by_guide,
    doubt_weight,
    doubts_about,
    list_contrasts,
    read_screen,
    refuse_replaced,
    refuse_untold,
    summarise_screen,
    warn_of,
)
from ..vi import SVIFit
from .archive import ALL_FATES, archive_of
from .contrasts import named_tables
from .engines import Inference, choose_device, device_limit, infer
from .folder import result_folder
from .key import fit_key
from .manifest import RunRecord, fit_versions, make_manifest
from .probabilities import probability_files
from .qc import qc_tables
from .tables import p_value_tables, summary_arrays, tables_of_contrast

_ALL_THREADS = torch.get_num_threads()  # as many as there are cores, before any fit of this process sets a number
# what comes of a state that lacks something, or has other types or shapes
_NOT_A_STATE = (LookupError, TypeError, ValueError, AttributeError, RuntimeError)


def fit_screen(
    screen_path: str | Path,
    guide_map: str | Path,
    out_dir: str | Path,
    settings: Settings,
    progress: bool | None = False,
    fingerprint: Mapping[str, str] | None = None,
    warn: bool = True,
    contrasts: Sequence[str] = (),
    tell: Callable[[str], None] = say,
    warned: Collection[str] = (),
    stages: bool = False,
) -> dict[str, Any]:
    """Fit a screen, write every file of the export contract that a fit owns, and return the manifest.

    QC tables are written; whoever calls asserts them (`qc.assert_qc`, or R's `assert_qc()`).
    A fit that was killed is gone on with from the checkpoint in `out_dir`, which goes when a fit ends.
    fingerprint: of an earlier reading; files that hold another screen since are refused. warn: give what weakens
    the screen as ScreenWarnings, but for what was told before (`warned`, in words); it is in the manifest in any case.
    contrasts: beside `contrast_fate`, whose tables are written as well (`contrasts`); nothing else depends on them.
    tell: see `folder.ResultFolder`. stages: say each stage and its seconds on stderr, a line each.
    Raises a FatebiasError; then no file of results has been written or changed.
    """
    watch, bars = Stopwatch(say if stages else None), Progress(progress)
    with result_folder(out_dir, tell) as folder:
        device = choose_device(settings.device)
        refuse_threads(settings.threads)
        torch.set_num_threads(settings.threads or _ALL_THREADS)
        with watch.stage("read"):
            screen = read_screen(screen_path, guide_map, settings, bars)
            refuse_replaced(screen, screen_path, guide_map, fingerprint)
            doubts = _looked_at(screen, settings, str(screen_path), device)
            contrasts = list_contrasts(settings.contrast_fate, contrasts, screen.fates)
            folder.expect(screen, settings, contrasts)
        if warn:
            warn_of([doubt for doubt in doubts if str(doubt) not in warned])
        checkpoint = open_checkpoint(folder.path, fit_key(screen, settings, device, fit_versions()), bars.shown)
        with stop_at_save(checkpoint.flush), _naming_causes(doubts):
            found = _inferred(screen, settings, Run(device=device, progress=bars, checkpoint=checkpoint), watch)
        with watch.stage("export"):
            tables, arrays = _export(found, screen, settings, contrasts)
        inputs = {"path": str(screen_path), "guide_map": str(guide_map), "warnings": list(map(str, doubts))}
        run = RunRecord(
            screen=inputs | summarise_screen(screen), device=device, threads=torch.get_num_threads(),
            resumed=checkpoint.resumed, seconds=watch.seconds,
        )  # fmt: skip
        manifest = folder.write(tables, arrays, make_manifest(found, screen, settings, run))
        checkpoint.remove()
    for svi in [fit.svi for fit in found.sets] or [found.svi]:
        if svi:
            _warn_unless_converged(svi)
    return manifest


def _looked_at(screen: Screen, settings: Settings, where: str, device: str) -> list[Doubt]:
    """What weakens a screen; raises ScreenError for what no fit can tell, MemoryLimitError where it is too large."""
    counts, host, gpu = count_cells([screen], settings.contrast_fate), memory_limit(), device_limit(device)
    refuse_untold(screen, counts, settings, where)
    needs = fit_memory(ScreenSize.whole(screen), settings)
    refuse_large_fit(needs, host, gpu)
    of_fit = [doubt_weight(screen, counts, settings), doubt_memory(needs, host, gpu)]
    return [*doubts_about(screen, settings, counts), *(doubt for doubt in of_fit if doubt is not None)]


@contextmanager
def _naming_causes(doubts: Sequence[Doubt]) -> Iterator[None]:
    """A fit that fails says what was doubtful about its weight."""
    try:
        yield
    except FitError as error:
        causes = [f"{doubt.found}; {doubt.fix}" for doubt in doubts if doubt.item == WEIGHT]
        if not causes:
            raise
        raise FitError(f"{error} What may be behind it: {causes[0]}.") from error


def _export(
    found: Inference, screen: Screen, settings: Settings, contrasts: Sequence[str]
) -> tuple[dict[str, pd.DataFrame], dict[str, dict[str, np.ndarray]]]:
    """All tables and arrays of a fit, by the name of their file."""
    changes, cells = probability_files(found.estimates, screen)
    tables, arrays = _tables(found, screen) | changes, summary_arrays(found, screen, settings) | cells
    return tables | named_tables(archive_of(arrays[ALL_FATES]), contrasts), arrays


def _inferred(screen: Screen, settings: Settings, run: Run, watch: Stopwatch) -> Inference:
    """The fit from where its checkpoint stands; afresh, where a state in that is not what its place needs."""
    try:
        try:
            return infer(screen, settings, run, watch)
        except _NOT_A_STATE as error:
            if not run.checkpoint.doubted:
                raise
            run.checkpoint.set_aside(f"a state in it cannot be gone on from ({type(error).__name__}: {error})")
        return infer(screen, settings, run, watch)
    except FitError:  # going on from there would fail again
        run.checkpoint.remove()
        raise


def _tables(found: Inference, screen: Screen) -> dict[str, pd.DataFrame]:
    """All tables of a fit's own contrast, by the name of their file."""
    return (
        tables_of_contrast(found.estimates, found.posterior, screen)
        | p_value_tables(found.estimates, screen)
        | qc_tables(found.posterior, screen)
        | {CELLS_TABLE: count_cells_by_guide(screen)}
    )


def _warn_unless_converged(fit: SVIFit) -> None:
    if not fit.converged:
        message = (
            f"SVI stopped after {fit.steps} steps without meeting its convergence rule ({fit.rule}). "
            "The results were written; raise `num_steps` or `loss_tolerance`, and look at the losses in the manifest."
        )
        warnings.warn(message, FitWarning, stacklevel=3)
