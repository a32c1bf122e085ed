# Parts of a screen that are R objects: values are looked at before they are converted, cells joined by name.

#' A matrix of any class as a `dgCMatrix` of the same values, NA and all; or an error
#' @noRd
sparse_numbers <- function(x, call = rlang::caller_env()) {
  loadNamespace("Matrix") # without it methods::as() knows none of its classes
  if (is.data.frame(x)) x <- as.matrix(x)
  is <- class(x)[[1]]
  if (length(dim(x)) != 2) {
    abort_screen("{.arg guides} must be a matrix (cells x guides), not a {.cls {is}}.", call = call)
  }
  if (is.matrix(x)) {
    if (!(is.numeric(x) || is.logical(x))) {
      abort_screen("{.arg guides} must hold numbers or TRUE and FALSE, not {.cls {typeof(x)}}.", call = call)
    }
    x <- array(as.double(x), dim(x), dimnames(x)) # without other classes, such as table
  } else if (!methods::is(x, "Matrix")) {
    x <- tryCatch(methods::as(x, "dgCMatrix"), error = function(error) {
      abort_screen(c(
        "{.arg guides} is a {.cls {is}}, which cannot be read as it is.",
        i = "Give a matrix, or a sparse matrix of the package Matrix: {.code as(guides, \"dgCMatrix\")}."
      ), call = call)
    })
  }
  broken <- methods::validObject(x, test = TRUE) # indices in range, before compiled code sees them
  if (is.character(broken)) {
    abort_screen("{.arg guides} is a broken {.cls {is}}: {broken[[1]]}. Make it again.", call = call)
  }
  # three steps, because no class of Matrix converts to this one directly from all others
  methods::as(methods::as(methods::as(x, "dMatrix"), "generalMatrix"), "CsparseMatrix")
}

#' Guides as presence, cells x guides: a `dgCMatrix` of ones
#'
#' @param guides matrix of presence; or of UMI counts with `min_umi`, or of probabilities with
#'   `min_probability`.
#' @noRd
as_presence <- function(guides, min_umi = NULL, min_probability = NULL, call = rlang::caller_env()) {
  validate_thresholds(min_umi, min_probability, call)
  values <- sparse_numbers(guides, call)
  if (ncol(values) == 0) abort_screen("{.arg guides} has no guides.", call = call)
  validate_column_names(values, "guides", "guide", call)
  if (nrow(values) == 0) abort_screen("{.arg guides} has no cells.", call = call)
  refuse_values(values, is.na(values@x), "{.arg guides} must be known for every cell", c(
    i = "A cell without a guide has 0; leave out cells whose guides are not known."
  ), call)
  if (!is.null(min_umi)) {
    refuse_values(values, !is_count(values@x), "With {.arg min_umi} {.arg guides} must be UMI counts", c(
      i = "Give the counts themselves, not what was normalised or logarithmised."
    ), call)
    values@x <- as.double(values@x >= min_umi)
  } else if (!is.null(min_probability)) {
    bad <- values@x < 0 | values@x > 1
    refuse_values(
      values, bad, "With {.arg min_probability} {.arg guides} must be probabilities (0 to 1)", NULL, call
    )
    values@x <- as.double(values@x >= min_probability)
  } else {
    bad <- !values@x %in% c(0, 1)
    refuse_values(
      values, bad, "{.arg guides} must be presence (0 or 1)", threshold_remedy(values@x[bad]), call
    )
  }
  Matrix::drop0(values)
}

is_count <- function(x) is.finite(x) & x >= 0 & x == round(x)

validate_thresholds <- function(min_umi, min_probability, call = rlang::caller_env()) {
  validate_min_umi(min_umi, call)
  validate_arg(
    min_probability, checkmate::check_number,
    lower = 1e-9, upper = 1, null.ok = TRUE, call = call
  )
  if (!is.null(min_umi) && !is.null(min_probability)) {
    abort_argument(
      "Give {.arg min_umi} for counts or {.arg min_probability} for probabilities, not both.", call = call
    )
  }
}

validate_min_umi <- function(min_umi, call = rlang::caller_env()) {
  validate_arg(min_umi, checkmate::check_number, lower = 1e-9, finite = TRUE, null.ok = TRUE, call = call)
}

#' What makes presence of other values: a bullet
#' @noRd
threshold_remedy <- function(x) {
  if (length(x) > 0 && all(is_count(x))) {
    umis <- shared_constant("min_umi")
    return(c(i = sprintf(
      "Say how many UMIs make a guide present with {.arg min_umi}, such as {.code min_umi = %g}.", umis
    )))
  }
  if (length(x) > 0 && all(x > 0 & x <= 1)) {
    return(c(i = paste(
      "Say how probable a guide must be to be present with {.arg min_probability}, such as",
      "{.code min_probability = 0.8}."
    )))
  }
  c(i = "Counts become presence by {.arg min_umi}, probabilities by {.arg min_probability}.")
}

#' Stop where some entries are bad: what must hold, then the first bad ones with their cells and guides
#' @noRd
refuse_values <- function(values, bad, must, remedy, call) {
  if (!any(bad)) {
    return(invisible())
  }
  at <- utils::head(which(bad), n_shown + 1L)
  rows <- values@i[at] + 1L
  guides <- colnames(values)[findInterval(at - 1L, values@p)]
  cells <- if (is.null(rownames(values))) "" else sprintf(" (%s)", rownames(values)[rows])
  shown <- sprintf("%s at row %d%s, guide %s", format_number(values@x[at]), rows, cells, guides)
  places <- paste(utils::head(shown, n_shown), collapse = "; ")
  more <- sum(bad) - n_shown
  if (more > 0) places <- paste(places, "and", more, "more")
  n <- sum(bad)
  abort_screen(c(paste0(must, ", but {n} value{?s} {?is/are} not: {places}."), remedy), call = call)
}

#' Numbers as texts of 15 digits, never as 1e+05
#' @noRd
format_number <- function(x) {
  vapply(x, format, character(1), digits = 15, scientific = FALSE, trim = TRUE, USE.NAMES = FALSE)
}

as_probabilities <- function(fate_probs, call = rlang::caller_env()) {
  loadNamespace("Matrix") # for as.matrix() of its classes
  fate_probs <- as.matrix(fate_probs)
  if (!is.numeric(fate_probs)) abort_screen("{.arg fate_probs} must be numeric.", call = call)
  storage.mode(fate_probs) <- "double" # a missing whole number has no NaN
  validate_column_names(fate_probs, "fate_probs", "fate", call)
  fate_probs
}

validate_column_names <- function(x, arg, what, call = rlang::caller_env()) {
  names <- colnames(x)
  if (is.null(names) || anyNA(names) || any(names == "")) {
    abort_screen("{.arg {arg}} needs {what} names as column names.", call = call)
  }
  twice <- unique(names[duplicated(names)])
  if (length(twice) > 0) {
    abort_screen("{.arg {arg}} has two columns of one {what}: {first_few(twice)}.", call = call)
  }
}

#' Labels of cells as texts, and the order that they declare
#'
#' @param x a factor, texts, numbers, dates or times, one a cell.
#' @returns `list(labels, levels)`; `levels` is NULL where `x` declares no order, as texts do and factors that
#'   are not ordered.
#' @noRd
labels_of <- function(x, arg, call = rlang::caller_env()) {
  if (inherits(x, "POSIXlt")) x <- as.POSIXct(x)
  if (!is.atomic(x) || is.null(x) || length(dim(x)) > 1) {
    abort_screen("{.arg {arg}} must be a vector or factor, one label a cell.", call = call)
  }
  missing <- is.na(x) | (is.numeric(x) & !is.finite(unclass(x)))
  if (any(missing)) {
    n <- sum(missing)
    rows <- first_few(which(missing))
    abort_screen("{.arg {arg}} is missing for {n} cell{?s}: row {rows}.", call = call)
  }
  if (is.factor(x)) {
    return(list(labels = as.character(x), levels = if (is.ordered(x)) levels(droplevels(x))))
  }
  text <- text_of_labels(x)
  if (is.null(text)) {
    return(list(labels = as.character(x), levels = NULL))
  }
  different <- sort(unique(x))
  texts <- text(different)
  list(labels = texts[match(x, different)], levels = unique(texts))
}

#' The function that writes labels of a class which has an order; NULL for others
#' @noRd
text_of_labels <- function(x) {
  if (inherits(x, "Date")) {
    return(function(x) format(x, "%Y-%m-%d"))
  }
  if (inherits(x, "POSIXct")) {
    whole <- all(format(x, "%H:%M:%S") == "00:00:00")
    return(function(x) format(x, if (whole) "%Y-%m-%d" else "%Y-%m-%dT%H:%M:%S"))
  }
  if (inherits(x, "difftime")) {
    return(function(x) format_number(as.double(x)))
  }
  if (is.numeric(x)) format_number
}

#' How the rows of parts go with one another
#'
#' @param parts named list of matrices, data frames and vectors, each with a row (or element) a cell.
#' @returns `list(cells, rows)`: names of the cells (of the first part that has some; NULL where none has, or
#'   a name appears twice), and by part its rows in that order, NULL where it stands in it or has no names.
#' @noRd
rows_by_name <- function(parts, call = rlang::caller_env()) {
  names <- lapply(parts, names_of_cells)
  first <- names(Filter(is.character, names))[1]
  cells <- names[[first]]
  rows <- lapply(rlang::set_names(names(parts)), function(part) {
    found <- names[[part]]
    if (is.integer(found) && !setequal(found, cells)) found <- NULL # numbers of rows of another table
    if (is.null(found) || is.null(cells) || identical(as.character(found), cells)) {
      return(NULL)
    }
    rows_in_order(as.character(found), cells, part, first, call)
  })
  list(cells = if (!anyNA(cells) && anyDuplicated(cells) == 0) cells, rows = rows)
}

take_rows <- function(x, rows) {
  if (is.null(rows)) x else if (is.null(dim(x))) x[rows] else x[rows, , drop = FALSE]
}

#' Names of the cells of a part, or NULL; whole numbers where a data frame may mean numbers of rows
#' @noRd
names_of_cells <- function(part) {
  if (length(dim(part)) < 2) {
    return(names(part))
  }
  if (!is.data.frame(part) || is.character(attr(part, "row.names"))) {
    return(rownames(part))
  }
  if (.row_names_info(part) > 0) attr(part, "row.names")
}

rows_in_order <- function(found, cells, part, first, call) {
  hint <- c(i = if (part %in% c("day", "replicate")) {
    "If {.arg {part}} stands in the order of the cells, take its names away: {.code unname({part})}."
  } else {
    "Bring the parts together by {.fn match_cells}."
  })
  for (names in list(found, cells)) {
    twice <- unique(names[duplicated(names)])
    if (length(twice) > 0) {
      abort_screen(c(
        "The cell names of {.arg {first}} and {.arg {part}} differ.",
        x = "Some appear twice: {first_few(twice)}.", hint
      ), call = call)
    }
  }
  rows <- match(cells, found)
  if (anyNA(rows)) {
    lost <- cells[is.na(rows)]
    abort_screen(c(
      "{.arg {part}} has no cell called {first_few(lost)}, which {.arg {first}} has; its cells are \\
      {first_few(found)}.", hint
    ), call = call)
  }
  rows
}

need_named <- function(where, wanted, found, call = rlang::caller_env()) {
  missing <- setdiff(wanted, found)
  if (length(missing) > 0) {
    there <- if (length(found) > 0) first_few(found) else "nothing"
    abort_screen("The object has no {where} {.val {missing}}; there is: {there}.", call = call)
  }
}
