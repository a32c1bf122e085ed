# A second opinion on single genes that does not share the model's noise.

#' Conditional randomisation test of genes
#'
#' Assigns the guides of each gene to other cells of the same day, replicate and burden (guides in a cell),
#' many times, while labels and all other guides stay. If the guides have no effect, the estimate from the
#' real cells is a draw from these estimates. The test depends on how guides came into cells, not on the
#' scatter of labels: with a wrong model it loses power, but keeps its level. Read it beside the lfsr, see
#' `randomisation` in [rank_hits()].
#'
#' @inheritParams run_calibration
#' @param genes names; default: the genes called by [run_mash()] by the settings of the fit.
#' @param n_resamples number of resamples.
#' @details
#' The estimate is one step of Newton from the null: the gene's effects start at 0, with all other effects
#' re-estimated to first order, and only the gene's own block moves. Full refits of moved guides agree with
#' it up to a factor, which cancels in `z` and `p_value`. Cells of a stratum are exchangeable as far as the
#' model's means of the other genes are right.
#' @returns data.table, one row a gene and day on which some cell carries it: `gene`, `day` (label),
#'   `estimate` (one step from the null, log odds: not that of the fit), `null_mean`, `null_sd` (over
#'   resamples), `z`, `p_value` (two-sided: the share of resamples at least as
#'   far out; where fewer than 10 are, the normal tail by `z`, if that is
#'   smaller).
#' @section Errors: `fatebias_error_screen` for a gene that the screen lacks, and as in [run_calibration()].
#' @references Candes et al. (2018), J. R. Stat. Soc. B 80, 551-577; Barry et al. (2021), Genome Biology 22,
#'   344.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' files <- simulate_screen(tempfile(), cells = 1500, genes = 10)
#' screen <- read_screen(files$screen, files$guide_map)
#' fit <- fit_fate_bias(screen, inference = "laplace", out_dir = tempfile())
#' randomisation_test(fit, "GENE00003", n_resamples = 200)
#' @export
randomisation_test <- function(fit, genes = NULL, screen = NULL, n_resamples = 2000) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  validate_arg(genes, checkmate::check_character, any.missing = FALSE, unique = TRUE, null.ok = TRUE)
  validate_arg(n_resamples, checkmate::check_int, lower = 20)
  genes <- genes %||% called_genes(run_mash(fit)$table)
  validate_same_screen(fit, screen)
  source <- calibration_source(fit, screen)
  source$out_dir <- NULL
  empty <- data.table::data.table(
    gene = character(), day = character(), estimate = numeric(), null_mean = numeric(), null_sd = numeric(),
    z = numeric(), p_value = numeric()
  )
  if (length(genes) == 0) {
    return(with_identity(empty, fit))
  }
  arguments <- c(source, list(genes = I(genes), n_resamples = n_resamples))
  rows <- data.table::as.data.table(py_apply("randomise_genes", arguments))
  rows$gene <- names_from_json(rows$gene)
  rows$day <- fit$days[rows$day + 1L]
  with_identity(rows[, names(empty), with = FALSE], fit)
}
