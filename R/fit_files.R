# The files of a fit (contract of names and columns): one place that knows them. Reading needs no
# Python; writing is whole or not at all.

#' Tables of a fit: file, whether it must be there, columns (a name ending in _d: one a day)
#'
#' `gene` and `guide` are posteriors (mean and SD of theta and of beta), `estimate` the fixed-effect estimates
#' of theta with their SEs: the names of the columns do not tell them apart, the name of the table does.
#' `guide_estimate`, `left_out` (theta without one guide) and `by_replicate` are such estimates as well.
#' @noRd
fit_tables <- list(
  gene = list(file = "gene_daywise_for_mash.csv", needed = TRUE, columns = c("gene", "betahat_d", "se_d")),
  guide = list(
    file = "guide_daywise_for_mash.csv", needed = TRUE, columns = c("guide", "gene", "betahat_d", "se_d")
  ),
  estimate = list(
    file = "gene_daywise_likelihood.csv", needed = FALSE, columns = c("gene", "betahat_d", "se_d")
  ),
  cov = list(
    file = "gene_daywise_cov.csv", needed = FALSE,
    columns = c("gene", "day_1", "day_2", "theta_cov", "likelihood_cov")
  ),
  qc_delta = list(
    file = "qc_delta_mean_by_gene.csv", needed = TRUE,
    columns = c("gene", "n_guides", "delta_mean_gene", "delta_sd_gene")
  ),
  qc_offset = list(
    file = "qc_theta_beta_offset_by_gene.csv", needed = TRUE,
    columns = c("gene", "n_guides", "offset_mean", "offset_sd_across_days")
  ),
  qc_centering = list(
    file = "qc_theta_day_centering.csv", needed = TRUE,
    columns = c("gene", "theta_mean_d", "theta_centered_d")
  ),
  cells = list(
    file = "qc_cells_by_guide.csv", needed = FALSE, columns = c("guide", "gene", "is_ntc", "n_cells_d")
  ),
  guide_estimate = list(
    file = "guide_daywise_likelihood.csv", needed = FALSE, columns = c("guide", "gene", "betahat_d", "se_d")
  ),
  left_out = list(
    file = "guide_daywise_left_out.csv", needed = FALSE, columns = c("guide", "gene", "betahat_d", "se_d")
  ),
  by_replicate = list(
    file = "gene_daywise_by_replicate.csv", needed = FALSE,
    columns = c("gene", "day", "replicate", "betahat", "se")
  ),
  heterogeneity = list(
    file = "gene_heterogeneity.csv", needed = FALSE,
    columns = c("gene", "n_guides", "guide_sd", "guide_share", "replicate_q", "replicate_df", "replicate_p")
  ),
  p_value = list(
    file = "gene_daywise_p.csv", needed = FALSE, columns = c("gene", "z_d", "p_d", "p_guides_d")
  ),
  probability_change = list(
    file = "gene_probability_change.csv", needed = FALSE,
    columns = c("gene", "day", "fate", "baseline", "change", "low", "high")
  )
)

read_fit_table <- function(spec, out_dir, n_days, call = rlang::caller_env()) {
  path <- file.path(out_dir, spec$file)
  if (!file.exists(path)) {
    if (spec$needed) abort_export("The fit in {.path {out_dir}} has no {.file {spec$file}}.", call = call)
    return(NULL)
  }
  table <- read_intact_csv(path, call)
  for (j in intersect(name_columns, names(table))) {
    data.table::set(table, j = j, value = as_named(table[[j]]))
  }
  by_day <- endsWith(spec$columns, "_d")
  daywise <- unlist(lapply(spec$columns[by_day], paste0, seq_len(n_days) - 1L))
  wanted <- c(spec$columns[!by_day], daywise)
  found <- check_columns(table, wanted)
  if (!found$ok) abort_export("{.path {path}} lacks the column{?s} {.field {found$missing}}.", call = call)
  numbers <- setdiff(wanted, name_columns)
  problem <- column_problem(names(table), spec$columns[by_day], n_days) %||%
    first_problem(numbers, function(name) number_problem(table[[name]], name, table[[1]]))
  if (!is.null(problem)) abort_damaged(path, problem, call)
  table
}

name_columns <- c("guide", "gene", "replicate", "fate") # one called 1 keeps its name

abort_damaged <- function(path, problem, call) {
  problem <- verbatim(problem)
  abort_export(c(
    "The table {.path {path}} is damaged: {problem}.", i = "Copy the folder again, or fit again."
  ), call = call)
}

#' A table as the fit wrote it; what a reader would warn of and mend is refused
#' @noRd
read_intact_csv <- function(path, call) {
  problem <- file_problem(path)
  if (!is.null(problem)) abort_damaged(path, problem, call)
  refuse <- function(condition) abort_damaged(path, strsplit(conditionMessage(condition), "\n")[[1]][1], call)
  tryCatch(read_csv_file(path, texts = name_columns), warning = refuse, error = refuse)
}

#' What is wrong with the names of columns, or NULL
#' @param by_day statistics of which there is a column a day.
#' @noRd
column_problem <- function(names, by_day, n_days) {
  days <- if (length(by_day) > 0) grep(sprintf("^(%s)[0-9]+$", paste(by_day, collapse = "|")), names)
  if (anyDuplicated(names) > 0) {
    "it has two columns of one name"
  } else if (length(days) > length(by_day) * n_days) {
    sprintf("it has columns of more days than the %d of the manifest", n_days)
  }
}

#' What is wrong with a column of numbers, where a missing value is none; or NULL
#' @param rows names of the rows.
#' @noRd
number_problem <- function(values, column, rows) {
  if (!is.numeric(values) && !is.logical(values)) {
    return(sprintf("its column `%s` holds text where numbers belong", column))
  }
  bad <- is.nan(values) | is.infinite(values)
  if (any(bad)) sprintf("its column `%s` is not finite for %s", column, first_few(rows[bad]))
}

# tables with one row a gene; those of all genes; those of some genes or days
tables_by_gene <- c("gene", "estimate", "qc_delta", "qc_offset", "qc_centering", "heterogeneity", "p_value")
tables_of_all <- c(tables_by_gene, "guide", "guide_estimate", "probability_change")
tables_of_some <- c("cov", "left_out", "by_replicate")

#' Do the rows of the tables belong together?
#' @noRd
validate_rows <- function(tables, n_days, out_dir, call = rlang::caller_env()) {
  genes <- tables$gene$gene
  for (name in names(Filter(Negate(is.null), tables[c(tables_of_all, tables_of_some)]))) {
    table <- tables[[name]]
    files <- unique(c(fit_tables[[name]]$file, fit_tables$gene$file))
    key <- if (name == "guide") "guide" else if (name %in% tables_by_gene) "gene"
    problem <- row_problem(table, key, n_days)
    if (!is.null(problem)) abort_damaged(file.path(out_dir, files[[1]]), problem, call)
    if (!setequal(table$gene, genes) && (name %in% tables_of_all || !all(table$gene %in% genes))) {
      abort_export("{.file {files}} in {.path {out_dir}} hold different genes; fit again.", call = call)
    }
  }
}

#' What is wrong with names and days of rows, or NULL
#' @param key column in which no name stands twice, or NULL.
#' @noRd
row_problem <- function(table, key, n_days) {
  days <- unlist(lapply(c("day", "day_1", "day_2"), function(name) table[[name]]))
  twice <- if (!is.null(key)) anyDuplicated(table[[key]]) else 0
  if (anyNA(table$gene)) {
    "it has a row without a gene"
  } else if (twice > 0) {
    sprintf("it has two rows of the %s %s", key, table[[key]][twice])
  } else if (!all(days %in% (seq_len(n_days) - 1L))) {
    sprintf("it has a day that is none of the fit's %d", n_days)
  }
}

#' A table written whole or not at all
#'
#' @param as_given write texts as they stand, for a table that others read: a guide map. Else see `guarded()`.
#' @noRd
write_table <- function(table, path, call = rlang::caller_env(), as_given = FALSE) {
  validate_writable(dirname(path), call = call)
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  if (!as_given) table <- guarded(table)
  write_whole(function(stage) write_rows(table, stage), path, call)
}

#' fwrite() says nothing of a disk that took a part of a table: so it is compared with a second one
#' @returns Is the file whole?
#' @noRd
write_rows <- function(table, path) {
  again <- tempfile()
  on.exit(unlink(again))
  data.table::fwrite(table, path)
  data.table::fwrite(table, again)
  identical(file.size(path), file.size(again))
}

#' A file written whole or not at all: to a temporary name beside it, then renamed
#'
#' @param write function of a path, which writes there; FALSE means that it could not.
#' @returns `path`.
#' @noRd
write_whole <- function(write, path, call = rlang::caller_env()) {
  stage <- tempfile(".stage-", tmpdir = dirname(path), fileext = paste0(".", tools::file_ext(path)))
  on.exit(unlink(stage))
  problem <- tryCatch(if (isFALSE(write(stage))) "only a part of it was written", error = function(error) {
    if (inherits(error, "fatebias_error")) stop(error)
    conditionMessage(error)
  })
  if (is.null(problem) && !suppressWarnings(file.rename(stage, path))) problem <- "it cannot take its place"
  if (!is.null(problem)) abort_unwritten(path, problem, call)
  path
}

abort_unwritten <- function(path, problem, call) {
  abort_export(c(
    "Cannot write {.path {path}}: {problem}.", i = disk_words(dirname(path)),
    i = "No half file is left. Make room there, or choose another folder, and run the same again."
  ), call = call)
}

#' How much room a folder has, in words; NULL where the system does not say
#' @noRd
disk_words <- function(folder) {
  lines <- tryCatch(
    suppressWarnings(system2("df", c("-Pk", shQuote(folder)), stdout = TRUE, stderr = FALSE)),
    error = function(error) NULL
  )
  free <- suppressWarnings(as.numeric(strsplit(utils::tail(c("", lines), 1), " +")[[1]][4]))
  if (isTRUE(free >= 0)) sprintf("Its disk has %.1f MB left.", free / 1000)
}

#' Run code that writes files; where it fails they are as they were before
#' @noRd
all_or_nothing <- function(paths, code) {
  old <- paths[file.exists(paths)]
  kept <- paste0(old, ".before", recycle0 = TRUE)
  unlink(kept) # of a session that was killed
  writing <- FALSE
  on.exit({
    if (writing) unlink(setdiff(paths, old))
    if (writing) Map(file.rename, kept, old)
    unlink(kept) # also where both are one file still
  })
  Map(keep_file, old, kept)
  writing <- TRUE
  result <- force(code)
  writing <- FALSE
  result
}

#' A second name for a file, or a copy of it; files are replaced whole, so either keeps what it was
#' @noRd
keep_file <- function(from, to) {
  if (!suppressWarnings(file.link(from, to)) && !file.copy(from, to)) {
    abort_export("Cannot write {.path {to}}, which keeps the file that is there until the new one is read.")
  }
}
