"""Rows of tables joined to the cells by name, wherever a table names its rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from operator import eq
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import ScreenError, first_few
from .heaps import texts_between
from .nodes import Node, child, is_array, length_of, texts_in

_AT_ONCE = 100_000  # names in memory at a time


@dataclass(frozen=True)
class Rows:
    """Which row of a table each cell has. n: rows of the table. of_cells: int [cells], -1 for none; None: row i is
    that of cell i.
    """

    n: int
    of_cells: np.ndarray | None = None

    @property
    def same(self) -> bool:
        return self.of_cells is None

    def take(self, values: np.ndarray) -> np.ndarray:
        """Values by cell; NaN for cells without a row."""
        if self.of_cells is None:
            return values
        taken = np.asarray(values[self.of_cells])
        if (self.of_cells < 0).any():
            taken = taken.astype(np.float64) if taken.dtype.kind in "fiub" else taken.astype(object)
            taken[self.of_cells < 0] = np.nan
        return taken

    def take_series(self, values: pd.Series) -> pd.Series:
        if self.of_cells is None:
            return values
        return values.reindex(self.of_cells).reset_index(drop=True) if len(values) else values

    def take_sparse(self, matrix: sp.csr_matrix) -> sp.csr_matrix:
        if self.of_cells is None:
            return matrix
        taken: sp.csr_matrix = matrix[np.maximum(self.of_cells, 0)]
        lacking = self.of_cells < 0
        if lacking.any():
            keep = sp.diags((~lacking).astype(matrix.dtype), format="csr", dtype=matrix.dtype)
            taken = (keep @ taken).tocsr()
            taken.eliminate_zeros()
        return taken


@dataclass(frozen=True)
class CellIndex:
    """The names of the cells of a container: an array of names, read when they are asked for."""

    path: Path
    node: Node

    @cached_property
    def n(self) -> int:
        n = length_of(self.node)
        if n is None or n >= 2**31:
            raise ScreenError(f"{self.path}: the names of the cells are no list ({n} of them); write the screen again.")
        return n

    @cached_property
    def names(self) -> pd.Index:
        return pd.Index(np.asarray(texts_in(self.node), dtype=object))

    @cached_property
    def _digests(self) -> list[bytes]:
        return list(_digests_of(self.node, self.n))

    def join(self, what: str, node: Node, whole: bool, tell: Callable[[str], None]) -> Rows:
        """Rows of a table whose rows are named by `node`; raises ScreenError where its names are not the cells'.

        whole: each cell must have a row. tell: takes what should be known.
        """
        n = length_of(node)
        if n is None:
            raise ScreenError(f"{self.path}: {what} has no names of its rows; write the table again.")
        if n == self.n and all(map(eq, self._digests, _digests_of(node, n))):
            return Rows(n)
        theirs = pd.Index(np.asarray(texts_in(node), dtype=object))
        if whole and n == self.n and _are_numbers(theirs):
            tell(f"{what} numbers its rows instead of naming them; they are taken to be in the order of the cells")
            return Rows(n)
        if not self.names.is_unique or not theirs.is_unique:
            return self._by_position(what, n, theirs, tell)
        of_cells = theirs.get_indexer(self.names)
        lacking = of_cells < 0
        if lacking.all() or (whole and lacking.any()):
            raise ScreenError(self._disagreement(what, theirs, lacking, whole))
        if lacking.any():
            tell(f"{what} has no row for {lacking.sum():,} of {self.n:,} cells: {first_few(self.names[lacking])}")
        elif whole:
            tell(f"{what} has its rows in another order than the cells; they are joined by name")
        return Rows(n, of_cells)

    def _by_position(self, what: str, n: int, theirs: pd.Index, tell: Callable[[str], None]) -> Rows:
        """Rows where names appear twice, and so cannot join: by position, if the numbers of rows agree and the cells
        have no names, as all are called the same.
        """
        if n != self.n or self.names.is_unique or self.names.nunique() > 1:
            names = self.names if not self.names.is_unique else theirs
            twice = first_few(names[names.duplicated()].unique())
            raise ScreenError(
                f"{self.path}: {what} cannot be joined to the cells by name, since names appear twice ({twice}). Make "
                "them unique: adata.obs_names_make_unique(), before tables are put into obsm."
            )
        tell(f"names of cells appear twice, so that {what} is joined by position")
        return Rows(n)

    def _disagreement(self, what: str, theirs: pd.Index, lacking: np.ndarray, whole: bool) -> str:
        fix = (
            "Give it the rows of obs: table.reindex(adata.obs_names), or remove its names"
            if whole
            else "Give the cells the same names in all modalities"
        )
        return (
            f"{self.path}: {what} names other cells than obs: it lacks {lacking.sum()} of {self.n} cells "
            f"({first_few(self.names[lacking])}); its own are called {first_few(theirs) or 'nothing'}. {fix}."
        )


def _digests_of(node: Node, n: int) -> Iterator[bytes]:
    """A digest of each piece of a list of n names; texts and their bytes are alike."""
    node = node if is_array(node) else child(node, "values", f"{node.name}/values")
    for start in range(0, n, _AT_ONCE):
        stop = min(start + _AT_ONCE, n)
        lengths, joined = texts_between(node, start, stop) or _texts_between(node, start, stop)
        yield blake2b(lengths.tobytes() + joined).digest()


def _texts_between(node: Node, start: int, stop: int) -> tuple[np.ndarray, bytes]:
    """Lengths and joined bytes of some names."""
    names = np.asarray(node[start:stop]).tolist()
    if set(map(type, names)) != {bytes}:
        names = [name if isinstance(name, bytes) else str(name).encode() for name in names]
    return np.fromiter(map(len, names), dtype=np.int64, count=len(names)), b"".join(names)


def _are_numbers(names: pd.Index) -> bool:
    """Are the names the numbers of the rows, 0, 1, .. or 1, 2, ..: are there no names, that is?"""
    first = str(names[0]) if len(names) else ""
    if first not in ("0", "1"):
        return False
    start = int(first)
    return list(map(str, names)) == [str(row) for row in range(start, start + len(names))]
