# What compare_runs() compares: a folder of results, a fit, a result of mash or ranked hits, each brought into
# one form.

side_columns <- c("gene", "hit_anyday", "best_day", "lfsr_min")
side_by_day <- c("betahat", "postmean", "postsd", "lfsr") # statistics that a comparison needs

#' One of the two things to compare
#'
#' @param x path of a folder, `fatebias_fit`, `mash_result` or `fatebias_hits`.
#' @param arg its name, for errors.
#' @returns A list: `table` (one row a gene, columns as in a `mash_result`), `source` (in words); NULL where
#'   they are not known `days` (labels), `contrast`, `reference`, `fit_id`, `threshold`, `manifest` (of the
#'   fit) and `mash_settings`.
#' @noRd
as_side <- function(x, arg, call = rlang::caller_env()) {
  if (inherits(x, "fatebias_fit")) {
    return(side_of_fit(x, call))
  }
  if (inherits(x, "mash_result")) {
    return(side_of_mash(x, arg, call))
  }
  if (inherits(x, "fatebias_hits")) {
    return(side_of_hits(x, arg, call))
  }
  if (!isTRUE(check_path(x))) {
    abort_argument(c(
      "{.arg {arg}} must be the folder of results, a fit, a result of mash or ranked hits.",
      x = "It is {.obj_type_friendly {x}}.",
      i = "Give a path, or what {.fn read_fit}, {.fn run_mash} or {.fn rank_hits} returned."
    ), call = call)
  }
  side_of_folder(x, arg, call)
}

side_of_fit <- function(fit, call) {
  side <- side_of_mash(run_mash(fit), "fit", call)
  side$manifest <- fit$manifest
  side$source <- paste("fit in", fit$out_dir %||% "memory")
  side
}

side_of_mash <- function(result, arg, call) {
  if (result$level != "gene") {
    abort_argument("{.arg {arg}} must be a result of genes, not of {result$level}s.", call = call)
  }
  list(
    table = result$table, days = result$days, contrast = result$contrast, reference = result$reference,
    fit_id = identity_of(result), threshold = result$lfsr_thresh, manifest = NULL,
    mash_settings = settings_for(result$settings, "mash"), source = "result of mash"
  )
}

side_of_hits <- function(hits, arg, call) {
  table <- data.table::as.data.table(hits)
  problem <- side_problem(table)
  if (!is.null(problem)) abort_argument("{.arg {arg}} is no whole ranking: {problem}.", call = call)
  list(
    table = table, days = attr(hits, "days"), contrast = attr(hits, "contrast"),
    reference = attr(hits, "reference"), fit_id = identity_of(hits), threshold = attr(hits, "lfsr_thresh"),
    manifest = NULL, mash_settings = NULL, source = "ranked hits"
  )
}

#' The results of mash in a folder, which a pipeline or write_mash() has written
#' @noRd
side_of_folder <- function(folder, arg, call) {
  if (!dir.exists(folder)) {
    abort_argument(c(
      "{.arg {arg}} is {.path {folder}}, which is not a folder.",
      i = "The working directory is {.path {getwd()}}."
    ), call = call)
  }
  path <- file.path(folder, mash_file)
  if (!file.exists(path)) {
    abort_export(c(
      "{.arg {arg}}: {.path {folder}} has no {.file {mash_file}}, which holds the effects of the genes.",
      i = "Run the pipeline, or {.fn write_mash}, or give {.code read_fit()} of the folder."
    ), call = call)
  }
  table <- read_intact_csv(path, call)
  problem <- side_problem(table)
  if (!is.null(problem)) abort_damaged(path, problem, call)
  data.table::set(table, j = "gene", value = as_named(table$gene))
  manifest <- manifest_of_folder(folder, call)
  list(
    table = table, days = manifest$days, contrast = manifest$contrast, reference = manifest$fates[1],
    fit_id = fit_id_of_file(folder, mash_file) %||% if (!is.null(manifest)) fit_id(manifest),
    threshold = NULL, manifest = manifest, mash_settings = NULL, source = folder
  )
}

mash_file <- "gene_summary_mash_out.csv"

#' Why a table is not one of mash by gene, or NULL
#' @noRd
side_problem <- function(table) {
  by_day <- lapply(side_by_day, day_columns, table = table)
  absent <- c(check_columns(table, side_columns)$missing, paste0(side_by_day, "_d0")[lengths(by_day) == 0])
  if (length(absent) > 0) {
    return(paste("it lacks", toString(absent)))
  }
  numbers <- unlist(by_day)
  if (length(unique(lengths(by_day))) > 1) {
    "its statistics have different numbers of days"
  } else if (nrow(table) == 0) {
    "it has no genes"
  } else if (anyNA(table$gene) || anyDuplicated(table$gene) > 0) {
    "it has a row without a gene, or two rows of one gene"
  } else if (!all(vapply(table[, numbers, with = FALSE], is.numeric, logical(1)))) {
    "it has text where numbers belong"
  } else if (anyNA(table[, c(by_day[[2]], by_day[[4]]), with = FALSE])) {
    "it has a missing number"
  }
}

#' The manifest that belongs to the results in a folder; NULL where there is none, or one of another fit
#' @noRd
manifest_of_folder <- function(folder, call) {
  path <- file.path(folder, manifest_file)
  if (!file.exists(path) || is_special(path)) {
    return(NULL)
  }
  manifest <- tryCatch(
    jsonlite::read_json(path, simplifyVector = TRUE, simplifyDataFrame = FALSE), error = function(error) NULL
  )
  of_file <- fit_id_of_file(folder, mash_file)
  if (!rlang::is_named(manifest)) {
    return(NULL)
  }
  if (!is.null(of_file) && !identical(of_file, fit_id(manifest))) NULL else manifest
}

#' The identity of the fit that a file in a folder was made from, as listed there; or NULL
#' @noRd
fit_id_of_file <- function(folder, file) {
  path <- file.path(folder, shared_constant("made_from_file"))
  if (!file.exists(path) || is_special(path)) {
    return(NULL)
  }
  listed <- tryCatch(jsonlite::read_json(path), error = function(error) NULL)
  if (is.list(listed) && is.list(listed[[file]])) listed[[file]]$fit_id
}
