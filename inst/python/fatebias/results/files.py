"""The files of a fit as a whole: written all or none, each with its size and digest in the manifest."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..base import ExportError, disk_words, file_digest, regular_bytes, whole_folder
from .manifest import LARGEST, MANIFEST, check_manifest

FIT_FILES = frozenset({  # every name that a fit may write: the export contract
    MANIFEST, "gene_daywise_for_mash.csv", "guide_daywise_for_mash.csv", "gene_daywise_likelihood.csv",
    "guide_daywise_likelihood.csv", "guide_daywise_left_out.csv", "gene_daywise_by_replicate.csv",
    "gene_heterogeneity.csv", "gene_daywise_p.csv", "gene_daywise_cov.csv", "theta_posterior_summary.npz",
    "delta_posterior_summary.npz", "posterior_draws.npz", "qc_delta_mean_by_gene.csv",
    "qc_theta_beta_offset_by_gene.csv", "qc_theta_day_centering.csv", "qc_cells_by_guide.csv",
    "gene_probability_change.csv", "fate_baseline.npz", "effects_all_fates.npz",
})  # fmt: skip

_OF_CONTRAST = re.compile(r"([a-z_]+)\.[A-Za-z0-9._-]+\.csv")  # NAME.LABEL.csv, see `contrasts.named_tables`
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
        with whole_folder(out_dir, MANIFEST, _files_of(out_dir)) as stage:
            write_tables(stage, tables)
            for name, members in arrays.items():
                np.savez_compressed(stage / name, **members)  # type: ignore[arg-type]  # the stub takes options only
            whole = dict(manifest) | {"files": sorted([*names, MANIFEST]), "contents": describe_contents(stage, names)}
            check_manifest(whole, stage / MANIFEST)
            text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)
            (stage / MANIFEST).write_text(text + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: a number in the manifest that JSON cannot hold
        raise ExportError(f"Cannot write the results to {out_dir}: {disk_words(out_dir, error)}") from error
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
    """One CSV file of a fit; raises ExportError where it is not there."""
    path = Path(out_dir) / name
    if not path.is_file():
        raise ExportError(f"{out_dir} has no {name}; it is not the folder of a finished fit.")
    names = dict.fromkeys(("gene", "guide"), as_named)  # by converters: a gene called nan is no missing value
    return pd.read_csv(path, converters=names, keep_default_na=False, na_values=["", "NaN", "nan"])


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


def _files_of(out_dir: Path) -> set[str]:
    """Names of the files that an earlier fit has left in a folder, by its manifest; none where that is damaged.

    Only names that a fit writes are among them: a manifest is not believed about any other file.
    """
    try:
        found = json.loads(regular_bytes(out_dir / MANIFEST, LARGEST))
    except (OSError, ValueError, RecursionError):
        return set()
    listed = found.get("files") if isinstance(found, dict) else None
    names = {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
    return {name for name in names if _is_of_fit(name) and not (out_dir / name).is_dir()}


def _is_of_fit(name: str) -> bool:
    """May a fit write a file of this name: one of the contract, or the table of a further contrast?"""
    of_contrast = _OF_CONTRAST.fullmatch(name)
    return name in FIT_FILES or (of_contrast is not None and f"{of_contrast[1]}.csv" in FIT_FILES)
