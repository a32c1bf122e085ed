# The files of arrays (.npz) that a fit has written, found again.

#' Where such a file of a fit is; or why there is none
#'
#' @param what the file in words, for messages; `how`: what makes one.
#' @noRd
array_path <- function(fit, file, what, how, call = rlang::caller_env()) {
  if (!file %in% names(fit$files)) {
    abort_export(c("The fit in {.path {fit$out_dir}} has no {what}.", i = how), call = call)
  }
  path <- fit$files[[file]]
  if (!file.exists(path)) {
    abort_export(c(
      "The {what} are no longer at {.path {path}}.",
      i = "Where the folder was moved, {.fn read_fit} it from its new place."
    ), call = call)
  }
  now <- read_manifest(dirname(path), call)$created
  if (!identical(now, fit$manifest$created)) {
    abort_export(c(
      "The {what} in {.path {dirname(path)}} are those of a later fit ({now}).",
      i = "{.fn read_fit} it again."
    ), call = call)
  }
  path
}
