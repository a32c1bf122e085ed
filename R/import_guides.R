# Guides of cells from files: Cell Ranger's feature-barcode matrices, AnnData and MuData, and long tables.

#' Read guides from Cell Ranger
#'
#' Reads the guides of a feature-barcode matrix (Cell Ranger 3 or later, features of the type "CRISPR Guide
#' Capture"), and prints the number of guides per cell at several UMI thresholds. It skips the expression in
#' the same file.
#'
#' The threshold matters: too low a one finds guides of the ambient soup, too high a one misses guides that
#' are there, and both pull effects towards zero. At the right one the number of guides in a cell changes
#' little from one threshold to the next. Cell Ranger's own calls, one threshold a guide, are in the file
#' `crispr_analysis/protospacer_calls_per_cell.csv`: read it by [read_guides_table()] with `min_umi = 1`.
#'
#' @param path the folder (`filtered_feature_bc_matrix`) or the `.h5` file; or several of them with the names
#'   of their samples, as in `c(d0 = "run1/...", d2 = "run2/...")`.
#' @param min_umi number of UMIs that make a guide present in a cell, by default as in sceptre (Barry et al.
#'   2024, Genome Biology 25, 124); `NULL` for the UMI counts themselves.
#' @param feature_type the type of the features that are guides.
#' @param names `"id"` or `"name"`: the column of the feature reference that names guides as the guide map
#'   does.
#' @param cell_name how cells of several samples are called, with `{barcode}` and `{sample}`. The default
#'   is what `anndata.concat(index_unique = "-")` gives; `"{sample}_{barcode}"` what merging Seurat objects
#'   gives.
#' @returns Sparse matrix (`dgCMatrix`), cells x guides, 1 where a cell carries a guide (or UMI counts), with
#'   names of cells and guides.
#' @section Errors: `fatebias_error_screen` for a file that is missing, truncated or no such matrix, without
#'   features of the type, with names that appear twice, or with no guide above the threshold.
#' @seealso [assemble_screen()] and [fate_screen()] for what comes next.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' folder <- system.file("extdata", "cellranger_guides", package = "fatebias")
#' guides <- read_guides_cellranger(folder)
#' guides[1:3, ]
#' @export
read_guides_cellranger <- function(path, min_umi = 5, feature_type = "CRISPR Guide Capture",
                                   names = c("id", "name"), cell_name = "{barcode}-{sample}") {
  validate_arg(path, checkmate::check_character, min.len = 1, any.missing = FALSE)
  validate_arg(feature_type, checkmate::check_string)
  validate_arg(cell_name, checkmate::check_string)
  validate_min_umi(min_umi)
  names <- validate_choice(names)
  found <- py_call(
    "read_cellranger",
    paths = I(unname(path.expand(path))), samples = as_array(base::names(path)),
    cell_name = cell_name, feature_type = feature_type, names = names
  )
  guides_matrix(found, min_umi)
}

#' Read guides from AnnData or MuData
#'
#' Reads guides from a separate matrix, cells x guides: `X` or a layer of an `.h5ad` or `.zarr`, or
#' of a modality of an `.h5mu`. `obs` names the cells, `var` the guides. If the matrix also holds expression
#' (`scanpy.read_10x_h5(gex_only=False)`), the column `feature_types` of `var` marks the guides.
#'
#' @param path the file, or the folder of a `.zarr` store; or several with the names of their samples, as in
#'   [read_guides_cellranger()].
#' @param layer the layer that holds the guides, such as `"guide_assignment"`; `NULL` for `X`.
#' @param modality of MuData, the modality of the guides.
#' @param min_umi,cell_name as in [read_guides_cellranger()]; a matrix of 0 and 1 is presence, for which
#'   `min_umi` is not used.
#' @param min_probability the posterior probability from which on a guide is present, where the matrix holds
#'   these (`min_umi` is not used then).
#' @param feature_type the type of the features that are guides, where there are several.
#' @returns As [read_guides_cellranger()].
#' @section Errors: `fatebias_error_screen` for a file that is missing or cannot be read, MuData without a
#'   `modality`, a layer that is not there, no feature of the type, names that appear twice, counts that are
#'   no whole numbers, and probabilities without `min_probability`.
#' @seealso [assemble_screen()] and [fate_screen()] for what comes next; [read_screen()] for a file that holds
#'   the fate probabilities as well.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' path <- system.file("extdata", "gene_and_guide.h5mu", package = "fatebias")
#' guides <- read_guides_anndata(path, layer = "guide_assignment", modality = "guide")
#' guides[1:3, 1:4]
#' @export
read_guides_anndata <- function(path, layer = NULL, modality = NULL, min_umi = 5, min_probability = NULL,
                                feature_type = "CRISPR Guide Capture", cell_name = "{barcode}-{sample}") {
  validate_arg(path, checkmate::check_character, min.len = 1, any.missing = FALSE)
  validate_arg(layer, checkmate::check_string, null.ok = TRUE)
  validate_arg(modality, checkmate::check_string, null.ok = TRUE)
  validate_min_umi(min_umi)
  validate_arg(min_probability, checkmate::check_number, lower = 1e-9, upper = 1, null.ok = TRUE)
  validate_arg(feature_type, checkmate::check_string)
  validate_arg(cell_name, checkmate::check_string)
  found <- py_call(
    "read_guides_anndata",
    paths = I(unname(path.expand(path))), samples = as_array(names(path)), cell_name = cell_name,
    layer = layer, modality = modality, min_probability = min_probability, feature_type = feature_type
  )
  guides_matrix(found, if (found$present) 1 else min_umi)
}

#' Read guides from a table
#'
#' Reads a table with one row per cell and guide, with its UMIs; or one row per cell, with lists of its
#' guides and of their UMIs (separated by `|`, `;` or `,`). A row with 0 UMIs whose guide is empty, `None` or
#' `NA` is a cell without guides; cells without a row are not in the result.
#'
#' @param table path of a file with columns separated by commas, semicolons or tabs (also compressed, or in
#'   UTF-16), or a data frame. Cell Ranger's `protospacer_calls_per_cell.csv` is known by its columns.
#' @param min_umi as in [read_guides_cellranger()].
#' @param cell,guide,umi names of its columns; `umi = NULL` where each guide that is named is present,
#'   without a count (`min_umi` is not used then).
#' @param min_probability the posterior probability from which on a guide is present, where `umi` names a
#'   column of these (`min_umi` is not used then).
#' @returns As [read_guides_cellranger()], for the cells of the table.
#' @section Errors: `fatebias_error_screen` for columns that are missing, rows without a cell, a guide or a
#'   count, lists of unequal length, rows that repeat a cell and guide, counts that are no whole numbers, and
#'   probabilities without `min_probability`.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' table <- data.frame(cell = c("AAAC-1", "AAAC-1", "CCCA-1"), guide = c("sg1", "sg2", "sg1"),
#'   umi = c(12, 1, 8))
#' read_guides_table(table)
#' @export
read_guides_table <- function(table, min_umi = 5, cell = "cell", guide = "guide", umi = "umi",
                              min_probability = NULL) {
  validate_min_umi(min_umi)
  validate_arg(min_probability, checkmate::check_number, lower = 0, upper = 1, null.ok = TRUE)
  validate_arg(cell, checkmate::check_string)
  validate_arg(guide, checkmate::check_string)
  validate_arg(umi, checkmate::check_string, null.ok = TRUE)
  if (!is.data.frame(table)) validate_arg(table, check_path)
  if (is.data.frame(table)) {
    plain <- vapply(table, function(column) is.atomic(column) && is.null(dim(column)), logical(1))
    if (!all(plain)) abort_screen("{.arg table} must not have lists: {.field {names(table)[!plain]}}.")
  }
  source <- if (is.data.frame(table)) {
    lapply(as.list(table), function(x) I(if (is.factor(x)) as.character(x) else x))
  } else {
    path.expand(table)
  }
  found <- py_call(
    "read_guide_table",
    table = source, cell = cell, guide = guide, umi = umi, min_probability = min_probability
  )
  guides_matrix(found, if (found$present) 1 else min_umi)
}

#' What Python found as a matrix, after a word on thresholds
#' @noRd
guides_matrix <- function(found, min_umi, call = rlang::caller_env()) {
  cli::cli_inform(threshold_lines(found, min_umi))
  umi <- as.numeric(found$umi)
  keep <- if (is.null(min_umi)) umi > 0 else umi >= min_umi
  if (!any(keep)) abort_screen("No cell has {min_umi} UMIs or more of any guide.", call = call)
  Matrix::sparseMatrix(
    i = found$cell[keep] + 1L, j = found$guide[keep] + 1L,
    x = if (is.null(min_umi)) umi[keep] else rep(1, sum(keep)),
    dims = c(length(found$cells), length(found$guides)),
    dimnames = list(names_from_json(found$cells), names_from_json(found$guides))
  )
}

threshold_lines <- function(found, min_umi) {
  n <- length(found$cells)
  if (isTRUE(found$present)) {
    burden <- length(found$cell) / n
    n_guides <- count(length(found$guides))
    return(c(i = sprintf("%s cells, %s guides; %.2f guides a cell", count(n), n_guides, burden)))
  }
  lines <- vapply(found$thresholds, function(row) {
    sprintf(
      "UMIs >= %g: %.2f guides a cell, %s of %s cells without (%.0f %%)", row$min_umi,
      row$guides_per_cell_mean, count(row$cells_without_guide), count(n), 100 * row$cells_without_guide / n
    )
  }, character(1))
  used <- vapply(found$thresholds, function(row) row$min_umi == (min_umi %||% 0), logical(1))
  c(
    i = sprintf(
      "%s cells, %s guides; %s", count(n), count(length(found$guides)),
      if (is.null(min_umi)) "UMI counts" else sprintf("a guide is present where UMIs >= %g", min_umi)
    ),
    rlang::set_names(lines, ifelse(used, ">", " "))
  )
}
