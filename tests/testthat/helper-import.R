# The example of an import that the package ships: what CellRank saved, and guides as Cell Ranger writes them.
example_file <- function(name) system.file("extdata", name, package = "fatebias", mustWork = TRUE)

# Its guides as UMI counts, read by Matrix instead of the package: cells x guides
example_umis <- function() {
  lines <- function(name) readLines(file.path(example_file("cellranger_guides"), paste0(name, ".tsv.gz")))
  counts <- Matrix::readMM(gzfile(file.path(example_file("cellranger_guides"), "matrix.mtx.gz")))
  counts <- as.matrix(Matrix::t(counts))
  dimnames(counts) <- list(lines("barcodes"), sub("\t.*", "", lines("features")))
  counts
}

blood <- list(ref_fate = "CD19+ B", contrast_fate = "Dendritic")

# The example's guides as AnnData with UMI counts in X, presence and probabilities as layers. In an .h5mu they
# are the modality "guide", beside cells (CellRank's, with their fate probabilities) as the modality "rna".
write_guides_anndata <- function(path, umis = example_umis(), cells = example_file("cellrank_pbmc68k.h5ad")) {
  reticulate::py_run_string(sprintf(
    "import anndata, h5py, numpy as np, pandas as pd
from anndata.io import read_h5ad, write_elem
umis, path = np.array(%s, dtype='float32'), %s
obs, var = pd.DataFrame(index=%s), pd.DataFrame(index=%s)
layers = {'guide_assignment': (umis >= 5) * 1, 'posterior': umis / (umis + 2)}
guides = anndata.AnnData(umis, obs=obs, var=var, layers=layers)
if path.endswith('.h5ad'):
    guides.write_h5ad(path)
else:
    with h5py.File(path, 'w') as file:
        for name, part in {'rna': read_h5ad(%s), 'guide': guides}.items():
            write_elem(file, 'mod/' + name, part)
        write_elem(file, 'obs', pd.DataFrame(index=obs.index))
        write_elem(file, 'obsm', {})",
    to_json(unname(umis)), to_json(path), to_json(rownames(umis)), to_json(colnames(umis)), to_json(cells)
  ))
  path
}
