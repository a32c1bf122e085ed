# Effects of all contrasts beside each other, as tiles.

facets_most <- 6L # contrasts with days of their own; of more each has one column, its surest day

#' Effects of all contrasts
#'
#' Tiles by gene, contrast and day: mash's posterior means, calls marked. With more than six contrasts each
#' has one column, which shows the day with the smallest lfsr.
#'
#' @param x a `fatebias_contrasts`, from [compare_contrasts()].
#' @param genes names of genes, drawn in this order. NULL: the `n` with the strongest evidence.
#' @param n how many genes are drawn where `genes` is NULL: those called first, by the smallest lfsr in any
#'   contrast.
#' @returns `plot_contrasts()`: a ggplot2 object. `plot_contrasts_data()`: data.table `gene`, `contrast`,
#'   `day` (factors, in the order drawn), `effect` (log odds), `lfsr`, `call`, `mark` (`+` or `-` for a call
#'   that raises or lowers, else empty).
#' @section Errors: `fatebias_error_mash` for anything but compared contrasts; `fatebias_error_argument` for
#'   unknown genes, with the names that are near.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' plot_contrasts(compare_contrasts(fit))
#' @export
plot_contrasts <- function(x, genes = NULL, n = 30L) {
  tiles <- plot_contrasts_data(x, genes, n)
  by_day <- length(x$contrasts) <= facets_most
  limit <- max(abs(tiles$effect), 0.1)
  tiles$ink <- ifelse(abs(tiles$effect) > 0.6 * limit & tiles$call, "white", "black")
  column <- if (by_day) "day" else "contrast"
  ggplot2::ggplot(tiles, ggplot2::aes(.data[[column]], .data$gene)) +
    ggplot2::geom_tile(ggplot2::aes(fill = .data$effect), colour = "white", linewidth = 0.4) +
    ggplot2::geom_text(
      ggplot2::aes(label = .data$mark, colour = .data$ink, size = .data$mark), tiles[tiles$mark != ""],
      fontface = "bold"
    ) +
    ggplot2::scale_colour_identity() +
    ggplot2::scale_size_manual(values = mark_sizes, guide = "none") +
    ggplot2::scale_fill_gradient2(
      "effect (log odds)", low = direction_colours[["lowers"]], mid = "#F7F7F7",
      high = direction_colours[["raises"]], limits = c(-limit, limit), n.breaks = 4
    ) +
    (if (by_day) scale_x_days(x$days) else ggplot2::scale_x_discrete(NULL, expand = c(0, 0))) +
    (if (by_day) ggplot2::facet_wrap("contrast", nrow = 1)) +
    scale_y_rows(expand = c(0, 0)) +
    ggplot2::labs(caption = caption(
      "Calls: + raises, - lowers the odds. ", call_text(x), if (!by_day) " Of each contrast the surest day."
    )) +
    theme_fatebias() +
    wide_bar() +
    ggplot2::theme(panel.grid = ggplot2::element_blank())
}

#' @rdname plot_contrasts
#' @export
plot_contrasts_data <- function(x, genes = NULL, n = 30L) {
  validate_class(x, "fatebias_contrasts", "compare_contrasts", abort_mash)
  if (!is.null(genes)) validate_genes_drawn(genes, unique(x$table$gene))
  rows <- genes %||% strongest_genes(x, n)
  tiles <- x$table[x$table$gene %in% rows]
  if (length(x$contrasts) > facets_most) {
    tiles <- tiles[first_of_each(paste(tiles$gene, tiles$contrast), -tiles$lfsr)]
  }
  tiles <- data.table::data.table(
    gene = factor(tiles$gene, rows), contrast = factor(tiles$contrast, x$contrasts),
    day = day_factor(tiles$day, x$days), effect = tiles$effect, lfsr = tiles$lfsr, call = tiles$call,
    mark = ifelse(tiles$call, ifelse(tiles$effect > 0, "+", "-"), "")
  )
  data.table::setorderv(tiles, c("gene", "contrast", "day"))
  tiles[]
}

#' Genes by their smallest lfsr in any contrast, called ones first, of the same those with the largest effect
#' @noRd
strongest_genes <- function(x, n) {
  validate_arg(n, checkmate::check_count, positive = TRUE)
  call <- tapply(x$table$call, x$table$gene, any)
  lfsr <- tapply(x$table$lfsr, x$table$gene, min)
  largest <- tapply(abs(x$table$effect), x$table$gene, max)
  utils::head(names(call)[order(!call, rank_apart(lfsr, lfsr_rounding), -rank_apart(largest))], n)
}
