"""Make the example of an import in inst/extdata: what CellRank saves, from a data set that scanpy ships, and guides.

    python tools/make_cellrank_example.py FOLDER        # in an environment with cellrank and scanpy

cellrank_pbmc68k.h5ad keeps what fatebias reads: obs (with CellRank's terminal states), obsm["lineages_fwd"] as CellRank
wrote it, and the versions in uns. The data have no days, replicates and guides. Those are made up, without any effect:
cellranger_guides/ is a folder in the form of Cell Ranger, cellranger_guide_map.csv its guide map.
CellRank 2.0.7 cannot write files with anndata 0.12: use anndata 0.11.
"""

import gzip
import sys
from importlib import metadata
from pathlib import Path

import anndata
import cellrank
import numpy as np
import scanpy

N_STATES = 3
GENES = {"CEBPA": 3, "PAX5": 3, "SPI1": 3, "IRF8": 1, "NTC": 2}  # guides a gene
MEAN_GUIDES, MEAN_UMI, AMBIENT_UMI = 2.5, 25.0, 0.08  # in a cell, of a guide that is there, of one that is not


def fate_probabilities() -> anndata.AnnData:
    """700 blood cells with probabilities of ending in each of three terminal states."""
    adata = scanpy.datasets.pbmc68k_reduced()
    scanpy.pp.neighbors(adata, n_neighbors=15, random_state=0)
    scanpy.tl.diffmap(adata)
    adata.uns["iroot"] = int(np.flatnonzero(adata.obs["bulk_labels"] == "CD34+")[0])
    scanpy.tl.dpt(adata)
    kernel = cellrank.kernels.PseudotimeKernel(adata, time_key="dpt_pseudotime").compute_transition_matrix()
    estimator = cellrank.estimators.GPCCA(kernel)
    estimator.compute_schur(n_components=N_STATES)
    estimator.compute_macrostates(n_states=N_STATES, cluster_key="bulk_labels")
    estimator.predict_terminal_states(method="top_n", n_states=N_STATES)
    estimator.compute_fate_probabilities()
    assert list(estimator.fate_probabilities.names) == list(adata.obs["term_states_fwd"].cat.categories)
    return adata


def write_cells(adata: anndata.AnnData, out: Path) -> None:
    whole = Path(f"{out}.whole")
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


def write_guides(cells: list[str], folder: Path, guide_map: Path) -> None:
    """Guides in 90 % of the cells, in another order, and in 30 cells that were filtered out since."""
    rng = np.random.default_rng(2)
    genes = [gene for gene, n in GENES.items() for _ in range(n)]
    guides = [f"{gene}_{genes[:j].count(gene) + 1}" for j, gene in enumerate(genes)]
    lost = [f"{''.join(rng.choice(list('ACGT'), 14))}-1" for _ in range(30)]
    names = [*rng.permutation(cells)[: round(0.9 * len(cells))], *lost]
    present = rng.random((len(names), len(guides))) < MEAN_GUIDES / len(guides)
    umis = rng.poisson(np.where(present, rng.gamma(2, MEAN_UMI / 2, present.shape), AMBIENT_UMI))
    entries = [f"{j + 1} {i + 1} {umis[i, j]}" for i, j in zip(*np.nonzero(umis))]
    size = f"{len(guides)} {len(names)} {len(entries)}"
    contents = {
        "features.tsv": [f"{guide}\t{guide}\tCRISPR Guide Capture" for guide in guides],
        "barcodes.tsv": names,
        "matrix.mtx": ["%%MatrixMarket matrix coordinate integer general", size, *entries],
    }
    folder.mkdir(exist_ok=True)
    for name, lines in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
    rows = [f"{guide},{gene},{int(gene == 'NTC')}" for guide, gene in zip(guides, genes)]
    guide_map.write_text("\n".join(["guide_name,gene_name,is_ntc", *rows]) + "\n")


def main(folder: str) -> None:
    out = Path(folder)
    adata = fate_probabilities()
    write_cells(adata, out / "cellrank_pbmc68k.h5ad")
    write_guides(list(adata.obs_names), out / "cellranger_guides", out / "cellranger_guide_map.csv")


if __name__ == "__main__":
    main(sys.argv[1])
