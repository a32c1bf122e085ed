"""Which column of fate probabilities belongs to which terminal state, by the cells of the state.

A cell that CellRank has labelled as terminal has probability 1 in the column of its own state. These cells show the
order of the columns, whatever a file says of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

SURE = 0.99  # a probability that counts as 1
LEAST_SURE = 0.1  # share of the labelled cells of a state that are sure; with fewer, the state tells nothing
AGREEING = 0.99  # share of the sure cells of a state that agree on a column
LEANING = 0.9  # share of the labelled cells of a state that have their largest probability in one column
_SUMS, _SUM_TOLERANCE = (1.0, 100.0), 0.05  # of rows that can be probabilities, or percent
_NO_STATES = {"", "nan", "NaN", "None", "<NA>", "NA"}  # texts of missing labels


@dataclass(frozen=True, kw_only=True)
class StateColumn:
    """A column of labels of terminal states.

    where: how messages call it. states: different labels, in the order of the categories where `declared`, else
    sorted. codes: int [cells], index of the label of each cell, -1 for a cell without. own: it belongs to the entry of
    probabilities by its name.
    """

    where: str
    states: tuple[str, ...]
    codes: np.ndarray
    declared: bool = True
    own: bool = True


def named_states(labels: Iterable[str]) -> list[str]:
    """Labels without those that are texts of a missing one, such as "nan"."""
    return [label for label in labels if label not in _NO_STATES]


def state_column(where: str, labels: pd.Series, own: bool = True) -> StateColumn | None:
    """A column of labels as terminal states; None where it has no labels, or other values than labels.

    labels: of each cell; missing ones, and texts such as "nan", name no state.
    """
    declared = isinstance(labels.dtype, pd.CategoricalDtype)
    if not declared and pd.api.types.is_numeric_dtype(labels):
        return None
    column = labels.cat if declared else labels.astype("category").cat
    texts = [str(name) for name in column.categories]
    states = tuple(dict.fromkeys(named_states(texts)))
    if not states:
        return None
    index = {name: j for j, name in enumerate(states)}
    new = np.array([*(index.get(text, -1) for text in texts), -1])  # the last: of missing labels, whose code is -1
    return StateColumn(where=where, states=states, codes=new[column.codes.to_numpy()], declared=declared, own=own)


@dataclass(frozen=True, kw_only=True)
class TerminalCells:
    """The column that labelled cells point at.

    of: the labels. sure: int [states, columns], labelled cells with probability 1 in a column. largest: int [states,
    columns], those with their largest probability in a column, which are all that have probabilities.
    """

    of: StateColumn
    sure: np.ndarray
    largest: np.ndarray

    @property
    def labelled(self) -> np.ndarray:
        """int [states], labelled cells that have probabilities."""
        return np.asarray(self.largest.sum(1))

    @cached_property
    def column(self) -> np.ndarray:
        """int [states], the column of each state; -1 where its cells tell none, or contradict each other."""
        return np.where(self._telling & self._agreeing, self.sure.argmax(1), -1)

    @property
    def displaced(self) -> bool:
        """Does some state point at a column that is not its own by the order of the labels?"""
        return bool(((self.column >= 0) & (self.column != np.arange(len(self.column)))).any())

    @property
    def torn(self) -> list[int]:
        """States whose cells contradict each other."""
        return np.flatnonzero(self._telling & ~self._agreeing).tolist()

    @property
    def silent(self) -> list[str]:
        """States whose cells tell nothing: there are none, or hardly any has probability 1."""
        return [name for name, telling in zip(self.of.states, self._telling) if not telling]

    @cached_property
    def by_column(self) -> list[list[str]]:
        """The states that point at each column."""
        return [[self.of.states[s] for s in np.flatnonzero(self.column == j)] for j in range(self.sure.shape[1])]

    @property
    def names(self) -> list[str] | None:
        """The state of each column; None where a column has none, or several."""
        return [states[0] for states in self.by_column] if all(len(states) == 1 for states in self.by_column) else None

    @property
    def leaning(self) -> list[str] | None:
        """The state of each column by the largest probability of nearly all cells of each state; None where these
        columns are not one a state.
        """
        column, n = self.largest.argmax(1), self.labelled
        nearly_all = (n > 0) & (self.largest.max(1) >= LEANING * n)
        if not nearly_all.all() or sorted(column.tolist()) != list(range(self.largest.shape[1])):
            return None
        return [self.of.states[s] for s in column.argsort()]

    @property
    def n_sure(self) -> int:
        """Cells that show the column of their state."""
        return int(self.sure[self.column >= 0].sum())

    @property
    def _telling(self) -> np.ndarray:
        total = self.sure.sum(1)
        return np.asarray((total > 0) & (total >= LEAST_SURE * self.labelled))

    @property
    def _agreeing(self) -> np.ndarray:
        return np.asarray(self.sure.max(1) >= AGREEING * self.sure.sum(1))


def count_terminal_cells(of: StateColumn, probs: np.ndarray) -> TerminalCells:
    """The labelled cells of each state by the column in which they have probability 1.

    probs: [cells, columns], rows that sum to 1 or 100; others, such as those of NaN, are not looked at.
    """
    rows = np.flatnonzero(of.codes >= 0)
    values, codes = probs[rows], of.codes[rows]
    with np.errstate(invalid="ignore"):  # infinite ones of both signs
        total = values.sum(1)
    known = np.any([np.abs(total / whole - 1) <= _SUM_TOLERANCE for whole in _SUMS], axis=0)
    values, codes = values[known] / total[known, None], codes[known]
    sure, largest = np.zeros((2, len(of.states), probs.shape[1]), dtype=np.int64)
    at, column = np.nonzero(values >= SURE)
    np.add.at(sure, (codes[at], column), 1)
    np.add.at(largest, (codes, values.argmax(1)), 1)
    return TerminalCells(of=of, sure=sure, largest=largest)


def in_order(cells: TerminalCells) -> list[str]:
    """The columns in words: the states of each, "?" where none points at it; one left over is filled in."""
    words = [", ".join(states) or "?" for states in cells.by_column]
    left = [name for name in cells.of.states if name in cells.silent]
    if words.count("?") == len(left) == 1 and not cells.torn:
        words[words.index("?")] = left[0]
    return words


def counted(cells: TerminalCells, states: Iterable[int]) -> str:
    """How many cells of some states point at which column, for messages."""
    return ", and ".join(
        f"those of {cells.of.states[s]} in the "
        + " and in the ".join(f"{nth(j)} ({cells.sure[s, j]:,})" for j in np.flatnonzero(cells.sure[s]).tolist())
        for s in states
    )


def nth(column: int) -> str:
    """A column in words: "first column" for 0."""
    words = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    return f"{words[column] if column < len(words) else f'{column + 1}th'} column"
