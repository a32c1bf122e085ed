# A user's project: the pipeline's files, what it runs on, and what is missing.

pipeline_files <- c("_targets.R", "config.yaml")
driver_file <- "driver.sbatch"

#' Set up a pipeline
#'
#' Copies `_targets.R` and `config.yaml` into a folder. Then: put the screen there (or its path into
#' `config.yaml`), and run `targets::tar_make()` in that folder.
#'
#' @param path folder; it is created.
#' @param overwrite replace files that are there?
#' @param slurm copy `driver.sbatch` too, the batch script that runs `tar_make()` on a Slurm cluster? See
#'   the README in the folder `sherlock` of the package.
#' @returns Paths of the files, invisibly.
#' @section Errors: `fatebias_error_export` when a file is there already or the folder cannot be written.
#' @examples
#' folder <- tempfile()
#' use_fatebias_pipeline(folder)
#' list.files(folder)
#' @export
use_fatebias_pipeline <- function(path = ".", overwrite = FALSE, slurm = FALSE) {
  validate_arg(path, checkmate::check_string)
  validate_arg(overwrite, checkmate::check_flag)
  validate_arg(slurm, checkmate::check_flag)
  validate_writable(path)
  files <- c(pipeline_files, if (slurm) driver_file)
  target <- file.path(path, files)
  there <- files[file.exists(target)]
  if (length(there) > 0 && !overwrite) {
    abort_export(c(
      "{.path {path}} has {.file {there}} already.",
      i = "Use {.code overwrite = TRUE} to replace {cli::qty(there)}{?it/them}."
    ))
  }
  dir.create(path, recursive = TRUE, showWarnings = FALSE)
  source <- system.file("pipeline", pipeline_files, package = "fatebias", mustWork = TRUE)
  if (slurm) source <- c(source, file.path(sherlock_folder(), driver_file))
  if (!all(file.copy(source, target, overwrite = overwrite))) abort_export("Cannot write to {.path {path}}.")
  cli::cli_inform(c(
    v = "Wrote {.file {files}} to {.path {path}}.",
    i = "Put the screen there (or its path into {.file config.yaml}), and run {.run targets::tar_make()}.",
    i = if (slurm) "Set {.code execution: slurm} in {.file config.yaml}, and {.code sbatch {driver_file}}."
  ))
  invisible(target)
}

#' Source files of the Python package
#'
#' For pipelines: a target of these files reruns the fit when the model was changed.
#'
#' @returns Sorted paths of the installed Python sources.
#' @examples
#' basename(python_sources())
#' @export
python_sources <- function() {
  sort(list.files(file.path(python_folder(), "fatebias"), "\\.(py|yaml)$", full.names = TRUE))
}

#' What fatebias will use, and what is missing
#'
#' @returns A `fatebias_sitrep`: `r` (versions), `plan` (which Python and why), `python` (path, version,
#'   versions of packages, device, threads) and `problems` (character, NULL when all is there).
#'   Printing says what to type.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' fatebias_sitrep()
#' @export
fatebias_sitrep <- function() {
  python <- tryCatch(
    c(py_call("bridge", "describe_environment"), problem = list(NULL)),
    fatebias_error = function(error) list(problem = conditionMessage(error))
  )
  r <- c(R = as.character(getRversion()), vapply(sitrep_packages, package_version_text, character(1)))
  structure(
    list(
      r = r, plan = python_plan(), python = python, problems = sitrep_problems(python, names(r)[is.na(r)])
    ),
    class = "fatebias_sitrep"
  )
}

package_version_text <- function(package) {
  there <- requireNamespace(package, quietly = TRUE)
  if (there) as.character(utils::packageVersion(package)) else NA_character_
}

sitrep_problems <- function(python, absent_r) {
  absent_python <- names(Filter(is.null, python$packages))
  c(
    if (length(absent_r) > 0) sprintf("R has no package %s: install.packages(\"%s\")", absent_r, absent_r),
    if (length(absent_python) > 0) sprintf("Python has no package %s", absent_python),
    python$problem
  )
}

#' @export
format.fatebias_sitrep <- function(x, ...) {
  p <- x$python
  versions <- unlist(p$packages)
  c(
    "<fatebias_sitrep>",
    paste("R:", paste(names(x$r), x$r, collapse = ", ")),
    if (!is.null(p$version)) {
      c(
        sprintf("Python: %s (%s, from %s)", p$version, p$python, x$plan$source %||% "the running session"),
        paste("Packages:", paste(names(versions), versions, collapse = ", ")),
        sprintf("Device: %s, %s threads", p$device, p$threads)
      )
    },
    if (length(x$problems) == 0) "Nothing is missing." else c("Missing:", paste("-", x$problems))
  )
}

#' @export
print.fatebias_sitrep <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}
