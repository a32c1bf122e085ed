"""Texts looked up in the heaps of an HDF5 file: the same as the library reads, or left to it."""

import h5py
import numpy as np
import pytest

from fatebias.containers.heaps import texts_between

TEXT = h5py.string_dtype()


def by_library(node, start, stop):
    texts = node[start:stop].tolist()
    return list(map(len, texts)), b"".join(texts)


def written(path, texts, **more):
    with h5py.File(path, "w") as file:
        file.create_dataset("before", data=np.array(["x", "yz"], dtype=object), dtype=TEXT)
        file.create_dataset("texts", data=np.array(texts, dtype=object), dtype=TEXT, **more)
    return path


@pytest.mark.parametrize(
    "text",
    [
        lambda i, rng: f"{i:016d}-1",
        lambda i, rng: f"{'é' * int(rng.integers(0, 12))}{i}",
        lambda i, rng: "" if rng.random() < 0.3 else f"cell{i}",
        lambda i, rng: "x" * int(rng.integers(1, 9000)),  # some need a heap of their own
    ],
    ids=["barcodes", "unequal", "some empty", "long"],
)
def test_texts_are_those_that_the_library_reads(tmp_path, text):
    rng = np.random.default_rng(0)
    n = 700
    path = written(tmp_path / "t.h5", [text(i, rng) for i in range(n)])
    with h5py.File(path) as file:
        for start, stop in ((0, n), (150, 160), (n - 1, n)):
            found = texts_between(file["texts"], start, stop)
            assert found is not None
            assert (found[0].tolist(), found[1]) == by_library(file["texts"], start, stop)


def test_many_texts_in_many_heaps(tmp_path):
    path = written(tmp_path / "t.h5", [f"{i:016d}-1" for i in range(150_000)])
    with h5py.File(path) as file:
        found = texts_between(file["texts"], 100_000, 150_000)
        assert found is not None and found[1] == by_library(file["texts"], 100_000, 150_000)[1]


def test_what_is_kept_otherwise_is_left_to_the_library(tmp_path):
    names = [f"cell{i}" for i in range(50)]
    with h5py.File(written(tmp_path / "c.h5", names, compression="gzip")) as file:
        assert texts_between(file["texts"], 0, 50) is None
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["texts"] = np.array(names, dtype="S8")
        assert texts_between(file["texts"], 0, 50) is None
    with (
        h5py.File(written(tmp_path / "u.h5", names)) as file,
        h5py.File(tmp_path / "b.h5", "w", userblock_size=512) as to,
    ):
        file.copy("texts", to)
        assert texts_between(to["texts"], 0, 50) is None


def test_no_damage_of_a_heap_gives_other_texts_or_an_error(tmp_path):
    names = [f"cell{i:04d}" for i in range(60)]
    whole = written(tmp_path / "t.h5", names).read_bytes()
    at = whole.index(b"GCOL", whole.index(b"GCOL") + 1) if whole.count(b"GCOL") > 1 else whole.index(b"GCOL")
    rng = np.random.default_rng(1)
    for place in rng.integers(at, at + 1500, 200):
        harmed = bytearray(whole)
        harmed[place] ^= 1 << int(rng.integers(0, 8))
        (tmp_path / "h.h5").write_bytes(harmed)
        with h5py.File(tmp_path / "h.h5") as file:
            found = texts_between(file["texts"], 0, 60)
            if found is not None:
                assert found[0].tolist() == [8] * 60 and len(found[1]) == 480
                assert sum(a != b for a, b in zip(found[1], "".join(names).encode())) <= 1  # the bit itself
