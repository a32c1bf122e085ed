"""Preflight: everything that is wrong with a screen and its guide map at once, and how to mend it.

`read_screen` stops at the first fault; here each part is looked at on its own. Where a key is missing, what looks
like the right one is suggested, and the rest is looked at as if it were set. Expression is never read.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import Settings, count_gpus, files_of, first_few, threads_fault
from ..containers import ScreenSource, open_screen
from ..screens import (
    RawCells,
    Reader,
    lack_any,
    mend_probabilities,
)
from .covariates import check_clusters, check_covariates
from .fates import ITEM as FATES
from .fates import check_contrasts, check_fate_names, check_names, check_sets, check_values, find_fates
from .findings import Report
from .folder import check_folder
from .guide_map import check_map, check_match, read_names
from .guides import ITEM as GUIDES
from .guides import check_burden, check_presence, find_guides
from .levels import check_days, check_replicates, find_day, find_replicates
from .modalities import find_modalities
from .whole import check_whole

_HINTS = (  # groups of HDF5 files that are no .h5ad, and what to do with them
    ("matrix", 'it is a 10x file: adata = scanpy.read_10x_h5(path), then adata.write_h5ad("screen.h5ad")'),
    ("row_attrs", 'it is a loom file: adata = anndata.io.read_loom(path), then adata.write_h5ad("screen.h5ad")'),
    ("cell.names", "it is an h5Seurat file: fate_screen() in R takes the matrices"),
)


def check_screen(
    screen_path: str | Path, settings: Settings, guide_map: str | Path | None = None, out_dir: str | Path | None = None
) -> dict[str, Any]:
    """Findings as rows, suggested settings by key, and ok: would `read_screen` take screen and map as they are?

    out_dir: a folder of results, of which is looked whether a fit could write there.
    """
    path = Path(screen_path)
    report = Report(settings, where=str(path))
    parts = _Parts()
    with report.refusals("File"):
        known = read_names(guide_map)
        if find_modalities(report, path, known):
            s = report.settings
            with open_screen(path, s.modality, s.guide_modality, s.allow_external) as source:
                if _check_file(report, source):
                    parts = _check_parts(report, source, known)
                    for text in source.doubts():
                        report.warn("Names of cells", text)
    names = check_map(report, guide_map, path, parts.guide_names)
    if names is not None and parts.guide_names is not None:
        check_match(report, names, parts.guide_names)
    if report.ready and names is not None:
        with report.refusals("Screen"):  # the same door as a fit's: nothing is ok here that is refused there
            cells = parts.cells(report.settings.ref_fate)
            if cells is not None:
                check_whole(report, cells, names)
    _check_machine(report)
    if out_dir is not None:
        check_folder(report, out_dir)
    return report.as_dict()


def _check_machine(report: Report) -> None:
    """Threads and GPU that a fit would not find here."""
    if fault := threads_fault(report.settings.threads):
        report.problem("Threads", fault)
    if report.settings.device == "cuda" and not count_gpus():
        fix = "set device: auto or cpu, unless the fit runs on another machine"
        report.problem("Device", "device: cuda, but this machine has no CUDA GPU", fix)


@dataclass
class _Parts:
    """What could be read of a screen; None where it could not."""

    fates: list[str] | None = None
    probs: np.ndarray | None = None
    others: np.ndarray | None = None
    guides: sp.csr_matrix | None = None
    guide_names: list[str] | None = None
    day: pd.Categorical | None = None
    day_order: tuple[str, ...] | None = None
    replicate: pd.Categorical | None = None
    covariates: pd.DataFrame = field(default_factory=pd.DataFrame)
    cluster: np.ndarray | None = None

    @property
    def lacking(self) -> np.ndarray | None:
        """bool [cells], cells without fate probabilities."""
        return None if self.probs is None else lack_any(self.probs, self.others)

    def cells(self, ref_fate: str) -> RawCells | None:
        """The cells, the reference fate first; None where a part could not be read. It is asked once: `probs` is
        written over.
        """
        if self.fates is None or self.probs is None or self.guides is None or self.guide_names is None:
            return None
        if self.day is None or self.replicate is None:
            return None
        order = [self.fates.index(ref_fate)] + [j for j, name in enumerate(self.fates) if name != ref_fate]
        probs, mended = mend_probabilities(self.probs, order, out=self.probs)
        others = None if self.others is None else np.stack([mend_probabilities(one, order)[0] for one in self.others])
        return RawCells(
            guides=self.guides, guide_names=self.guide_names, day=self.day, replicate=self.replicate,
            fates=tuple(self.fates[j] for j in order), fate_probs=probs, other_probs=others, covariates=self.covariates,
            cluster=self.cluster, mended=mended, day_order=self.day_order,
        )  # fmt: skip


def _check_file(report: Report, source: ScreenSource) -> bool:
    missing = [name for name in ("obs", "obsm") if not source.has_table(name)]
    if missing:
        has = source.tables()
        hint = next((fix for group, fix in _HINTS if group in has), "write it again with anndata's write_h5ad()")
        report.problem("File", f"no table {', '.join(missing)}; it has {first_few(has)}", hint)
        return False
    Reader(source, report.settings).refuse_empty()
    size = sum(path.stat().st_size for path in files_of(source.path)) / 1e6
    report.ok("File", f"{source.n_cells:,} cells, {size:,.1f} MB; expression is not read")
    return True


def _check_parts(report: Report, source: ScreenSource, known: set[str]) -> _Parts:
    """Each part on its own, so that one that fails does not hide the others."""
    parts = _Parts()
    with report.refusals(FATES):
        if find_fates(report, source):
            readers = Reader(source, report.settings).of_sets()
            tables = [reader.unchecked_fate_table() for reader in readers]
            parts.fates, parts.probs = list(tables[0].fates), tables[0].probs
            for reader, table in zip(readers, tables):
                check_values(report, reader, table.probs)
                check_names(report, table)
            parts.others = check_sets(report, tables)
            check_fate_names(report, parts.fates)
            check_contrasts(report, parts.fates)
    with report.refusals(GUIDES):
        if find_guides(report, source, known):
            reader = Reader(source, report.settings)
            guides, parts.guide_names = reader.guide_table()
            parts.guides = check_presence(report, reader, guides)
    usable = check_burden(report, parts.guides, parts.lacking)
    with report.refusals("Days"):
        if find_day(report, source):
            reader = Reader(source, report.settings)
            parts.day, parts.day_order = reader.days()
            check_days(report, parts.day, usable, parts.day_order)
            if (doubt := reader.doubt_one_day()) is not None:
                report.doubt(doubt)
    with report.refusals("Replicates"):
        if find_replicates(report, source):
            parts.replicate = Reader(source, report.settings).replicates()
            check_replicates(report, parts.replicate, usable)
    _check_optional(report, source, parts, usable)
    sizes = {
        "fate probabilities": parts.probs,
        "guides": parts.guides,
        "days": parts.day,
        "replicates": parts.replicate,
    }
    rows = {name: part.shape[0] for name, part in sizes.items() if part is not None}
    if len(set(rows.values())) > 1:
        report.problem("File", "tables of unequal length: " + ", ".join(f"{name} {n:,}" for name, n in rows.items()))
    return parts


def _check_optional(report: Report, source: ScreenSource, parts: _Parts, usable: np.ndarray | None) -> None:
    """Covariates and clusters, where the settings name any."""
    reader = Reader(source, report.settings)
    with report.refusals("Covariates"):
        parts.covariates = reader.covariates()
        check_covariates(report, parts.covariates, parts.day, parts.replicate, usable)
    with report.refusals("Clusters"):
        parts.cluster = reader.clusters()
        check_clusters(report, parts.cluster, usable)
