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
