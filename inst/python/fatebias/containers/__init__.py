"""Containers of a screen: .h5ad, .h5mu, .zarr, all seen through one protocol.

No other wing knows h5py, zarr or anndata's layouts. What is read has one row a cell in the order of the cells, and what
cannot be read is a ScreenError with the file, the entry and what to do; nothing reaches compiled code unchecked.
"""

from .annotate import write_annotated
from .formats import is_container, modalities, open_screen
from .memory import MemorySource
from .ones import ones_of
from .refusals import refusing
from .source import Element, Kind, ScreenSource
from .sparse import numbers_of, read_sparse
from .tenx import open_matrix
from .write import write_screen

__all__ = [
    "Element",
    "Kind",
    "MemorySource",
    "ScreenSource",
    "is_container",
    "modalities",
    "numbers_of",
    "ones_of",
    "open_matrix",
    "open_screen",
    "read_sparse",
    "refusing",
    "write_annotated",
    "write_screen",
]
