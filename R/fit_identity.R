# Which fit a thing is of: the identity of a fit, that of what was made from it, and the list of what lies in
# its folder, by which a later fit moves the files of another one away (results/previous.py in Python).

id_letters <- 16L # as in Python
contrast_form <- "^[a-z_]+[.][A-Za-z0-9._-]+[.]csv$" # tables of a further contrast, which `--contrast` adds

#' The identity of a fit: of the digests of its files, so that the same fit of the same screen has the same
#'
#' The manifest does not count, which says when the fit was made, nor tables of further contrasts.
#' results/manifest.py in Python does the same.
#' @returns 16 hexadecimal letters; NULL of a fit by an earlier version, whose manifest has no digests.
#' @noRd
fit_id <- function(manifest) {
  contents <- manifest$contents
  if (is.null(manifest$format) || length(contents) == 0) {
    return(NULL)
  }
  names <- sort(grep(contrast_form, names(contents), value = TRUE, invert = TRUE), method = "radix")
  digests <- vapply(contents[names], function(one) as.character(one$sha256), character(1))
  substr(cli::hash_sha256(paste0(names, " ", digests, "\n", collapse = "")), 1, id_letters)
}

#' The identity of the fit that a thing is, or was made from; NULL where it does not know
#' @noRd
identity_of <- function(x) {
  if (inherits(x, "fatebias_fit")) {
    return(fit_id(x$manifest))
  }
  if (is.data.frame(x)) attr(x, "fit_id", exact = TRUE) else if (is.list(x)) x$fit_id
}

#' A table that knows its fit; by reference, so that columns can still be added
#' @noRd
with_identity <- function(table, from) data.table::setattr(table, "fit_id", identity_of(from))

#' Stop where things are of different fits
#'
#' @param things named list: names are the arguments of the caller; NULL stands for what was not given.
#' @param throw one of the throwers, such as `abort_mash`.
#' @noRd
validate_one_fit <- function(things, throw, call = rlang::caller_env()) {
  things <- Filter(Negate(is.null), things)
  ids <- lapply(things, identity_of)
  known <- unlist(ids)
  if (length(unique(known)) > 1) {
    other <- names(known)[known != known[[1]]][[1]]
    first <- names(known)[[1]]
    throw(c(
      "{.arg {first}} and {.arg {other}} are of different fits: not one analysis.",
      x = "{.arg {first}} is of fit {known[[first]]}, {.arg {other}} of fit {known[[other]]}.",
      i = "Make {.arg {other}} again from the fit that {.arg {first}} is of."
    ), call = call)
  }
  unknown <- names(things)[lengths(ids) == 0]
  if (length(known) > 0 && length(unknown) > 0) {
    cli::cli_inform(c(
      i = "{.arg {unknown}} {?does/do} not say of which fit: made by an earlier version, or by hand."
    ))
  }
}

#' The identity of the fit in a folder; NULL where there is none, one of an earlier version or a damaged one
#' @noRd
folder_id <- function(folder) {
  path <- file.path(folder, manifest_file)
  if (!file.exists(path) || is_special(path)) {
    return(NULL)
  }
  tryCatch(fit_id(jsonlite::read_json(path)), error = function(error) NULL)
}

#' Stop where a folder holds another fit than the one that a thing is of
#' @noRd
validate_folder_of <- function(from, folder, throw = abort_export, call = rlang::caller_env()) {
  here <- folder_id(folder)
  own <- identity_of(from)
  if (!is.null(here) && !is.null(own) && here != own) {
    throw(c(
      "{.path {folder}} holds another fit ({here}) than the one that this was made from ({own}).",
      i = "Make it again from {.code read_fit()} of that folder, or write it to another one."
    ), call = call)
  }
}

#' Tables made from a fit, written to a folder and, where that is the folder of the fit, listed there
#'
#' @param tables named list: names of the files, the tables.
#' @param from what they were made from, see `identity_of()`.
#' @returns Paths.
#' @noRd
write_made <- function(tables, out_dir, from, call = rlang::caller_env()) {
  validate_folder_of(from, out_dir, call = call)
  paths <- unlist(Map(write_table, tables, file.path(out_dir, names(tables)), list(call)), use.names = FALSE)
  list_made(paths, identity_of(from), call)
  paths
}

#' Enter files into the list of the folder of a fit: of which fit they are, their sizes and digests
#'
#' A file of which no fit is known is taken off the list. Other folders have no list.
#' @noRd
list_made <- function(paths, identity, call = rlang::caller_env()) {
  folder <- dirname(paths[[1]])
  if (is.null(folder_id(folder))) {
    return(invisible())
  }
  path <- file.path(folder, shared_constant("made_from_file"))
  listed <- if (file.exists(path) && !is_special(path)) {
    tryCatch(as.list(jsonlite::read_json(path)), error = function(error) list())
  }
  listed <- listed[setdiff(names(listed), basename(paths))]
  if (!is.null(identity)) {
    listed[basename(paths)] <- lapply(paths, function(file) {
      list(fit_id = identity, bytes = file.size(file), sha256 = cli::hash_file_sha256(file))
    })
  }
  text <- "{}"
  if (length(listed) > 0) { # in one order, whichever job was the first
    text <- jsonlite::toJSON(listed[sort(names(listed), method = "radix")], auto_unbox = TRUE, pretty = TRUE)
  }
  write_whole(function(stage) { # a full disk is but a warning there
    suppressWarnings(writeLines(text, stage))
    file.size(stage) == nchar(text, "bytes") + 1
  }, path, call)
}
