"""The contrast whose effects are reported: a fate against the reference, or a difference of two fates."""

from collections.abc import Sequence

import numpy as np

from ..base import ScreenError


def contrast_weights(contrast: str, fates: tuple[str, ...]) -> np.ndarray:
    """Weights [F] that turn effects by logit (fate beside the reference) into the reported contrast.

    contrast: a fate ("MES": its effect against the reference) or a difference ("MES - NEU").
    """
    parts = [contrast] if contrast in fates else contrast_parts(contrast)
    unknown = [part for part in parts if part not in fates]
    if unknown or len(parts) > 2 or len(set(parts)) != len(parts):
        raise ScreenError(
            f"`contrast_fate: {contrast}` must be one of the fates {', '.join(fates)}, or a difference such as "
            f"'{fates[-1]} - {fates[-2]}'{_unknown_parts(unknown, fates)}."
        )
    if parts == [fates[0]]:
        raise ScreenError(f"`contrast_fate: {contrast}` is the reference fate, whose effects are zero; name another.")
    weights = np.zeros(len(fates))
    for part, sign in zip(parts, (1.0, -1.0)):
        weights[fates.index(part)] += sign
    return weights[1:]


def contrast_parts(contrast: str) -> list[str]:
    """The fates of a difference; a minus without spaces around it belongs to the name of a fate."""
    return [part.strip() for part in contrast.split(" - ")]


def nearest_name(name: str, names: Sequence[str]) -> str | None:
    """The name that is near: two letters or fewer differ, case aside, and a third of them at most; None without one."""
    near = {other: _letters_between(name.lower(), other.lower()) for other in names if abs(len(other) - len(name)) <= 2}
    best = min(near, key=lambda other: near[other], default=None)
    return best if best is not None and near[best] <= min(2, len(name) / 3) else None


def _letters_between(one: str, other: str) -> int:
    """Letters to be added, left out or changed that make one word of the other (Levenshtein's distance)."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, row[0] = row[0], i
        for j, opposite in enumerate(other, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != opposite))
    return row[-1]


def _unknown_parts(unknown: list[str], fates: Sequence[str]) -> str:
    """What is wrong with the parts of a contrast, as the end of a sentence."""
    text = ""
    for part in unknown:
        near = nearest_name(part, fates)
        text += f"; there is no fate '{part}'" + (f", the nearest one is '{near}'" if near else "")
        if "-" in part:
            text += " (the minus of a difference needs a space on either side)"
    return text
