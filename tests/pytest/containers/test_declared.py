"""Files that declare sizes beyond memory, or other than the cells have, are refused before these are read."""

import re

import h5py
import numpy as np
import pytest
from written_screen import guide_map, screen

from fatebias.base.errors import FatebiasError
from fatebias.base.settings import Settings
from fatebias.containers.values import values_of
from fatebias.preflight import check_screen
from fatebias.screens.reader import read_screen

ARRAY = {"encoding-type": "array", "encoding-version": "0.2.0"}
TEXTS = {"encoding-type": "string-array", "encoding-version": "0.2.0"}


def declared(path, key, shape, dtype="f8", attrs=ARRAY):
    """Put an array of that shape, none of which is stored, in the place of an entry."""
    with h5py.File(path, "a") as file:
        del file[key]
        made = file.create_dataset(key, shape=shape, dtype=dtype, chunks=(min(1000, shape[0]), *shape[1:]))
        made.attrs.update(attrs)


@pytest.mark.parametrize(
    ("key", "shape", "said"),
    [
        ("obsm/fateprob", (10**12, 3), "1000000000000 rows, but there are 90 cells"),
        ("obsm/fateprob", (10**9, 3), "1000000000 rows, but there are 90 cells"),
        ("obs/day", (10**12,), "1000000000000 rows, but there are 90 cells"),
        ("obsm/guide", (10**12, 12), "1000000000000 rows, but there are 90 cells"),
        ("uns/guide_names", (10**12,), "needs more memory than there is"),
        ("obs/_index", (10**12,), "1000000000000 of them|obs declares 1,000,000,000,000 cells"),
    ],
)
def test_declared_sizes_are_refused_before_they_are_read(tmp_path, key, shape, said):
    path = tmp_path / "s.h5ad"
    screen().write_h5ad(path)
    texts = key in ("uns/guide_names", "obs/_index")
    declared(path, key, shape, h5py.string_dtype() if texts else "f8", TEXTS if texts else ARRAY)
    with pytest.raises(FatebiasError, match=said):
        read_screen(path, guide_map(tmp_path), Settings.from_mapping({"fates": ["EC", "MES", "NEU"]}))
    found = check_screen(path, Settings.from_mapping({"fates": ["EC", "MES", "NEU"]}), tmp_path / "map.csv")
    assert not found["ok"] and any(re.search(said, row["found"]) for row in found["rows"]), found["rows"]


def test_an_array_of_the_right_size_is_read(tmp_path):
    path = tmp_path / "s.h5ad"
    screen().write_h5ad(path)
    declared(path, "obs/day", (90,))
    with h5py.File(path, "a") as file:
        file["obs/day"][:] = np.arange(90) % 3
    assert read_screen(path, guide_map(tmp_path), Settings.from_mapping()).n_days == 3


@pytest.mark.parametrize("key", ["obs/day", "obsm/guide", "obsm/fateprob", "uns/guide_names"])
def test_an_array_of_no_shape_is_refused_or_not_needed(tmp_path, key):
    """HDF5 knows arrays that hold nothing, not even one value."""
    path = tmp_path / "s.h5ad"
    screen().write_h5ad(path)
    with h5py.File(path, "a") as file:
        del file[key]
        made = file.create_dataset(key, data=h5py.Empty("f8"))
        made.attrs.update(ARRAY)
        spare = file.create_dataset("obs/spare", data=h5py.Empty("f8"))
        spare.attrs.update(ARRAY)
        assert isinstance(values_of(spare), h5py.Empty)
    with pytest.raises(FatebiasError) as error:
        read_screen(path, guide_map(tmp_path), Settings.from_mapping({"fates": ["EC", "MES", "NEU"]}))
    assert "NoneType" not in str(error.value)
