"""The files of a fit as a whole: written all or none, each with its size and digest in the manifest."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..base import MANIFEST, ExportError, disk_words, file_digest, is_of_fit, regular_bytes, whole_folder
from .manifest import LARGEST, check_manifest, verify_contents

_NAMES = ("gene", "guide", "replicate", "fate")  # columns of texts: "" where there is none
_LABELS = ("top_guide", "best_day", "onset_day", "active_set")  # of a ranking: missing where there is none
# what a spreadsheet runs as a formula, the signs of East Asian keyboards among them; a sign alone it shows
_FORMULA = re.compile("'*[=+@\\t\\r\\n\uff1d\uff0b\uff0d\uff20-].", re.DOTALL)


def write_files(
    out_dir: Path,
    tables: Mapping[str, pd.DataFrame],
    arrays: Mapping[str, Mapping[str, np.ndarray]],
    manifest: Mapping[str, Any],
) -> dict[str, Any]:
    """Write all files of a fit, the manifest last; returns the manifest with the files' names and contents added.

    A failure before the last byte is written leaves the files of an earlier fit as they were. Raises ExportError.
    """
    names = [*tables, *arrays]
    try:
        with whole_folder(out_dir, MANIFEST, earlier_files(out_dir) or ()) as stage:
            write_tables(stage, tables)
            for name, members in arrays.items():
                np.savez_compressed(stage / name, **members)  # type: ignore[arg-type]  # the stub takes options only
            whole = dict(manifest) | {"files": sorted([*names, MANIFEST]), "contents": describe_contents(stage, names)}
            check_manifest(whole, stage / MANIFEST)
            text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)
            (stage / MANIFEST).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ExportError(f"Cannot write the results to {out_dir}: {disk_words(out_dir, error)}") from error
    except ValueError as error:  # a number that JSON cannot hold
        raise ExportError(
            f"Cannot write the results to {out_dir}: {error}. The fit has a number that is not finite; fit again, and "
            "where that does not help, report it as a fault of fatebias."
        ) from error
    return whole


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables into a folder by the name of their file."""
    for name, table in tables.items():
        guarded(table).to_csv(folder / name, index=False, float_format="%.10g")


def describe_contents(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Size in bytes and sha256 of each file, by name."""
    paths = {name: folder / name for name in sorted(names)}
    return {name: {"bytes": path.stat().st_size, "sha256": file_digest(path)} for name, path in paths.items()}


def read_table(out_dir: str | Path, name: str) -> pd.DataFrame:
    """One CSV file of a fit; raises ExportError where it is not there, or not as the fit wrote it."""
    path = Path(out_dir) / name
    if not path.is_file():
        raise ExportError(f"{out_dir} has no {name}; it is not the folder of a finished fit.")
    verify_contents(out_dir, [name])
    return read_named(path)


def read_named(path: Path) -> pd.DataFrame:
    """A CSV file that fatebias wrote, with names and labels as they were before, see `guarded`."""
    # by converters: a gene called nan is no missing value, a fate or a day called 1 no number
    texts = dict.fromkeys(_NAMES, as_named) | dict.fromkeys(_LABELS, lambda text: as_named(text) or None)
    return pd.read_csv(path, converters=texts, keep_default_na=False, na_values=["", "NaN", "nan"])


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """A table as it is written: no text in it is a formula to a spreadsheet, and `as_named` gives each back.

    A text that begins with = + - @, a tab or an end of line, and has more than that sign, gets an apostrophe in front;
    so does one with apostrophes before such a beginning. Numbers are left alone. R/csv_files.R does the same.
    """
    texts = [name for name in table.columns if table[name].dtype.kind == "O"]
    return table.assign(**{name: table[name].map(_guarded_text) for name in texts})


def as_named(text: str) -> str:
    """A name as it was before it was written, see `guarded`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _guarded_text(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def earlier_files(out_dir: Path) -> set[str] | None:
    """Names of the files that an earlier fit has left in a folder, by its manifest; None where that is damaged.

    Only names that a fit writes are among them: a manifest is not believed about any other file.
    """
    if not os.path.lexists(out_dir / MANIFEST):
        return set()
    try:
        found = json.loads(regular_bytes(out_dir / MANIFEST, LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    listed = found.get("files") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        return None
    names = {name for name in listed if isinstance(name, str)}
    return {name for name in names if is_of_fit(name) and not (out_dir / name).is_dir()}
