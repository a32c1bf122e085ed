# A screen from R objects: checked, written in the standard layout, and read back.

#' Make a screen from R objects
#'
#' Writes a screen file in the standard layout and the guide map beside it, and reads them back, so
#' that everything after this is the same as for a screen that came as a file.
#'
#' @param guides presence of guides, cells x guides: a sparse matrix of the package Matrix or a matrix,
#'   0 or 1 (or logical), with guide names as column names; or a `SingleCellExperiment` or a `Seurat`
#'   object.
#' @param fate_probs matrix, cells x fates, rows sum to 1, with fate names as column names; a cell without
#'   any has NA in its whole row, and is left out (`missing_fates`). For a
#'   `SingleCellExperiment`: the name of the `reducedDim` that holds it. For a `Seurat` object: the names of
#'   the columns of its metadata, one a fate (its reductions do not keep names of columns).
#' @param day,replicate label of each cell, length cells. For a `SingleCellExperiment`: names of
#'   columns of its `colData`, for a `Seurat` object of its metadata.
#' @param guide_map data frame with the columns `guide_name`, `gene_name`, `is_ntc`, one row a guide.
#' @param cell_data data frame with a row a cell: the columns that the settings `covariates` and
#'   `cluster_key` name. For a `SingleCellExperiment` it is the `colData`, for a `Seurat` object the metadata.
#' @param path where to write the screen file; the guide map goes to the same name ending in
#'   `_guide_map.csv`.
#' @param guide_exp name of the `altExp` whose first assay holds guides x cells.
#' @param guide_assay name of the assay whose `counts` hold guides x cells. Seurat writes `-` for `_` in
#'   names of guides; the guide map must do the same.
#' @param min_umi number of UMIs that make a guide present, where the object holds UMI counts; `NULL` where
#'   it holds presence.
#' @param settings [fate_settings()]; the stage Screen is used, but for the names of keys, which are
#'   those of the standard layout.
#' @param ... for the default method settings by name, such as `ref_fate = "EC"`; for others arguments
#'   of the default method.
#' @returns A `fatebias_screen`, see [read_screen()].
#' @seealso [match_cells()] brings parts into the same order of cells; [read_guides_cellranger()],
#'   [read_guides_table()] and [read_fate_table()] read them from files.
#' @section Errors: `fatebias_error_screen` for shapes that do not fit together or names that are
#'   missing, before anything is written, and all of [read_screen()].
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' n <- 400
#' guides <- Matrix::rsparsematrix(n, 6, 0.4, rand.x = function(k) rep(1, k))
#' colnames(guides) <- paste0("g", 1:6)
#' map <- data.frame(
#'   guide_name = colnames(guides), gene_name = c("A", "A", "B", "B", "NTC", "NTC"),
#'   is_ntc = c(0, 0, 0, 0, 1, 1)
#' )
#' probs <- matrix(rexp(3 * n), n, dimnames = list(NULL, c("EC", "MES", "NEU")))
#' fate_screen(guides, probs / rowSums(probs), rep(c("d1", "d2"), n / 2), rep("r1", n), map)
#' @export
fate_screen <- function(guides, ...) {
  UseMethod("fate_screen")
}

#' @rdname fate_screen
#' @export
fate_screen.default <- function(guides, fate_probs, day, replicate, guide_map, cell_data = NULL,
                                path = tempfile(fileext = ".h5ad"), settings = fate_settings(), ...) {
  validate_arg(path, checkmate::check_string, min.chars = 1)
  validate_arg(fate_probs, check_two_dims)
  settings <- update_settings(settings, ...)
  guides <- as_presence(guides)
  fate_probs <- as_probabilities(fate_probs)
  validate_cells(guides, fate_probs, day, replicate)
  covariates <- columns_for(settings, cell_data, nrow(guides))
  map_path <- write_guide_map(guide_map, path)
  py_call(
    "write_screen",
    path = path.expand(path), guide_names = I(colnames(guides)), fates = I(colnames(fate_probs)),
    day = I(as.character(day)), replicate = I(as.character(replicate)), cell_names = rownames(guides),
    covariates = lapply(covariates, I), objects = list(guides = guides, fate_probs = fate_probs)
  )
  read_screen(path, map_path, do.call(update_settings, c(list(settings), standard_keys())))
}

#' @rdname fate_screen
#' @export
fate_screen.SingleCellExperiment <- function(guides, guide_map, day = "day", replicate = "replicate",
                                             guide_exp = "guide", fate_probs = "fateprob",
                                             min_umi = NULL, ...) {
  rlang::check_installed(c("SingleCellExperiment", "SummarizedExperiment"))
  validate_column_names(day, replicate)
  validate_arg(guide_exp, checkmate::check_string)
  validate_arg(fate_probs, checkmate::check_string)
  cells <- SummarizedExperiment::colData(guides)
  need_named("colData", c(day, replicate), colnames(cells))
  need_named("altExp", guide_exp, SingleCellExperiment::altExpNames(guides))
  need_named("reducedDim", fate_probs, SingleCellExperiment::reducedDimNames(guides))
  counts <- SummarizedExperiment::assay(SingleCellExperiment::altExp(guides, guide_exp))
  fate_screen(
    at_least(counts, min_umi),
    fate_probs = SingleCellExperiment::reducedDim(guides, fate_probs), day = cells[[day]],
    replicate = cells[[replicate]], guide_map = guide_map, cell_data = as.data.frame(cells), ...
  )
}

#' @rdname fate_screen
#' @export
fate_screen.Seurat <- function(guides, guide_map, fate_probs, day = "day", replicate = "replicate",
                               guide_assay = "guide", min_umi = NULL, ...) {
  rlang::check_installed("SeuratObject")
  validate_column_names(day, replicate)
  validate_arg(guide_assay, checkmate::check_string)
  validate_arg(fate_probs, checkmate::check_character, any.missing = FALSE, min.len = 2)
  cells <- guides[[]]
  need_named("metadata", c(day, replicate, fate_probs), names(cells))
  need_named("assay", guide_assay, SeuratObject::Assays(guides))
  # by position: the argument is called slot before version 5 and layer since
  counts <- SeuratObject::GetAssayData(guides[[guide_assay]], "counts")
  fate_screen(
    at_least(counts, min_umi),
    fate_probs = as.matrix(cells[fate_probs]), day = cells[[day]], replicate = cells[[replicate]],
    guide_map = guide_map, cell_data = cells, ...
  )
}

validate_column_names <- function(day, replicate, call = rlang::caller_env()) {
  validate_arg(day, checkmate::check_string, call = call)
  validate_arg(replicate, checkmate::check_string, call = call)
}

#' Columns of the cells that settings name, numbers or texts; a named list, empty where they name none
#' @noRd
columns_for <- function(settings, cell_data, n, call = rlang::caller_env()) {
  wanted <- named_columns(settings)
  if (length(wanted) == 0) return(rlang::set_names(list()))
  validate_arg(cell_data, checkmate::check_data_frame, nrows = n, call = call)
  missing <- setdiff(wanted, names(cell_data))
  if (length(missing) > 0) {
    has <- first_few(names(cell_data))
    abort_screen("{.arg cell_data} has no {.field {missing}}; it has: {has}.", call = call)
  }
  lapply(rlang::set_names(wanted), function(name) {
    column <- cell_data[[name]]
    lost <- if (is.numeric(column)) !is.finite(column) else is.na(column)
    if (any(lost)) {
      rows <- first_few(which(lost))
      abort_screen(
        "{.field {name}} of {.arg cell_data} is missing or infinite for {sum(lost)} cell{?s}: row {rows}.",
        call = call
      )
    }
    if (is.numeric(column) || is.logical(column)) column else as.character(column)
  })
}

#' Columns of cells that the settings `covariates` and `cluster_key` name
#' @noRd
named_columns <- function(settings) unique(c(settings$covariates, settings$cluster_key))

#' TRUE for a matrix of any class and a data frame; or what is wrong
#' @noRd
check_two_dims <- function(x) {
  if (length(dim(x)) == 2) TRUE else sprintf("Must be a matrix or a data frame, not a %s", class(x)[[1]])
}

#' Guides x cells of an object as presence, cells x guides
#' @noRd
at_least <- function(counts, min_umi, call = rlang::caller_env()) {
  presence <- Matrix::t(if (is.null(min_umi)) counts else counts >= min_umi)
  if (is.null(min_umi) && any(presence > 1)) {
    umis <- shared_constant("min_umi")
    abort_screen(c(
      "The guides of the object are counts above 1, not presence.",
      i = "Say how many UMIs make a guide present with {.arg min_umi}, such as {.code min_umi = {umis}}."
    ), call = call)
  }
  presence
}

need_named <- function(where, wanted, found, call = rlang::caller_env()) {
  missing <- setdiff(wanted, found)
  if (length(missing) > 0) {
    there <- if (length(found) > 0) first_few(found) else "nothing"
    abort_screen("The object has no {where} {.val {missing}}; there is: {there}.", call = call)
  }
}

#' Keys of the layout that `write_screen` writes
#' @noRd
standard_keys <- function() {
  keys <- c("day_key", "covar_key", "rep_key", "guide_key", "guide_names_key", "fate_prob_key")
  defaults_of(settings_table())[keys]
}

as_presence <- function(guides, call = rlang::caller_env()) {
  if (!(is.matrix(guides) || methods::is(guides, "Matrix"))) {
    abort_screen(
      "{.arg guides} must be a matrix (cells x guides), not a {.cls {class(guides)[[1]]}}.", call = call
    )
  }
  if (is.null(colnames(guides))) {
    abort_screen("{.arg guides} needs guide names as column names.", call = call)
  }
  # two steps, because no class of Matrix converts to this one directly from all others
  methods::as(methods::as(methods::as(guides, "dMatrix"), "generalMatrix"), "CsparseMatrix")
}

as_probabilities <- function(fate_probs, call = rlang::caller_env()) {
  fate_probs <- as.matrix(fate_probs)
  if (!is.numeric(fate_probs)) abort_screen("{.arg fate_probs} must be numeric.", call = call)
  storage.mode(fate_probs) <- "double" # a missing whole number has no NaN
  if (is.null(colnames(fate_probs))) {
    abort_screen("{.arg fate_probs} needs fate names as column names.", call = call)
  }
  fate_probs
}

validate_cells <- function(guides, fate_probs, day, replicate, call = rlang::caller_env()) {
  sizes <- c(
    guides = nrow(guides), fate_probs = nrow(fate_probs), day = length(day), replicate = length(replicate)
  )
  if (length(unique(sizes)) > 1) {
    text <- paste(names(sizes), sizes, collapse = ", ")
    abort_screen("The numbers of cells differ: {text}.", call = call)
  }
  names <- list(rownames(guides), rownames(fate_probs))
  if (!any(vapply(names, is.null, logical(1))) && !identical(names[[1]], names[[2]])) {
    first <- which(names[[1]] != names[[2]])[[1]]
    abort_screen(c(
      "The cell names of {.arg guides} and {.arg fate_probs} differ, first in row {first}.",
      i = "Bring both into the same order of cells."
    ), call = call)
  }
  for (label in list(day = day, replicate = replicate)) {
    if (anyNA(label)) {
      abort_screen(
        "Labels are missing for {sum(is.na(label))} cell{?s} of {.arg day} or {.arg replicate}.",
        call = call
      )
    }
  }
}

write_guide_map <- function(guide_map, path, call = rlang::caller_env()) {
  validate_guide_map(guide_map, call)
  table <- as.data.frame(guide_map)[, shared_constant("guide_map_columns")]
  write_table(table, guide_map_beside(path), call = call)
}

guide_map_beside <- function(path) paste0(tools::file_path_sans_ext(path), "_guide_map.csv")

validate_guide_map <- function(guide_map, call = rlang::caller_env()) {
  if (!is.data.frame(guide_map)) abort_screen("{.arg guide_map} must be a data frame.", call = call)
  found <- check_columns(guide_map, shared_constant("guide_map_columns"))
  if (!found$ok) {
    abort_screen("{.arg guide_map} lacks the column{?s} {.field {found$missing}}.", call = call)
  }
}
