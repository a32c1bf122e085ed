"""The values of an entry, as anndata's `read_elem` gives them.

Arrays, texts and categoricals of HDF5, which are most of what a screen holds, need h5py alone: to import anndata takes
longer than to read them. All else is anndata's to read.
"""

import math
from typing import Any

import h5py
import pandas as pd

from ..base import is_far_beyond, memory_limit
from .nodes import Node, is_array


def values_of(node: Node) -> Any:
    """An array, a pandas object or what else an entry holds; raises what h5py, zarr and anndata raise."""
    _refuse_declared(node)
    encoding = str(node.attrs.get("encoding-type", "")), str(node.attrs.get("encoding-version", ""))
    if isinstance(node, h5py.Dataset) and encoding == ("array", "0.2.0"):
        return node[()]
    if isinstance(node, h5py.Dataset) and encoding == ("string-array", "0.2.0"):
        return node.asstr()[()]
    if isinstance(node, h5py.Group) and encoding == ("categorical", "0.2.0"):
        codes, categories = values_of(node["codes"]), values_of(node["categories"])
        return pd.Categorical.from_codes(codes, categories, ordered=bool(node.attrs["ordered"]))
    from anndata.io import read_elem

    return read_elem(node)


def _refuse_declared(node: Node) -> None:
    """MemoryError where an array declares far more than there is memory for, as damaged and made-up files do."""
    declared = math.prod(node.shape) * node.dtype.itemsize if is_array(node) and node.shape else 0
    if is_far_beyond(declared, memory_limit()):
        raise MemoryError(f"an array of the shape {node.shape}")
