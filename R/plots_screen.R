# What the cells of a screen are: guides per cell, cells per guide, fates by day and replicate.

#' The summary of the screen in a fit or a screen
#' @noRd
screen_summary <- function(x, needed, call = rlang::caller_env()) {
  validate_given(x, call)
  if (!inherits(x, c("fatebias_fit", "fatebias_screen"))) {
    is <- class(x)[[1]]
    abort_fit(
      "{.arg x} must be a {.cls fatebias_fit} or a {.cls fatebias_screen}, not a {.cls {is}}.", call = call
    )
  }
  summary <- if (inherits(x, "fatebias_fit")) x$manifest$screen else x$summary
  if (is.null(summary[[needed]])) abort_earlier(needed, call)
  summary
}

abort_earlier <- function(needed, call) {
  abort_fit(c(
    "This fit has no {.field {needed}}: an earlier version made it.", i = "Fit again to see this plot."
  ), call = call)
}

#' Guides per cell, cells per guide, fates by day
#'
#' `plot_burden()`: how many cells carry how many guides, with the cells that are left out (no guide, more
#' than `Kmax`); `plot_cells_per_guide()`: how many usable cells carry a guide; `plot_fates()`: mean fate
#' probabilities by day and replicate.
#'
#' @param x a `fatebias_fit` or a `fatebias_screen`.
#' @param fit a `fatebias_fit`.
#' @param few a guide in fewer cells than this says little; the number of such guides is stated.
#' @returns The plots: ggplot2 objects. The tables: data.tables.
#'   - `plot_burden_data()`: `n_guides`, `n_cells`, `use` (factor `used`, `left out`);
#'   - `plot_cells_per_guide_data()`: `guide`, `gene` (NA for controls), `kind` (factor `guides`, `controls`),
#'     `n_cells` (over all days), `n_cells_fewest` (on the day with the fewest), `is_few`;
#'   - `plot_fates_data()`: `day`, `time`, `replicate`, `fate` (factors in order, the reference first), `mean`
#'     (NA where a replicate has no cells on a day).
#' @section Errors: `fatebias_error_fit` for other objects, and for a fit of an earlier version that lacks
#'   these numbers.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' plot_burden(fit)
#' plot_cells_per_guide(fit)
#' plot_fates(fit)
#' @export
plot_burden <- function(x) {
  bars <- plot_burden_data(x)
  left_out <- sum(bars$n_cells[bars$use == "left out"])
  no_fate <- screen_summary(x, "left_out")$left_out$no_fate_probs %||% 0L
  ggplot2::ggplot(bars, ggplot2::aes(.data$n_guides, .data$n_cells, fill = .data$use)) +
    ggplot2::geom_col(colour = "black", linewidth = 0.3, width = 0.8) +
    ggplot2::scale_fill_manual(NULL, values = c(used = "grey35", `left out` = "white"), drop = FALSE) +
    ggplot2::scale_x_continuous("guides in a cell", breaks = whole_breaks) +
    ggplot2::scale_y_continuous("cells", labels = count) +
    ggplot2::labs(caption = caption(
      "Left out: ", count(left_out), " of ", count(sum(bars$n_cells)), " cells, with no guide or more than ",
      most_guides(x), ".", if (no_fate > 0) paste0(" ", count(no_fate), " more have no fate probabilities.")
    )) +
    theme_fatebias()
}

most_guides <- function(x) update_settings(x$settings)$Kmax

whole_breaks <- function(limits) unique(round(pretty(limits)))

#' @rdname plot_burden
#' @export
plot_burden_data <- function(x) {
  counts <- screen_summary(x, "burden_counts")$burden_counts
  n_guides <- as.integer(unlist(counts$n_guides))
  used <- n_guides > 0 & n_guides <= most_guides(x)
  data.table::data.table(
    n_guides = n_guides, n_cells = as.integer(unlist(counts$n_cells)),
    use = factor(ifelse(used, "used", "left out"), levels = c("used", "left out"))
  )
}

#' @rdname plot_burden
#' @export
plot_cells_per_guide <- function(fit, few = 20L) {
  guides <- plot_cells_per_guide_data(fit, few)
  found <- guides[, list(n_few = sum(.SD$is_few), n = .N), by = "kind"]
  text <- sprintf("%s of %s %s", count(found$n_few), count(found$n), found$kind)
  ggplot2::ggplot(guides, ggplot2::aes(.data$n_cells)) +
    ggplot2::geom_histogram(bins = 30, boundary = 0, fill = "grey35", colour = "white", linewidth = 0.2) +
    ggplot2::geom_vline(xintercept = few, linetype = "dashed") +
    ggplot2::facet_wrap("kind", ncol = 1, scales = "free_y") +
    ggplot2::scale_x_continuous("cells that carry the guide", labels = count, limits = c(0, NA)) +
    ggplot2::scale_y_continuous(NULL, breaks = whole_breaks) +
    ggplot2::labs(
      caption = caption("In fewer than ", few, " cells (dashed): ", paste(text, collapse = ", "), ".")
    ) +
    theme_fatebias()
}

#' @rdname plot_burden
#' @export
plot_cells_per_guide_data <- function(fit, few = 20L) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  validate_arg(few, checkmate::check_count)
  if (is.null(fit$cells)) abort_earlier("cells", rlang::current_env())
  by_day <- as.matrix(fit$cells[, day_columns(fit$cells, "n_cells"), with = FALSE])
  kind <- ifelse(fit$cells$is_ntc == 1, "controls", "guides")
  data.table::data.table(
    fit$cells[, c("guide", "gene")], kind = factor(kind, levels = c("guides", "controls")),
    n_cells = as.integer(rowSums(by_day)), n_cells_fewest = as.integer(apply(by_day, 1, min)),
    is_few = rowSums(by_day) < few
  )
}

#' @rdname plot_burden
#' @export
plot_fates <- function(x) {
  means <- plot_fates_data(x)
  n <- nlevels(means$replicate)
  times <- means$time[match(levels(means$day), means$day)]
  ggplot2::ggplot(means, ggplot2::aes(
    .data$time, .data$mean, colour = .data$replicate, shape = .data$replicate, linetype = .data$replicate
  )) +
    (if (length(times) > 1) ggplot2::geom_line(na.rm = TRUE, linewidth = 0.4)) +
    ggplot2::geom_point(na.rm = TRUE, size = 1.8) +
    ggplot2::scale_colour_manual(NULL, values = rep_len(category_colours, n)) +
    ggplot2::scale_shape_manual(NULL, values = rep_len(c(16, 2, 0, 4, 5, 17, 15, 1), n)) +
    ggplot2::scale_linetype_manual(NULL, values = rep_len(c("solid", "42", "12", "4212"), n)) +
    facet_fates(levels(means$fate)) +
    scale_x_times(times, levels(means$day)) +
    ggplot2::scale_y_continuous("mean fate probability", limits = c(0, NA)) +
    theme_fatebias()
}

fates_side_by_side <- 5L # panels in a row, where fates are many

#' Columns of panels of fates: one row of three, or two columns; of many fates more columns
#' @noRd
fate_panels <- function(n) if (n == 3L) 3L else if (n <= 8L) 2L else fates_side_by_side

#' A panel a fate; of many fates each with a scale of its own, or common ones would flatten the rare
#' @noRd
facet_fates <- function(fates) {
  many <- fate_panels(length(fates)) == fates_side_by_side
  ggplot2::facet_wrap(
    "fate", ncol = fate_panels(length(fates)), scales = if (many) "free_y" else "fixed",
    labeller = ggplot2::as_labeller(rlang::set_names(short_name(fates, if (many) 12L else name_width), fates))
  )
}

#' @rdname plot_burden
#' @export
plot_fates_data <- function(x) {
  summary <- screen_summary(x, "fate_means_by_day_replicate")
  labels <- lapply(summary[c("days", "replicates", "fates")], as.character)
  means <- summary$fate_means_by_day_replicate
  if (!identical(dim(means), lengths(labels, use.names = FALSE))) {
    abort_fit("{.field fate_means_by_day_replicate} must be days x replicates x fates; fit again.")
  }
  times <- as.numeric(unlist(summary$day_values %||% (seq_along(labels$days) - 1)))
  rows <- data.table::CJ(fate = seq_along(labels$fates), replicate = seq_along(labels$replicates),
                         day = seq_along(labels$days))
  data.table::data.table(
    day = day_factor(labels$days[rows$day], labels$days), time = times[rows$day],
    replicate = factor(labels$replicates[rows$replicate], levels = labels$replicates),
    fate = factor(labels$fates[rows$fate], levels = labels$fates),
    mean = as.numeric(means[cbind(rows$day, rows$replicate, rows$fate)])
  )
}
