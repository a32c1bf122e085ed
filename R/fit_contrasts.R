# A contrast after a fit: its tables from the archive of all fates, without a refit.

#' Tables of a fit that a contrast has of its own
#' @noRd
contrast_fit_tables <- c(
  "gene", "guide", "estimate", "cov", "guide_estimate", "left_out", "by_replicate", "heterogeneity"
)

#' Turn a fit to another contrast
#'
#' The model fits all fates at once, and a fit keeps the estimates for each. So effects on any fate, and any
#' comparison of fates, follow from a fit within a second, and equal those of a refit with that contrast as
#' `contrast_fate`. This function needs Python.
#'
#' @param fit a `fatebias_fit`, or a part of one.
#' @param contrast fates that are compared:
#'   - `"NEU"`: NEU against the reference;
#'   - `"NEU - MES"`: NEU against MES, with a blank on either side of the minus;
#'   - `"NEU - (EC + MES) / 2"`: NEU against the mean of EC and MES; either side may be such a mean;
#'   - `"NEU - rest"`: NEU against the mean of all other fates.
#'
#'   Means are of log probabilities, so that effects are in log odds against a geometric mean.
#' @returns A `fatebias_fit` whose estimates, posterior, estimates by guide and by replicate, and
#'   heterogeneity are those of the contrast; `manifest$contrast` and `settings$contrast_fate` are the
#'   contrast. `p_value` is NULL: the fit itself makes p-values, of its `contrast_fate` alone; for those of
#'   another contrast fit again, or see [randomisation_test()]. QC tables are those of the fit.
#' @section Errors: `fatebias_error_screen` for a contrast that the fates do not allow, with what it may be;
#'   `fatebias_error_export` where the fit has no `effects_all_fates.npz`, as those of earlier versions, or
#'   where it is another fit's.
#' @seealso The argument `contrast` of [run_mash()].
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' folder <- simulate_screen(tempfile(), cells = 2000, genes = 20)
#' screen <- read_screen(folder$screen, folder$guide_map)
#' fit <- fit_fate_bias(screen, inference = "laplace", out_dir = tempfile())
#' contrast_fit(fit, "NEU - rest")$estimate
#' @export
contrast_fit <- function(fit, contrast) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  validate_arg(contrast, checkmate::check_string, min.chars = 1)
  if (identical(contrast, fit$manifest$contrast)) {
    return(fit)
  }
  archive <- array_path(fit, all_fates_file, "effects of all fates", "Fit again.")
  folder <- withr::local_tempdir("fatebias-contrast-")
  estimates <- py_call(
    "write_contrast", out_dir = path.expand(dirname(archive)), contrast = contrast, folder = folder
  )
  tables <- lapply(
    fit_tables[contrast_fit_tables], read_fit_table, out_dir = folder, n_days = length(fit$days)
  )
  fit[contrast_fit_tables] <- lapply(tables, function(table) table[rows_of_genes(table$gene, fit$gene$gene)])
  fit["p_value"] <- list(NULL)
  fit$manifest$contrast <- fit$settings$contrast_fate <- contrast
  fit$manifest$estimates[names(estimates)] <- estimates
  fit
}
