"""Several label sets of the same cells: fate probabilities by other kernels, numbers of neighbours, seeds or programs.

They are of the same fates. A cell that lacks labels in one set is left out of all, so that all fits have the same
cells.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..base import ScreenError, first_few
from .doubt import Doubt
from .entries import Reader
from .fate_table import FateTable, lack_probabilities

ITEM = "Label sets"


def read_label_sets(reader: Reader) -> tuple[FateTable, np.ndarray | None]:
    """Checked and mended probabilities of the first set, with the doubts about all, and those of the others [m - 1,
    cells, F + 1], columns in the same order, or None where there are none. Raises ScreenError.
    """
    readers = reader.of_sets()
    tables = [one.fate_probs() for one in readers]
    first, others = tables[0], tables[1:]
    if not others:
        return first, None
    reader.check_lengths(**{one.fate_label: len(table.probs) for one, table in zip(readers, tables)})
    if fault := fates_fault(reader.settings.label_sets, [table.fates for table in tables]):
        raise ScreenError(f"{reader.path}: {fault}.")
    more = in_order_of(first, others)
    doubts = dict.fromkeys(doubt for table in tables for doubt in table.doubts)
    mended = {what: sum(table.mended[what] for table in tables) for what in first.mended}
    told = (*doubts, *doubt_sets(reader.settings.label_sets, first.probs, more))
    return replace(first, doubts=told, mended=mended), more


def fates_fault(keys: Sequence[str], fates: Sequence[Sequence[str]]) -> str:
    """What is wrong where sets, the entries `keys` of obsm, have different fates; "" where they have the same."""
    for key, names in zip(keys, fates):
        if set(names) != set(fates[0]):
            return (
                f"label sets must have the same fates, but obsm['{keys[0]}'] has {first_few(fates[0])}, and "
                f"obsm['{key}'] has {first_few(names)}; name them alike, or leave a set out of `fate_prob_key`"
            )
    return ""


def in_order_of(first: FateTable, others: Sequence[FateTable]) -> np.ndarray:
    """Probabilities of other sets with the columns in the order of the first: [sets, cells, F + 1]."""
    made = np.empty((len(others), *first.probs.shape))
    for place, table in zip(made, others):
        place[:] = table.probs[:, [table.fates.index(name) for name in first.fates]]
    return made


def doubt_sets(keys: Sequence[str], first: np.ndarray, others: np.ndarray) -> Iterator[Doubt]:
    """Cells that lack labels in some sets, and sets that are another one number for number."""
    lacking = np.stack([lack_probabilities(first), *map(lack_probabilities, others)])
    some = lacking.any(0) & ~lacking.all(0)
    if some.any():
        by_set = ", ".join(f"{key} {int(n):,}" for key, n in zip(keys, (lacking & some).sum(1)) if n)
        yield Doubt(
            item=ITEM,
            found=f"{int(some.sum()):,} cells have fate probabilities in some label sets only, and are left out of all "
            f"(lacking in {by_set})",
            fix="compute all sets from the same cells",
        )
    sets = [first, *others]
    for j, key in enumerate(keys):
        same = [keys[i] for i in range(j) if np.array_equal(sets[i], sets[j], equal_nan=True)]
        if same:
            yield Doubt(
                item=ITEM,
                found=f"obsm['{key}'] is obsm['{same[0]}'], number for number: it tells nothing of label error",
                fix="give sets that were computed in different ways",
            )  # fmt: skip
