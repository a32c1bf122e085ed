"""The ranking that R has made of a fit, where it lies in the fit's folder."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..base import ExportError, file_digest
from .files import read_named
from .manifest import fit_id
from .previous import read_listed

RANKING = "hits_ranked.csv"


def rank_line(folder: Path) -> str:
    """The line for a shell by which R ranks the genes of the fit in a folder."""
    name = json.dumps(folder.as_posix(), ensure_ascii=False)
    call = f"library(fatebias); write_hits(rank_hits(run_mash(read_fit({name}))), {name})"
    return f"Rscript -e {shlex.quote(call)}"


def read_ranking(out_dir: str | Path, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """The ranked genes of the fit with this manifest; raises ExportError where there are none, or of another fit."""
    path = Path(out_dir) / RANKING
    entry, line = read_listed(path.parent).get(RANKING), rank_line(path.parent)
    if entry is None or entry["fit_id"] != fit_id(manifest) or not path.is_file():
        raise ExportError(f"{out_dir} has no ranking of this fit. Ranking by mash is done in R:\n{line}")
    if file_digest(path) != entry["sha256"]:
        raise ExportError(f"{path} was changed since R wrote it. Rank the genes again:\n{line}")
    return read_named(path)


def check_ranking(table: pd.DataFrame) -> None:
    """Raise ExportError unless a ranking has genes, each once, and says of each whether it is a hit."""
    lacking = [name for name in ("gene", "hit_anyday") if name not in table]
    if lacking:
        raise ExportError(
            f"The table is no ranking: it lacks {' and '.join(lacking)}. Give the ranked genes, as in {RANKING}."
        )
    twice = table["gene"][table["gene"].duplicated()]
    if len(twice):
        raise ExportError(f"The ranking has the gene {twice.iloc[0]} twice. Keep one row a gene.")
    unsaid = table["gene"][~table["hit_anyday"].isin([True, False])]
    if len(unsaid):
        raise ExportError(f"The ranking does not say whether {unsaid.iloc[0]} is a hit: hit_anyday is true or false.")
