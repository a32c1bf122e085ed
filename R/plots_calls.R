# How sure the calls of a mash_result are, when effects begin, and what the mixture gives weight to.

lfsr_floor <- 1e-8 # smaller ones are drawn there: so far out they say nothing but "sure"

#' Effect against evidence, by day
#'
#' @inheritParams plot_effects
#' @param n how many calls are labelled on each day: the smallest lfsr first, of equal ones the largest
#'   effect.
#' @param genes names of genes that are marked: ringed on every day, and labelled on the days they are called,
#'   or on their best day.
#' @details Local false sign rates below 1e-8, zero included, are drawn at 1e-8 as triangles. Labels keep
#'   clear of points. They are placed by ggrepel where it is installed; without it those without a free place
#'   beside their point are left out.
#' @returns `plot_volcano()`: a ggplot2 object. `plot_volcano_data()`: data.table, one row a gene and day:
#'   `gene` (of a result at guide level `guide` as well), `day`, `postmean` (of mash, log odds), `lfsr`,
#'   `evidence` (-log10 of lfsr, at most 8), `at_floor` (lfsr below 1e-8), `call`, `state` (`call`,
#'   `no call`, `no estimate`), `label` (name of a labelled row, else empty), `direction` (of a call:
#'   `raises` or `lowers`; else `none`), `marked` (is the gene one of `genes`?).
#' @inheritSection plot_effects Errors
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' plot_volcano(result, genes = "GENE00018")
#' @export
plot_volcano <- function(x, n = 5L, genes = NULL) {
  points <- plot_volcano_data(x, n, genes)
  kinds <- c(sprintf("call, lfsr < %s", format(lfsr_floor)), states)
  kind <- ifelse(points$call & points$at_floor, kinds[[1]], as.character(points$state))
  points$kind <- factor(kind, levels = kinds)
  ggplot2::ggplot(points, ggplot2::aes(.data$postmean, .data$evidence)) +
    ggplot2::geom_hline(yintercept = -log10(x$lfsr_thresh), linetype = "dashed", colour = "grey40") +
    ggplot2::geom_vline(xintercept = 0, colour = "grey50", linewidth = 0.3) +
    ggplot2::geom_point(
      ggplot2::aes(shape = .data$kind, colour = .data$direction), size = 1.8
    ) +
    ggplot2::geom_point(data = points[points$marked], shape = 1, size = 4, stroke = 0.8) +
    label_layer(points) +
    ggplot2::scale_shape_manual(
      NULL, values = rlang::set_names(c(17, 16, 1, 4), kinds), guide = ggplot2::guide_legend(order = 1)
    ) +
    ggplot2::scale_colour_manual(
      NULL, values = c(direction_colours, none = "grey50"), breaks = names(direction_colours),
      guide = ggplot2::guide_legend(order = 2)
    ) +
    scale_x_effects(expand = 0.35) +
    ggplot2::scale_y_continuous(
      "-log10 lfsr", breaks = seq(0, -log10(lfsr_floor), 2), expand = ggplot2::expansion(mult = c(0.03, 0.4))
    ) +
    facet_days(x$days, 2L) +
    ggplot2::labs(caption = caption(
      "Dashed: lfsr = ", format(x$lfsr_thresh), ".", if (rule_of(x) != "lfsr") paste0(" ", call_text(x)),
      if (!is.null(genes)) " Ring: marked gene."
    )) +
    theme_fatebias()
}

#' @rdname plot_volcano
#' @export
plot_volcano_data <- function(x, n = 5L, genes = NULL) {
  validate_class(x, "mash_result", "run_mash", abort_mash)
  validate_arg(n, checkmate::check_count)
  if (!is.null(genes)) validate_genes_drawn(genes, x$table$gene)
  effects <- effects_of(x)
  names <- intersect(c("gene", "guide"), names(effects))
  marked <- effects$gene %in% genes
  best <- x$table$best_day[match(effects[[x$level]], x$table[[x$level]])] + 1L == as.integer(effects$day)
  never <- !effects[[x$level]] %in% effects[[x$level]][effects$call]
  labelled <- effects$call & (rank_on_day(effects) <= n | marked) | marked & never & best
  data.table::data.table(
    effects[, c(names, "day", "postmean", "lfsr"), with = FALSE],
    evidence = -log10(pmax(effects$lfsr, lfsr_floor)), at_floor = effects$lfsr < lfsr_floor,
    call = effects$call, state = state_of(effects$call, effects$estimate),
    label = ifelse(labelled, as.character(effects[[x$level]]), ""), direction = effects$direction,
    marked = marked
  )
}

#' Places among the calls of each day: the smallest lfsr first, of equal ones the largest effect
#' @noRd
rank_on_day <- function(effects) {
  order <- order(!effects$call, rank_apart(effects$lfsr, lfsr_rounding), -rank_apart(abs(effects$postmean)))
  place <- integer(length(order))
  place[order] <- stats::ave(seq_along(order), effects$day[order], FUN = seq_along)
  place
}

#' When effects begin
#'
#' For each gene the probability of an effect by day, the first day, and what follows it.
#'
#' @inheritParams plot_effects
#' @param genes names of genes, drawn in this order. NULL: the `n` strongest that are called, and those of
#'   `mark`; without any the plot says so.
#' @details The onset of a gene that is called is the most probable first day with an effect, where that is
#'   the first day called. Where it is not, the onset is not clear, and both days are marked.
#' @returns `plot_onset()`: a ggplot2 object. `plot_onset_data()`: data.table, one row a gene and event:
#'   `gene` (of a result at guide level `guide` as well), `panel` (`effect on` or `pattern`), `event`
#'   (a day, or `onset`, `persists`, `switches`), `probability` (by event: active on the day; that the onset
#'   is the most probable one; active on all days after the onset, NA where that is the last day; effects of
#'   both signs), `is_onset` (TRUE in
#'   the rows of genes whose onset is this day), `may_be_onset` (TRUE on the days that may be it where it is
#'   not clear).
#' @inheritSection plot_effects Errors
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' plot_onset(result)
#' @export
plot_onset <- function(x, genes = NULL, n = 30L, mark = NULL) {
  tiles <- plot_onset_data(x, genes, n, mark)
  if (nrow(tiles) == 0) {
    text <- if (rule_of(x) == "lfsr") "No hits at" else "No calls by"
    return(empty_plot(tiles, paste(text, rule_text(rule_of(x), x$lfsr_thresh))))
  }
  tiles$ink <- ifelse(tiles$probability > 0.55, "white", "black")
  pattern <- tiles[tiles$panel == "pattern" & !is.na(tiles$probability)]
  ggplot2::ggplot(tiles, ggplot2::aes(.data$event, .data[[x$level]])) +
    ggplot2::geom_tile(ggplot2::aes(fill = .data$probability), colour = "white", linewidth = 0.4) +
    ggplot2::geom_point(data = tiles[tiles$is_onset], shape = 21, fill = "white", size = 2.2) +
    ggplot2::geom_text(
      ggplot2::aes(colour = .data$ink), tiles[tiles$may_be_onset], label = "?", size = 3.8, fontface = "bold"
    ) +
    ggplot2::geom_text(
      ggplot2::aes(label = sprintf("%.0f", 100 * .data$probability), colour = .data$ink), pattern, size = 2.6
    ) +
    ggplot2::scale_colour_identity() +
    ggplot2::scale_fill_gradient(
      "probability", low = "#F2F2F2", high = "#08306B", limits = c(0, 1), n.breaks = 3, na.value = "white",
      labels = function(p) paste(100 * p, "%")
    ) +
    scale_x_days(x$days, pattern_events) +
    scale_y_rows(marked_rows(x, mark), expand = c(0, 0)) +
    ggplot2::facet_grid(cols = ggplot2::vars(.data$panel), scales = "free_x", space = "free_x") +
    ggplot2::labs(caption = caption(
      "Circle: first day of the effect.", if (any(tiles$may_be_onset)) " ?: not clear, one of these days.",
      " Numbers: per cent.", star_text(mark)
    )) +
    theme_fatebias() +
    wide_bar() +
    ggplot2::theme(panel.grid = ggplot2::element_blank())
}

pattern_events <- c("onset", "persists", "switches")

#' @rdname plot_onset
#' @export
plot_onset_data <- function(x, genes = NULL, n = 30L, mark = NULL) {
  validate_class(x, "mash_result", "run_mash", abort_mash)
  rows <- choose_rows(x, genes, n, x$table[called_rows(x$table)], mark)
  table <- x$table[match(rows, x$table[[x$level]])]
  names <- intersect(c("gene", "guide"), names(table))
  columns <- c(day_columns(table, "p_active"), "p_onset", "p_persist", "p_switch")
  event <- c(x$days, pattern_events)
  marks <- onset_marks(table, x$lfsr_thresh)
  long <- lapply(seq_along(event), function(i) {
    data.table::data.table(
      table[, names, with = FALSE], panel = if (i <= length(x$days)) "effect on" else "pattern",
      event = event[[i]], probability = table[[columns[[i]]]], is_onset = marks$clear & marks$onset %in% i,
      may_be_onset = !marks$clear & (marks$onset %in% i | marks$first %in% i)
    )
  })
  long <- data.table::rbindlist(long)
  # an effect that begins on the last day has no later day to persist on
  last <- rep(table$onset_day + 1L == length(x$days), length(event)) & long$event == "persists"
  data.table::set(long, which(last), "probability", NA_real_)
  for (name in c("is_onset", "may_be_onset")) data.table::set(long, j = name, value = long[[name]] %in% TRUE)
  data.table::set(long, j = x$level, value = factor(long[[x$level]], levels = rows))
  data.table::set(long, j = "event", value = factor(long$event, levels = event))
  data.table::setorderv(long, c(x$level, "event"))
  long[]
}

#' Estimated weights of mash's covariance matrices
#' @noRd
plot_mixture_weights <- function(x) {
  if (is.null(x$covariances)) {
    abort_mash("Mixture weights are of mash; this result is of {x$discovery_method}.")
  }
  bars <- rbind(
    x$covariances[, c("family", "matrix", "pi")],
    data.table::data.table(family = "null", matrix = "null", pi = x$null_pi)
  )
  bars <- bars[bars$pi >= weight_shown]
  bars$matrix <- stats::reorder(bars$matrix, rank_apart(bars$pi))
  ggplot2::ggplot(bars, ggplot2::aes(.data$pi, .data$matrix, fill = .data$family)) +
    ggplot2::geom_col() +
    ggplot2::scale_fill_viridis_d(NULL, end = 0.9) +
    ggplot2::labs(x = "estimated weight", y = NULL) +
    theme_fatebias()
}

#' Plots of a mash_result
#'
#' @param object,x a `mash_result`, from [run_mash()].
#' @param what `"heatmap"`: [plot_heatmap()]; `"effects"`: [plot_effects()]; `"volcano"`: [plot_volcano()];
#'   `"onset"`: [plot_onset()]; `"weights"`: estimated weights of the covariance matrices by family, where
#'   they are 0.005 or more.
#' @param ... arguments of that function, such as `n = 10`.
#' @returns A ggplot2 object; `plot()` draws it and returns it invisibly.
#' @section Errors: `fatebias_error_mash`, also for the weights of a result of ashr, which has none.
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' autoplot(result)
#' autoplot(result, "weights")
#' @exportS3Method ggplot2::autoplot
autoplot.mash_result <- function(object, what = c("heatmap", "effects", "volcano", "onset", "weights"), ...) {
  what <- validate_choice(what)
  draw <- switch(what,
    heatmap = plot_heatmap, effects = plot_effects, volcano = plot_volcano, onset = plot_onset,
    weights = plot_mixture_weights
  )
  draw(object, ...)
}

#' @rdname autoplot.mash_result
#' @export
plot.mash_result <- function(x, ...) print(autoplot(x, ...))
