"""Five label sets from one AnnData: fate probabilities of the same cells and fates, computed in five defensible ways.

    python label_sets.py cells.h5ad sets.h5ad [--states 3] [--terminal COLUMN] [--pseudotime COLUMN] [--rep X_pca]

needs cellrank 2 and scanpy, and palantir for `--palantir`; tried with cellrank 2.0.7, scanpy 1.11.5, anndata 0.12. It
writes the obs of cells.h5ad and one table a set into obsm, columns named by fate, each cell's row summing to 1:

    k30          pseudotime kernel on a graph of 30 neighbours
    k15, k60     other numbers of neighbours
    mixed        .8 pseudotime kernel and .2 connectivity kernel
    half         half of the dimensions of the representation
    palantir     with --palantir: Palantir's own graph, pseudotime and random walks, beside CellRank

All sets have the same terminal cells: those of the column `--terminal` (a state a cell, empty elsewhere), else those
that CellRank finds for the first set. Without `--pseudotime` it is diffusion pseudotime from the cell `--root`, by
default the cell that lies farthest out on the first diffusion component. The last lines say by how much the sets
differ. In fatebias: fate_prob_key: [k30, k15, k60, mixed, half].
"""

import argparse
from collections.abc import Iterator

import anndata
import cellrank
import numpy as np
import pandas as pd
import scanpy
from scipy import sparse

SETS = {  # neighbours, weight of the pseudotime kernel, share of the dimensions
    "k30": (30, 1.0, 1.0),
    "k15": (15, 1.0, 1.0),
    "k60": (60, 1.0, 1.0),
    "mixed": (30, 0.8, 1.0),
    "half": (30, 1.0, 0.5),
}
TERMINAL_CELLS = 30  # of each state, where CellRank finds them
SEED = 0


def without_expression(adata: anndata.AnnData, rep: str) -> anndata.AnnData:
    """A copy of obs and a representation; X is empty, since CellRank wants one."""
    empty = sparse.csr_matrix((adata.n_obs, 1), dtype=np.float32)
    return anndata.AnnData(empty, obs=adata.obs.copy(), obsm={rep: np.asarray(adata.obsm[rep], dtype=np.float64)})


def with_graph(adata: anndata.AnnData, rep: str, neighbours: int, share: float) -> anndata.AnnData:
    """A copy with a graph of neighbours on a share of the dimensions of a representation."""
    made = without_expression(adata, rep)
    width = max(2, round(share * made.obsm[rep].shape[1]))
    scanpy.pp.neighbors(made, n_neighbors=neighbours, n_pcs=width, use_rep=rep, random_state=SEED)
    return made


def pseudotime(adata: anndata.AnnData, rep: str, root: str | None) -> np.ndarray:
    """Diffusion pseudotime from a root cell."""
    made = with_graph(adata, rep, *SETS["k30"][::2])
    scanpy.tl.diffmap(made, random_state=SEED)
    first = made.obsm["X_diffmap"][:, 1]
    far = int(np.argmax(np.abs(first - np.median(first))))
    made.uns["iroot"] = made.obs_names.get_loc(root) if root else far
    scanpy.tl.dpt(made)
    return made.obs["dpt_pseudotime"].to_numpy()


def estimator_of(adata: anndata.AnnData, rep: str, time: np.ndarray, name: str) -> cellrank.estimators.GPCCA:
    """CellRank's estimator on the transition matrix of one set."""
    neighbours, weight, share = SETS[name]
    made = with_graph(adata, rep, neighbours, share)
    made.obs["time_of_kernel"] = time
    kernel = cellrank.kernels.PseudotimeKernel(made, time_key="time_of_kernel").compute_transition_matrix()
    if weight < 1:
        kernel = weight * kernel + (1 - weight) * cellrank.kernels.ConnectivityKernel(made).compute_transition_matrix()
    return cellrank.estimators.GPCCA(kernel)


def terminal_states(adata: anndata.AnnData, rep: str, time: np.ndarray, states: int, clusters: str | None) -> pd.Series:
    """Terminal cells that CellRank finds for the first set."""
    estimator = estimator_of(adata, rep, time, "k30")
    estimator.compute_schur(n_components=max(states, 2))
    estimator.compute_macrostates(n_states=states, cluster_key=clusters, n_cells=TERMINAL_CELLS)
    estimator.predict_terminal_states(method="top_n", n_states=states, n_cells=TERMINAL_CELLS)
    return estimator.terminal_states


def by_cellrank(
    adata: anndata.AnnData, rep: str, time: np.ndarray, terminal: pd.Series
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each set's name and probabilities [cells, fates]."""
    for name in SETS:
        estimator = estimator_of(adata, rep, time, name)
        estimator.set_terminal_states(terminal)
        estimator.compute_fate_probabilities()
        lineages = estimator.fate_probabilities
        yield name, pd.DataFrame(lineages.X, index=adata.obs_names, columns=list(lineages.names))


def by_palantir(adata: anndata.AnnData, rep: str, time: np.ndarray, terminal: pd.Series) -> pd.DataFrame:
    """Probabilities by Palantir, from the earliest cell to the latest one of each state."""
    import palantir

    made = without_expression(adata, rep)
    made.obsm["X_pca"] = made.obsm[rep]
    palantir.utils.run_diffusion_maps(made)
    palantir.utils.determine_multiscale_space(made)
    time_of = pd.Series(time, index=adata.obs_names)
    ends = {time_of[terminal == state].idxmax(): state for state in terminal.cat.categories}
    palantir.core.run_palantir(made, time_of.idxmin(), terminal_states=pd.Series(ends), seed=SEED)
    found = made.obsm["palantir_fate_probabilities"]
    return found.div(found.sum(axis=1), axis=0)


def describe(sets: dict[str, pd.DataFrame]) -> None:
    """Print by how much each set differs from the first, and from all on average."""
    first, *_ = sets.values()
    mean = sum(table[first.columns] for table in sets.values()) / len(sets)
    for name, table in sets.items():
        table = table[first.columns]
        apart = (table - mean).abs().to_numpy().mean()
        alike = np.mean([np.corrcoef(table[fate], first[fate])[0, 1] for fate in first.columns])
        print(f"{name:>9}: mean |difference to the mean of the sets| {apart:.3f}, correlation with k30 {alike:.3f}")


def main(arguments: argparse.Namespace) -> None:
    adata = anndata.read_h5ad(arguments.cells)
    rep, column = arguments.rep, arguments.pseudotime
    time = adata.obs[column].to_numpy(dtype=float) if column else pseudotime(adata, rep, arguments.root)
    if arguments.terminal:
        terminal = adata.obs[arguments.terminal].replace("", None).astype("category").cat.remove_unused_categories()
    else:
        terminal = terminal_states(adata, rep, time, arguments.states, arguments.clusters)
    sets = dict(by_cellrank(adata, rep, time, terminal))
    if arguments.palantir:
        sets["palantir"] = by_palantir(adata, rep, time, terminal)
    describe(sets)
    anndata.AnnData(obs=adata.obs, obsm=sets).write_h5ad(arguments.out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", help="AnnData (.h5ad) with a representation in obsm")
    parser.add_argument("out", help="AnnData that is written")
    parser.add_argument("--rep", default="X_pca", help="representation that neighbours are of")
    parser.add_argument("--pseudotime", help="column of obs; without it diffusion pseudotime from the root")
    parser.add_argument("--root", help="name of the root cell, without --pseudotime")
    parser.add_argument("--terminal", help="column of obs with the terminal state of terminal cells")
    parser.add_argument("--states", type=int, default=3, help="terminal states to find, without --terminal")
    parser.add_argument("--clusters", help="column of obs by which states that are found are named")
    parser.add_argument("--palantir", action="store_true", help="a sixth set by Palantir")
    main(parser.parse_args())
