# A user's project: the pipeline's files in a folder of one's own.

pipeline_files <- c("_targets.R", "config.yaml")
project_readme <- "README.md"

#' Set up a pipeline
#'
#' Writes the files of a project into a folder: `_targets.R` and `config.yaml`, `sherlock/` (the driver's
#' batch script, templates of the jobs and a guide, for a cluster with Slurm) and `README.md` with the next
#' steps. Put the screen there (or its path into `config.yaml`), check it with [check_screen()],
#' and run `targets::tar_make()` in that folder.
#'
#' All files are written, or none. A `README.md` of your own is never replaced: then there is none of
#' fatebias.
#'
#' @param path folder; it is created.
#' @param overwrite replace files that are there?
#' @param slurm write `sherlock/` too?
#' @returns Paths of the files, invisibly.
#' @section Errors: `fatebias_error_export` when a file is there already or the folder cannot be written.
#' @examples
#' folder <- tempfile()
#' use_fatebias_pipeline(folder)
#' list.files(folder, recursive = TRUE)
#' @export
use_fatebias_pipeline <- function(path = ".", overwrite = FALSE, slurm = TRUE) {
  validate_arg(path, check_path)
  validate_arg(overwrite, checkmate::check_flag)
  validate_arg(slurm, checkmate::check_flag)
  validate_writable(path)
  files <- project_files(slurm)
  if (has_own_readme(path)) files <- files[names(files) != project_readme]
  validate_free(path, names(files), overwrite)
  write_project(path, files)
  cli::cli_inform(c(
    v = "Wrote {.file {names(files)}} to {.path {path}}.",
    i = if (!project_readme %in% names(files)) "Your own {.file {project_readme}} is kept.",
    i = "Put the screen there (or its path into {.file config.yaml}), and look at it: {.fn check_screen}.",
    i = "Then {.run targets::tar_make()}.",
    i = if (slurm) "On Slurm: {.code execution: slurm} there, and {.code sbatch sherlock/driver.sbatch}."
  ))
  invisible(file.path(path, names(files)))
}

#' Where the files of a project come from, by their place in it
#' @noRd
project_files <- function(slurm) {
  pipeline <- c(pipeline_files, project_readme)
  sources <- system.file("pipeline", pipeline, package = "fatebias", mustWork = TRUE)
  cluster <- if (slurm) list.files(sherlock_folder(), full.names = TRUE)
  rlang::set_names(c(sources, cluster), c(pipeline, if (slurm) file.path("sherlock", basename(cluster))))
}

#' Is there a README that fatebias has not written?
#' @noRd
has_own_readme <- function(path) {
  there <- file.path(path, project_readme)
  ours <- readLines(system.file("pipeline", project_readme, package = "fatebias", mustWork = TRUE), n = 1)
  file.exists(there) && !identical(readLines(there, n = 1, warn = FALSE), ours)
}

validate_free <- function(path, files, overwrite, call = rlang::caller_env()) {
  target <- file.path(path, files)
  blocked <- files[dir.exists(target)]
  if (length(blocked) > 0) abort_export("{.path {path}} has folders named {.file {blocked}}.", call = call)
  there <- files[file.exists(target)]
  if (length(there) > 0 && !overwrite) {
    abort_export(c(
      "{.path {path}} has {.file {there}} already; nothing was written.",
      i = "Use {.code overwrite = TRUE} to replace {cli::qty(there)}{?it/them}."
    ), call = call)
  }
}

#' Copy all files beside their places, then move each; a copy that fails leaves nothing
#' @noRd
write_project <- function(path, files, call = rlang::caller_env()) {
  dir.create(path, recursive = TRUE, showWarnings = FALSE)
  stage <- tempfile(".stage-", tmpdir = path)
  on.exit(unlink(stage, recursive = TRUE))
  staged <- file.path(stage, names(files))
  for (folder in unique(dirname(staged))) dir.create(folder, recursive = TRUE, showWarnings = FALSE)
  # without their mode: a read-only library must not give read-only files
  copied <- all(file.copy(files, staged, copy.mode = FALSE))
  target <- file.path(path, names(files))
  if (copied) for (folder in unique(dirname(target))) dir.create(folder, showWarnings = FALSE)
  if (!copied || !all(file.rename(staged, target))) {
    abort_export("Cannot write to {.path {path}}.", call = call)
  }
}

#' Source files of the Python package
#'
#' For pipelines: a target of these files reruns the fit when the model was changed.
#'
#' @returns Sorted paths of the installed Python sources.
#' @examples
#' basename(python_sources())
#' @export
python_sources <- function() sources_in(file.path(python_folder(), "fatebias"))

#' Sources in a folder and those below it
#' @noRd
sources_in <- function(folder) {
  sort(list.files(folder, "\\.(py|yaml|json)$", full.names = TRUE, recursive = TRUE))
}

#' Input file of a pipeline
#'
#' Returns the file that a key of `config.yaml` names, for use in a pipeline, or raises an error with the key.
#' For `guide_map: null` it returns the screen, which then has the targets of its guides.
#'
#' @param settings a `fatebias_settings`, see [read_settings()].
#' @param key `"screen"` or `"guide_map"`.
#' @returns Path of the file, or of the folder of a zarr store.
#' @section Errors: `fatebias_error_screen` when it is not there.
#' @examples
#' try(existing_input(fate_settings(screen = "nothere.h5ad"), "screen"))
#' @export
existing_input <- function(settings, key = c("screen", "guide_map")) {
  validate_class(settings, "fatebias_settings", "read_settings", abort_settings)
  key <- validate_choice(key)
  settings <- update_settings(settings)
  if (is.null(settings[[key]])) key <- "screen"
  file <- settings[[key]]
  if (file.exists(file) && (!dir.exists(file) || key == "screen" && is_zarr(file))) {
    return(file)
  }
  is <- if (dir.exists(file)) "is a folder" else "does not exist"
  abort_screen(c(
    "{.code {key}: {file}} of {.file config.yaml}: {.path {file}} {is}.",
    i = "Looked in {.path {normalizePath(dirname(file), mustWork = FALSE)}}.",
    i = "Put the file there, or its path (relative to the folder of {.file config.yaml}) at {.code {key}:}.",
    i = if (key == "guide_map") "Where the screen's file has it: {.code guide_map: null}.",
    i = "{.code fatebias::check_screen(screen, guide_map)} then says whether the files can be used."
  ))
}

#' Is a folder a zarr store, of version 2 or 3?
#' @noRd
is_zarr <- function(folder) any(file.exists(file.path(folder, c(".zgroup", "zarr.json"))))
