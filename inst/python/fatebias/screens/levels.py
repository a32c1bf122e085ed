"""Levels of days, replicates and covariates: their order, and the number in a label."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from natsort import natsorted, ns

from ..base import ScreenError, first_few


def sort_levels(labels: Iterable[str]) -> list[str]:
    """Distinct labels in natural order; numbers may have decimals: d2 < d10, 0.25 < 0.5, E8.5 < E10.5."""
    return natsorted(set(labels), alg=ns.FLOAT | ns.NOEXP)


def usable_levels(
    where: str, key: str, labels: np.ndarray, keep: np.ndarray, given: Sequence[str] | None = None
) -> list[str]:
    """Levels in order, each with at least 2 usable cells (keep: their rows); raises ScreenError."""
    counts = pd.Series(labels[keep], dtype=object).value_counts().to_dict()
    found = sort_levels(labels)
    if given and set(given) != set(found):
        raise ScreenError(
            f"{where}: `{key}` has the levels {first_few(found)}, but the settings name {first_few(given)}."
        )
    levels = list(given or found)
    few = [f"{level} ({counts.get(level, 0)})" for level in levels if counts.get(level, 0) < 2]
    if few:
        raise ScreenError(
            f"{where}: `{key}` has level(s) with fewer than 2 usable cells: {first_few(few)}. Leave them out."
        )
    return levels


def numbers_in(labels: list[str]) -> tuple[float, ...] | None:
    """The one number in each label ("d2" -> 2), or None where a label has none or several, or two agree."""
    found = [re.findall(r"\d+(?:\.\d+)?", label) for label in labels]
    values = tuple(float(numbers[0]) for numbers in found if len(numbers) == 1)
    return values if len(values) == len(labels) and len(set(values)) == len(values) else None
