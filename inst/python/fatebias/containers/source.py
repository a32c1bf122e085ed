"""What a container of a screen must offer: tables of elements, each of which says what it is and is read apart.

A container is a file or folder format (.h5ad, .zarr, .h5mu) or a set of objects in memory. The rest of the package sees
a screen through these two protocols alone, so that a new format is one class, and a line in `formats`. Expression is
never asked for: X and layers are read only where the settings say that they hold the guides.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp

Kind = Literal["table", "array", "sparse", "categorical", "column", "other"]


class Element(Protocol):
    """One entry of a table of a container, not read yet.

    kind: "table" (DataFrame), "array" (two axes), "sparse", "categorical" or "column" (one axis), or "other".
    width: columns of a table, array or sparse matrix; None for anything else.
    columns: names of the columns of a table, else None.
    What is read has one row a cell, in the order of the cells: entries with names of cells of their own are joined by
    name. Every method raises ScreenError, with the file, the entry and what to do, where the entry cannot be read.
    """

    @property
    def kind(self) -> Kind: ...

    @property
    def width(self) -> int | None: ...

    @property
    def columns(self) -> tuple[str, ...] | None: ...

    def read(self) -> Any:
        """All of it: a DataFrame, an array, or a sparse matrix. Rows of cells that it lacks are NaN."""
        ...

    def read_labels(self) -> pd.Series | None:
        """A column of labels, missing ones as missing; None where it is no column."""
        ...

    def read_entries(self) -> sp.csr_matrix:
        """A table, array or sparse matrix as CSR, without the whole dense matrix in memory; rows of cells that it
        lacks are empty. Entries are numbers that are not 0, none twice, indices sorted.
        """
        ...

    def categories(self, most: int) -> list[Any] | None:
        """Different values of a column or categorical; None where it is neither, or has more categories."""
        ...

    def texts(self, n: int) -> list[str] | None:
        """The texts of a column of n texts; None where it is something else."""
        ...

    def some_rows(self, n: int) -> np.ndarray | None:
        """The first n and the last n rows of a table or array as numbers; None where they are no numbers."""
        ...

    def some_entries(self, n: int) -> np.ndarray:
        """The first n and the last n stored entries of a sparse matrix."""
        ...


class ScreenSource(Protocol):
    """One open container. Tables are obs, obsm, uns, var, layers, and obsm/<name> for a table in obsm; the table ""
    holds X. In a container of several modalities obs and obsm are those of the cells' modality, var, layers and X
    those of the guides'.
    """

    path: Path

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...

    def tables(self) -> list[str]:
        """Names at the top of the container."""
        ...

    def has_table(self, table: str) -> bool: ...

    def names(self, table: str) -> list[str]:
        """Names of the entries of a table, without those that begin with "_"; none where there is no such table."""
        ...

    def element(self, table: str, key: str) -> Element | None:
        """An entry, or None where there is none."""
        ...

    def elements(self, table: str) -> Iterator[tuple[str, Element]]:
        """Entries of a table with their names, its index left out."""
        ...

    @property
    def n_cells(self) -> int: ...

    def cell_names(self, rows: Sequence[int] | None = None) -> list[str]:
        """Names of the cells at some rows, or of all."""
        ...

    def feature_names(self) -> list[str]:
        """Names of the columns of X and layers."""
        ...

    def doubts(self) -> list[str]:
        """What was found, while entries were read, that is no fault but should be known (a table in another order)."""
        ...
