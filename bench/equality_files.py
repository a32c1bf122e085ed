"""What the files of a run hold, without what may differ from one run to the next: parts and digests.

A file is a dict of named parts: columns of a table, arrays of an archive or of a screen file, leaves of JSON, lines
of a text. Nothing here imports fatebias, so that any version of it can be looked at.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

MANIFEST = "fit_manifest.json"
# leaves of JSON that tell of the run, not of its result
LEFT_OUT = {
    MANIFEST: (
        "created", "seconds", "peak_memory_gb", "versions", "fatebias_version", "resumed", "screen.path",
        "screen.guide_map",
    ),
    "simulation.json": ("fatebias_version",),
    "calibration": ("key", "seconds"),
}  # fmt: skip
READ = (".csv", ".json", ".npz", ".h5ad", ".txt")


def digest_folder(folder: Path) -> dict[str, str]:
    """sha256 of each file below a folder, by path relative to it."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in READ]
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in paths}


def digest_file(path: Path) -> str:
    """sha256 of a file: bytes of tables and texts, content of arrays, JSON without what is left out."""
    found = hashlib.sha256()
    if path.suffix in (".csv", ".txt"):
        found.update(path.read_bytes())
    elif path.suffix == ".json":
        found.update(json.dumps(read_json(path), sort_keys=True).encode())
    else:
        for name, values in sorted(read_parts(path).items()):
            found.update(f"{name} {values.dtype} {values.shape}".encode())
            found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()


def read_parts(path: Path) -> dict[str, Any]:
    """The parts of a file by name: arrays, and leaves of JSON that are no numbers as they are."""
    if path.suffix == ".csv":
        table = pd.read_csv(path, keep_default_na=False, na_values=["", "NA", "NaN", "nan"])
        return {str(name): table[name].to_numpy() for name in table.columns}
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files}
    if path.suffix == ".json":
        return dict(_leaves(read_json(path), ""))
    if path.suffix == ".h5ad":
        return _datasets(path)
    return {"text": path.read_text(encoding="utf-8")}


def read_json(path: Path) -> Any:
    """JSON without what is left out of such a file."""
    value = json.loads(path.read_text(encoding="utf-8"))
    for name in LEFT_OUT.get(path.name, LEFT_OUT.get(path.parent.name, ())):
        *way, last = name.split(".")
        owner = value
        for key in way:
            owner = owner.get(key, {})
        owner.pop(last, None)
    return value


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Leaves of JSON by their way, `a.b.0`; a list of numbers is one leaf, an array."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list) and value and not all(_is_number(one) for one in value):
        for k, one in enumerate(value):
            yield from _leaves(one, f"{name}.{k}")
    else:
        yield name, np.asarray(value, dtype=float) if isinstance(value, list) or _is_number(value) else value


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _datasets(path: Path) -> dict[str, np.ndarray]:
    """Every array of an HDF5 file, and every attribute; texts as fixed-width ones (bytes of objects are addresses)."""
    found = {}

    def take(name: str, item: h5py.HLObject) -> None:
        found.update({f"{name}@{key}": np.asarray(value).astype(str) for key, value in item.attrs.items()})
        if isinstance(item, h5py.Dataset):
            texts = h5py.check_string_dtype(item.dtype) is not None
            values = item.asstr()[()] if texts else item[()]
            found[name] = np.empty(0) if isinstance(values, h5py.Empty) else np.asarray(values, str if texts else None)

    with h5py.File(path) as file:
        take("", file)
        file.visititems(take)
    return found
