"""Groups and arrays of HDF5 and zarr, seen alike: what is there, which texts, and no way out of the file.

A group of either library is a mapping of names to groups and arrays, with `attrs`. What leads elsewhere (external and
broken links, virtual datasets, data kept in another file) is refused: a screen is what its file holds.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import h5py
import numpy as np
import pandas as pd

from ..base import ScreenError

Node: TypeAlias = Any  # h5py.Group or h5py.Dataset, zarr.Group or zarr.Array
_DEEPEST = 4  # groups within an entry: a nullable column of a table


def is_array(node: Node) -> bool:
    return hasattr(node, "dtype") and hasattr(node, "shape")


def is_group(node: Node) -> bool:
    return node is not None and not is_array(node) and hasattr(node, "attrs")


def is_plain(array: Node) -> bool:
    """Are the values of an array numbers or texts: no records, lists, or references?"""
    kind = array.dtype
    listed = h5py.check_vlen_dtype(kind)
    return kind.names is None and listed in (None, str, bytes) and h5py.check_ref_dtype(kind) is None


def named_values(array: Node) -> pd.Categorical | None:
    """Values of an enumeration of HDF5, as R's factors may be written, by their names; None for any other array."""
    names = h5py.check_enum_dtype(array.dtype) if isinstance(array, h5py.Dataset) else None
    if names is None:
        return None
    by_code = {code: name for name, code in sorted(names.items(), key=lambda one: one[1])}
    return pd.Categorical(pd.Series(array[:]).map(by_code), categories=list(by_code.values()))


def names_of(group: Node) -> list[str]:
    """Names of the members; one that is no UTF-8 shows a question mark, and leads to nothing."""
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in group]


def child(group: Node, name: str, where: str) -> Node | None:
    """The member of a group with exactly this name, or None; raises ScreenError where it leads out of the file.

    where: the member, as messages call it.
    """
    if not is_group(group) or not name or name in (".", "..") or "/" in name or "\0" in name or name not in group:
        return None
    _refuse_links(group, name, where)
    found = group[name]
    _refuse_elsewhere(found, where)
    return None if found.attrs.get("encoding-type") == "null" else found  # how anndata writes None


def check_below(node: Node, where: str, depth: int = 0) -> None:
    """Raise ScreenError where something below an entry leads out of the file, or is nested too deeply."""
    if not is_group(node):
        return
    if depth > _DEEPEST:
        raise ScreenError(f"{where} is nested too deeply to be a column, a table or a matrix.")
    for name in names_of(node):
        check_below(child(node, name, f"{where}/{name}"), where, depth + 1)


def texts_in(node: Node, rows: Sequence[int] | None = None) -> list[str]:
    """Texts of an array of texts or numbers, or of a nullable one, at some rows or all; bytes that are no UTF-8 show
    as a question mark.
    """
    if is_group(node):
        node = node["values"]
    if rows is None:
        return list(map(_text, _values(node)))
    return [_text(np.asarray(node[row : row + 1]).ravel()[0]) for row in rows if row < node.shape[0]]


def length_of(node: Node) -> int | None:
    """Rows of an array, or of the arrays of a categorical or nullable column; None for anything else."""
    if is_group(node):
        node = next((node[name] for name in ("codes", "values") if name in node), None)
    return int(node.shape[0]) if node is not None and is_array(node) and len(node.shape) else None


def _values(node: Node) -> Any:
    if isinstance(node, h5py.Dataset):
        return node[:]
    from anndata.io import read_elem

    return read_elem(node)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _refuse_links(group: Node, name: str, where: str) -> None:
    if not isinstance(group, h5py.Group):
        return
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise ScreenError(f"{where} is a link to another file ({link.filename}); write the screen as one file.")
    if isinstance(link, h5py.SoftLink) and group.get(name) is None:
        raise ScreenError(f"{where} is a link to {link.path}, where there is nothing; write the screen again.")


def _refuse_elsewhere(node: Node, where: str) -> None:
    if isinstance(node, h5py.Dataset) and (node.external or node.is_virtual):
        raise ScreenError(f"{where} keeps its values in another file; write the screen as one file.")
