"""Make inst/extdata/cellrank_pbmc68k.h5ad: what CellRank saves, from a data set that scanpy ships.

    python tools/make_cellrank_example.py OUT.h5ad        # in an environment with cellrank and scanpy

Kept is what fatebias reads: obs (with CellRank's terminal states), obsm["lineages_fwd"] as CellRank wrote it, and the
versions in uns. The data have no days and replicates; these are random labels, without effect, for examples.
CellRank 2.0.7 cannot write files with anndata 0.12: use anndata 0.11.
"""

import sys
from importlib import metadata
from pathlib import Path

import anndata
import cellrank
import numpy as np
import scanpy

N_STATES = 3


def fate_probabilities() -> anndata.AnnData:
    """700 blood cells with probabilities of ending in each of three terminal states."""
    adata = scanpy.datasets.pbmc68k_reduced()
    scanpy.pp.neighbors(adata, n_neighbors=15, random_state=0)
    scanpy.tl.diffmap(adata)
    adata.uns["iroot"] = int(np.flatnonzero(adata.obs["bulk_labels"] == "CD34+")[0])
    scanpy.tl.dpt(adata)
    kernel = cellrank.kernels.PseudotimeKernel(adata, time_key="dpt_pseudotime").compute_transition_matrix()
    estimator = cellrank.estimators.GPCCA(kernel)
    estimator.fit(cluster_key="bulk_labels", n_states=N_STATES)
    estimator.predict_terminal_states(method="top_n", n_states=N_STATES)
    estimator.compute_fate_probabilities()
    assert list(estimator.fate_probabilities.names) == list(adata.obs["term_states_fwd"].cat.categories)
    return adata


def main(out: str) -> None:
    whole = Path(f"{out}.whole")
    adata = fate_probabilities()
    rng = np.random.default_rng(1)
    adata.obs["day"] = rng.choice(["d0", "d2", "d4"], adata.n_obs)
    adata.obs["sample"] = rng.choice(["s1", "s2"], adata.n_obs)
    try:
        adata.write_h5ad(whole)  # as CellRank writes it
        saved = anndata.read_h5ad(whole)
    finally:
        whole.unlink(missing_ok=True)
    columns = ["day", "sample", "bulk_labels", "term_states_fwd", "term_states_fwd_probs"]
    versions = {name: metadata.version(name) for name in ("cellrank", "scanpy", "anndata")}
    kept = anndata.AnnData(obs=saved.obs[columns], obsm={"lineages_fwd": saved.obsm["lineages_fwd"]}, uns=versions)
    kept.write_h5ad(out, compression="gzip")


if __name__ == "__main__":
    main(sys.argv[1])
