"""The screen of the test files in memory, as AnnData and MuData have it, from its numbers."""

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp
from numbers_of_screen import GENES, GUIDES, N_CELLS, read_table


def anndata_of(folder, X):
    cells = read_table(folder / "cells.csv")
    columns = {key: pd.Categorical([cell[key] for cell in cells]) for key in ("day", "replicate")}
    return anndata.AnnData(X, obs=pd.DataFrame(columns, index=[cell["cell"] for cell in cells]))


def umis_and_presence(folder):
    """Two int matrices, cells x guides."""
    cells = [cell["cell"] for cell in read_table(folder / "cells.csv")]
    both = np.zeros((2, len(cells), len(GUIDES)), dtype=np.int32)
    for row in read_table(folder / "guides.csv"):
        both[:, cells.index(row["cell"]), GUIDES.index(row["guide"])] = int(row["umis"]), int(row["present"])
    return both


def add_guides(adata, folder, form=None):
    presence = umis_and_presence(folder)[1].astype(np.int8)
    adata.obsm["guide"] = (form or sp.csr_matrix)(presence)
    adata.uns["guide_names"] = np.array(GUIDES, dtype=object)


def add_layout(adata, layout):
    """The columns and arrays that a version of CellRank left."""
    for key, value in layout["obs"].items():
        is_factor = isinstance(value, dict)
        adata.obs[key] = pd.Categorical.from_codes(value["codes"], value["categories"]) if is_factor else value
    for key, value in layout["obsm"].items():
        adata.obsm[key] = np.asarray(value)
    for key, value in layout["uns"].items():
        adata.uns[key] = np.array(value, dtype=object)


def gene_data(folder, layout):
    adata = anndata_of(folder, sp.csr_matrix(np.eye(N_CELLS, 3, dtype=np.float32)))
    adata.var_names = ["ENSG1", "ENSG2", "ENSG3"]
    add_layout(adata, layout)
    return adata


def guide_data(folder):
    """Guides in an AnnData of their own, as IGVF has them: UMIs in X, presence in a layer, targets in var."""
    umis, presence = umis_and_presence(folder)
    var = pd.DataFrame({"intended_target_name": GENES, "targeting": [gene != "NTC" for gene in GENES]}, index=GUIDES)
    cells = [cell["cell"] for cell in read_table(folder / "cells.csv")]
    return anndata.AnnData(
        sp.csr_matrix(umis),
        obs=pd.DataFrame(index=cells),
        var=var,
        layers={"guide_assignment": sp.csr_matrix(presence.astype("uint8"))},
    )
