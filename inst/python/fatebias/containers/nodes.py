"""Groups and arrays of HDF5 and zarr, seen alike: what is there, which texts, and no way out of the file.

A group of either library is a mapping of names to groups and arrays, with `attrs`. What leads elsewhere (external and
broken links, virtual datasets, data kept in another file) is refused: a screen is what its file holds. `child` is the
way to a member: it looks at a link before it follows it, since a look at what an external link names opens that file.
"""

from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from itertools import repeat
from typing import Any, TypeAlias

import h5py
import numpy as np
import pandas as pd

from ..base import ScreenError

Node: TypeAlias = Any  # h5py.Group or h5py.Dataset, zarr.Group or zarr.Array
FOLLOWED = ContextVar("FOLLOWED", default=False)  # may the container that is open lead out of its file?
_DEEPEST = 4  # groups within an entry: a nullable column of a table
_MOST_LINKS = 16  # links within the file, on the way to one member
_NONE_LEFT = object()


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
    if not is_group(group) or not name or name in (".", "..") or "/" in name or "\0" in name:
        return None
    if not isinstance(group, h5py.Group) or FOLLOWED.get():
        found = group[name] if name in group else None  # noqa: SIM401  (zarr.Group.get differs by version)
    else:
        found = _member(group, name, where)
    if found is None or found.attrs.get("encoding-type") == "null":  # how anndata writes None
        return None
    return found


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
        node = child(node, "values", f"{node.name}/values")
    if rows is None:
        return list(map(_text, _values(node)))
    return [_text(np.asarray(node[row : row + 1]).ravel()[0]) for row in rows if row < node.shape[0]]


def length_of(node: Node) -> int | None:
    """Rows of an array, or of the arrays of a categorical or nullable column; None for anything else."""
    if is_group(node):
        parts = (child(node, name, f"{node.name}/{name}") for name in ("codes", "values"))
        node = next((part for part in parts if part is not None), None)
    return int(node.shape[0]) if node is not None and is_array(node) and node.shape else None


def _values(node: Node) -> Any:
    if isinstance(node, h5py.Dataset):
        return node[:]
    from anndata.io import read_elem

    return read_elem(node)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _member(group: h5py.Group, name: str, where: str, links: Iterator[None] | None = None) -> Node | None:
    """The member of a group of HDF5, or None; no file but its own is opened. links: one for each that may be followed,
    in all, since a link's path can lead over others again and again.
    """
    links = repeat(None, _MOST_LINKS) if links is None else links
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise ScreenError(f"{where} is a link to another file ({link.filename}); write the screen as one file.")
    if isinstance(link, h5py.SoftLink):
        found = None if next(links, _NONE_LEFT) is _NONE_LEFT else _at(group, link.path, where, links)
        if found is None:
            raise ScreenError(f"{where} is a link to {link.path}, where there is nothing; write the screen again.")
        return found
    found = None if link is None else group[name]
    if isinstance(found, h5py.Dataset) and (found.external or found.is_virtual):
        raise ScreenError(f"{where} keeps its values in another file; write the screen as one file.")
    return found


def _at(group: h5py.Group, path: str, where: str, links: Iterator[None]) -> Node | None:
    """What a path within the file leads to, from this group or the root, or None; step by step."""
    node: Node | None = group.file if path.startswith("/") else group
    for step in path.split("/"):
        if step in ("", "."):
            continue
        if not isinstance(node, h5py.Group):
            return None
        node = _member(node, step, where, links)
    return node
