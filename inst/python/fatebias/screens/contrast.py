"""The words of a contrast: which fates are compared, as weights of their log probabilities.

    A                   A against the reference
    A - B               A against B
    A - (B + C) / 2     A against the mean of B and C; either side may be such a mean
    A - rest            A against the mean of all other fates
Means are of log probabilities. A minus needs a blank on either side, since names of fates may have hyphens and blanks.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from ..base import ScreenError

REST = "rest"
LONGEST_LABEL = 100
_MEAN = re.compile(r"\((.+)\)\s*/\s*(\d{1,3})")
Side = tuple[str, ...]


def contrast_weights(contrast: str, fates: Sequence[str], setting: str = "contrast_fate") -> np.ndarray:
    """Weights [F] that turn effects by logit (fates beside the reference, which is the first) into a contrast."""
    return fate_weights(contrast, fates, setting)[1:]


def fate_weights(contrast: str, fates: Sequence[str], setting: str = "contrast_fate") -> np.ndarray:
    """Weights of all fates, the reference first; they sum to 0. Raises ScreenError, which names the setting."""
    if contrast == fates[0]:
        others = f"name another, or '{contrast} - {REST}'"
        raise ScreenError(f"`{setting}: {contrast}` is the reference fate, whose effects are zero; {others}.")
    sides = contrast_sides(contrast, fates)
    if sides is None:
        raise ScreenError(f"`{setting}: {contrast}` must be {_forms(fates)}{_mistakes(contrast, fates)}.")
    weights = np.zeros(len(fates))
    for side, sign in zip(sides, (1.0, -1.0)):
        weights[[fates.index(fate) for fate in side]] = sign / len(side)
    return weights


def contrast_sides(contrast: str, fates: Sequence[str]) -> tuple[Side, Side] | None:
    """Fates of the two sides of a contrast; None where its words have none of the forms."""
    if contrast in fates:
        return (contrast,), (fates[0],)
    for left, right in _cuts(contrast):
        one, other = _side(left, fates), _side(right, fates)
        if one and other and REST not in fates:
            one, other = _spelt_out(one, other, fates), _spelt_out(other, one, fates)
        if one and other and not set(one) & set(other) and {*one, *other} <= set(fates):
            return one, other
    return None


def contrast_parts(contrast: str) -> list[str]:
    """The words between minus signs; a minus without spaces around it belongs to the name of a fate."""
    return [part.strip() for part in contrast.split(" - ")]


def list_contrasts(first: str, others: Sequence[str] | None, fates: Sequence[str]) -> list[str]:
    """All contrasts, `contrast_fate` first, then those of `contrasts`; of words that compare the same the first stay.
    Raises ScreenError for words that the fates do not allow.
    """
    found: dict[tuple[float, ...], str] = {}
    for words, setting in [(first, "contrast_fate"), *((words, "contrasts") for words in others or ())]:
        found.setdefault(tuple(fate_weights(words, fates, setting)), words)
    return list(found.values())


def contrast_labels(contrasts: Sequence[str]) -> list[str]:
    """The name of each contrast in names of files: letters (of ASCII), digits, `.`, `_` and `-` stay, blanks go, others
    become `_`, and LONGEST_LABEL letters are kept; where two would be alike (case aside), later ones get a number.
    """
    found: list[str] = []
    for contrast in contrasts:
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", re.sub(r"\s", "", contrast))[:LONGEST_LABEL]
        label, number = plain, 1
        while label.lower() in (other.lower() for other in found):
            number += 1
            label = f"{plain}.{number}"
        found.append(label)
    return found


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


def _cuts(contrast: str) -> Iterator[tuple[str, str]]:
    """All ways to take a contrast apart at a minus."""
    parts = contrast.split(" - ")
    for k in range(1, len(parts)):
        yield " - ".join(parts[:k]).strip(), " - ".join(parts[k:]).strip()


def _side(words: str, fates: Sequence[str]) -> Side | None:
    """Fates of one side, or the word `rest`; None where they cannot be read."""
    if words in fates or words == REST:
        return (words,)
    mean = _MEAN.fullmatch(words)
    found = _sum(mean[1].strip(), fates) if mean else None
    counts = mean is not None and found is not None and len(set(found)) == len(found) == int(mean[2])
    return found if counts else None


def _sum(words: str, fates: Sequence[str]) -> Side | None:
    """Fates between plus signs; names may have such a sign."""
    if words in fates:
        return (words,)
    for fate in fates:
        rest = words.removeprefix(fate).lstrip() if words.startswith(fate) else ""
        found = _sum(rest[1:].strip(), fates) if rest.startswith("+") else None
        if found:
            return (fate, *found)
    return None


def _spelt_out(side: Side, opposite: Side, fates: Sequence[str]) -> Side:
    """A side with `rest` as the fates that the opposite side does not name."""
    return tuple(fate for fate in fates if fate not in opposite) if side == (REST,) else side


def _forms(fates: Sequence[str]) -> str:
    """What a contrast may be, with examples of these fates."""
    one, other = fates[-1], fates[-2]
    mean = f"'{one} - ({other} + {fates[-3]}) / 2', " if len(fates) > 2 else ""
    return f"one of the fates {', '.join(fates)}, or a difference such as '{one} - {other}', {mean}'{one} - {REST}'"


def _mistakes(contrast: str, fates: Sequence[str]) -> str:
    """What is wrong with the names in a contrast, as the end of a sentence."""
    text = ""
    for part in contrast_parts(contrast):
        mean = _MEAN.fullmatch(part)
        names = re.split(r"\s*\+\s*", mean[1].strip()) if mean else [part]
        for name in names:
            if name in fates or name == REST:
                continue
            near = nearest_name(name, fates)
            text += f"; there is no fate '{name}'" + (f", the nearest one is '{near}'" if near else "")
            if "-" in name:
                text += " (the minus of a difference needs a space on either side)"
        if mean and int(mean[2]) != len(names):
            text += f"; a mean of {len(names)} is divided by {len(names)}"
    return text
