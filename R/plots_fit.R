# How a fit went: its QC assertions and its losses.

genes_labelled <- 3L # the worst of each assertion

#' QC assertions of a fit, gene by gene
#'
#' The values behind the assertions of [assess_qc()] against their thresholds, largest first.
#'
#' @param x a `fatebias_fit`, or what [assess_qc()] returned, which holds the 10 worst genes of each
#'   assertion.
#' @returns `plot_qc()`: a ggplot2 object, the worst genes labelled. `plot_qc_data()`: data.table, one row an
#'   assertion and gene: `assertion` (factor), `rank` (1: the worst), `gene`, `value` (log odds), `size` (its
#'   absolute value; NA violates the assertion), `threshold`, `pass`.
#' @section Errors: `fatebias_error_qc` for anything else.
#' @examples
#' plot_qc(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' @export
plot_qc <- function(x) {
  genes <- plot_qc_data(x)
  top <- max(genes$size, genes$threshold, na.rm = TRUE)
  genes$height <- ifelse(is.na(genes$size), 1.08 * top, genes$size) # missing values stand above all others
  state <- ifelse(genes$pass, "holds", ifelse(is.na(genes$size), "missing", "violated"))
  genes$state <- factor(state, levels = c("holds", "violated", "missing"))
  labelled <- genes[genes$rank <= ifelse(genes$pass, 1L, genes_labelled)]
  ggplot2::ggplot(genes, ggplot2::aes(.data$rank, .data$height)) +
    ggplot2::geom_hline(ggplot2::aes(yintercept = .data$threshold), linetype = "dashed") +
    ggplot2::geom_point(ggplot2::aes(shape = .data$state, colour = .data$state), size = 1.8) +
    ggplot2::geom_text(
      ggplot2::aes(label = short_name(.data$gene)), labelled, hjust = 0, vjust = -0.9, size = 2.8,
      check_overlap = TRUE
    ) +
    ggplot2::scale_shape_manual(NULL, values = c(holds = 1, violated = 17, missing = 4)) +
    ggplot2::scale_colour_manual(
      NULL, values = c(holds = "grey40", violated = "#D55E00", missing = "black")
    ) +
    ggplot2::facet_wrap("assertion", ncol = 1) +
    ggplot2::scale_x_continuous("genes, the worst first", breaks = whole_breaks) +
    ggplot2::scale_y_continuous("absolute value (log odds)", limits = c(0, 1.25 * top), n.breaks = 4) +
    ggplot2::labs(caption = "Dashed: threshold; all values must be below.") +
    theme_fatebias()
}

#' @rdname plot_qc
#' @export
plot_qc_data <- function(x) {
  validate_given(x)
  if (!inherits(x, c("fatebias_fit", "fatebias_qc"))) {
    is <- class(x)[[1]]
    abort_qc("{.arg x} must be a {.cls fatebias_fit} or come from {.fn assess_qc}, not be a {.cls {is}}.")
  }
  assessed <- if (inherits(x, "fatebias_fit")) assess_qc(x) else x
  genes <- lapply(qc_assertions(), function(a) {
    table <- if (inherits(x, "fatebias_fit")) {
      worst_genes(x[[a$table]], a$column, n = Inf)
    } else {
      attr(x, "worst")[[a$name]]
    }
    threshold <- assessed$threshold[[match(a$name, assessed$assertion)]]
    data.table::data.table(
      assertion = a$name, rank = seq_len(nrow(table)), table, threshold = threshold,
      pass = !is.na(table$size) & table$size < threshold
    )
  })
  genes <- data.table::rbindlist(genes)
  data.table::set(genes, j = "assertion", value = factor(genes$assertion, levels = unique(genes$assertion)))
  genes[]
}

#' Losses of SVI by step
#'
#' @param fit a `fatebias_fit` made with `inference = "svi"`.
#' @returns `plot_loss()`: a ggplot2 object. `plot_loss_data()`: data.table, one row a step: `step`, `loss`
#'   (minus the evidence lower bound, per cell), `mean_loss` (mean of the last `window` steps, NA before),
#'   `window` (a twentieth of the steps).
#' @section Errors: `fatebias_error_fit` for a fit without losses.
#' @examples
#' plot_loss(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' @export
plot_loss <- function(fit) {
  losses <- plot_loss_data(fit)
  svi <- fit$manifest$convergence$svi
  ended <- if (isTRUE(svi$converged)) "converged" else "NOT converged"
  ggplot2::ggplot(losses, ggplot2::aes(.data$step)) +
    ggplot2::geom_line(ggplot2::aes(y = .data$loss), colour = "grey70", linewidth = 0.3) +
    ggplot2::geom_line(ggplot2::aes(y = .data$mean_loss), linewidth = 0.7, na.rm = TRUE) +
    ggplot2::labs(
      x = "step", y = "loss",
      caption = caption(
        "After ", count(nrow(losses)), " steps: ", ended, ". Grey: each step; black: mean of the last ",
        losses$window[[1]], "."
      )
    ) +
    theme_fatebias()
}

#' @rdname plot_loss
#' @export
plot_loss_data <- function(fit) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  losses <- fit$manifest$losses
  if (length(losses) == 0) {
    abort_fit(c(
      "This fit has no losses: {.val {fit$manifest$convergence$engine}} does not descend a loss.",
      i = "{.code summary(fit)} says how it converged; {.code inference = \"svi\"} gives losses."
    ))
  }
  losses <- matrix(losses, ncol = 2)
  window <- max(1L, nrow(losses) %/% 20L)
  data.table::data.table(
    step = as.integer(losses[, 1]), loss = losses[, 2],
    mean_loss = data.table::frollmean(losses[, 2], window), window = window
  )
}

#' Plots of a fit and of its QC
#'
#' @param object,x a `fatebias_fit`, or a `fatebias_qc` from [assess_qc()].
#' @param what `"fates"`: [plot_fates()]; `"burden"`: [plot_burden()]; `"cells"`: [plot_cells_per_guide()];
#'   `"guides"`: [plot_guides()]; `"qc"`: [plot_qc()]; `"loss"`: [plot_loss()].
#' @param ... arguments of that function, such as `genes = "GENE00030"`.
#' @returns A ggplot2 object; `plot()` draws it and returns it invisibly.
#' @inheritSection plot_burden Errors
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' autoplot(fit, "cells")
#' autoplot(assess_qc(fit))
#' @exportS3Method ggplot2::autoplot
autoplot.fatebias_fit <- function(object, what = c("fates", "burden", "cells", "guides", "qc", "loss"), ...) {
  what <- validate_choice(what)
  draw <- switch(what,
    fates = plot_fates, burden = plot_burden, cells = plot_cells_per_guide, guides = plot_guides,
    qc = plot_qc, loss = plot_loss
  )
  draw(object, ...)
}

#' @rdname autoplot.fatebias_fit
#' @exportS3Method ggplot2::autoplot
autoplot.fatebias_qc <- function(object, ...) plot_qc(object, ...)

#' @rdname autoplot.fatebias_fit
#' @export
plot.fatebias_fit <- function(x, ...) print(autoplot(x, ...))

#' @rdname autoplot.fatebias_fit
#' @export
plot.fatebias_qc <- function(x, ...) print(autoplot(x, ...))
