"""What a version of CellRank leaves in an AnnData: cellrank-VERSION.json, and its own file, cellrank-VERSION.h5ad.

    python run_cellrank.py FOLDER

The fate probabilities that CellRank solves for are known: each cell steps to terminal cells only, by its numbers.
"""

import json
import sys
from pathlib import Path

import cellrank
import numpy as np
import pandas as pd
import scipy.sparse as sp
from numbers_of_screen import FATES, N_TERMINAL, read_table
from parts import add_guides, anndata_of

IS_FIRST = cellrank.__version__ < "2"


def cellrank_classes():
    if IS_FIRST:
        return cellrank.tl.kernels.PrecomputedKernel, cellrank.tl.estimators.GPCCA
    return cellrank.kernels.PrecomputedKernel, cellrank.estimators.GPCCA


def solve_fates(folder):
    """An AnnData with what CellRank adds to it: terminal states are set, fate probabilities solved for."""
    cells = read_table(folder / "cells.csv")
    terminal = {fate: [i for i, cell in enumerate(cells) if cell["terminal"] == fate] for fate in FATES}
    steps = np.zeros((len(cells), len(cells)))
    for i, cell in enumerate(cells):
        for fate, of_fate in terminal.items():
            steps[i, of_fate] = float(cell[fate]) / len(of_fate)
    adata = anndata_of(folder, np.ones((len(cells), 3), dtype=np.float32))
    adata.obs["cluster"] = pd.Categorical([max(FATES, key=lambda fate: float(cell[fate])) for cell in cells])
    kernel, estimator = cellrank_classes()
    made = estimator(kernel(sp.csr_matrix(steps), adata=adata))
    made.compute_schur(n_components=len(FATES), method="brandts")
    made.compute_macrostates(n_states=len(FATES), n_cells=N_TERMINAL, cluster_key="cluster")
    exact = {"solver": "direct", "use_petsc": False, "show_progress_bar": False}
    if IS_FIRST:
        made.compute_terminal_states(method="top_n", n_states=len(FATES), n_cells=N_TERMINAL)
        made.compute_absorption_probabilities(**exact)
    else:
        made.predict_terminal_states(method="top_n", n_states=len(FATES), n_cells=N_TERMINAL)
        made.compute_fate_probabilities(**exact)
    return adata


def as_data(value):
    """A column, array or list as JSON has it."""
    if hasattr(value, "cat"):
        return {"categories": list(value.cat.categories), "codes": value.cat.codes.tolist()}
    value = getattr(value, "X", value)  # a Lineage
    return value.tolist() if hasattr(value, "tolist") else value


def write_cellrank(folder):
    adata = solve_fates(folder)
    new = {
        "obs": {key: as_data(adata.obs[key]) for key in adata.obs if key not in ("day", "replicate")},
        "obsm": {key: as_data(adata.obsm[key]) for key in adata.obsm},
        "uns": {key: as_data(adata.uns[key]) for key in adata.uns if key.endswith(("_colors", "_names"))},
    }
    name = f"cellrank-{cellrank.__version__}"
    (folder / f"{name}.json").write_text(json.dumps(new, indent=0) + "\n")
    add_guides(adata, folder)
    adata.uns.pop("coarse_fwd", None)  # an AnnData, which CellRank 1 leaves and no anndata writes
    adata.write_h5ad(folder / f"{name}.h5ad")


if __name__ == "__main__":
    write_cellrank(Path(sys.argv[1]))
