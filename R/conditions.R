# Errors and warnings. One thrower a kind names its class, so that callers never spell one and
# tests expect the class, not the text. Python has the same tree (inst/python/fatebias/base/errors.py).

#' Conditions of fatebias
#'
#' Every error that fatebias raises on purpose has the class `fatebias_error` and one of the classes
#' below, so that `tryCatch(..., fatebias_error_screen = )` works. Errors of the Python side come
#' back with the same class and message.
#'
#' | class | raised when |
#' |---|---|
#' | `fatebias_error_argument` | an argument of a function has the wrong type, length, value or class |
#' | `fatebias_error_settings` | a setting is unknown, of the wrong type or out of range |
#' | `fatebias_error_screen` | a screen or a guide map cannot be used as it is |
#' | `fatebias_error_fit` | inference did not reach a usable posterior |
#' | `fatebias_error_qc` | a QC assertion is violated in simulation mode |
#' | `fatebias_error_mash` | mash cannot use the estimates it was given |
#' | `fatebias_error_export` | results cannot be written or read |
#' | `fatebias_error_report` | a report cannot be rendered |
#' | `fatebias_error_simulation` | a simulation was asked for that cannot be made |
#' | `fatebias_error_memory` | work needs far more memory than there is, or memory ran out |
#' | `fatebias_error_slurm` | a Slurm job cannot be sent, or ended without a result |
#' | `fatebias_error_stopped` | SIGTERM or SIGUSR1 came while Python worked (`exit_code`: 128 + the signal) |
#' | `fatebias_error_environment` | Python or one of its packages is missing |
#' | `fatebias_error_python` | anything else that Python raised |
#'
#' Warnings have the class `fatebias_warning` and `fatebias_warning_screen` (few cells of the parts of a
#' screen match, or something of a screen that is read should be known), `fatebias_warning_qc` (QC on real
#' data), `fatebias_warning_mash` (a fall-back was taken), `fatebias_warning_fit` (not converged, or a
#' likelihood weight far from what the labels call for) or `fatebias_warning_export` (a folder of results is
#' not as a fit leaves it).
#'
#' @name fatebias_conditions
NULL

abort_kind <- function(kind, message, call, .envir, parent = NULL, ...) {
  class <- c(paste0("fatebias_error_", kind), "fatebias_error")
  cli::cli_abort(message, ..., class = class, call = call, .envir = .envir, parent = parent)
}

warn_kind <- function(kind, message, .envir) {
  class <- c(paste0("fatebias_warning_", kind), "fatebias_warning")
  cli::cli_warn(message, class = class, .envir = .envir)
}

abort_argument <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("argument", message, call, .envir)
}

abort_settings <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("settings", message, call, .envir)
}

abort_screen <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("screen", message, call, .envir)
}

abort_fit <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("fit", message, call, .envir)
}

abort_qc <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("qc", message, call, .envir)
}

abort_mash <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env(), parent = NULL) {
  abort_kind("mash", message, call, .envir, parent)
}

abort_export <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("export", message, call, .envir)
}

abort_report <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env(), parent = NULL) {
  abort_kind("report", message, call, .envir, parent)
}

abort_memory <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("memory", message, call, .envir)
}

abort_simulation <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("simulation", message, call, .envir)
}

#' An error of a scheduler; its kind is the scheduler's name, such as slurm
#' @noRd
abort_scheduler <- function(name, message, call = rlang::caller_env(), .envir = rlang::caller_env(), ...) {
  abort_kind(name, message, call, .envir, ...)
}

abort_environment <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("environment", message, call, .envir)
}

#' A signal asked for the end while Python worked
#'
#' @param exit_code 128 and the signal's number.
#' @noRd
abort_stopped <- function(message, exit_code, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("stopped", message, call, .envir, exit_code = as.integer(exit_code))
}

abort_python <- function(message, call = rlang::caller_env(), .envir = rlang::caller_env()) {
  abort_kind("python", message, call, .envir)
}

warn_screen <- function(message, .envir = rlang::caller_env()) warn_kind("screen", message, .envir)

warn_qc <- function(message, .envir = rlang::caller_env()) warn_kind("qc", message, .envir)

warn_mash <- function(message, .envir = rlang::caller_env()) warn_kind("mash", message, .envir)

warn_fit <- function(message, .envir = rlang::caller_env()) warn_kind("fit", message, .envir)

warn_export <- function(message, .envir = rlang::caller_env()) warn_kind("export", message, .envir)

warn_python <- function(message, .envir = rlang::caller_env()) warn_kind("python", message, .envir)

#' The thrower of a kind that Python names; kinds that R does not know are plain Python errors
#' @noRd
thrower <- function(kind) {
  switch(kind,
    settings = abort_settings, screen = abort_screen, fit = abort_fit, qc = abort_qc, export = abort_export,
    simulation = abort_simulation, memory = abort_memory, environment = abort_environment, abort_python
  )
}

#' An error about an argument, whatever other kind it has
#'
#' So the wrong class of object is both an error of the room that wanted it and one of arguments.
#' @noRd
as_argument_error <- function(error) {
  class(error) <- unique(c("fatebias_error_argument", "fatebias_error", class(error)))
  rlang::cnd_signal(error)
}

warner <- function(kind) {
  switch(kind, screen = warn_screen, qc = warn_qc, fit = warn_fit, export = warn_export, warn_python)
}

#' Text as lines of a cli message: braces are text, each line a bullet
#' @noRd
verbatim <- function(text, bullet = "") {
  lines <- unlist(strsplit(text, "\n", fixed = TRUE))
  lines <- gsub("}", "}}", gsub("{", "{{", lines, fixed = TRUE), fixed = TRUE)
  rlang::set_names(lines, c("", rep(bullet, length(lines)))[seq_along(lines)])
}
