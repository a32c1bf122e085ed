"""Names of the columns of fate probabilities: where they stand in a file, and whether terminal cells confirm them.

A plain array in a container has no column names. CellRank and Palantir leave them beside it; otherwise the setting
`fates` gives them. What CellRank leaves is a column of terminal states: its categories can stand in another order than
the columns (`compute_fate_probabilities(keys=...)`, or files joined by `anndata.concat`), and its cells tell.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base import ScreenError, first_few
from ..containers import ScreenSource
from .terminal_cells import StateColumn, TerminalCells, count_terminal_cells, counted, in_order, nth, state_column

STATE_COLUMNS = ("term_states_fwd", "term_states_bwd", "terminal_states", "initial_states")  # of CellRank 2 and 1
_CELLRANK_1 = re.compile(r"(to|from)_(?=(terminal|initial)_states)")  # to_terminal_states is of terminal_states
_PLAIN = re.compile(r"[\w.+ ?-]+")  # a name that needs no quotes in a configuration


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What stands beside an entry of fate probabilities. names: a list of the names of its columns, at `where`."""

    names: tuple[str, ...] = ()
    where: str = ""
    states: tuple[StateColumn, ...] = ()

    @property
    def names_columns(self) -> bool:
        """Does the file itself say what the columns of a plain array are?"""
        return bool(self.names) or any(column.own for column in self.states)


@dataclass(frozen=True, kw_only=True)
class FateNames:
    """Names of the columns. found: what terminal cells say of them. doubts: what a user should know of them."""

    names: list[str]
    found: str = ""
    doubts: tuple[str, ...] = ()


def names_beside(source: ScreenSource, key: str) -> Beside:
    """Where the names of the columns of obsm[key] may stand in a container.

    Palantir: uns[key + '_columns']. CellRank 1.0 to 1.5: uns[key + '_names']. Columns of obs with terminal states:
    those that CellRank 1 or 2 names as it names obsm[key] (obs['term_states_fwd'] and obsm['lineages_fwd']; in
    CellRank 1 obs['terminal_states'] and obsm['to_terminal_states']); without one, any that has CellRank's name.
    """
    own = [name for name in (key.replace("lineages", "term_states"), _CELLRANK_1.sub("", key)) if name != key]
    states = [_read_states(source, name, own=True) for name in own]
    if not any(states):
        states = [_read_states(source, name, own=False) for name in STATE_COLUMNS]
    found = tuple(column for column in states if column is not None)
    for listed in (f"{key}_columns", f"{key}_names"):
        element = source.element("uns", listed)
        if element is not None:
            return Beside(names=tuple(map(str, element.read())), where=f"uns['{listed}']", states=found)
    return Beside(states=found)


def _read_states(source: ScreenSource, name: str, own: bool) -> StateColumn | None:
    element = source.element("obs", name)
    labels = None if element is None or element.kind not in ("categorical", "column") else element.read_labels()
    return None if labels is None else state_column(f"obs['{name}']", labels, own)


def name_fates(
    what: str, probs: np.ndarray, columns: Sequence[str] | None, given: Sequence[str] | None, beside: Beside
) -> FateNames:
    """Names of the columns of fate probabilities [cells, columns]; raises ScreenError where they cannot be right.

    what: the entry, for messages. columns: names of the columns of a table, None for a plain array, whose names
    are `given` (the setting `fates`) or stand beside it. Terminal cells name the columns where their states all tell;
    names that they contradict are refused.
    """
    told = [count_terminal_cells(one, probs) for one in beside.states if len(one.codes) == len(probs)]
    if columns is None and not given and not beside.names:
        own = [cells for cells in told if cells.of.own]
        if not own:
            raise ScreenError(_nameless(what, told))
        return _name_by_states(what, own[0])
    names = list(columns if columns is not None else given or beside.names)
    by = "" if columns is not None else "`fates`" if given else beside.where
    if len(names) != probs.shape[1]:
        raise ScreenError(
            f"{what} has {probs.shape[1]} columns, but {by or 'it'} names {len(names)} fates: {first_few(names)}."
        )
    for cells in told:
        _refuse_contradiction(what, names, by, cells)
    if columns is None and given:
        _refuse_reordered(what, names, beside, told)
    doubts = [_leaning(what, names, cells) for cells in told]
    if columns is None and given:
        doubts += [_renamed(what, names, cells) for cells in told]
    return FateNames(names=names, found=_confirmed(names, told), doubts=tuple(text for text in doubts if text))


def _name_by_states(what: str, cells: TerminalCells) -> FateNames:
    """Names of a plain array by the states beside it, in the order that their cells show."""
    where, states, names = cells.of.where, list(cells.of.states), cells.names
    _refuse_torn(what, cells, cells.torn)
    several = [j for j, owners in enumerate(cells.by_column) if len(owners) > 1]
    if several:
        owners = " and ".join(cells.by_column[several[0]])
        raise ScreenError(
            f"{what}: the terminal cells of {owners} ({where}) have probability 1 in the same column, the "
            f"{nth(several[0]).removesuffix(' column')}. CellRank has joined these states (`keys`), or files with "
            f"different states were put together. If they were joined, name the columns in order: "
            f"{_setting(in_order(cells))}."
        )
    if names is None:
        return _name_by_categories(what, cells)
    found = f"named by {where}; its {cells.n_sure:,} terminal cells show the order"
    if not cells.of.declared or names == [name for name in states if name in names]:
        return FateNames(names=names, found=found)
    doubt = (
        f"{what}: the columns are {', '.join(names)}, in another order than the categories of {where} "
        f"({', '.join(states)}). The order is taken from the {cells.n_sure:,} terminal cells, which have "
        "probability 1 in the column of their own state."
    )
    return FateNames(names=names, found=found, doubts=(doubt,))


def _name_by_categories(what: str, cells: TerminalCells) -> FateNames:
    """Names where the cells do not show all columns: the categories as they stand, if nothing speaks against them."""
    where, states, n_columns = cells.of.where, list(cells.of.states), len(cells.by_column)
    shown = "" if (cells.column < 0).all() else f" Terminal cells show {_setting(in_order(cells))}."
    if len(states) != n_columns:
        raise ScreenError(
            f"{what} has {n_columns} columns, but {where} has {len(states)} names: {first_few(states)}.{shown} "
            "CellRank keeps all terminal states there, also when it computed the probabilities of some or of joined "
            "ones (`keys`), and a state whose cells were left out is gone from there. "
            "Give the names of the columns in order as `fates: [..]`."
        )
    if cells.displaced or not cells.of.declared:
        raise ScreenError(
            f"{what} has no names, and no terminal cell of {first_few(cells.silent)} ({where}) shows which column is "
            f"its state's; the order of the labels ({', '.join(states)}) is not that of the columns.{shown} "
            "Give the names of the columns in order as `fates: [..]`."
        )
    if cells.leaning not in (None, states):
        raise ScreenError(
            f"{what}: the terminal cells of {where} have probability 1 in no column, and their largest one in the "
            f"columns of other states than the order of the categories ({', '.join(states)}) says. By these cells it "
            f"is {_setting(cells.leaning or ())}. Give the names of the columns in order as `fates: [..]`."
        )
    hint = "" if cells.leaning is None else " Their largest one is in the column of their own state."
    doubt = (
        f"{what}: the columns are named {', '.join(states)} after the categories of {where}, and no terminal cell of "
        f"{first_few(cells.silent)} confirms it: none has probability 1 in a column.{hint} The columns stand in "
        "another order where `compute_fate_probabilities(keys=..)` made them: compare `fate_probabilities.names` in "
        "CellRank."
    )
    return FateNames(names=states, doubts=(doubt,))


def _refuse_torn(what: str, cells: TerminalCells, states: Sequence[int]) -> None:
    if states:
        entry = f"adata.{what.rpartition(': ')[2]}"
        raise ScreenError(
            f"{what}: the columns do not stand in the same order in all rows: terminal cells ({cells.of.where}) have "
            f"probability 1 in several columns, {counted(cells, states)}. Files with columns in different orders were "
            "joined, since anndata.concat joins arrays by position. Make "
            f"tables of them before, so that they are joined by name: in each file {entry} = pandas.DataFrame({entry}, "
            "index=adata.obs_names, columns=[names in its own order])."
        )


def _refuse_contradiction(what: str, names: Sequence[str], by: str, cells: TerminalCells) -> None:
    """Refuse names of columns where the terminal cells of a state of that name have probability 1 in another.

    by: where the names come from; "" for a table, which has them itself.
    """
    states, where = cells.of.states, cells.of.where
    shared = [s for s, state in enumerate(states) if state in names]
    _refuse_torn(what, cells, [s for s in cells.torn if s in shared or (cells.of.own and not shared)])
    wrong = [s for s in shared if cells.column[s] >= 0 and names[cells.column[s]] != states[s]]
    if not wrong:
        return
    elsewhere = ", ".join(f"those of {states[s]} in the column {names[cells.column[s]]}" for s in wrong)
    right = in_order(cells)
    named = f"{by} names the columns" if by else "its columns are named"
    fix = (
        f"By these cells the order is {_setting(right)}."
        if by
        else f"Name the columns anew, [{', '.join(right)}], or remove {where} if its labels are of something else."
    )
    raise ScreenError(
        f"{what}: {named} {', '.join(names)}, but the terminal cells ({where}) have probability 1 in others: "
        f"{elsewhere}. {fix}"
    )


def _refuse_reordered(what: str, given: list[str], beside: Beside, told: Sequence[TerminalCells]) -> None:
    """`fates` may rename what the file says; it cannot put it into an order that no terminal cell confirms."""
    where, found = beside.where, list(beside.names)
    own = next((cells for cells in told if cells.of.own), None)
    if not found and own is not None and own.names is None and own.of.declared and not own.displaced:
        states = list(own.of.states)
        where, found = own.of.where, states if own.leaning in (None, states) else []
    if sorted(given) == sorted(found) and given != found:
        raise ScreenError(
            f"{what} has the columns {', '.join(found)} (by {where}), but `fates` puts them in another order: "
            f"{', '.join(given)}. Leave `fates` out; or, if the columns do stand in this order, make a table with "
            "these names of the array."
        )


def _renamed(what: str, names: Sequence[str], cells: TerminalCells) -> str:
    """A doubt where names are new and terminal cells show that the columns do not stand as the categories do."""
    states = [name for name in cells.of.states if name in (cells.names or ())]
    if set(names) == set(states) or cells.names in (None, states) or not (cells.of.declared and cells.of.own):
        return ""
    return (
        f"{what}: the columns are named {', '.join(names)} by `fates`. By their terminal cells these are "
        f"{', '.join(cells.names or ())}, in another order than the categories of {cells.of.where} "
        f"({', '.join(states)})."
    )


def _leaning(what: str, names: Sequence[str], cells: TerminalCells) -> str:
    """A doubt where terminal cells have probability 1 nowhere, and their largest one in columns with other names."""
    lean = cells.leaning
    if cells.names is not None or lean is None or set(lean) != set(names) or lean == list(names):
        return ""
    return (
        f"{what}: the columns are named {', '.join(names)}. The terminal cells of {cells.of.where} have probability 1 "
        f"in no column, but their largest one as if these were {', '.join(lean)}: is the order right?"
    )


def _confirmed(names: Sequence[str], told: Sequence[TerminalCells]) -> str:
    """What terminal cells confirm, as a row of the check; empty where they say nothing of these names."""
    for cells in told:
        right = [s for s, j in enumerate(cells.column) if j >= 0 and names[j] == cells.of.states[s]]
        if right:
            return f"{first_few(names)}; {cells.sure[right].sum():,} terminal cells of {cells.of.where} confirm it"
    return ""


def _nameless(what: str, told: Sequence[TerminalCells]) -> str:
    text = f"{what} is a plain array without names; give them in order as `fates: [..]`."
    shown = next((cells for cells in told if cells.names), None)
    return text if shown is None else f"{text} Terminal cells of {shown.of.where} show {_setting(in_order(shown))}."


def _setting(names: Sequence[str]) -> str:
    words = [name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in names]
    return f"`fates: [{', '.join(words)}]`"
