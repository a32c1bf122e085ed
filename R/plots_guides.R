# Guides of genes: beside their gene on the scale of its estimate, and each with its interval.

guide_kinds <- c(
  own = "each by its own estimate, not shrunk", posterior = "posterior means, as the gene's estimate",
  moved = "their posterior deviations, which are shrunk, about the gene's estimate"
)

#' Of which kind guides are on the scale of the estimate that mash was given; see the help of plot_gene()
#' @noRd
guide_kind <- function(fit, x) {
  if (identical(x$settings$mash_input, "posterior")) {
    return("posterior")
  }
  if (is.null(fit$guide_estimate)) "moved" else "own"
}

#' What the marks of guides are
#' @noRd
guide_text <- function(fit, x) {
  if (is.null(fit)) "" else sprintf(" Guides: %s.", guide_kinds[[guide_kind(fit, x)]])
}

#' The table of guides on the scale of the estimate that mash was given
#' @noRd
guides_to_scale <- function(fit, x) {
  kind <- guide_kind(fit, x)
  if (kind != "moved") {
    return(if (kind == "own") fit$guide_estimate else fit$guide)
  }
  guides <- data.table::copy(fit$guide)
  for (column in day_columns(guides, "betahat")) {
    by_gene <- function(table) table[[column]][match(guides$gene, table$gene)]
    moved <- guides[[column]] - by_gene(fit$gene) + by_gene(x$table)
    data.table::set(guides, j = column, value = moved)
  }
  guides
}

#' Guides of the genes drawn
#' @noRd
guide_rows <- function(fit, x, effects, level, call = rlang::caller_env()) {
  genes <- levels(effects$gene)
  strange <- setdiff(genes, fit$guide$gene)
  if (!identical(as.character(fit$days), as.character(x$days)) || length(strange) > 0) {
    abort_mash("{.arg fit} is not the fit of {.arg x}: its days or genes differ.", call = call)
  }
  validate_one_contrast(fit, x, call)
  table <- guides_to_scale(fit, x)
  guides <- long_by_day(table[table$gene %in% genes], fit, level)
  data.table::data.table(
    gene = factor(guides$gene, levels = genes), day = day_factor(guides$day, x$days),
    time = unname(x$times)[match(guides$day, x$days)], source = "guide", guide = guides$guide,
    value = guides$mean, low = guides$low, high = guides$high,
    state = factor(NA, levels = states)
  )
}

#' Stop where guides would be of one contrast and genes of another
#' @noRd
validate_one_contrast <- function(fit, x, call) {
  of_fit <- contrast_pair(fit$manifest$contrast, fit$manifest$fates)
  same <- is.null(x$contrast) || identical(c(x$contrast, x$reference), unname(of_fit))
  if (!same && !is_made_from(x, fit)) {
    abort_mash(c(
      "{.arg x} is of the effect on {x$contrast} against {x$reference}, {.arg fit} on {of_fit[[1]]} against
       {of_fit[[2]]}.",
      i = "{.code contrast_fit(fit, contrast)} gives the fit of the other contrast."
    ), call = call)
  }
}

#' Means and intervals of a table of a fit, one row a name and day
#' @noRd
long_by_day <- function(table, fit, level) {
  names <- intersect(c("guide", "gene"), names(table))
  width <- half_width(level)
  by_day <- lapply(seq_along(fit$days), function(d) {
    mean <- table[[paste0("betahat_d", d - 1L)]]
    sd <- table[[paste0("se_d", d - 1L)]]
    data.table::data.table(
      table[, names, with = FALSE], day = fit$days[[d]], mean = mean, low = mean - width * sd,
      high = mean + width * sd
    )
  })
  data.table::rbindlist(by_day)
}

strip_width <- 17L # panels are narrow
strip_name <- function(names) short_name(names, strip_width)

effect_title <- function(fit) {
  if (is.null(fit)) "effect (log odds)" else sprintf("effect on %s (log odds)", fit$manifest$contrast)
}

#' Guides of genes by day
#'
#' Whether the guides of a gene agree: the effect of each guide (beta) with its interval, and the gene's
#' average (theta) as a line in a band.
#'
#' @inheritParams plot_effects
#' @param fit a `fatebias_fit`.
#' @param genes names of genes, drawn in this order. NULL: the `n` with the largest effect on any day in units
#'   of its posterior SD.
#' @param n how many genes are drawn where `genes` is NULL.
#' @returns `plot_guides()`: a ggplot2 object. `plot_guides_data()`: data.table, one row a guide and day:
#'   `gene`, `guide`, `day` (factors, in the order drawn), `beta`, `beta_low`, `beta_high`, `theta`,
#'   `theta_low`, `theta_high` (posterior mean and interval, log odds).
#' @section Errors: `fatebias_error_fit` for anything but a `fatebias_fit`; `fatebias_error_argument` for
#'   unknown genes, with the names that are near.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' plot_guides(fit, c("GENE00030", "GENE00018"))
#' @export
plot_guides <- function(fit, genes = NULL, n = 3L, level = 0.9) {
  guides <- plot_guides_data(fit, genes, n, level)
  theta <- unique(guides[, c("gene", "day", "theta", "theta_low", "theta_high")])
  ggplot2::ggplot(guides, ggplot2::aes(y = .data$guide)) +
    ggplot2::geom_rect(
      ggplot2::aes(xmin = .data$theta_low, xmax = .data$theta_high, ymin = -Inf, ymax = Inf), theta,
      fill = "grey80", alpha = 0.6, inherit.aes = FALSE
    ) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey50", linewidth = 0.3) +
    ggplot2::geom_vline(ggplot2::aes(xintercept = .data$theta), theta, linetype = "dashed") +
    ggplot2::geom_linerange(ggplot2::aes(xmin = .data$beta_low, xmax = .data$beta_high), linewidth = 0.5) +
    ggplot2::geom_point(ggplot2::aes(.data$beta), size = 1.7) +
    scale_y_rows() +
    scale_x_effects(effect_title(fit)) +
    ggplot2::facet_grid(
      rows = ggplot2::vars(.data$gene), cols = ggplot2::vars(.data$day), scales = "free_y", space = "free_y",
      labeller = ggplot2::labeller(.rows = strip_name, .cols = short_days(fit$days))
    ) +
    ggplot2::labs(caption = caption(
      "Posterior. Dashed line and band: the gene's average with its ", interval_text(level),
      "; points: its guides."
    )) +
    theme_fatebias()
}

#' @rdname plot_guides
#' @export
plot_guides_data <- function(fit, genes = NULL, n = 3L, level = 0.9) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  genes <- choose_genes(fit, genes, n)
  beta <- long_by_day(fit$guide[fit$guide$gene %in% genes], fit, level)
  theta <- long_by_day(fit$gene[fit$gene$gene %in% genes], fit, level)
  theta <- theta[match(paste(beta$gene, beta$day), paste(theta$gene, theta$day))]
  guides <- data.table::data.table(
    gene = factor(beta$gene, levels = genes), guide = factor(beta$guide, levels = unique(beta$guide)),
    day = day_factor(beta$day, fit$days), beta = beta$mean, beta_low = beta$low, beta_high = beta$high,
    theta = theta$mean, theta_low = theta$low, theta_high = theta$high
  )
  data.table::setorderv(guides, c("gene", "guide", "day"))
  guides[]
}

choose_genes <- function(fit, genes, n, call = rlang::caller_env()) {
  if (!is.null(genes)) {
    validate_genes_drawn(genes, fit$gene$gene, call = call)
    return(genes)
  }
  validate_arg(n, checkmate::check_count, positive = TRUE)
  columns <- lapply(c("betahat", "se"), day_columns, table = fit$gene)
  z <- abs(fit$gene[, columns[[1]], with = FALSE] / fit$gene[, columns[[2]], with = FALSE])
  fit$gene$gene[utils::head(order(-do.call(pmax, c(z, na.rm = TRUE))), n)]
}
