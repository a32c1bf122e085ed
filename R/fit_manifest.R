# The manifest of a fit: read, checked against the schema that Python writes by, and against the files.

manifest_file <- "fit_manifest.json"

#' The manifest of a folder of results, checked
#'
#' A manifest of an earlier version has no `format` and no contents: it is taken as far as it goes.
#' @noRd
read_manifest <- function(out_dir, call = rlang::caller_env()) {
  path <- file.path(out_dir, manifest_file)
  if (!file.exists(path) || dir.exists(path)) {
    abort_export(c(
      "{.path {out_dir}} is not the folder of a finished fit: it has no {.file {manifest_file}}.",
      i = "Give the folder that was the {.arg out_dir} of the fit.",
      working_directory_line(out_dir)
    ), call = call)
  }
  if (is_special(path)) abort_export("{.path {path}} is no file (a device or a pipe).", call = call)
  text <- paste(sub("^\ufeff", "", readLines(path, encoding = "UTF-8", warn = FALSE)), collapse = "\n")
  # not fromJSON(), to which a text may be the name of a file or an address
  raw <- tryCatch(
    jsonlite::parse_json(text),
    error = function(error) abort_export("Cannot read {.path {path}} as JSON; fit again.", call = call)
  )
  if (!rlang::is_named(raw)) {
    abort_export("{.path {path}} is not the manifest of a fit; fit again.", call = call)
  }
  if (is.null(raw$format)) validate_old_manifest(raw, path, call) else validate_manifest(raw, path, call)
  manifest <- jsonlite::parse_json(text, simplifyVector = TRUE, simplifyDataFrame = FALSE)
  if (anyDuplicated(manifest$days) > 0) {
    abort_export("{.path {path}} has a day twice; fit again.", call = call)
  }
  validate_contents(manifest, out_dir, call)
  manifest
}

validate_manifest <- function(manifest, path, call) {
  problem <- schema_problem(manifest, manifest_schema())
  if (!is.null(problem)) {
    message <- c("{.path {path}} does not follow its schema; fit again.", x = verbatim(problem))
    abort_export(message, call = call)
  }
}

validate_old_manifest <- function(manifest, path, call) {
  absent <- setdiff(c("days", "files", "settings", "screen", "contrast"), names(manifest))
  if (length(absent) > 0) abort_export("{.path {path}} lacks {.field {absent}}; fit again.", call = call)
  problem <- schema_problem(manifest, list(properties = old_schema()))
  if (!is.null(problem)) {
    abort_export(c("{.path {path}} is damaged; fit again.", x = verbatim(problem)), call = call)
  }
}

#' What holds of a manifest of any version: lists and words as they are, of blocks that they are blocks
#' @noRd
old_schema <- function() {
  known <- manifest_schema()$properties
  whole <- known[c("days", "files", "fates", "contrast", "likelihood_weight")]
  names <- c("settings", "screen", "scales", "convergence", "estimates", "seconds", "versions")
  blocks <- lapply(known[names], `[`, "type")
  blocks$screen$required <- old_screen
  blocks$screen$properties <- known$screen$properties[old_screen]
  c(whole, blocks)
}

old_screen <- c("n_cells", "n_cells_file", "n_genes", "n_guides", "n_ntc", "days", "replicates", "fates")

#' Are all files there, and as the fit wrote them?
#' @noRd
validate_contents <- function(manifest, out_dir, call) {
  gone <- manifest$files[!file.exists(file.path(out_dir, manifest$files))]
  if (length(gone) > 0) {
    abort_export("{.path {out_dir}} lacks {.file {gone}}, which the fit has written; fit again.", call = call)
  }
  foreign <- if (length(manifest$contents) > 0) {
    setdiff(manifest$files, c(names(manifest$contents), manifest_file))
  }
  changed <- c(changed_files(manifest$contents, out_dir), foreign)
  if (length(changed) > 0) {
    abort_export(c(
      "{.path {out_dir}} is not as the fit wrote it: {.file {changed}} {?was/were} changed or cut.",
      i = "Copy the folder again, or fit again. What you change, change in a copy of the table."
    ), call = call)
  }
}

#' Names of files whose size or digest is not the one in the manifest
#' @noRd
changed_files <- function(contents, out_dir) {
  paths <- file.path(out_dir, names(contents))
  wanted <- function(what) {
    vapply(contents, function(one) as.character(one[[what]]), character(1), USE.NAMES = FALSE)
  }
  changed <- as.character(file.size(paths)) != wanted("bytes") | vapply(paths, is_special, logical(1))
  same_size <- which(!changed)
  changed[same_size] <- cli::hash_file_sha256(paths[same_size]) != wanted("sha256")[same_size]
  names(contents)[changed]
}

#' Settings of the fit as far as this version knows them
#' @noRd
manifest_settings <- function(manifest) {
  known <- intersect(names(manifest$settings), names(settings_table()))
  settings <- manifest$settings[known]
  new_settings(lapply(settings, function(value) if (length(value) == 0) NULL else value))
}
