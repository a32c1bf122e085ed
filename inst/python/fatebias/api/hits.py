"""The ranking that R has made of a fit, where it lies in the fit's folder."""

import json
import shlex
from pathlib import Path
from typing import Any

import pandas as pd

from ..base import ExportError, file_digest
from ..results import fit_id, read_listed, read_named

HITS = "hits_ranked.csv"


def rank_line(folder: Path) -> str:
    """The line for a shell by which R ranks the genes of the fit in a folder."""
    name = json.dumps(folder.as_posix(), ensure_ascii=False)
    call = f"library(fatebias); write_hits(rank_hits(run_mash(read_fit({name}))), {name})"
    return f"Rscript -e {shlex.quote(call)}"


def hits_of(out_dir: Path, manifest: dict[str, Any]) -> pd.DataFrame:
    """The ranked genes of the fit with this manifest; raises ExportError where there are none, or of another fit."""
    entry, path = read_listed(out_dir).get(HITS), out_dir / HITS
    line = rank_line(out_dir)
    if entry is None or entry["fit_id"] != fit_id(manifest) or not path.is_file():
        raise ExportError(f"{out_dir} has no ranking of this fit. Ranking by mash is done in R:\n{line}")
    if file_digest(path) != entry["sha256"]:
        raise ExportError(f"{path} was changed since R wrote it. Rank the genes again:\n{line}")
    return read_named(path)
