"""UMI counts of guides, and the threshold that makes them presence.

They come from Cell Ranger's matrices (`cellranger`), from AnnData (`guide_anndata`) or from a long table
(`guide_table`); `join_samples` makes one of several samples, the cells named after their sample.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import CONSTANTS, ScreenError, first_few

MIN_UMI = CONSTANTS.min_umi
THRESHOLDS = (1, 2, 3, 5, 10, 20)  # what a report on thresholds shows
CELL_NAME = CONSTANTS.cell_name


@dataclass(frozen=True, kw_only=True)
class GuideCounts:
    """UMI counts: csr [cells, guides]; names of cells and of guides, each unique. source: for messages.

    present: the counts are ones for guides that are present, whatever the threshold.
    """

    counts: sp.csr_matrix
    cells: np.ndarray
    guides: tuple[str, ...]
    source: str
    present: bool = False

    def __post_init__(self) -> None:
        if self.counts.shape != (len(self.cells), len(self.guides)) or not self.counts.shape[1]:
            shape = f"{self.counts.shape[0]} x {self.counts.shape[1]}"
            raise ScreenError(f"{self.source}: {shape} counts, {len(self.cells)} cells, {len(self.guides)} guides.")
        for what, names in (("cell", pd.Index(self.cells)), ("guide", pd.Index(self.guides))):
            if not names.is_unique:
                twice = names[names.duplicated()].unique()
                raise ScreenError(f"{self.source}: {len(twice)} {what} name(s) appear twice: {first_few(twice)}.")
        if self.counts.nnz and not self.counts.data.min() >= 0:  # NaN is refused as well
            raise ScreenError(f"{self.source} has UMI counts that are negative or missing.")
        whole = (self.counts.data == np.round(self.counts.data)) & np.isfinite(self.counts.data)
        broken = self.counts.data[~whole]
        if len(broken):
            raise ScreenError(
                f"{self.source} has UMI counts that are no whole numbers, such as {broken[0]:g}. Give them as they "
                "were counted, not normalised."
            )

    def presence(self, min_umi: float = MIN_UMI) -> sp.csr_matrix:
        """Ones [cells, guides] where a cell has min_umi or more UMIs of a guide; raises ScreenError if nowhere.

        Where the counts are presence already (`present`), min_umi is 1.
        """
        if not min_umi > 0:
            raise ScreenError(f"min_umi must be above 0, not {min_umi}.")
        min_umi = 1 if self.present else min_umi
        found = (self.counts >= min_umi).astype(np.int8).tocsr()
        if not found.nnz:
            raise ScreenError(f"{self.source}: no cell has {min_umi:g} UMIs or more of any guide.")
        return found


def count_by_threshold(counts: GuideCounts, thresholds: Iterable[float] = THRESHOLDS) -> list[dict[str, float]]:
    """For each UMI threshold: cells without a guide, cells with more than one, mean guides a cell, guides found."""
    rows = []
    for min_umi in thresholds:
        found = counts.counts >= min_umi
        burden = np.diff(found.tocsr().indptr)
        rows.append(
            {
                "min_umi": min_umi, "cells_without_guide": int((burden == 0).sum()),
                "cells_with_several": int((burden > 1).sum()), "guides_per_cell_mean": float(burden.mean()),
                "guides_found": len(np.unique(found.nonzero()[1])),
            }
        )  # fmt: skip
    return rows


def join_samples(samples: Mapping[str, GuideCounts], cell_name: str = CELL_NAME) -> GuideCounts:
    """Counts of several samples as one, cells renamed, guides in the order of the first; raises ScreenError.

    cell_name: how the screen names a cell, with {barcode} and {sample}: "{sample}_{barcode}" in a merged Seurat object.
    """
    if not samples or not {"{barcode}", "{sample}"} <= set(re.findall(r"{\w+}", cell_name)):
        raise ScreenError(f"cell_name must hold {{barcode}} and {{sample}}, as in '{CELL_NAME}', not {cell_name!r}.")
    first = next(iter(samples.values()))
    if len({part.present for part in samples.values()}) > 1:
        raise ScreenError("Some samples have UMI counts of guides, others their presence. Give the same of all.")
    blocks, cells = [], []
    for sample, part in samples.items():
        if set(part.guides) != set(first.guides):
            odd = sorted(set(part.guides) ^ set(first.guides))
            raise ScreenError(f"{first.source} and {part.source} have different guides: {first_few(odd)}.")
        column = pd.Index(part.guides).get_indexer(pd.Index(first.guides))
        blocks.append(part.counts[:, column])
        cells += [cell_name.replace("{barcode}", cell).replace("{sample}", str(sample)) for cell in part.cells]
    return GuideCounts(
        counts=sp.vstack(blocks, format="csr"), cells=np.asarray(cells, dtype=object), guides=first.guides,
        source=", ".join(part.source for part in samples.values()),
        present=all(part.present for part in samples.values()),
    )  # fmt: skip
