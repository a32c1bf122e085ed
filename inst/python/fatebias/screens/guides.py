"""Guide counts from whatever a path is, and from several samples."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..base import ScreenError, from_where
from ..containers import is_container
from .cellranger import read_cellranger
from .guide_anndata import read_guides_anndata
from .guide_counts import GuideCounts, join_samples
from .guide_table import read_guide_table

_ANNDATA = (".h5ad", ".h5mu", ".zarr", ".h5ad.gz", ".h5mu.gz", ".zarr.zip")


def read_guides(path: str | Path, **options: Any) -> GuideCounts:
    """Counts from a folder or .h5 of Cell Ranger, from AnnData or MuData, or from a long table; options of the function
    that reads them.
    """
    path = Path(path)
    if not path.exists():
        raise ScreenError(f"{path} does not exist{from_where(path)}.")
    read, kind = _reader_of(path)
    unknown = [name for name in options if name not in inspect.signature(read).parameters]
    if unknown:
        raise ScreenError(f"{path} is read as {kind}, for which there is no option {', '.join(unknown)}.")
    return read(path, **options)


def _reader_of(path: Path) -> tuple[Callable[..., GuideCounts], str]:
    """What reads a path, and as what."""
    if path.suffix != ".h5" and (path.name.endswith(_ANNDATA) or is_container(path)):
        return read_guides_anndata, "AnnData"
    if path.is_dir() or path.suffix == ".h5":
        return read_cellranger, "a matrix of Cell Ranger"
    return read_guide_table, "a long table"


def read_samples(
    paths: Sequence[str],
    samples: Sequence[str] | None,
    cell_name: str,
    read: Callable[..., GuideCounts] = read_guides,
    **options: Any,
) -> GuideCounts:
    """Counts of one path, or of several with the names of their samples; options of the function that reads."""
    if samples is None and len(paths) == 1:
        return read(paths[0], **options)
    if samples is None or len(samples) != len(paths) or len(set(samples)) < len(samples):
        raise ScreenError("Several paths of guides need a name each, no name twice, as in d0=run1.")
    return join_samples({sample: read(path, **options) for sample, path in zip(samples, paths)}, cell_name)
