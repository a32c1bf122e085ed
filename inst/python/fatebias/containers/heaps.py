"""Texts of HDF5 as bytes, many at a time, from the heaps where the library keeps them.

HDF5 hands out texts of unequal length one by one, which takes most of the time of reading a screen of millions of
cells. Names that are only compared are looked up here as the file format lays them down (HDF5 File Format
Specification, "Global Heap"). Whatever looks otherwise than expected is left to the library.
"""

import os

import h5py
import numpy as np

from .nodes import Node

_REFERENCE = np.dtype([("size", "<u4"), ("heap", "<u8"), ("index", "<u4")])  # what an array of texts holds of each
_WORD = 8  # bytes; all that a heap holds begins at a multiple of them
_LAST_HEAP = 1 << 16  # bytes that are read beyond the beginning of the last heap
_MOST = 1 << 24  # bytes in memory at a time
_MOST_WALKED = 1000  # texts that are looked for one by one
_SIGNATURE = int.from_bytes(b"GCOL\1\0\0\0", "little")  # how a heap begins


def texts_between(node: Node, start: int, stop: int) -> tuple[np.ndarray, bytes] | None:
    """The lengths (int64) and the joined bytes of some texts; None where they cannot be told without the library."""
    offset, n_bytes = _offset(node), (stop - start) * _REFERENCE.itemsize
    if offset is None:
        return None
    file = node.file.id.get_vfd_handle()
    found = os.pread(file, n_bytes, offset + start * _REFERENCE.itemsize)
    if len(found) != n_bytes:
        return None
    texts = np.frombuffer(found, dtype=_REFERENCE)
    lengths = texts["size"].astype(np.int64)
    texts = texts if lengths.all() else texts[lengths > 0]
    heap, index, size = (texts[name].astype(np.int64) for name in ("heap", "index", "size"))
    first, last = (int(heap.min()), int(heap.max())) if len(heap) else (0, 0)
    if first < 0 or last - first > _MOST or ((heap - first) % _WORD).any():
        return None
    region = os.pread(file, last - first + _LAST_HEAP, first)
    words = np.frombuffer(region, dtype="<i8", count=len(region) // _WORD)
    joined = _joined(words, (heap - first) // _WORD, index, size)
    return None if joined is None or b"\0" in joined else (lengths, joined)


def _offset(node: Node) -> int | None:
    """Where in its file an array of texts lies, if that can be read as it is."""
    if not isinstance(node, h5py.Dataset) or not hasattr(os, "pread"):
        return None
    if node.file.driver != "sec2" or node.file.userblock_size:
        return None
    text = h5py.check_string_dtype(node.dtype)
    plain = node.id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS and not node.external
    if text is None or text.length is not None or not plain:
        return None
    whole = node.id.get_storage_size() == node.size * _REFERENCE.itemsize
    return node.id.get_offset() if whole else None


def _joined(words: np.ndarray, heap: np.ndarray, index: np.ndarray, size: np.ndarray) -> bytes | None:
    """Some texts, joined; None where the heaps are not what they should be.

    words: a part of the file. heap, index, size: int64 [texts], where the heap of a text begins among the words, its
    number there, and its bytes.
    """
    width = int(size.max(initial=0) + _WORD - 1) // _WORD
    if len(size) * width * _WORD > _MOST:
        return None
    place = _places(words, heap, index, size)
    if place is None or not _fits(words, heap, index, size, place):
        return None
    letters = words[np.minimum(place[:, None] + np.arange(width), len(words) - 1)].view(np.uint8)
    if len(size) and (size == size[0]).all():  # as barcodes are: no need to look at each letter
        return letters[:, : size[0]].tobytes()
    return letters[np.arange(width * _WORD) < size[:, None]].tobytes()


def _places(words: np.ndarray, heap: np.ndarray, index: np.ndarray, size: np.ndarray) -> np.ndarray | None:
    """int64 [texts], where each text begins among the words. Within a heap each follows the one before it."""
    step = np.concatenate([[0], 2 + (size[:-1] + _WORD - 1) // _WORD])
    follows = np.zeros(len(heap), dtype=bool)
    follows[1:] = (heap[1:] == heap[:-1]) & (index[1:] == index[:-1] + 1)
    others = np.flatnonzero(~follows)
    walked = np.flatnonzero(~follows & (index > 1))
    if len(walked) > _MOST_WALKED:
        return None
    begins = heap[others] + 4
    for text in walked.tolist():
        found = _walk(words.data, int(heap[text]), int(index[text]))
        if found is None:
            return None
        begins[np.searchsorted(others, text)] = found
    way = np.cumsum(np.where(follows, step, 0))
    run = np.cumsum(~follows) - 1
    return np.asarray(begins[run] + way - way[others][run])


def _walk(words: memoryview, heap: int, index: int) -> int | None:
    """Where the object with an index begins in a heap, from one to the next."""
    at = heap + 2
    end = min(len(words) - 1, heap + _LAST_HEAP // _WORD)
    while at < end:
        number, size = words[at] & 0xFFFF, words[at + 1]
        if number == index:
            return at + 2
        if number == 0 or size < 0:
            return None
        at += 2 + (size + _WORD - 1) // _WORD
    return None


def _fits(words: np.ndarray, heap: np.ndarray, index: np.ndarray, size: np.ndarray, place: np.ndarray) -> bool:
    """Do the heaps hold these texts at these places?"""
    heaps = np.unique(heap)
    ends = place + (size + _WORD - 1) // _WORD
    if (ends > len(words)).any() or (heaps + 1 >= len(words)).any() or (words[heaps] != _SIGNATURE).any():
        return False
    inside = ends <= heap + words[heap + 1] // _WORD
    named = (index > 0) & ((words[place - 2] & 0xFFFF) == index) & (words[place - 1] == size)
    return bool((inside & named).all())
