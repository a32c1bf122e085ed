# Parts of a screen that come as R objects: fate probabilities from a table, cells matched by name.

#' Read fate probabilities from a table
#'
#' @param table path of a CSV file, cell names in the first column, then a column a fate (what pandas
#'   writes by `to_csv()`, for CellRank and Palantir alike); or a data frame or matrix with row names, or a
#'   data frame with cell names in the first column.
#' @param rescale divide rows that sum to 1 within 0.05 by their sum? Palantir sets small probabilities to
#'   zero. Without it rows must sum to 1 within 0.001.
#' @returns Numeric matrix, cells x fates, with names of both; a cell without any probability has NA in its
#'   whole row.
#' @section Errors: `fatebias_error_screen` for columns that are no numbers, cells that appear twice or
#'   have no name, and probabilities that are missing in a part of a row, negative (by more than rounding,
#'   1e-9) or do not sum to 1.
#' @examples
#' read_fate_table(data.frame(cell = c("AAAC-1", "CCCA-1"), EC = c(0.2, 0.5), MES = c(0.8, 0.5)))
#' @export
read_fate_table <- function(table, rescale = FALSE) {
  validate_arg(rescale, checkmate::check_flag)
  if (is.character(table) && !is.matrix(table)) {
    validate_arg(table, check_path)
    if (!file.exists(table)) {
      abort_screen(c("The file {.path {table}} does not exist.", working_directory_line(table)))
    }
    table <- read_named_table(table)
  }
  validate_arg(table, check_two_dims)
  probs <- named_numbers(table)
  sums <- rowSums(probs)
  tolerance <- shared_constant(if (rescale) "rescalable" else "probability_tolerance")
  negative <- rowSums(probs < -shared_constant("probability_rounding")) > 0
  bad <- !is.finite(sums) | negative | abs(sums - 1) > tolerance
  bad <- (is.na(bad) | bad) & rowSums(!is.na(probs)) > 0 # a cell without any is left out later
  if (any(bad)) {
    cells <- first_few(rownames(probs)[bad])
    abort_screen(c(
      "{sum(bad)} cell{?s} with probabilities that are missing, negative or do not sum to 1: {cells}.",
      i = if (!rescale) "If small ones were cut off (Palantir does), use {.code rescale = TRUE}."
    ))
  }
  if (rescale) probs / sums else probs
}

#' A table with the cell names first; NA is a name as any other, but no probability
#' @noRd
read_named_table <- function(path, call = rlang::caller_env()) {
  refuse <- function(problem) {
    abort_screen(c("Cannot read {.path {path}} as a CSV file.", x = verbatim(problem)), call = call)
  }
  problem <- file_problem(path)
  if (!is.null(problem)) refuse(problem)
  tryCatch(
    withCallingHandlers(
      as.data.frame(read_csv_file(path, texts = 1L, missing = c("", "NA", "nan", "NaN"), sep = "auto")),
      warning = function(warning) {
        warn_screen(c("Of {.path {path}} it should be known:", x = verbatim(conditionMessage(warning))))
        rlang::cnd_muffle(warning)
      }
    ),
    error = function(error) refuse(conditionMessage(error))
  )
}

named_numbers <- function(table, call = rlang::caller_env()) {
  if (is.data.frame(table)) table <- numbers_of_frame(as.data.frame(table), call)
  if (is.null(colnames(table))) abort_screen("The table needs fate names as column names.", call = call)
  probs <- as_probabilities(table, call = call)
  validate_cell_names(rownames(probs), "the table", call)
  if (ncol(probs) < 2) abort_screen("The table needs two fates or more.", call = call)
  probs
}

#' A data frame as a matrix; cells are named by a first column of texts, or by row names
#' @noRd
numbers_of_frame <- function(table, call) {
  automatic <- .row_names_info(table) < 0
  if (ncol(table) > 1 && (automatic || !is.numeric(table[[1]]))) {
    cells <- as.character(table[[1]])
    table <- table[-1]
  } else {
    cells <- rownames(table)
  }
  words <- names(table)[!vapply(table, is.numeric, logical(1))]
  if (length(words) > 0) {
    abort_screen("Column{?s} {.field {words}} {?is/are} not numeric; a column is a fate.", call = call)
  }
  table <- as.matrix(table)
  rownames(table) <- cells
  table
}

validate_cell_names <- function(names, where, call = rlang::caller_env()) {
  if (is.null(names)) {
    abort_screen("{where} has no names of cells: they go into the row names.", call = call)
  }
  nameless <- which(is.na(names) | names == "")
  if (length(nameless) > 0) {
    abort_screen("{where} has a cell without name: row {first_few(nameless)}.", call = call)
  }
  twice <- unique(names[duplicated(names)])
  if (length(twice) > 0) {
    n <- length(twice)
    abort_screen("{n} cell name{?s} of {where} appear{?s/} twice: {first_few(twice)}.", call = call)
  }
}

#' Match the cells of several parts of a screen
#'
#' Keeps the cells that all parts have, by name, in the order of the first part, and prints the number of
#' cells left out.
#'
#' @param ... named parts: matrices (also sparse) or data frames, whose row names are the names of cells.
#' @param drop_suffix does what programs put around a barcode not count? Numbers behind it (Cell Ranger's
#'   `-1`, R's `.1`, `_1`, the `-1-0` of two `concat()`s), and velocyto's `sample:` before and `x` behind
#'   it. What tells the cells of a part apart is never dropped: cells of different wells are refused.
#' @returns List of the parts, the same cells in the same order, all with the names of the first part.
#' @section Errors: `fatebias_error_screen` for parts without cell names, names that appear twice, and
#'   parts with no cell in common, with the first names of each and what helps where that can be seen;
#'   `fatebias_warning_screen` when fewer than half of the first part's cells are in all of them.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' guides <- matrix(1, 3, 1, dimnames = list(c("AAAC-1", "CCCA-1", "GGTA-1"), "sg1"))
#' fates <- matrix(0.5, 2, 2, dimnames = list(c("GGTA-1", "AAAC-1"), c("EC", "MES")))
#' match_cells(fates = fates, guides = guides)
#' @export
match_cells <- function(..., drop_suffix = FALSE) {
  validate_arg(drop_suffix, checkmate::check_flag)
  parts <- rlang::list2(...)
  if (length(parts) < 2 || !rlang::is_named(parts) || anyDuplicated(names(parts)) > 0) {
    abort_screen("{.fn match_cells} needs two or more parts, each with a name of its own.")
  }
  cells <- lapply(rlang::set_names(names(parts)), function(name) cell_names_of(parts[[name]], name))
  found <- py_call("match_rows", tables = lapply(cells, I), drop_suffix = drop_suffix)
  cli::cli_inform(matched_lines(length(found$names), found$unmatched))
  lapply(rlang::set_names(names(parts)), function(name) {
    part <- parts[[name]][found$rows[[name]] + 1L, , drop = FALSE]
    rownames(part) <- names_from_json(found$names)
    part
  })
}

cell_names_of <- function(part, name, call = rlang::caller_env(2)) {
  is_table <- is.data.frame(part)
  if (!(is_table || is.matrix(part) || methods::is(part, "Matrix"))) {
    is <- class(part)[[1]]
    abort_screen("{.arg {name}} must be a matrix or a data frame, not a {.cls {is}}.", call = call)
  }
  cells <- if (is_table && .row_names_info(part) < 0) NULL else rownames(part)
  validate_cell_names(cells, name, call)
  cells
}

matched_lines <- function(n_cells, unmatched) {
  lost <- unlist(unmatched)
  lost <- lost[lost > 0]
  c(
    v = sprintf("%s cells are in all parts", count(n_cells)),
    if (length(lost) > 0) {
      c(i = verbatim(paste("Cells left out:", paste(names(lost), count_each(lost), collapse = ", "))))
    }
  )
}

count_each <- function(numbers) vapply(numbers, count, character(1))
