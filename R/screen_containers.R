# Guides in objects of Bioconductor and Seurat, as a matrix cells x guides.

#' A column of the cells' table, with the names of the cells where it has some
#' @noRd
column_of <- function(cells, name) {
  column <- cells[[name]]
  if (.row_names_info(cells) > 0) names(column) <- rownames(cells)
  column
}

#' A matrix guides x cells of any class, turned
#' @noRd
cells_by_guides <- function(matrix, call = rlang::caller_env()) {
  values <- sparse_numbers(matrix, call) # apart: S4 would put words of its own before an error
  Matrix::t(values)
}

#' The assay of an altExp that holds the guides
#' @noRd
assay_of <- function(alt, guide_exp, guide_assay, call = rlang::caller_env()) {
  found <- SummarizedExperiment::assayNames(alt)
  n <- length(SummarizedExperiment::assays(alt))
  where <- paste("assay of altExp", guide_exp)
  if (!is.null(guide_assay)) {
    need_named(where, guide_assay, found, call)
  } else if ("counts" %in% found) {
    guide_assay <- "counts"
  } else if (n == 1) {
    guide_assay <- 1L
  } else {
    abort_screen(c(
      "The altExp {.val {guide_exp}} has {n} assays and none called counts: {first_few(found)}.",
      i = "Say which holds the guides by {.arg guide_assay}."
    ), call = call)
  }
  named_like(SummarizedExperiment::assay(alt, guide_assay, withDimnames = FALSE), alt)
}

#' A matrix with the names of the object that it stands in, where it has none of its own
#' @noRd
named_like <- function(matrix, object) {
  names <- Map(`%||%`, dimnames(matrix) %||% list(NULL, NULL), dimnames(object) %||% list(NULL, NULL))
  dimnames(matrix) <- unname(names)
  matrix
}

#' Counts of an assay of Seurat, guides x cells; from version 5 on they may be split into layers
#' @noRd
seurat_counts <- function(assay, name, call = rlang::caller_env()) {
  counts <- if (inherits(assay, "StdAssay")) {
    layers <- seurat_function("Layers")(assay, search = "counts")
    join_layers(lapply(layers, function(layer) seurat_function("LayerData")(assay, layer = layer)))
  } else {
    # by position: the argument is called slot before version 5 and layer since
    SeuratObject::GetAssayData(assay, "counts")
  }
  if (is.null(counts) || any(dim(counts) == 0)) {
    abort_screen("The assay {.val {name}} has no counts, which hold guides x cells.", call = call)
  }
  counts
}

#' A function that only some versions of SeuratObject have
#' @noRd
seurat_function <- function(name) getExportedValue("SeuratObject", name)

#' Layers (guides x some of the cells) beside one another; a guide that a layer lacks is absent from its cells
#' @noRd
join_layers <- function(layers) {
  if (length(layers) < 2) {
    return(if (length(layers) == 1) layers[[1]])
  }
  guides <- unique(unlist(lapply(layers, rownames)))
  entries <- lapply(layers, function(layer) {
    layer <- methods::as(sparse_numbers(layer), "TsparseMatrix")
    list(i = match(rownames(layer), guides)[layer@i + 1L], j = layer@j + 1L, x = layer@x)
  })
  before <- cumsum(c(0L, vapply(layers, ncol, integer(1))))
  column <- function(k) entries[[k]]$j + before[[k]]
  Matrix::sparseMatrix(
    i = unlist(lapply(entries, `[[`, "i")), j = unlist(lapply(seq_along(entries), column)),
    x = unlist(lapply(entries, `[[`, "x")), dims = c(length(guides), before[[length(before)]]),
    dimnames = list(guides, unlist(lapply(layers, colnames)))
  )
}

#' Names of guides as the map has them, where Seurat wrote - for _ and |; what may be two names stays as it is
#' @noRd
names_before_seurat <- function(guides, guide_map) {
  texts <- Filter(function(column) is.character(column) || is.factor(column), as.list(guide_map))
  for (column in lapply(texts, function(column) unique(as.character(column)))) {
    dashed <- gsub("[_|]", "-", column)
    at <- match(guides, dashed)
    lost <- !guides %in% column & !is.na(at) & !guides %in% dashed[duplicated(dashed)]
    if (any(lost)) {
      guides[lost] <- column[at[lost]]
      cli::cli_inform(c(i = paste(
        "Seurat wrote {.val -} for {.val _} in the names of {sum(lost)} guide{?s}; they are called as in the",
        "guide map again."
      )))
      break
    }
  }
  guides
}
