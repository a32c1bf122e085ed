"""A copy of an .h5ad or .h5mu file with something added: all that was in the file stays as it was.

The file is copied byte by byte and the copy is opened to write; so no entry is read and written again, whatever
version of anndata or mudata made it.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import pandas as pd

from ..base import ExportError, ScreenError, from_where, whole_file, writing
from . import hdf5
from .lossy_disk import open_h5
from .mudata_source import MODALITIES, is_mudata, modality_names
from .nodes import Node, child, is_group, names_of, texts_in
from .refusals import refusing
from .stored import index_name

_LEAST_SHARE = 0.5  # of the rows: a table of features that has fewer of these names is one of something else


def write_annotated(
    path: str | Path, out: str | Path, key: str, entries: Mapping[str, Any], features: pd.DataFrame, prefix: str
) -> str:
    """Write a copy of a file with `uns[key]`, whole or not at all; what is there under that name is replaced, and
    columns of any `var` whose names begin with `prefix` are left out: they are of an earlier call.

    entries: of uns[key]: texts, tables, and mappings of these. features: one row a guide, named by it, with columns of
    texts, numbers or truth values. They become columns of `var`, with `prefix` before their names, where at least half
    of the guides are named: of the file, or of one modality. Elsewhere the table is `uns[key]["guides"]`. Rows of var
    that are no guide have "", NaN or False. Returns where the table is, as one writes it in Python.
    Raises ScreenError where the file cannot be read, ExportError where the copy cannot be written.
    """
    path, out = Path(path), Path(out)
    _refuse_same(path, out)
    place = _place_of(path, list(features.index))
    with writing(out), whole_file(out) as part:
        shutil.copyfile(path, part)
        with open_h5(part, "r+") as file:
            for table in _tables(path, file):
                _drop_columns(file[table], prefix)
            if place is None:
                entries = {**entries, "guides": features}
            _write_entry(file, key, entries)
            if place is not None:
                _add_columns(file[place], features.add_prefix(prefix))
    return f"uns['{key}']['guides']" if place is None else _spoken(place)


def _refuse_same(path: Path, out: Path) -> None:
    if not path.exists():
        raise ScreenError(f"The screen file {path} does not exist{from_where(path)}.")
    if out.exists() and out.samefile(path):
        raise ExportError(f"Cannot write {out}: it is the file that is read. Give the copy another name.")
    if not path.is_file() or not h5py.is_hdf5(path):
        raise ScreenError(
            f"{path} is not an .h5ad or .h5mu (HDF5). Unpack a .gz file; write a zarr store as .h5ad with anndata's "
            "write_h5ad()."
        )


def _place_of(path: Path, names: list[str]) -> str | None:
    """The path of the table of features with the most of these names, and at least half; None where there is none."""
    root, close = hdf5.open_root(path)
    wanted = set(names)
    try:
        with refusing(path, "var"):
            shares = {place: len(wanted.intersection(_rows(root[place]))) for place in _tables(path, root)}
    finally:
        close()
    best = max(shares, key=lambda place: shares[place], default=None)
    return best if best is not None and shares[best] >= max(1, _LEAST_SHARE * len(wanted)) else None


def _tables(path: Path, root: Node) -> Iterator[str]:
    """Paths of the tables of features that are groups, as anndata 0.7 and later writes them."""
    groups = [f"{MODALITIES}/{name}/" for name in modality_names(root)] if is_mudata(root) else [""]
    for group in groups:
        owner: Node | None = root
        for name in filter(None, group.split("/")):
            owner = child(owner, name, f"{path}: {group}")
        if is_group(child(owner, "var", f"{path}: {group}var")):
            yield f"{group}var"


def _rows(table: Node) -> list[str]:
    index = child(table, index_name(table), "var")
    return [] if index is None else texts_in(index)


def _write_entry(file: h5py.File, key: str, entries: Mapping[str, Any]) -> None:
    from anndata.io import write_elem  # here: whoever only reads need not wait for it

    if not is_group(child(file, "uns", "uns")):
        with suppress(KeyError):
            del file["uns"]  # a None of anndata's
        write_elem(file, "uns", {})
    write_elem(file["uns"], key, dict(entries))


def _drop_columns(table: Node, prefix: str) -> None:
    """Take out the columns whose names begin with the prefix."""
    dropped = {name for name in names_of(table) if name.startswith(prefix)} - {index_name(table)}
    for name in dropped:
        del table[name]
    if dropped:
        _set_order(table, [name for name in _order(table) if name not in dropped])


def _add_columns(table: Node, columns: pd.DataFrame) -> None:
    """Columns for the rows that are named; those of the same name are replaced."""
    from anndata.io import write_elem

    rows = columns.reindex(_rows(table))
    for name in columns:
        empties: dict[str, bool | str] = {"b": False, "O": ""}
        empty = empties.get(columns[name].dtype.kind, float("nan"))
        values = rows[name].where(rows[name].notna(), empty).astype(columns[name].dtype)
        write_elem(table, name, values.to_numpy())
    _set_order(table, [*(name for name in _order(table) if name not in columns), *columns])


def _order(table: Node) -> list[str]:
    return [text.decode() if isinstance(text, bytes) else str(text) for text in table.attrs.get("column-order", ())]


def _set_order(table: Node, names: list[str]) -> None:
    table.attrs.create("column-order", names, dtype=h5py.string_dtype())


def _spoken(place: str) -> str:
    """A path in the file as one writes it in Python: mod['guides'].var."""
    parts = place.split("/")
    return "var" if len(parts) == 1 else f"{MODALITIES}['{parts[1]}'].var"
