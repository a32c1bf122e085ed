#' fatebias: fate bias of gene knock-downs in pooled CRISPRi screens over time
#'
#' In running order: [read_screen()] or [fate_screen()], [fit_fate_bias()], [assess_qc()] and
#' [assert_qc()], [run_mash()], [rank_hits()]. [use_fatebias_pipeline()] sets up all of it as a
#' pipeline, [simulate_screen()] makes a screen to try it on, [fatebias_sitrep()] says what is missing.
#'
#' @importFrom data.table .N
#' @importFrom rlang .data
#' @keywords internal
"_PACKAGE"
