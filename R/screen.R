# A screen: paths of its files and a checked summary of what is in them. The cells stay on disk.

#' Read a screen
#'
#' Checks a screen and its guide map before a fit, and summarises them. The cells stay in the
#' file, and no function loads expression.
#'
#' @param path screen file, an `.h5ad`, an `.h5mu` (see the settings `modality` and `guide_modality`) or the
#'   folder of a `.zarr` store: day in `obs`, replicate, guide presence (cells x guides) and fate
#'   probabilities (cells x fates, rows sum to 1) in `obsm`. The keys are settings of the stage
#'   Screen, see [settings_reference]; `day_key = NULL` where all cells are of one day. Guides that are UMI
#'   counts need `min_umi`, posterior probabilities `min_probability`.
#' @param guide_map guide map, a CSV with the columns `guide_name`, `gene_name`, `is_ntc` (0 or 1), one
#'   row a guide. Control guides (`is_ntc` 1) form the baseline whose effect is zero. IGVF's table of guides,
#'   sceptre's `grna_target_data_frame` and Cell Ranger's feature reference are known by their columns; for
#'   any other table see the settings `guide_map_columns` and `control_pattern`. Columns may be separated by
#'   semicolons or tabs, and the file compressed or in UTF-16. By default it is read from the screen's own
#'   file, where that has it: in `uns["guide_targets"]`, or as columns of `var` of the guides.
#' @param settings [fate_settings()]; the stage Screen is used.
#' @param ... settings by name, such as `fate_prob_key = "lineages_fwd"`.
#' @returns A `fatebias_screen`: `path`, `guide_map`, `settings` (of the stage Screen) and `summary`, a
#'   list with `n_cells`, `n_cells_file`, `left_out` (cells by reason), `mended` (cells whose fate
#'   probabilities were rounded, by what was wrong), `days`, `day_values`, `replicates`, `fates` (the
#'   reference first), `covariates` (columns of the model: `lane=A` is one level of labels), `n_clusters`
#'   (NULL: each cell is alone), `n_genes`, `n_guides`, `n_ntc`, `uncarried_guides`, `dropped_genes`,
#'   `cells_by_day_replicate` (day x replicate), `guides_per_cell_mean`,
#'   `burden_counts` (list `n_guides`, `n_cells`: cells of the file by number of guides),
#'   `fate_means_by_day` (day x fate), `fate_means_by_day_replicate` (day x replicate x fate), `warnings`
#'   (what weakens the screen, as it was told), `fingerprint` (of the files and of what was read).
#' @section Errors: `fatebias_error_screen`, with the file, the key, the first offending rows and what
#'   to do: probabilities that do not sum to 1 (tolerance 0.001), are negative, or are NaN in a part of a
#'   cell's row (cells without any are left out, or refused under `missing_fates = "error"`), a guide that
#'   the map lacks, a duplicated guide, a guide with two genes, no control guide, a day on which every
#'   cell carries as many guides as any other and none a control, a day or replicate with fewer than 2 cells,
#'   unknown fates, a file that is not an .h5ad, .h5mu or .zarr; a covariate that is absent, missing or
#'   infinite in some cell, constant, different in every cell, or the day or replicate; a cell without a
#'   cluster, or fewer than 10 clusters; a guide map whose flags are reversed, or with a row that has
#'   another number of fields than its header; names of fates that terminal cells contradict; days without
#'   an order of time (see `day_levels`), or one day or replicate written in two ways.
#' @section Warnings: each that [check_screen()] gives of a screen that can be read is given here once, as
#'   `fatebias_warning_screen`: one day, one replicate, many cells left out, days without a control guide in
#'   any cell, genes with one guide, few effective cells, guides named like controls that are none, columns of
#'   CellRank's array in another order than its terminal states. Those of a fit (its memory, and too few cells
#'   for `likelihood_weight`) are given by [fit_fate_bias()].
#' @seealso [fate_screen()] for a screen from R objects, [fit_fate_bias()] for what comes next.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' files <- simulate_screen(tempfile(), cells = 2000, genes = 20)
#' read_screen(files$screen, files$guide_map)
#' @export
read_screen <- function(path, guide_map = path, settings = fate_settings(), ...) {
  validate_arg(path, check_path)
  validate_arg(guide_map, check_path)
  settings <- settings_for(update_settings(settings, ...), "screen")
  for (file in unique(c(path, guide_map))) {
    if (!file.exists(file)) {
      abort_screen(c("The file {.path {file}} does not exist.", working_directory_line(file)))
    }
  }
  described <- timed_stage("screen", py_call(
    "describe_screen",
    screen_path = path.expand(path), guide_map = path.expand(guide_map),
    settings = settings_list(settings, "screen"), progress = show_progress()
  ))
  new_screen(path, guide_map, settings, described)
}

new_screen <- function(path, guide_map, settings, summary) {
  texts <- c("uncarried_guides", "dropped_genes", "days", "replicates", "fates", "covariates", "warnings")
  for (name in texts) {
    summary[[name]] <- names_from_json(summary[[name]])
  }
  structure(
    list(path = path, guide_map = guide_map, settings = settings, summary = summary),
    class = "fatebias_screen"
  )
}

#' Lines about a screen, from its summary; prints of a fit use them too
#' @noRd
screen_lines <- function(summary) {
  s <- summary
  left_out <- counts_by_name(s$left_out)
  mended <- counts_by_name(s$mended)
  uncarried <- length(s$uncarried_guides)
  c(
    sprintf(
      "%s cells, %s genes, %s guides (and %s controls), %.1f guides a cell",
      count(s$n_cells), count(s$n_genes), count(s$n_guides), count(s$n_ntc), s$guides_per_cell_mean
    ),
    sprintf(
      "%s %s; replicates %s", if (length(s$days) == 1) "One day:" else "Days",
      paste(s$days, collapse = " < "), paste(s$replicates, collapse = ", ")
    ),
    sprintf("Fates %s (reference), %s", s$fates[[1]], paste(s$fates[-1], collapse = ", ")),
    if (length(s$label_sets) > 0) paste("Label sets", paste(s$label_sets, collapse = ", ")),
    if (length(s$covariates) > 0) paste("Covariates", paste(s$covariates, collapse = ", ")),
    if (!is.null(s$n_clusters)) sprintf("Clusters of cells: %s", count(s$n_clusters)),
    if (length(left_out) > 0) paste("Cells left out:", paste(left_out, collapse = ", ")),
    if (length(mended) > 0) paste("Cells with rounded probabilities:", paste(mended, collapse = ", ")),
    if (uncarried > 0) sprintf("Guides of the map that no cell carries: %s", count(uncarried)),
    if (length(s$dropped_genes) > 0) paste("Genes dropped with them:", first_few(s$dropped_genes)),
    if (length(s$warnings) > 0) paste("Warned of:", paste(sub(":.*", "", s$warnings), collapse = ", "))
  )
}

#' Counts above zero with their names: "15 no guide"
#' @noRd
counts_by_name <- function(counts) {
  n <- unlist(counts)
  sprintf("%s %s", vapply(n, count, character(1)), gsub("_", " ", names(n)))[n > 0]
}

count <- function(n) format(n, big.mark = ",", scientific = FALSE, trim = TRUE)

#' @export
format.fatebias_screen <- function(x, ...) {
  c(
    paste("<fatebias_screen>", x$path), screen_lines(x$summary),
    "Next: fit_fate_bias(); summary() has counts and means by day."
  )
}

#' @export
print.fatebias_screen <- function(x, ...) {
  print_lines(format(x))
  invisible(x)
}

#' @rdname fatebias_screen
#' @export
summary.fatebias_screen <- function(object, ...) {
  s <- object$summary
  table <- data.table::data.table(
    day = s$days,
    as_day_matrix(s$cells_by_day_replicate, length(s$days), paste0("cells_", s$replicates)),
    as_day_matrix(s$fate_means_by_day, length(s$days), paste0("mean_", s$fates))
  )
  table[]
}

#' Tables of a screen
#'
#' @param x,object a `fatebias_screen`, from [read_screen()] or [fate_screen()].
#' @param row.names,optional,... not used.
#' @returns
#' - `summary()`, `as.data.table()`, `as.data.frame()`: one row a day: `day`, `cells_*` by replicate,
#'   `mean_*` (mean probability) by fate.
#' - `tidy()`: data.table, one row a day and replicate: `day` (label), `time`, `replicate`, `n_cells`.
#' - `glance()`: data.table of one row: `n_cells`, `n_cells_file`, `n_left_out`, `n_genes`, `n_guides`,
#'   `n_ntc`, `n_days`, `n_replicates`, `n_fates`, `guides_per_cell`.
#' @name fatebias_screen
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' files <- simulate_screen(tempfile(), cells = 2000, genes = 20)
#' screen <- read_screen(files$screen, files$guide_map)
#' summary(screen)
#' glance(screen)
NULL

#' @rdname fatebias_screen
#' @export
tidy.fatebias_screen <- function(x, ...) {
  s <- x$summary
  cells <- as_day_matrix(s$cells_by_day_replicate, length(s$days), s$replicates)
  data.table::data.table(
    day = s$days[row(cells)], time = as.numeric(unlist(s$day_values))[row(cells)],
    replicate = s$replicates[col(cells)], n_cells = as.vector(cells)
  )
}

#' @rdname fatebias_screen
#' @export
glance.fatebias_screen <- function(x, ...) {
  s <- x$summary
  data.table::data.table(
    n_cells = s$n_cells, n_cells_file = s$n_cells_file, n_left_out = sum(unlist(s$left_out)),
    n_genes = s$n_genes, n_guides = s$n_guides, n_ntc = s$n_ntc, n_days = length(s$days),
    n_replicates = length(s$replicates), n_fates = length(s$fates), guides_per_cell = s$guides_per_cell_mean
  )
}

#' @rdname fatebias_screen
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_screen <- function(x, ...) summary(x)

#' @rdname fatebias_screen
#' @export
as.data.frame.fatebias_screen <- function(x, row.names = NULL, # nolint: object_name_linter.
                                          optional = FALSE, ...) {
  as.data.frame(summary(x))
}

#' Rows by day as a matrix, also where there is one column only
#' @noRd
as_day_matrix <- function(x, n_days, names) {
  matrix(unlist(x), nrow = n_days, dimnames = list(NULL, names))
}
