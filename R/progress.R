# Bars of what takes seconds: whether anybody watches. Python's: inst/python/fatebias/base/progress.py.

#' TRUE where somebody watches: an interactive session, no pipeline, no CI
#'
#' @param wanted TRUE or FALSE decides; NULL: what follows does.
#' @noRd
show_progress <- function(wanted = getOption("fatebias.progress"), watched = rlang::is_interactive(),
                          pipeline = Sys.getenv("TAR_ACTIVE"), ci = Sys.getenv("CI")) {
  # TAR_ACTIVE: what targets::tar_active() reads
  wanted %||% (watched && pipeline != "true" && !tolower(ci) %in% c("true", "1"))
}

#' 1 to n, with a bar that shows itself after seconds and closes with the function that calls
#' @noRd
progress_along <- function(n, what, .envir = rlang::caller_env()) {
  if (!show_progress()) {
    return(seq_len(n))
  }
  format <- paste(what, "{cli::pb_percent} {cli::pb_bar} {cli::pb_elapsed} <{cli::pb_eta}")
  cli::cli_progress_along(seq_len(n), format = format, .envir = .envir)
}
