# Control pseudo-genes: estimates whose truth is zero.

#' Estimates of control pseudo-genes
#'
#' `r lifecycle::badge("experimental")`
#'
#' Takes up to half of the control guides, at random, out of the baseline and runs them like genes (engine
#' laplace), in groups of the panel's median number of guides per gene; then again with other halves. Their
#' true effects are zero, so they show the joint error of this screen's estimates over days, see
#' `v = "ntc"` in [run_mash()].
#'
#' @param screen a `fatebias_screen`, from [read_screen()] or [fate_screen()].
#' @param settings [fate_settings()], as the fit had them.
#' @param ... settings by name, such as `seed = 7`.
#' @param n_splits number of random halves; each takes as long as a fit by engine laplace.
#' @returns data.table `gene` (`control_split_number`), `betahat_d0.., se_d0..`: fixed-effect estimates and
#'   their standard errors, as in `fit$estimate`, in log odds.
#' @section Errors: `fatebias_error_screen` with fewer than two control guides; `fatebias_error_fit`.
#' @references Barry et al. (2024), Genome Biology 25, 124.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' folder <- simulate_screen(tempfile(), cells = 2000, genes = 20, ntc = 24)
#' screen <- read_screen(folder$screen, folder$guide_map)
#' fit_controls(screen, n_splits = 1)
#' @export
fit_controls <- function(screen, settings = fate_settings(), ..., n_splits = 10) {
  validate_class(screen, "fatebias_screen", "read_screen", abort_fit)
  validate_arg(n_splits, checkmate::check_count, positive = TRUE)
  settings <- with_screen_settings(update_settings(settings, ...), screen)
  columns <- py_call(
    "estimate_controls",
    screen_path = path.expand(screen$path), guide_map = path.expand(screen$guide_map),
    settings = settings_list(settings, c("screen", "fit")), n_splits = n_splits, progress = show_progress()
  )
  numbers <- names(columns) != "gene"
  columns[numbers] <- lapply(columns[numbers], function(x) as.numeric(unlist(lapply(x, `%||%`, NA))))
  data.table::as.data.table(lapply(columns, unlist))
}
