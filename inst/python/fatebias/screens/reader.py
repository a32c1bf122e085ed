"""Reading a screen from its container: cells as the file has them, then the checked and indexed Screen."""

from pathlib import Path

from ..base import SILENT, Progress, Settings
from ..containers import ScreenSource, open_screen
from .build import build_screen
from .contrast import list_contrasts
from .doubt import Doubt
from .entries import Reader
from .label_sets import read_label_sets
from .own_map import read_map
from .replaced import read_unchanged
from .screen import RawCells, Screen


def read_screen(path: str | Path, guide_map: str | Path, settings: Settings, progress: Progress = SILENT) -> Screen:
    """Read, check and index a screen; raises ScreenError before any fitting.

    guide_map: a table; or the screen's own file, where that says what its guides target.
    """

    def read() -> Screen:
        _refuse_expression(path, guide_map, settings)
        cells = read_cells(path, settings, progress)
        return build_screen(cells, read_map(guide_map, path, cells.guide_names, settings), settings, where=str(path))

    return read_unchanged(read, path, guide_map)


def _refuse_expression(path: str | Path, guide_map: str | Path, settings: Settings) -> None:
    """Where the guides are to be X or a layer, look at the guide map before any of it is read."""
    with open_screen(path, settings.modality, settings.guide_modality, settings.allow_external) as source:
        reader = Reader(source, settings)
        if reader.guide_place[0] != "obsm":
            known = read_map(guide_map, path, source.feature_names(), settings).guide_names
            reader.refuse_expression(set(known))


def read_cells(path: str | Path, settings: Settings, progress: Progress = SILENT) -> RawCells:
    """The cells of a screen as they are in the file; raises ScreenError."""
    with open_screen(path, settings.modality, settings.guide_modality, settings.allow_external) as source:
        return cells_of(source, settings, progress)


def cells_of(source: ScreenSource, settings: Settings, progress: Progress = SILENT) -> RawCells:
    """The cells of an open container; raises ScreenError."""
    with progress.bar("Reading", 5) as bar:
        reader = Reader(source, settings)
        reader.refuse_empty()
        table, others = read_label_sets(reader)
        list_contrasts(settings.contrast_fate, settings.contrasts, table.fates)
        bar.advance()
        guides, guide_names = reader.guides()
        bar.advance()
        day, day_order = reader.days()
        bar.advance()
        replicate = reader.replicates()
        bar.advance()
        covariates, cluster = reader.covariates(), reader.clusters()
        bar.advance()
        reader.check_lengths(guides=guides.shape[0], fate_prob=len(table.probs), day=len(day), replicate=len(replicate))
        one_day = reader.doubt_one_day()
        doubts = [
            *table.doubts,
            *([one_day] if one_day else []),
            *(Doubt(item="Names of cells", found=text) for text in source.doubts()),
        ]
    return RawCells(
        guides=guides, guide_names=guide_names, day=day, replicate=replicate, fates=table.fates,
        fate_probs=table.probs, other_probs=others, label_sets=settings.label_sets,
        covariates=covariates, cluster=cluster, mended=table.mended, day_order=day_order,
        doubts=tuple(doubts),
    )  # fmt: skip
