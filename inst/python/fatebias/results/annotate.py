"""Results of a fit put into a copy of a screen's file, for who goes on with scanpy or muon."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..base import ExportError
from ..containers import write_annotated
from .files import read_table
from .manifest import fit_id, read_manifest
from .ranking import check_ranking, read_ranking

KEY = "fatebias"  # entry of uns, and what the columns of var begin with


def annotate_screen(
    screen_path: str | Path,
    out_dir: str | Path,
    out: str | Path,
    hits: pd.DataFrame | None = None,
    about: Mapping[str, str] | None = None,
) -> str:
    """Write a copy of an .h5ad or .h5mu file with the results of a fit, whole or not at all; returns where guides are.

    screen_path: the screen of the fit, or another file of the same cells or guides. out_dir: the folder of the fit.
    out: the copy, never the file itself. hits: the ranked table with a column `gene` and days by their labels, as in
    hits_ranked.csv; None: that file in `out_dir`, as R wrote it. about: further texts for `uns["fatebias"]["fit"]`.

    `uns["fatebias"]` has `hits` (a table, rows by gene), `fit` (id, contrast, reference, days, version) and `settings`
    (a text, JSON). Guides, controls too, get columns of `var` where at least half of them are features of the
    file or of a modality (`fatebias_gene`, `fatebias_is_control`, `fatebias_hit`, and `fatebias_estimate_<day>` and
    `fatebias_se_<day>` in log odds); else they are the table `uns["fatebias"]["guides"]`.
    Raises ScreenError, or ExportError where the fit or its ranking is not as it should be or the copy cannot be made.
    """
    manifest = read_manifest(out_dir)
    table = read_ranking(out_dir, manifest) if hits is None else hits
    check_ranking(table)
    guides = _guides(out_dir, manifest, table)
    unknown = sorted(map(str, set(table["gene"]) - set(guides["gene"])))
    if unknown:
        raise ExportError(f"The ranking has genes that the fit in {out_dir} lacks, first {unknown[0]}. Rank that fit.")
    entries = {
        "hits": _storable(table.set_index("gene")),
        "fit": _identity(manifest) | dict(about or {}),
        "settings": json.dumps(manifest["settings"], ensure_ascii=False),
    }
    return write_annotated(screen_path, out, KEY, entries, _storable(guides), f"{KEY}_")


def _identity(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": fit_id(manifest) or "",
        "contrast": str(manifest["contrast"]),
        "reference": str(manifest["settings"].get("ref_fate") or ""),
        "days": np.asarray(manifest["days"], dtype=object),
        "fatebias_version": str(manifest.get("fatebias_version", "")),
    }


def _guides(out_dir: str | Path, manifest: Mapping[str, Any], hits: pd.DataFrame) -> pd.DataFrame:
    """One row a guide, named by it: its gene ("" of a control), whether that is a hit, its estimates by day."""
    listed, days = manifest.get("files", ()), list(enumerate(manifest["days"]))
    estimates = "guide_daywise_likelihood.csv"
    own = read_table(out_dir, estimates if estimates in listed else "guide_daywise_for_mash.csv").set_index("guide")
    cells = "qc_cells_by_guide.csv"
    known = read_table(out_dir, cells).set_index("guide") if cells in listed else own.assign(is_ntc=False)
    is_hit = hits.set_index("gene")["hit_anyday"].astype(bool)
    gene = known["gene"].fillna("").astype(object)
    columns = {"gene": gene, "is_control": known["is_ntc"].astype(bool), "hit": gene.map(is_hit).eq(True)}
    for number, day in days:
        columns |= {
            f"estimate_{day}": own[f"betahat_d{number}"].reindex(known.index),
            f"se_{day}": own[f"se_d{number}"].reindex(known.index),
        }
    return pd.DataFrame(columns)


def _storable(table: pd.DataFrame) -> pd.DataFrame:
    """A table that every anndata since 0.8 reads: missing texts are "", no name has a slash, which HDF5 cannot have."""
    table = table.rename(columns=lambda name: str(name).replace("/", "_"))
    for name in [name for name in table if table[name].dtype.kind == "O"]:
        found = table[name].dropna()
        if len(found) and found.map(lambda value: isinstance(value, bool)).all():
            table[name] = table[name].astype("boolean")
        else:
            table[name] = table[name].fillna("").astype(str)
    return table
