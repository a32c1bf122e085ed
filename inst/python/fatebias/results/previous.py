"""What R has made of a fit (mash, hits, contrasts, the report) when another fit takes its place in the folder.

`made_from.json` lists these files: of which fit each is (`manifest.fit_id`), its size and its sha256. R writes it
(R/fit_identity.R). Those of another fit than the one that was written now go to `previous/`, so that no report lies
beside tables that it is not of. What `previous/` held before goes, but for files that somebody has edited. The manifest
of the fit goes with them, so that a comparison of the two runs can say which settings and data differ.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base import (
    LATER_FILES,
    MADE_FROM,
    MANIFEST,
    PREVIOUS,
    file_digest,
    is_of_later,
    regular_bytes,
    whole_file,
)
from .manifest import LARGEST as LARGEST_MANIFEST
from .manifest import fit_id

LARGEST = 1 << 20  # bytes of a list
_ID, _DIGEST = re.compile("[0-9a-f]{16}"), re.compile("[0-9a-f]{64}")
Listed = dict[str, dict[str, Any]]


def read_manifest_bytes(out_dir: Path) -> bytes | None:
    """The manifest that a folder has, as it stands; None where it has none that can be read."""
    try:
        return bytes(regular_bytes(out_dir / MANIFEST, LARGEST_MANIFEST))
    except OSError:
        return None


def move_previous(out_dir: Path, identity: str, manifest: bytes | None = None) -> list[str]:
    """Move the listed files of other fits to `previous/`; returns their names.

    manifest: that of the fit before, which is written beside them where they are of this fit. No manifest of another
    fit stays there: one that somebody has put there gets another name.

    Raises OSError where that cannot be done. Whatever the moment of a kill, a file is in one of the two places, no
    file lies beside the manifest of another fit, and the next call moves what is left.
    """
    listed = read_listed(out_dir)
    moved = {name: entry for name, entry in listed.items() if entry["fit_id"] != identity}
    there = sorted(name for name in moved if os.path.lexists(out_dir / name) and not (out_dir / name).is_dir())
    if there:
        _move(out_dir, there, {name: moved[name] for name in there}, manifest)
    if moved:
        _write_listed(out_dir, {name: entry for name, entry in listed.items() if name not in moved})
    return there


def unlisted(out_dir: Path) -> list[str]:
    """Names of files that R may have made of a fit, but that are not listed: nobody knows of which."""
    listed = read_listed(out_dir)
    return sorted(name for name in LATER_FILES if name not in listed and (out_dir / name).is_file())


def read_listed(folder: Path) -> Listed:
    """The list in a folder, by name; none where there is no list, or a damaged one.

    Only names that fatebias writes are among them: a list is not believed about any other file.
    """
    try:
        found = json.loads(regular_bytes(folder / MADE_FROM, LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {name: entry for name, entry in entries if is_of_later(name) and _is_entry(entry)}


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("bytes"), int):
        return False
    forms = (("fit_id", _ID), ("sha256", _DIGEST))
    return all(isinstance(entry.get(name), str) and form.fullmatch(entry[name]) for name, form in forms)


def _identity(manifest: bytes) -> str | None:
    """The identity of the fit that a manifest is of; None where it does not say."""
    try:
        found = json.loads(manifest)
        return fit_id(found) if isinstance(found, dict) else None
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def _move(out_dir: Path, names: list[str], entries: Listed, manifest: bytes | None) -> None:
    previous = out_dir / PREVIOUS
    if previous.is_symlink():
        raise OSError(f"{previous} is a link")
    previous.mkdir(exist_ok=True)
    before = read_listed(previous)
    identities = _fits_of(entries)
    _clear_manifest(previous / MANIFEST, identities, _fits_of(before))
    for name, entry in before.items():
        # of the same fits: a kill may have ended this after the first of several files
        if entry["fit_id"] not in identities and _is_unchanged(previous / name, entry):
            (previous / name).unlink()
    if manifest is not None and _identity(manifest) in identities:
        with whole_file(previous / MANIFEST) as part:
            part.write_bytes(manifest)
    kept = {name: entry for name, entry in before.items() if _is_unchanged(previous / name, entry)}
    for name in names:
        if os.path.lexists(previous / name) and name not in kept:  # edited, or not of fatebias
            os.replace(previous / name, _free_place(previous / name))
    _write_listed(previous, kept | entries)
    for name in names:
        os.replace(out_dir / name, previous / name)


def _fits_of(listed: Listed) -> set[str]:
    return {entry["fit_id"] for entry in listed.values()}


def _clear_manifest(path: Path, identities: set[str], before: set[str]) -> None:
    """Remove a manifest of none of these fits; one of none of the fits `before` either is somebody's: it is renamed."""
    if os.path.lexists(path):
        there = read_manifest_bytes(path.parent)
        identity = None if there is None or path.is_symlink() else _identity(there)
        if identity is not None and identity in before - identities:
            path.unlink()
        elif identity is None or identity not in identities:
            os.replace(path, _free_place(path))


def _free_place(path: Path) -> Path:
    """A name beside it that nothing has: report.1.html."""
    number = 1
    while os.path.lexists(place := path.with_name(f"{path.stem}.{number}{path.suffix}")):
        number += 1
    return place


def _is_unchanged(path: Path, entry: Mapping[str, Any]) -> bool:
    """Is it the file that fatebias has written?"""
    same = not path.is_symlink() and path.is_file() and path.stat().st_size == entry["bytes"]
    return same and file_digest(path) == entry["sha256"]


def _write_listed(folder: Path, listed: Listed) -> None:
    if listed:
        with whole_file(folder / MADE_FROM) as part:
            part.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    else:
        (folder / MADE_FROM).unlink(missing_ok=True)
