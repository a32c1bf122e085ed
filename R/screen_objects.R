# A screen from R objects: checked, written in the standard layout, and read back.

#' Make a screen from R objects
#'
#' Writes a screen file in the standard layout and the guide map beside it, and reads them back. All later
#' steps are then the same as for a screen from a file.
#'
#' Cells are joined by name: where two parts have names of cells (row names, or the names of `day` and
#' `replicate`), they must be the same cells, in whatever order. A part without names stands in the order of
#' the cells; row names that R made by itself (1, 2, ..) are none.
#'
#' @param guides presence of guides, cells x guides: a sparse matrix of the package Matrix, a matrix or a
#'   data frame, 0 or 1 (or logical) and nothing else, with guide names as column names; UMI counts with
#'   `min_umi`, probabilities with `min_probability`. Or a `SingleCellExperiment` or a `Seurat` object.
#' @param fate_probs matrix, cells x fates, rows sum to 1, with fate names as column names; a cell without
#'   any has NA in its whole row, and is left out (`missing_fates`). Or a named list of several such matrices,
#'   label sets of the same cells and fates that were computed in different ways (see
#'   `vignette("label-sets")`). For a
#'   `SingleCellExperiment`: the name of the `reducedDim` that holds it, or of
#'   several. For a `Seurat` object: the names of
#'   the columns of its metadata, one a fate (its reductions do not keep names of columns).
#' @param day,replicate label of each cell, length cells. Days that are an ordered factor, numbers, dates or
#'   times have that order, if `day_levels` gives none; others are sorted by their labels. For a
#'   `SingleCellExperiment`: names of columns of its `colData`, for a `Seurat` object of its metadata.
#' @param guide_map data frame with the columns `guide_name`, `gene_name`, `is_ntc`, one row a guide, or in
#'   another layout that [read_screen()] knows or settings name.
#' @param cell_data data frame with a row a cell: the columns that the settings `covariates` and
#'   `cluster_key` name. For a `SingleCellExperiment` it is the `colData`, for a `Seurat` object the metadata.
#' @param path where to write the screen file; the guide map goes to the same name ending in
#'   `_guide_map.csv`.
#' @param guide_exp name of the `altExp` that holds guides x cells.
#' @param guide_assay for a `SingleCellExperiment` the name of an assay of that `altExp`; default: `counts`,
#'   or its only assay. For a `Seurat` object the name of the assay whose `counts` hold guides x cells (layers
#'   that were split are joined). Seurat writes `-` for `_` in names of guides: where the guide map tells
#'   which they are, they get their names back.
#' @param min_umi number of UMIs that make a guide present, where `guides` are UMI counts (whole numbers);
#'   `NULL` where they are presence.
#' @param min_probability probability from which a guide is present, above 0, where `guides` hold
#'   probabilities.
#' @param settings [fate_settings()]; the stage Screen is used, but for the names of keys, which are
#'   those of the standard layout.
#' @param ... for the default method settings by name, such as `ref_fate = "EC"`; for others arguments
#'   of the default method.
#' @returns A `fatebias_screen`, see [read_screen()].
#' @seealso [match_cells()] brings parts into the same order of cells; [read_guides_cellranger()],
#'   [read_guides_anndata()], [read_guides_table()] and [read_fate_table()] read them from files.
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
                                path = tempfile(fileext = ".h5ad"), settings = fate_settings(),
                                min_umi = NULL, min_probability = NULL, ...) {
  validate_arg(path, check_file_name)
  validate_arg(fate_probs, check_label_sets)
  settings <- update_settings(settings, ...)
  presence <- as_presence(
    guides, min_umi %||% settings$min_umi, min_probability %||% settings$min_probability
  )
  several <- if (are_label_sets(fate_probs)) names(fate_probs)
  settings <- standard_settings(settings)
  if (!is.null(several)) settings <- update_settings(settings, fate_prob_key = several)
  probs <- as_label_sets(fate_probs)
  days <- labels_of(day, "day")
  replicates <- labels_of(replicate, "replicate")
  do.call(validate_sizes, c(
    list(guides = presence), probs, list(day = days$labels, replicate = replicates$labels)
  ))
  columns <- columns_for(settings, cell_data, nrow(presence))
  validate_guide_map(guide_map)
  given <- rlang::set_names(if (is.null(several)) list(fate_probs) else fate_probs, names(probs))
  join <- rows_by_name(c(list(guides = guides), given, list(
    cell_data = if (length(columns) > 0) cell_data, day = day, replicate = replicate
  )))
  ordered <- function(x, part) take_rows(x, join$rows[[part]])
  all_or_nothing(c(path, guide_map_beside(path)), {
    map_path <- write_guide_map(guide_map, path)
    py_call(
      "write_screen",
      path = path.expand(path), settings = settings_list(settings, "screen"),
      guide_names = I(colnames(presence)), fates = I(colnames(probs[[1]])),
      day = I(ordered(days$labels, "day")), day_levels = as_array(days$levels),
      replicate = I(ordered(replicates$labels, "replicate")), cell_names = as_array(join$cells),
      covariates = lapply(columns, function(x) I(ordered(x, "cell_data"))), label_sets = as_array(several),
      objects = list(
        guides = presence, fate_probs = do.call(cbind, unname(Map(ordered, probs, names(probs))))
      )
    )
    with_map_as_argument(read_screen(path, map_path, settings), map_path)
  })
}

#' Run code; what is wrong with the file of a guide map is told of the argument, lines as rows
#' @noRd
with_map_as_argument <- function(code, map_path, call = rlang::caller_env()) {
  tryCatch(code, fatebias_error_screen = function(error) {
    said <- paste(c(error$message, error$body), collapse = "\n") # conditionMessage() breaks lines
    if (!grepl(map_path, said, fixed = TRUE)) stop(error)
    said <- gsub(paste("The guide map", map_path), "`guide_map`", said, fixed = TRUE)
    said <- gsub(map_path, "`guide_map`", said, fixed = TRUE)
    lines <- gregexpr("\\bline [0-9]+ ", said)
    rows <- lapply(regmatches(said, lines), function(line) {
      sprintf("row %d ", as.integer(gsub("[^0-9]", "", line)) - 1L) # after the header
    })
    regmatches(said, lines) <- rows
    abort_screen(verbatim(said), call = call)
  })
}

#' @rdname fate_screen
#' @export
fate_screen.SingleCellExperiment <- function(guides, guide_map, day = "day", replicate = "replicate",
                                             guide_exp = "guide", fate_probs = "fateprob",
                                             guide_assay = NULL, ...) {
  rlang::check_installed(c("SingleCellExperiment", "SummarizedExperiment"))
  validate_label_columns(day, replicate)
  validate_arg(guide_exp, checkmate::check_string)
  validate_arg(fate_probs, checkmate::check_character, any.missing = FALSE, min.len = 1, unique = TRUE)
  validate_arg(guide_assay, checkmate::check_string, null.ok = TRUE)
  cells <- as.data.frame(SummarizedExperiment::colData(guides), optional = TRUE)
  if (is.null(colnames(guides))) rownames(cells) <- NULL
  need_named("colData", c(day, replicate), names(cells))
  need_named("altExp", guide_exp, SingleCellExperiment::altExpNames(guides))
  need_named("reducedDim", fate_probs, SingleCellExperiment::reducedDimNames(guides))
  # with the names that each part has of its own: those of the object would be put over them
  alt <- SingleCellExperiment::altExp(guides, guide_exp, withDimnames = FALSE)
  probs <- lapply(rlang::set_names(fate_probs), reduced_probabilities, x = guides)
  counts <- assay_of(alt, guide_exp, guide_assay)
  fate_screen(
    cells_by_guides(counts),
    fate_probs = if (length(probs) == 1) probs[[1]] else probs, day = column_of(cells, day),
    replicate = column_of(cells, replicate), guide_map = guide_map, cell_data = cells, ...
  )
}

#' Fate probabilities of a reducedDim, which needs names of its columns
#' @noRd
reduced_probabilities <- function(name, x, call = rlang::caller_env()) {
  probs <- SingleCellExperiment::reducedDim(x, name, withDimnames = FALSE)
  if (is.null(colnames(probs))) {
    abort_screen(c(
      "The reducedDim {.val {name}} has no column names, so it is not known which fate a column is.",
      i = "Name them in order: {.code colnames(reducedDim(x, \"{name}\")) <- c(..)}."
    ), call = call)
  }
  probs
}

#' @rdname fate_screen
#' @export
fate_screen.Seurat <- function(guides, guide_map, fate_probs, day = "day", replicate = "replicate",
                               guide_assay = "guide", ...) {
  rlang::check_installed("SeuratObject")
  validate_label_columns(day, replicate)
  validate_arg(guide_assay, checkmate::check_string)
  validate_arg(fate_probs, checkmate::check_character, any.missing = FALSE, min.len = 2)
  cells <- guides[[]]
  need_named("metadata", c(day, replicate, fate_probs), names(cells))
  need_named("assay", guide_assay, SeuratObject::Assays(guides))
  counts <- cells_by_guides(seurat_counts(guides[[guide_assay]], guide_assay))
  colnames(counts) <- names_before_seurat(colnames(counts), guide_map)
  fate_screen(
    counts,
    fate_probs = cells[fate_probs], day = column_of(cells, day), replicate = column_of(cells, replicate),
    guide_map = guide_map, cell_data = cells, ...
  )
}

validate_label_columns <- function(day, replicate, call = rlang::caller_env()) {
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

#' TRUE for a name that a file can have; or what is wrong
#' @noRd
check_file_name <- function(x) {
  found <- check_path(x)
  if (!isTRUE(found)) {
    return(found)
  }
  is <- if (dir.exists(x)) "a folder" else if (is_special(x)) "a device or a pipe"
  if (is.null(is)) TRUE else sprintf("Must be the name of a file; %s is %s", x, is)
}

#' Settings for the layout that `write_screen` writes: its keys, and presence instead of counts
#' @noRd
standard_settings <- function(settings) {
  defaults <- defaults_of(settings_table())
  keys <- c(
    "day_key", "covar_key", "rep_key", "guide_key", "guide_names_key", "fate_prob_key", "min_umi",
    "min_probability", "modality", "guide_modality"
  )
  do.call(update_settings, c(list(settings), defaults[intersect(keys, names(defaults))]))
}

#' A vector that stays a JSON array whatever its length; NULL stays NULL
#' @noRd
as_array <- function(x) if (!is.null(x)) I(x)

validate_sizes <- function(..., call = rlang::caller_env()) {
  sizes <- vapply(list(...), NROW, integer(1))
  if (length(unique(sizes)) > 1) {
    text <- paste(names(sizes), sizes, collapse = ", ")
    abort_screen("The numbers of cells differ: {text}.", call = call)
  }
}

#' A guide map as a file beside the screen
#' @noRd
write_guide_map <- function(guide_map, path, call = rlang::caller_env()) {
  table <- as.data.frame(guide_map)
  table[] <- lapply(table, function(column) {
    if (is.factor(column)) as.character(column) else if (is.numeric(column)) number_texts(column) else column
  })
  write_table(table, guide_map_beside(path), call = call, as_given = TRUE)
}

number_texts <- function(x) ifelse(is.na(x), NA_character_, format_number(x))

guide_map_beside <- function(path) paste0(tools::file_path_sans_ext(path), "_guide_map.csv")

validate_guide_map <- function(guide_map, call = rlang::caller_env()) {
  if (!is.data.frame(guide_map)) abort_screen("{.arg guide_map} must be a data frame.", call = call)
  if (ncol(guide_map) == 0) abort_screen("{.arg guide_map} has no columns.", call = call)
  plain <- vapply(guide_map, function(column) is.atomic(column) && is.null(dim(column)), logical(1))
  if (!all(plain)) {
    lists <- names(guide_map)[!plain]
    abort_screen("{.arg guide_map} must hold words and numbers, not lists: {.field {lists}}.", call = call)
  }
}
