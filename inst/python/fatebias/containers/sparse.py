"""Sparse matrices from their parts, looked at before compiled code trusts them.

An index out of range would let scipy read or write memory that is not the matrix's; an entry twice would be summed.
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from ..base import ScreenError

_AT_ONCE = 1_000_000  # entries in memory at a time, beside the matrix
Format = Literal["csr", "csc"]


def read_sparse(what: str, layout: Format, shape: Any, data: Any, indices: Any, indptr: Any) -> sp.csr_matrix:
    """A matrix [rows, columns] of stored arrays (h5py, zarr or numpy) as CSR; raises ScreenError.

    what: the matrix, as messages call it. Indices are sorted, no entry is twice, none is 0. data: int8 where all
    entries are 1, else numbers as they are stored; a text, a complex number or another thing is refused.
    """
    n_rows, n_columns = _shape(what, shape)
    major, minor = (n_rows, n_columns) if layout == "csr" else (n_columns, n_rows)
    starts = _starts(what, indptr, major, _length(indices), _length(data))
    columns = _indices(what, indices, minor)
    made = sp.csr_matrix if layout == "csr" else sp.csc_matrix
    matrix = made((numbers_of(what, data), columns, starts), shape=(n_rows, n_columns), copy=False)
    matrix.sort_indices()
    if not matrix.has_canonical_format:
        raise _broken(what, "has an entry twice in a row")
    return tidy(sp.csr_matrix(matrix))


def entries_of(what: str, given: Any) -> sp.csr_matrix:
    """A matrix in memory, sparse or dense, as `read_sparse` gives a stored one; raises ScreenError."""
    matrix: Any = given
    if sp.issparse(given) and matrix.format in ("csr", "csc"):
        return read_sparse(what, matrix.format, matrix.shape, matrix.data, matrix.indices, matrix.indptr)
    if sp.issparse(given):
        numbers_of(what, matrix.data)
        return tidy(sp.csr_matrix(matrix.astype(np.float64).tocsr()))  # sums what stands twice, in wide numbers
    dense = np.asarray(matrix)
    if dense.ndim != 2:
        raise ScreenError(f"{what} must be a matrix, cells x guides.")
    return tidy(sp.csr_matrix(numbers_of(what, dense.ravel()).reshape(dense.shape)))


def tidy(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Without entries of 0, indices sorted."""
    if len(matrix.data) and not matrix.data.all():
        matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def numbers_of(what: str, stored: Any) -> np.ndarray:
    """A stored array of one axis as numbers: int8 where all are 0 or 1; raises ScreenError where they are none."""
    kind = np.dtype(stored.dtype).kind
    if kind == "c":
        raise ScreenError(f"{what} holds complex numbers; give real ones.")
    if kind not in "fiub":
        raise ScreenError(f"{what} holds no numbers ({stored.dtype}); give numbers.")
    ones = np.empty(_length(stored), dtype=np.int8)
    for at, block in _blocks(stored):
        is_one = block == 1
        if not (is_one | (block == 0)).all():
            values = np.asarray(stored[:])
            return (
                values
                if values.dtype.kind in "iu" or values.dtype in (np.float32, np.float64)
                else values.astype(float)
            )
        ones[at : at + len(block)] = is_one
    return ones


def _shape(what: str, shape: Any) -> tuple[int, int]:
    numbers = np.asarray(shape).ravel()
    if numbers.size != 2 or numbers.dtype.kind not in "iu" or (numbers < 0).any() or (numbers >= 2**31).any():
        raise _broken(what, f"has the shape {shape!r}")
    return int(numbers[0]), int(numbers[1])


def _starts(what: str, indptr: Any, major: int, n_indices: int, n_data: int) -> np.ndarray:
    """Where the entries of each row (or column) begin."""
    if len(indptr.shape) != 1 or indptr.shape[0] != major + 1 or np.dtype(indptr.dtype).kind not in "iu":
        raise _broken(what, f"has an indptr of the shape {indptr.shape}, but {major} rows or columns")
    starts = np.asarray(indptr[:])
    if starts[0] != 0 or (starts[1:] < starts[:-1]).any() or starts[-1] != n_indices or n_indices != n_data:
        raise _broken(what, f"has an indptr that does not go from 0 up to its {n_indices} entries ({n_data} values)")
    return starts.astype(np.int32 if n_indices < 2**31 else np.int64)  # a copy: tidying a matrix writes there


def _indices(what: str, stored: Any, minor: int) -> np.ndarray:
    if len(stored.shape) != 1 or np.dtype(stored.dtype).kind not in "iu":
        raise _broken(what, "has indices that are no list of whole numbers")
    indices = np.empty(_length(stored), dtype=np.int32)
    for at, block in _blocks(stored):
        outside = (block < 0) | (block >= minor)
        if outside.any():
            raise _broken(what, f"has an index outside its {minor} columns (or rows), first {block[outside][0]}")
        indices[at : at + len(block)] = block
    return indices


def _length(stored: Any) -> int:
    return int(stored.shape[0]) if len(stored.shape) else 0


def _blocks(stored: Any) -> Iterator[tuple[int, np.ndarray]]:
    for at in range(0, _length(stored), _AT_ONCE):
        yield at, np.asarray(stored[at : at + _AT_ONCE])


def _broken(what: str, fault: str) -> ScreenError:
    return ScreenError(f"{what} {fault}: this is no sparse matrix. Write it again, as scipy.sparse.csr_matrix(..).")
