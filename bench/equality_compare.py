"""Two runs of equality.py side by side: which files differ, in which of their parts, and by how much."""

import fnmatch
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from equality_files import read_parts


def compare(one: Path, other: Path, allowed: Path | None) -> int:
    """Print every difference between two runs; returns the number of those that are not allowed.

    allowed: file with a pattern a line, `FILE:PART` with * and ?; # begins a comment.
    """
    patterns = _patterns(allowed)
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in (one, other)]
    folders = [path.parent / run["folder"] for path, run in zip((one, other), runs)]
    files = [run["sha256"] for run in runs]
    bad, used, by_kind = 0, set(), Counter()
    for name, what in _differences(*files, *folders):
        matched = [pattern for pattern in patterns if fnmatch.fnmatchcase(name, pattern)]
        used.update(matched)
        bad += not matched
        verdict = "allowed" if matched else "DIFFERS"
        by_kind[f"{verdict} */{name.rpartition('/')[2]}"] += 1
        print(f"{verdict} {name}  {what}")
    for pattern in patterns:
        if pattern not in used:
            print(f"unused pattern: {pattern}")
    print("In how many files:", *(f"{n:5} {kind}" for kind, n in sorted(by_kind.items())), sep="\n")
    equal = sum(files[0][name] == files[1].get(name) for name in files[0])
    print(f"{len(files[0])} and {len(files[1])} files, {equal} equal; {bad} differences that are not allowed")
    return bad


def _patterns(allowed: Path | None) -> list[str]:
    lines = allowed.read_text(encoding="utf-8").splitlines() if allowed else []
    return [text for text in (line.partition("#")[0].strip() for line in lines) if text]


def _differences(one: dict, other: dict, folder: Path, other_folder: Path) -> Iterator[tuple[str, str]]:
    """Pairs of `FILE:PART` and what differs there."""
    for name in sorted({*one, *other}):
        if name not in one or name not in other:
            yield f"{name}:", f"only in {'A' if name in one else 'B'}"
        elif one[name] != other[name]:
            paths = folder / name, other_folder / name
            if not all(path.is_file() for path in paths):
                yield f"{name}:", "other sha256; the files are not there to be compared"
                continue
            found = list(differing_parts(*map(read_parts, paths)))
            for part, what in found or [("", "the same values, written in another way")]:
                yield f"{name}:{part}", what


def differing_parts(one: dict[str, Any], other: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of part and what differs in it."""
    for part in [*one, *(part for part in other if part not in one)]:
        if part not in one or part not in other:
            yield part, f"only in {'A' if part in one else 'B'}"
            continue
        what = _difference(one[part], other[part])
        if what:
            yield part, what
    if list(one) != list(other) and sorted(one) == sorted(other):
        yield "", "another order of parts"


def _difference(a: Any, b: Any) -> str | None:
    """What differs between two parts; None where nothing does."""
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        same = type(a) is type(b) and a == b
        return None if same else f"{_short(a)} / {_short(b)}"
    if a.shape != b.shape:
        return f"shape {a.shape} / {b.shape}"
    kind = "" if a.dtype == b.dtype else f"type {a.dtype} / {b.dtype}; "
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        n = int((a.astype(str) != b.astype(str)).sum())
        return f"{kind}{n} of {a.size} texts" if n or kind else None
    a, b = a.astype(float), b.astype(float)
    other = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if not other.any():
        return f"{kind}equal values" if kind else None
    a, b, n = a[other], b[other], a.size
    absolute = np.nan_to_num(np.abs(a - b), nan=np.inf).max()
    return f"{kind}largest relative difference {_relative(a, b):.3g}, absolute {absolute:.3g}, {len(a)} of {n} numbers"


def _relative(a: np.ndarray, b: np.ndarray) -> float:
    """The largest |a - b| / max(|a|, |b|); infinite where only one is a number."""
    size = np.maximum(np.abs(a), np.abs(b))
    return float(np.nan_to_num(np.abs(a - b) / size, nan=np.inf, posinf=np.inf).max())


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 60 else f"{text[:57]}..."
