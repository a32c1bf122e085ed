"""Labels of days, replicates and covariates: as texts, and their levels in order. The order of days is in `days`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from natsort import natsorted, ns

from ..base import ScreenError, first_few

_LARGEST_WHOLE = 1e15  # of numbers that are written as whole ones
_NO_LABELS = {"", "nan", "na", "n/a", "#n/a", "<na>", "none", "null", "nat"}
_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\ufeff"


def sort_levels(labels: Iterable[str]) -> list[str]:
    """Distinct labels in natural order; numbers may have decimals: d2 < d10, 0.25 < 0.5, E8.5 < E10.5."""
    return natsorted(sorted(set(labels)), alg=ns.FLOAT | ns.NOEXP)  # sorted: 1 and 01 are the same to natsort


def label_texts(values: pd.Series, what: str) -> pd.Series:
    """Labels as texts without blanks around them; missing ones stay missing, and so become "", "nan", "NA", "None".

    A categorical stays one, its categories in their order, without those of no cell; whole numbers lose their ".0".
    Raises ScreenError where two spellings differ by blanks around them. what: the column, for the message.
    """
    codes, levels, ordered = _factors(values)
    texts = _texts(levels, whole=pd.api.types.is_float_dtype(values.dtype))
    trimmed = [text.strip(_BLANKS) for text in texts]
    spelled = {bare: text for bare, text in zip(trimmed, texts) if bare.casefold() not in _NO_LABELS}
    for bare, text in zip(trimmed, texts):
        if (other := spelled.get(bare, text)) != text:
            raise ScreenError(f"{what} has one label written in two ways, {text!r} and {other!r}; write it in one way.")
    named = list(spelled)
    place = {text: code for code, text in enumerate(named)}
    recoded = np.array([*(place.get(text, -1) for text in trimmed), -1], dtype=np.int32)[
        codes
    ]  # the last is that of code -1
    return pd.Series(pd.Categorical.from_codes(recoded, pd.Index(named), ordered=ordered))


def words_for_none(values: pd.Series, labels: pd.Series) -> str:
    """What stands where `label_texts` found no label, at the end of a message: "nan" as a text, say."""
    stated = sorted(set(map(str, values[labels.isna().to_numpy()].dropna())) - {""})
    return f" ({first_few(map(repr, stated))} stands for none)" if stated else ""


def declared_order(labels: pd.Series) -> tuple[str, ...] | None:
    """The order that a column of labels declares: that of an ordered categorical."""
    return tuple(labels.cat.categories) if labels.cat.ordered else None


def one_level(label: str, n: int) -> pd.Categorical:
    """The same label for each of n cells."""
    return pd.Categorical.from_codes(np.zeros(n, dtype=np.int8), pd.Index([label]))  # type: ignore[arg-type]


def few_cells(key: str, counts: Mapping[str, int], levels: Sequence[str]) -> str:
    """Which levels of a column have fewer than 2 usable cells, in words; "" where none has. counts: cells by level."""
    few = [f"{level} ({counts.get(level, 0)})" for level in levels if counts.get(level, 0) < 2]
    return f"`{key}` has level(s) with fewer than 2 usable cells: {first_few(few)}" if few else ""


def count_levels(labels: pd.Categorical, usable: np.ndarray | None = None) -> dict[str, int]:
    """Cells by label, 0 where no usable cell has it. usable: bool [cells]; None: all are."""
    codes = labels.codes if usable is None else labels.codes[usable]
    counts = np.bincount(codes, minlength=len(labels.categories)).tolist()
    return {str(label): n for label, n in zip(labels.categories, counts)}


def labels_of(labels: pd.Categorical) -> list[str]:
    """Different labels that some cell has."""
    return [label for label, n in count_levels(labels).items() if n]


def refuse_few(where: str, key: str, counts: Mapping[str, int], levels: Sequence[str]) -> None:
    """Raise ScreenError where a level has fewer than 2 usable cells. counts: cells by level."""
    if found := few_cells(key, counts, levels):
        raise ScreenError(f"{where}: {found}. Leave them out.")


def _factors(values: pd.Series) -> tuple[np.ndarray, Any, bool]:
    """Codes (-1: missing), levels that some code has, and whether they are declared to be in order."""
    if not isinstance(values.array, pd.Categorical):
        return *pd.factorize(values), False
    kept = values.array
    if not np.bincount(kept.codes[kept.codes >= 0], minlength=len(kept.categories)).all():
        kept = kept.remove_unused_categories()
    return kept.codes, kept.categories, bool(kept.ordered)


def _texts(levels: Any, whole: bool) -> list[str]:
    """Levels as texts. whole: they are numbers, and whole ones are written so where all are."""
    if whole and all(value.is_integer() and abs(value) < _LARGEST_WHOLE for value in map(float, levels)):
        return [str(int(value)) for value in levels]
    is_real = getattr(levels.dtype, "kind", "") == "f"
    values = np.asarray(levels) if is_real else levels  # in their own precision: float32 has 0.2, not 0.20000000298
    return [level.decode("utf-8", "replace") if isinstance(level, bytes) else str(level) for level in values]
