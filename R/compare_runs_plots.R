# The effects of two runs against each other.

#' Effects of one run against those of another
#'
#' One panel a day: the posterior means of run a and run b. Points on the dashed line have the same effect in
#' both. Colour and shape say which calls were gained, lost or reversed; these genes are labelled.
#'
#' @param x,object a `fatebias_runs`, from [compare_runs()].
#' @param n how many genes whose call has changed are labelled on each day, those whose effect differs most.
#' @param ... not used.
#' @returns `plot_runs()`, `autoplot()`: a ggplot2 object. `plot_runs_data()`: data.table, one row a gene and
#'   day: `gene`, `day` (a factor in the order of run b), `postmean_a`, `postmean_b` (log odds), `change` (of
#'   the gene, over all days: `reversed`, `gained`, `lost`, `kept` or `none`), `label` (name of a labelled
#'   point, else empty).
#' @section Errors: `fatebias_error_argument` for anything but a comparison of runs.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' plot_runs(compare_runs(run_mash(fit), run_mash(fit, covariances = "canonical")))
#' @export
plot_runs <- function(x, n = 5L) {
  points <- plot_runs_data(x, n)
  points <- points[order(-as.integer(points$change))] # what has changed is drawn last
  ggplot2::ggplot(points, ggplot2::aes(.data$postmean_a, .data$postmean_b)) +
    ggplot2::geom_abline(slope = 1, intercept = 0, linetype = "dashed", colour = "grey40") +
    ggplot2::geom_point(ggplot2::aes(colour = .data$change, shape = .data$change), size = 1.8) +
    label_layer(points, "postmean_a", "postmean_b") +
    ggplot2::scale_colour_manual(NULL, values = change_colours) +
    ggplot2::scale_shape_manual(NULL, values = change_shapes) +
    scale_x_effects("effect in run a (log odds)") +
    ggplot2::scale_y_continuous("effect in run b (log odds)", n.breaks = 4) +
    facet_days(levels(points$day), 2L) +
    ggplot2::labs(caption = caption(
      "Dashed: the same effect in both. Correlation: ", correlation_words(x$days), "."
    )) +
    theme_fatebias()
}

change_colours <- c(
  reversed = "#CC79A7", gained = "#D55E00", lost = "#0072B2", kept = "#000000", none = "#999999"
)
change_shapes <- c(reversed = 8, gained = 17, lost = 15, kept = 16, none = 1)

#' @rdname plot_runs
#' @export
plot_runs_data <- function(x, n = 5L) {
  validate_class(x, "fatebias_runs", "compare_runs", abort_argument)
  validate_arg(n, checkmate::check_count)
  change <- x$table$change[match(x$effects$gene, x$table$gene)]
  moved <- change %in% c("reversed", "gained", "lost")
  distance <- abs(x$effects$postmean_b - x$effects$postmean_a)
  rank <- stats::ave(ifelse(moved, -distance, Inf), x$effects$day, FUN = function(size) {
    rank(size, ties.method = "first")
  })
  data.table::data.table(
    gene = x$effects$gene, day = day_factor(x$effects$day, x$days$day),
    postmean_a = x$effects$postmean_a, postmean_b = x$effects$postmean_b,
    change = factor(change, levels = kinds_of_change), label = ifelse(moved & rank <= n, x$effects$gene, "")
  )
}

#' @rdname plot_runs
#' @exportS3Method ggplot2::autoplot
autoplot.fatebias_runs <- function(object, ...) plot_runs(object, ...)
