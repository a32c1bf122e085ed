"""Make tests/data/cellrank_keys.h5ad: fate probabilities as CellRank orders their columns when it is given `keys`.

    python tools/make_cellrank_keys.py FILE        # in an environment with cellrank 2.0 and scanpy

One tree with three ends, one column of terminal states, and an entry of obsm for each kind of `keys`, as the plain
array that a file keeps of it. uns has the true names of the columns, "<entry>_names": CellRank does not keep the order
in which keys are given.
"""

import sys
from importlib import metadata

import anndata
import cellrank
import numpy as np
import pandas as pd
import scanpy

STATES, CELLS, LABELLED = ("EC", "MES", "NEU"), 100, 5  # the last: terminal cells a state
KEYS = {"all": None, "ordered": STATES, "joined": ("EC, MES", "NEU"), "some": ("NEU", "EC")}


def grow_tree() -> anndata.AnnData:
    """Cells that leave one root for one of three ends, with their pseudotime and end."""
    rng = np.random.default_rng(3)
    branch, time = rng.integers(0, 3, CELLS), rng.random(CELLS)
    ends = 6 * rng.normal(size=(3, 20))
    values = np.maximum(0, time - 0.3)[:, None] * ends[branch] + time[:, None] * rng.normal(size=20)
    adata = anndata.AnnData((values + rng.normal(0, 0.25, values.shape)).astype(np.float32))
    adata.obs_names = [f"cell{i}" for i in range(CELLS)]
    adata.obs["time"], adata.obs["end"] = time, np.array(STATES)[branch]
    scanpy.pp.pca(adata, n_comps=10)
    scanpy.pp.neighbors(adata, n_neighbors=15)
    return adata


def main(path: str) -> None:
    adata = grow_tree()
    late = adata.obs.sort_values("time", ascending=False)
    terminal = {state: list(late.index[late["end"] == state][:LABELLED]) for state in STATES}
    ahead = cellrank.kernels.PseudotimeKernel(adata, time_key="time").compute_transition_matrix()
    kernel = 0.7 * ahead + 0.3 * cellrank.kernels.ConnectivityKernel(adata).compute_transition_matrix()
    arrays, names = {}, {}
    for entry, keys in KEYS.items():
        estimator = cellrank.estimators.GPCCA(kernel)
        estimator.set_terminal_states(terminal)
        estimator.compute_fate_probabilities(keys=keys, solver="direct", use_petsc=False)
        arrays[entry] = np.asarray(estimator.fate_probabilities.X)
        names[f"{entry}_names"] = np.array(list(estimator.fate_probabilities.names), dtype=object)
    obs = pd.DataFrame({"term_states_fwd": estimator.terminal_states}, index=adata.obs_names)
    uns = {**names, "cellrank": metadata.version("cellrank")}
    anndata.AnnData(obs=obs, obsm=arrays, uns=uns).write_h5ad(path, compression="gzip")


if __name__ == "__main__":
    main(sys.argv[1])
