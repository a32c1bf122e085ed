# Bars of what takes seconds, where anybody watches; elsewhere a line a stage. Python has its own in
# base/progress.py of its package.

#' TRUE where somebody watches: an interactive session, no pipeline, no CI
#'
#' @param wanted TRUE or FALSE decides; NULL: what follows does.
#' @noRd
show_progress <- function(wanted = getOption("fatebias.progress"), watched = rlang::is_interactive(),
                          pipeline = Sys.getenv("TAR_ACTIVE"), ci = Sys.getenv("CI")) {
  # TAR_ACTIVE: what targets::tar_active() reads
  wanted %||% (watched && pipeline != "true" && !tolower(ci) %in% c("true", "1"))
}

#' TRUE where stages are told a line each, in place of bars: in scripts, pipelines and on CI, but not in tests
#'
#' The option `fatebias.progress` = FALSE asks for silence.
#' @noRd
tells_stages <- function(bars = show_progress(), wanted = getOption("fatebias.progress"),
                         watched = rlang::is_interactive() && Sys.getenv("TAR_ACTIVE") != "true",
                         tests = Sys.getenv("TESTTHAT")) {
  !bars && is.null(wanted) && !watched && tests != "true"
}

#' Run a stage, and tell its name and seconds where stages are told
#' @noRd
timed_stage <- function(what, code) {
  start <- proc.time()[["elapsed"]]
  value <- force(code)
  if (tells_stages()) {
    seconds <- proc.time()[["elapsed"]] - start
    cli::cli_inform(sprintf("%s: %.1f s", what, seconds))
  }
  value
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
