# Checks that several rooms share. `check_*` returns a finding, `validate_*` stops.

n_shown <- 5L # offending items that a message lists; the Python side shows as many

most_shown <- 200L # characters of a value in a message

#' Texts as a message shows them
#' @noRd
cut_text <- function(text, most = most_shown) {
  ifelse(nchar(text) > most, paste0(substr(text, 1, most), ".."), text)
}

#' The first few items of a vector as text
#' @noRd
first_few <- function(items, n = n_shown) {
  more <- length(items) - n
  text <- paste(utils::head(items, n), collapse = ", ")
  if (more > 0) paste(text, "and", more, "more") else text
}

#' The word nearest to `word`, for "did you mean"
#' @noRd
nearest_word <- function(word, words) {
  words[which.min(utils::adist(word, words, ignore.case = TRUE))]
}

#' The name that was meant, where one is near: two letters or fewer differ, case aside, and a third of the
#' word at most; NA where none is
#' @noRd
near_name <- function(word, names) {
  words <- names[abs(nchar(names) - nchar(word)) <= 2]
  distance <- utils::adist(word, words, ignore.case = TRUE)
  best <- which.min(distance)
  if (length(best) == 1 && distance[[best]] <= min(2, nchar(word) / 3)) words[[best]] else NA_character_
}

#' Which columns are missing, and which are there
#' @noRd
check_columns <- function(table, wanted) {
  missing <- setdiff(wanted, names(table))
  list(ok = length(missing) == 0, missing = missing, found = names(table))
}

#' Columns of one statistic by day, such as betahat_d0, betahat_d1, in day order
#' @noRd
day_columns <- function(table, prefix) {
  found <- grep(paste0("^", prefix, "_d[0-9]+$"), names(table), value = TRUE)
  found[order(as.integer(sub("^.*_d", "", found)))]
}

#' These columns as a matrix, rows x days
#' @noRd
day_matrix <- function(table, prefix) {
  as.matrix(as.data.frame(table)[day_columns(table, prefix)])
}

#' TRUE where something can be created in, or below, a folder
#' @noRd
check_writable <- function(folder) {
  while (!file.exists(folder) && dirname(folder) != folder) folder <- dirname(folder)
  list(ok = dir.exists(folder) && file.access(folder, 2L) == 0L, folder = folder)
}

validate_writable <- function(folder, call = rlang::caller_env()) {
  found <- check_writable(folder)
  if (!found$ok) {
    abort_export(c(
      "Cannot write results to {.path {folder}}.",
      i = "{.path {found$folder}} is not a folder that can be written to; choose another {.arg out_dir}."
    ), call = call)
  }
  invisible(folder)
}

#' Is a path a device or a pipe, which would never end or never begin? Known before it is opened
#' @noRd
is_special <- function(path) {
  odd <- .Platform$OS.type == "unix" && file.exists(path) && !dir.exists(path) && file.size(path) == 0
  odd && system2("test", c("-f", shQuote(path.expand(path)))) != 0 # of an empty file R tells no more
}

#' A line of a message about a path that is not there: from where it was looked for; NULL for an absolute path
#' @noRd
working_directory_line <- function(path) {
  if (grepl("^([/~]|[A-Za-z]:)", path)) {
    return(NULL)
  }
  c(i = paste("The working directory is", verbatim(getwd())))
}

abort_missing <- function(arg, call) {
  abort_argument("{.arg {arg}} is missing, and has no default.", call = call)
}

#' Stop unless an argument without default was given, where it is not looked at otherwise
#' @noRd
validate_given <- function(x, call = rlang::caller_env()) {
  if (missing(x)) abort_missing(rlang::as_label(substitute(x)), call)
}

#' Stop where dots hold something: an argument that is written in another way, or without its name
#' @noRd
validate_no_dots <- function(..., call = rlang::caller_env()) {
  if (...length() > 0) {
    given <- ...names()[nzchar(...names())]
    what <- if (length(given) == 0) "Arguments after the first ones need their names."
    else "There is no argument {.arg {given}}; arguments are written in full."
    abort_argument(what, call = call)
  }
}

#' Stop unless `x` has the class
#' @noRd
validate_class <- function(x, class, maker, throw, call = rlang::caller_env()) {
  if (missing(x)) abort_missing(rlang::as_label(substitute(x)), call)
  if (inherits(x, class)) {
    return(invisible(x))
  }
  arg <- rlang::as_label(substitute(x)) # the name here, where rlang would go on to the caller's expression
  is <- class(x)[[1]]
  tryCatch(
    throw("{.arg {arg}} must come from {.fn {maker}}, not be a {.cls {is}}.", call = call),
    fatebias_error = as_argument_error
  )
}

#' Stop unless an argument is as checkmate wants it
#'
#' @param check one of checkmate's `check_*` functions: TRUE, or a sentence about what is wrong.
#' @param ... its further arguments.
#' @param arg name of the argument in the message.
#' @noRd
validate_arg <- function(x, check, ..., arg = rlang::as_label(substitute(x)), call = rlang::caller_env()) {
  force(arg)
  if (missing(x)) abort_missing(arg, call)
  found <- check(x, ...)
  if (isTRUE(found)) {
    return(invisible(x))
  }
  joint <- if (startsWith(found, "Must ")) " must" else ":"
  problem <- paste0(joint, " ", sub("^Must ", "", found), ".")
  abort_argument("{.arg {arg}}{problem}", call = call)
}

most_path_bytes <- 4095L # of a path, by the systems that have the least

#' TRUE for one path that a file or folder can have, whether it is there or not; or what is wrong
#' @noRd
check_path <- function(x, null.ok = FALSE) { # nolint: object_name_linter. As checkmate calls it.
  found <- checkmate::check_string(x, null.ok = null.ok)
  if (identical(x, "")) {
    return("Must be the name of a file or folder, not empty")
  }
  if (!isTRUE(found) || is.null(x) || nchar(x, "bytes") <= most_path_bytes) {
    return(found)
  }
  sprintf("Must be a path of at most %d bytes, not of %d", most_path_bytes, nchar(x, "bytes"))
}

#' One of the words in the default of an argument, the first where nothing was given
#' @noRd
validate_choice <- function(arg, call = rlang::caller_env()) {
  name <- rlang::as_label(substitute(arg))
  words <- eval(formals(rlang::caller_fn())[[name]], call)
  # of none or several rlang would say that `arg` must be a string
  if (is.character(arg) && !setequal(arg, words)) {
    validate_arg(arg, checkmate::check_string, arg = name, call = call)
  }
  tryCatch(
    rlang::arg_match0(arg, words, arg_nm = name, error_call = call),
    error = as_argument_error
  )
}

#' Positions of names among known ones; names that are not known are refused, with the one that is near
#' @param what what the names are of, such as gene.
#' @param see the function that lists the known ones.
#' @noRd
validate_names <- function(names, known, what, call = rlang::caller_env(), see = "tidy") {
  unknown <- setdiff(names, known)
  if (length(unknown) == 0) {
    return(match(names, known))
  }
  shown <- cut_text(utils::head(unknown, n_shown))
  near <- vapply(shown, near_name, character(1), names = known)
  lines <- sprintf("There is no %s '%s'", what, shown)
  lines <- paste0(lines, ifelse(is.na(near), ".", sprintf("; the nearest one is '%s'.", near)))
  more <- length(unknown) - n_shown
  if (more > 0) lines <- c(lines, sprintf("%d more are not there.", more))
  head <- if (length(lines) > 1) sprintf("%d names are not known.", length(unknown))
  n <- format(length(known), big.mark = ",")
  all <- if (anyNA(near)) c(i = sprintf("%s are known: {.fn %s} lists them.", n, see))
  abort_argument(c(verbatim(c(head, lines), bullet = "x"), all), call = call)
}

#' Some of the names that are known, from names, positions or a logical vector
#' @param what,see as in `validate_names()`.
#' @noRd
pick_names <- function(i, known, what, call = rlang::caller_env(), see = "tidy") {
  if (is.numeric(i) || is.logical(i)) i <- known[seq_along(known)[i]]
  validate_arg(i, checkmate::check_character, any.missing = FALSE, unique = TRUE, min.len = 1, call = call)
  known[validate_names(i, known, what, call, see)]
}

pick_genes <- function(i, known, call = rlang::caller_env()) pick_names(i, known, "gene", call)

#' Rows by gene in the order of `genes`, those of one gene in their own order
#' @noRd
rows_of_genes <- function(gene, genes) {
  at <- match(gene, genes)
  order(at)[seq_len(sum(!is.na(at)))]
}
