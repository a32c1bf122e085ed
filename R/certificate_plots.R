# Plots of a certificate.

#' @rdname fatebias_certificate
#' @exportS3Method ggplot2::autoplot
autoplot.fatebias_certificate <- function(object, what = c("qq", "rejection", "stability"), ...) {
  what <- validate_choice(what)
  absent <- if (what == "stability") NROW(object$stability) == 0 else nrow(object$z) == 0
  if (absent) {
    needed <- if (what == "stability") "a check of bootstraps, and hits" else "the check permutation or ntc"
    abort_fit("There is nothing to plot: this needs {needed}.")
  }
  switch(what,
    qq = plot_null_z(object),
    rejection = plot_rejection(object),
    stability = plot_stability(object)
  )
}

#' Order statistics of z by check, with normal quantiles and the band of a right model
#'
#' The band is that of order statistics of as many independent z as the pool amounts to (beta distribution).
#' @noRd
null_z_quantiles <- function(z, effective, level = 0.95, n_shown = 500) {
  z <- sort(z[!is.na(z)])
  p <- stats::ppoints(length(z))
  keep <- unique(round(seq(1, length(z), length.out = min(n_shown, length(z)))))
  n <- max(effective, 2)
  band <- function(tail) stats::qnorm(stats::qbeta(tail, pmax(n * p, 0.5), pmax(n * (1 - p), 0.5)))
  data.table::data.table(
    theoretical = stats::qnorm(p), z = z, low = band((1 - level) / 2), high = band((1 + level) / 2)
  )[keep]
}

plot_null_z <- function(x) {
  parts <- split(x$z$z, x$z$check)
  shown <- data.table::rbindlist(Map(function(z, check) {
    data.table::data.table(check = check, null_z_quantiles(z, x$effective[[check]]))
  }, parts, names(parts)))
  ggplot2::ggplot(shown, ggplot2::aes(.data$theoretical, .data$z)) +
    ggplot2::geom_ribbon(ggplot2::aes(ymin = .data$low, ymax = .data$high), fill = "grey85") +
    ggplot2::geom_abline(colour = "grey50") +
    ggplot2::geom_point(size = 0.8) +
    ggplot2::facet_wrap("check") +
    ggplot2::labs(
      x = "normal quantile", y = "z of estimates whose truth is 0", caption = "band: 95 % under a right model"
    ) +
    theme_fatebias()
}

plot_rejection <- function(x) {
  shown <- data.table::copy(x$rejection)
  shown$level <- factor(shown$level, rev(rejection_levels()))
  shown$nominal <- as.numeric(as.character(shown$level))
  ggplot2::ggplot(shown, ggplot2::aes(.data$level, .data$rate, colour = .data$check)) +
    ggplot2::geom_linerange(
      ggplot2::aes(ymin = .data$expected_low, ymax = .data$expected_high),
      linewidth = 3, alpha = 0.3, position = ggplot2::position_dodge(0.5), na.rm = TRUE
    ) +
    ggplot2::geom_point(ggplot2::aes(y = .data$nominal), shape = 3, colour = "black") +
    ggplot2::geom_point(size = 2, position = ggplot2::position_dodge(0.5)) +
    ggplot2::coord_flip() +
    ggplot2::scale_colour_manual(values = category_colours) +
    ggplot2::labs(
      x = "level", y = "share rejected", colour = NULL,
      caption = "bar: 95 % under a right model; cross: the level itself"
    ) +
    theme_fatebias()
}

plot_stability <- function(x) {
  shown <- data.table::copy(x$stability)
  shown$gene <- stats::reorder(shown$gene, shown$called)
  ggplot2::ggplot(shown, ggplot2::aes(.data$called, .data$gene)) +
    ggplot2::geom_point() +
    ggplot2::facet_wrap("by") +
    ggplot2::scale_x_continuous(limits = c(0, 1)) +
    ggplot2::labs(x = "share of refits in which the hit is called again", y = NULL) +
    theme_fatebias()
}
