"""A small screen as AnnData and its guide map as a table, to break on purpose, and the preflight of what came out."""

from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen
from fatebias.screens.reader import read_screen

CELLS = 240
GUIDES = [f"GENE{k}_sg{j}" for k in range(1, 9) for j in (1, 2)] + ["NTC_sg1", "NTC_sg2"]


def guide_map() -> pd.DataFrame:
    genes = [name.split("_")[0] for name in GUIDES]
    return pd.DataFrame({"guide_name": GUIDES, "gene_name": genes, "is_ntc": [int(gene == "NTC") for gene in genes]})


def screen(**changes) -> anndata.AnnData:
    """A good screen; changes: obs, obsm and uns entries that replace or (None) remove those."""
    rng = np.random.default_rng(1)
    index = pd.Index([f"cell{i}" for i in range(CELLS)])
    probs = pd.DataFrame(rng.dirichlet(np.ones(3), CELLS), columns=["EC", "MES", "NEU"], index=index)
    guides = np.zeros((CELLS, len(GUIDES)), dtype=np.int8)
    for cell in range(CELLS):
        guides[cell, rng.choice(len(GUIDES), 3, replace=False)] = 1
    parts = {
        "obs": {"day": [f"d{i % 3}" for i in range(CELLS)], "n_counts": rng.poisson(5000, CELLS)},
        "obsm": {
            "covar": pd.DataFrame({"rep": [f"r{i % 2}" for i in range(CELLS)]}, index=index),
            "guide": sp.csr_matrix(guides),
            "fateprob": probs,
            "X_pca": rng.normal(size=(CELLS, 20)),
        },
        "uns": {"guide_names": np.array(GUIDES, dtype=object)},
    }
    for table, entries in changes.items():
        parts[table] = {key: value for key, value in (parts[table] | entries).items() if value is not None}
    return anndata.AnnData(X=sp.csr_matrix((CELLS, 2)), obs=pd.DataFrame(parts.pop("obs"), index=index), **parts)


@dataclass(frozen=True)
class Preflight:
    """What check_screen said, and whether read_screen accepts the files as they are and as was suggested."""

    rows: list[dict]
    settings: dict
    ok: bool
    memory_gb: dict | None
    reads: bool
    reads_as_suggested: bool

    @property
    def problems(self) -> dict[str, str]:
        """Found and fix of all problems, by item."""
        out = {}
        for row in self.rows:
            if row["status"] == "problem":
                out[row["item"]] = out.get(row["item"], "") + f"{row['found']} -> {row['fix']}\n"
        return out

    def row(self, item: str) -> dict:
        return next(row for row in self.rows if row["item"] == item)


def preflight(folder: Path, adata: anndata.AnnData, table: pd.DataFrame | None = None, **settings) -> Preflight:
    """Write both files, look at them, and hold the finding against the real reader."""
    path, map_path = folder / "screen.h5ad", folder / "map.csv"
    adata.write_h5ad(path)
    (guide_map() if table is None else table).to_csv(map_path, index=False)
    found = check_screen(path, Settings.from_mapping(settings), map_path)
    out = Preflight(
        **found,
        reads=reads(path, map_path, settings),
        reads_as_suggested=reads(path, map_path, settings | found["settings"]),
    )
    assert out.ok == out.reads, out.rows  # whatever is broken: nothing is ok here that is refused there
    return out


def reads(path: Path, map_path: Path, settings: dict) -> bool:
    try:
        read_screen(path, map_path, Settings.from_mapping(settings))
    except ScreenError:
        return False
    return True
