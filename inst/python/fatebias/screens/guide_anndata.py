"""Guide counts from an AnnData of their own, or from a modality of MuData: X or a layer, cells x guides.

Where X holds expression as well (scanpy.read_10x_mtx(gex_only=False)), the column feature_types of var tells guides.
"""

from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ..base import ScreenError, Settings, first_few
from ..containers import ScreenSource, modalities, open_screen
from .cellranger import FEATURE_TYPE
from .entries import Reader
from .guide_counts import GuideCounts
from .presence import presence_of

_KINDS = "feature_types"  # column of var that scanpy makes of Cell Ranger's features


def read_guides_anndata(
    path: str | Path,
    layer: str | None = None,
    modality: str | None = None,
    min_probability: float | None = None,
    feature_type: str = FEATURE_TYPE,
) -> GuideCounts:
    """Guide counts from an .h5ad, .h5mu or .zarr whose var names guides and whose obs names cells; raises ScreenError.

    layer: None for X. modality: of MuData, that of the guides. min_probability: a guide is present from this posterior
    probability on, where the entries are such. feature_type: which features are guides, where var has feature_types
    of several kinds. Entries that are 0 and 1 throughout are presence.
    """
    path = Path(path)
    if modality is None and (names := modalities(path)):
        raise ScreenError(
            f"{path} is MuData with the modalities {', '.join(names)}: name that of the guides (--guide-modality; "
            "modality in R)."
        )
    with open_screen(path, modality) as source:
        what, counts = _entries(source, layer)
        guides = np.asarray(source.feature_names(), dtype=object)
        if counts.shape[1] != len(guides):
            raise ScreenError(f"{what} has {counts.shape[1]} columns, but var names {len(guides)} guides.")
        chosen = _chosen(source, feature_type)
        if chosen is not None:
            counts, guides = counts[:, chosen], guides[chosen]
        if min_probability is not None:
            counts = _reaching(source, what, counts, min_probability)
        _refuse_probabilities(what, counts.data)
        cells = np.asarray(source.cell_names(), dtype=object)
    return GuideCounts(
        counts=counts, cells=cells, guides=tuple(guides), source=str(path),
        present=min_probability is not None or bool(counts.nnz and (counts.data == 1).all()),
    )  # fmt: skip


def _entries(source: ScreenSource, layer: str | None) -> tuple[str, sp.csr_matrix]:
    """X or a layer, and how messages call it."""
    element = source.element("", "X") if layer is None else source.element("layers", layer)
    if element is None:
        lacking = "X" if layer is None else f"layer {layer}"
        has = first_few(source.names("layers")) or "none"
        raise ScreenError(f"{source.path} has no {lacking}; its layers are: {has}. Name that of the guides (layer).")
    return f"{source.path}: {'X' if layer is None else f'the layer {layer}'}", element.read_entries()


def _chosen(source: ScreenSource, feature_type: str) -> np.ndarray | None:
    """Columns that are guides; None for all."""
    element = source.element("var", _KINDS)
    values = element.read_labels() if element is not None else None
    if values is None or values.nunique() < 2:
        return None
    chosen = np.flatnonzero((values == feature_type).to_numpy(dtype=bool, na_value=False))
    if not len(chosen):
        there = ", ".join(f"{kind} ({n})" for kind, n in values.value_counts().items())
        raise ScreenError(f"{source.path} has no feature of the type {feature_type!r}; it has: {there}.")
    return chosen


def _reaching(source: ScreenSource, what: str, values: sp.csr_matrix, least: float) -> sp.csr_matrix:
    """Ones where a probability reaches the threshold; raises ScreenError where there are none."""
    settings = Settings.from_mapping({"min_probability": least})
    present = presence_of(values, settings, what, Reader(source, settings).cell_names)
    if not present.nnz:
        raise ScreenError(f"{what}: no guide has a probability of {least:g} or more in any cell.")
    return present


def _refuse_probabilities(what: str, values: np.ndarray) -> None:
    broken = values[values != np.round(values)]
    if len(broken) and values.min() >= 0 and values.max() <= 1:
        raise ScreenError(
            f"{what} holds probabilities, such as {broken[0]:g}, not UMI counts. Say from which on a guide is present: "
            "min_probability (--min-probability 0.8)."
        )
