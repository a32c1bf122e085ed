# Pictures of ranked hits: those of the result that they rank.

#' Plots of ranked hits
#'
#' @param object,x ranked genes, from [rank_hits()], or some of their rows.
#' @param what `"heatmap"`: [plot_heatmap()]; `"effects"`: [plot_effects()]; `"volcano"`: [plot_volcano()];
#'   `"onset"`: [plot_onset()]; `"roc"`: [plot_roc()], with `genes`.
#' @param ... arguments of that function, such as `n = 10`.
#' @returns A ggplot2 object; `plot()` draws it and returns it invisibly. Times of days, which a ranking does
#'   not have, are 0, 1, ... in the table behind the plot.
#' @section Errors: `fatebias_error_mash` for a ranking without the columns by day.
#' @examples
#' hits <- rank_hits(run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias"))))
#' autoplot(hits)
#' autoplot(head(hits, 10), "volcano")
#' @exportS3Method ggplot2::autoplot
autoplot.fatebias_hits <- function(object, what = c("heatmap", "effects", "volcano", "onset", "roc"), ...) {
  what <- validate_choice(what)
  result <- result_of_hits(object)
  draw <- switch(what,
    heatmap = plot_heatmap, effects = plot_effects, volcano = plot_volcano, onset = plot_onset, roc = plot_roc
  )
  draw(result, ...)
}

#' @rdname autoplot.fatebias_hits
#' @export
plot.fatebias_hits <- function(x, ...) print(autoplot(x, ...))

#' What plots need of the `mash_result` that was ranked
#' @noRd
result_of_hits <- function(hits, call = rlang::caller_env()) {
  days <- attr(hits, "days")
  by_day <- c("betahat", "se", "postmean", "postsd", "lfsr", "p_active", "plarge")
  needed <- paste0(rep(by_day, each = length(days)), "_d", seq_along(days) - 1L)
  needed <- c(ranking_columns, needed, "onset_day", "p_onset", "p_persist", "p_switch")
  found <- check_columns(hits, needed)
  if (is.null(days) || !found$ok || nrow(hits) == 0) {
    missing <- c(if (is.null(days)) "the labels of its days", if (nrow(hits) == 0) "genes", found$missing)
    abort_mash("{.arg object} cannot be drawn: it lacks {first_few(missing)}.", call = call)
  }
  structure(
    list(
      table = data.table::as.data.table(hits), days = days,
      times = rlang::set_names(seq_along(days) - 1, days), level = "gene",
      lfsr_thresh = attr(hits, "lfsr_thresh"), call_rule = rule_of_hits(hits),
      contrast = attr(hits, "contrast"), reference = attr(hits, "reference")
    ),
    class = "mash_result"
  )
}
