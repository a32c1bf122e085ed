# Effects by gene and day, from a mash_result: as intervals and as tiles.

#' Effects of genes by day
#'
#' `plot_effects()` draws posterior means of mash with their intervals beside the estimates that mash was
#' given; `plot_heatmap()` draws the same posterior means as tiles.
#'
#' @param x a `mash_result`, from [run_mash()].
#' @param genes names of genes, drawn in this order. NULL: the `n` with the strongest evidence. Of a result
#'   at guide level all guides of the genes are drawn.
#' @param n how many rows are drawn where `genes` is NULL: those called first, by the smallest lfsr, as in
#'   [rank_hits()].
#' @param mark names of genes that get a star; where `genes` is NULL they are drawn beside the `n` as well.
#' @param level probability of the intervals, mean +- normal quantile x SD.
#' @details
#' A call is an effect on a day that is called by the rule of the result (`call_rule` of [run_mash()]). On a
#' day without an estimate mash borrows everything from the other days; such an effect is drawn, marked, and
#' never a call.
#'
#' Names of more than 20 characters are shortened in the middle, and labels of days of more than 8 lose the
#' first words where all share them; the tables have them in full.
#'
#' Rows of the heatmap, where `genes` is NULL, stand so that patterns show: rows with calls first; those
#' whose first call raises the contrast fate before those whose first call lowers it; then by the day of the
#' first call, the number of calls (most first) and the smallest lfsr.
#' @returns `plot_effects()`, `plot_heatmap()`: a ggplot2 object. `plot_effects_data()`: data.table, one row
#'   a gene and day:
#'   - `gene` (of a result at guide level `guide` as well), `day`: factors, in the order drawn; `time`;
#'   - `estimate`, `std.error`, `estimate_low`, `estimate_high`: what mash was given, log odds, with interval;
#'   - `postmean`, `postsd`, `low`, `high`: posterior mean and SD of mash, log odds, with interval;
#'   - `lfsr`, `call` (TRUE/FALSE), `state` (`call`, `no call`, `no estimate`).
#'
#'   `plot_heatmap_data()`: data.table `gene`, `day`, `time`, `postmean`, `lfsr`, `call`, and `mark`: `+` or
#'   `-` for a call that raises or lowers, `x` for no estimate, else empty.
#' @section Errors: `fatebias_error_mash` for anything but a `mash_result`; `fatebias_error_argument` for
#'   unknown genes, with the names that are near.
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' plot_effects(result, n = 10)
#' plot_heatmap(result)
#' plot_effects_data(result, genes = "GENE00030")
#' @export
plot_effects <- function(x, genes = NULL, n = 30L, level = 0.9, mark = NULL) {
  effects <- plot_effects_data(x, genes, n, level, mark)
  ggplot2::ggplot(effects, ggplot2::aes(y = .data[[x$level]])) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey50", linewidth = 0.3) +
    ggplot2::geom_linerange(
      ggplot2::aes(xmin = .data$low, xmax = .data$high), linewidth = 0.5, colour = "grey25"
    ) +
    ggplot2::geom_point(
      ggplot2::aes(.data$estimate, shape = "estimate", fill = "estimate"), size = 2, na.rm = TRUE
    ) +
    ggplot2::geom_point(ggplot2::aes(.data$postmean, shape = .data$state, fill = .data$state), size = 1.7) +
    scale_states() +
    scale_y_rows(marked_rows(x, mark)) +
    scale_x_effects() +
    facet_days(x$days, day_panels(x$days)) +
    ggplot2::labs(caption = caption(
      "Line: ", interval_text(level), " of the posterior. Diamond: estimate given to mash. ", call_text(x),
      star_text(mark)
    )) +
    theme_fatebias()
}

#' Shapes and fills of estimates and of posterior means by state, in one legend
#' @noRd
scale_states <- function() {
  kinds <- c("estimate", states)
  scale <- function(make, values) {
    make(
      NULL, values = rlang::set_names(values, kinds), breaks = kinds, guide = ggplot2::guide_legend(ncol = 2),
      labels = c("estimate", "posterior, call", "posterior, no call", "posterior, no estimate")
    )
  }
  list(
    scale(ggplot2::scale_shape_manual, c(5, 21, 21, 4)),
    scale(ggplot2::scale_fill_manual, c("white", "black", "grey75", "white"))
  )
}

#' @rdname plot_effects
#' @export
plot_effects_data <- function(x, genes = NULL, n = 30L, level = 0.9, mark = NULL) {
  validate_class(x, "mash_result", "run_mash", abort_mash)
  width <- half_width(level)
  effects <- effects_of(x, choose_rows(x, genes, n, mark = mark))
  names <- intersect(c("gene", "guide"), names(effects))
  data.table::data.table(
    effects[, c(names, "day", "time", "estimate", "std.error"), with = FALSE],
    estimate_low = effects$estimate - width * effects$std.error,
    estimate_high = effects$estimate + width * effects$std.error,
    effects[, c("postmean", "postsd"), with = FALSE],
    low = effects$postmean - width * effects$postsd, high = effects$postmean + width * effects$postsd,
    effects[, c("lfsr", "call"), with = FALSE], state = state_of(effects$call, effects$estimate)
  )
}

#' @rdname plot_effects
#' @export
plot_heatmap <- function(x, genes = NULL, n = 30L, mark = NULL) {
  tiles <- plot_heatmap_data(x, genes, n, mark)
  limit <- max(abs(tiles$postmean), 0.1)
  tiles$fill <- ifelse(tiles$mark == no_estimate_mark, NA, tiles$postmean)
  tiles$ink <- ifelse(abs(tiles$postmean) > 0.6 * limit & tiles$call, "white", "black")
  ggplot2::ggplot(tiles, ggplot2::aes(.data$day, .data[[x$level]])) +
    effect_tiles(tiles, "fill", limit) +
    scale_x_days(x$days) +
    scale_y_rows(marked_rows(x, mark), expand = c(0, 0)) +
    ggplot2::labs(caption = caption(
      "Calls: + raises, - lowers the fate. ", call_text(x),
      if (anyNA(tiles$fill)) " x: no estimate on this day.", star_text(mark)
    )) +
    theme_fatebias() +
    wide_bar() +
    ggplot2::theme(panel.grid = ggplot2::element_blank())
}

#' Tiles coloured by an effect from -limit to limit, grey where there is none, with the marks of calls
#' @param tiles data.table with the effect, `mark` and `ink` (colour of the mark).
#' @param fill name of the column with the effect.
#' @noRd
effect_tiles <- function(tiles, fill, limit) {
  list(
    ggplot2::geom_tile(ggplot2::aes(fill = .data[[fill]]), colour = "white", linewidth = 0.4),
    ggplot2::geom_text(
      ggplot2::aes(label = .data$mark, colour = .data$ink, size = .data$mark), tiles[tiles$mark != ""],
      fontface = "bold"
    ),
    ggplot2::scale_colour_identity(),
    ggplot2::scale_size_manual(values = mark_sizes, guide = "none"),
    ggplot2::scale_fill_gradient2(
      "effect (log odds)", low = direction_colours[["lowers"]], mid = "#F7F7F7",
      high = direction_colours[["raises"]], limits = c(-limit, limit), n.breaks = 4, na.value = "grey82"
    )
  )
}

no_estimate_mark <- "x"
mark_sizes <- c(`+` = 3.8, `-` = 5.5, x = 2.6) # a hyphen is small

#' Days as columns of tiles
#' @noRd
scale_x_days <- function(days, more = character()) {
  labels <- c(short_days(days), rlang::set_names(more))
  ggplot2::scale_x_discrete(NULL, labels = labels, guide = axis_of_labels(labels), expand = c(0, 0))
}

#' @rdname plot_effects
#' @export
plot_heatmap_data <- function(x, genes = NULL, n = 30L, mark = NULL) {
  validate_class(x, "mash_result", "run_mash", abort_mash)
  rows <- choose_rows(x, genes, n, mark = mark)
  effects <- effects_of(x, if (is.null(genes)) by_pattern(effects_of(x, rows), x$level) else rows)
  names <- intersect(c("gene", "guide"), names(effects))
  mark <- c(raises = "+", lowers = "-", none = "")[effects$direction]
  data.table::data.table(
    effects[, c(names, "day", "time", "postmean", "lfsr", "call"), with = FALSE],
    mark = ifelse(is.na(effects$estimate), no_estimate_mark, unname(mark))
  )
}

#' Names of rows by direction and day of the first call; see the help of plot_heatmap()
#' @noRd
by_pattern <- function(effects, level) {
  direction <- lfsr <- NULL
  patterns <- effects[, list(
    first = match(TRUE, call), n_calls = sum(call), lfsr_min = min(lfsr),
    lowers = direction[match(TRUE, call)] == "lowers"
  ), by = level]
  lfsr <- rank_apart(patterns$lfsr_min, lfsr_rounding)
  order <- order(is.na(patterns$first), patterns$lowers, patterns$first, -patterns$n_calls, lfsr)
  as.character(patterns[[level]][order])
}
