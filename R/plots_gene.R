# One gene at a time: its estimates, posterior and guides by day, from a mash_result and a fit.

#' Effects of single genes over time
#'
#' At the real times of the days: the estimate given to mash, the posterior of mash beside it, the gene's
#' guides, and its replicates. With a fit two more panels a gene show all fates side by side: how much a
#' guide of the gene in place of a control guide changes the mean probability of each
#' ([probability_change()]), in log odds (of the fate against all others) and in percentage points.
#'
#' @inheritParams plot_effects
#' @param x a `mash_result` of genes, from [run_mash()].
#' @param fit the `fatebias_fit` that the result is from, for guides, replicates and fates; NULL: without
#'   them.
#' @param fates show all fates? Default: where the fit knows them. Of more than six those that change most.
#' @returns `plot_gene()`: a ggplot2 object. `plot_gene_data()`: data.table, one row a gene, day and source:
#'   `gene`, `day` (factors, in the order drawn), `time`, `source` (`estimate`: given to mash; `posterior`: of
#'   mash; `guide`: its own estimate, not shrunk, or in fits of an earlier version its posterior mean, as the
#'   caption says; `replicate`: estimate of a replicate, where there are two or more; `fate`: change of a
#'   fate's probability), `guide` (its name, else NA), `value`, `low`, `high` (log odds, or what `unit` says;
#'   the intervals of guides and replicates are not drawn), `state` (of the effect, see [plot_effects()]; of
#'   others NA), `replicate` (its label, else NA), `fate` (its name, else NA), `unit` (of fates: `log odds` or
#'   `points`).
#' @section Errors: `fatebias_error_mash` for anything but a `mash_result` of genes, and for a fit with other
#'   days or without these genes; `fatebias_error_fit` for anything but a `fatebias_fit`;
#'   `fatebias_error_argument` for unknown genes, with the names that are near.
#' @seealso [plot_guides()] for each guide with its interval.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' plot_gene(run_mash(fit), fit, genes = c("GENE00030", "GENE00018"))
#' @export
plot_gene <- function(x, fit = NULL, genes = NULL, n = 6L, level = 0.9,
                      fates = !is.null(fit$probability_change)) {
  points <- plot_gene_data(x, fit, genes, n, level, fates)
  step <- dodge_step(x$times)
  places <- c(gene_places, fate_places(points$fate))
  place_of <- ifelse(points$source == "fate", as.character(points$fate), as.character(points$source))
  data.table::set(points, j = "at", value = unname(points$time + step * places[place_of]))
  kinds <- kinds_of(points)
  data.table::set(points, j = "kind", value = kinds)
  data.table::set(points, j = "panel", value = fate_panel(points, effect_title(fit)))
  intervals <- points[points$source %in% c("estimate", "posterior", "fate")]
  posterior <- points[points$source == "posterior"]
  ggplot2::ggplot(points, ggplot2::aes(.data$at, .data$value)) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey50", linewidth = 0.3) +
    (if (length(x$days) > 1) ggplot2::geom_line(data = posterior, colour = "grey60", linewidth = 0.3)) +
    ggplot2::geom_linerange(
      ggplot2::aes(ymin = .data$low, ymax = .data$high, linetype = .data$source, colour = .data$kind),
      intervals, linewidth = 0.5, na.rm = TRUE, show.legend = FALSE
    ) +
    ggplot2::geom_point(
      ggplot2::aes(shape = .data$kind, fill = .data$kind, size = .data$kind, colour = .data$kind),
      na.rm = TRUE
    ) +
    ggplot2::scale_linetype_manual(
      values = c(estimate = "22", posterior = "solid", fate = "solid"), guide = "none"
    ) +
    scale_kinds(kinds, levels(points$fate)) +
    scale_x_times(x$times, x$days) +
    gene_panels(points, fit) +
    ggplot2::labs(caption = caption(
      "Lines: ", interval_text(level), ". ", call_text(x), guide_text(fit), if (fates) fates_text(points, fit)
    )) +
    theme_fatebias()
}

#' A panel a gene; with fates three a gene in a row, each with its unit
#' @noRd
gene_panels <- function(points, fit) {
  names <- ggplot2::labeller(gene = strip_name)
  if (all(points$source != "fate")) {
    facets <- ggplot2::facet_wrap("gene", labeller = names, ncol = min(2L, nlevels(points$gene)))
    return(list(ggplot2::ylab(effect_title(fit)), facets))
  }
  facets <- ggplot2::facet_wrap(c("gene", "panel"), scales = "free_y", labeller = names, ncol = 3L)
  list(ggplot2::ylab(NULL), facets)
}

# where the marks of a day stand, in steps from it
gene_places <- c(estimate = -1, replicate = -0.5, guide = 0, posterior = 1)

#' What the marks of guides are
#' @noRd
guide_text <- function(fit) {
  if (is.null(fit)) {
    return("")
  }
  if (is.null(fit$guide_estimate)) " Guides: posterior means, shrunk." else " Guides: estimates, not shrunk."
}

strip_name <- function(names) short_name(names, 17L) # above panels that are narrow

effect_title <- function(fit) {
  if (is.null(fit)) "effect (log odds)" else sprintf("effect on %s (log odds)", fit$manifest$contrast)
}

#' How far what belongs to one day is set apart: visible, and never halfway to the next day
#' @noRd
dodge_step <- function(times) {
  gap <- if (length(times) == 1) 1 else min(diff(times))
  min(0.3 * gap, max(0.15 * gap, 0.02 * diff(range(times))))
}

gene_kinds <- c("estimate", "replicate", "guide", paste("posterior,", states))

kinds_of <- function(points) {
  posterior <- points$source == "posterior"
  kind <- as.character(points$source)
  kind[posterior] <- paste("posterior,", points$state[posterior])
  fate <- points$source == "fate"
  kind[fate] <- as.character(points$fate[fate])
  factor(kind, levels = c(gene_kinds, levels(points$fate)))
}

fate_shapes <- c(16, 17, 15, 18, 8, 7)

scale_kinds <- function(kinds, fates) {
  shown <- intersect(c(fates, gene_kinds), kinds)
  n <- length(fates)
  look <- function(values, of_fates) rlang::set_names(c(values, rep_len(of_fates, n)), c(gene_kinds, fates))
  legend <- ggplot2::guide_legend(NULL, ncol = if (n %in% 3:4) n else if (n > 4) 3 else 2, byrow = n > 0)
  scale <- function(make, values, of_fates) {
    make(values = look(values, of_fates), breaks = shown, guide = legend)
  }
  list(
    scale(ggplot2::scale_shape_manual, c(5, 2, 3, 21, 21, 4), fate_shapes),
    scale(ggplot2::scale_fill_manual, c(rep("white", 3), "black", "grey75", "white"), category_colours),
    scale(ggplot2::scale_size_manual, c(2, 1, 1, 2, 2, 2), 2),
    scale(ggplot2::scale_colour_manual, rep("black", 6), category_colours)
  )
}

#' @rdname plot_gene
#' @export
plot_gene_data <- function(x, fit = NULL, genes = NULL, n = 6L, level = 0.9,
                           fates = !is.null(fit$probability_change)) {
  if (!is.null(fit)) validate_class(fit, "fatebias_fit", "read_fit", abort_fit) # `fates` asks it
  validate_arg(fates, checkmate::check_flag)
  validate_class(x, "mash_result", "run_mash", abort_mash)
  validate_one_fit(list(x = x, fit = fit), abort_mash)
  if (x$level != "gene") abort_mash("{.arg x} must be a result of genes: {.code run_mash(level = \"gene\")}.")
  effects <- plot_effects_data(x, genes, n, level)
  rows <- list(
    estimate = effect_rows(effects, "estimate", c("estimate", "estimate_low", "estimate_high")),
    posterior = effect_rows(effects, "posterior", c("postmean", "low", "high")),
    guide = if (!is.null(fit)) guide_rows(fit, x, effects, level),
    replicate = if (NROW(fit$by_replicate) > 0) replicate_rows(fit, x, effects, level),
    fate = if (fates) fate_rows(fit, x, levels(effects$gene), level)
  )
  points <- data.table::rbindlist(rows, fill = TRUE)
  if (is.null(points$replicate)) data.table::set(points, j = "replicate", value = NA_character_)
  if (!fates) data.table::set(points, j = c("fate", "unit"), value = list(factor(NA), NA_character_))
  sources <- c("estimate", "posterior", "guide", "replicate", if (fates) "fate")
  data.table::set(points, j = "source", value = factor(points$source, levels = sources))
  data.table::setorderv(points, c("gene", "day", "source"))
  points[]
}

effect_rows <- function(effects, source, columns) {
  data.table::data.table(
    effects[, c("gene", "day", "time")], source = source, guide = NA_character_,
    value = effects[[columns[[1]]]], low = effects[[columns[[2]]]], high = effects[[columns[[3]]]],
    state = effects$state
  )
}

#' Guides of the genes drawn: their own estimates where the fit has them, else its posterior
#' @noRd
guide_rows <- function(fit, x, effects, level, call = rlang::caller_env()) {
  genes <- levels(effects$gene)
  strange <- setdiff(genes, fit$guide$gene)
  if (!identical(as.character(fit$days), as.character(x$days)) || length(strange) > 0) {
    abort_mash("{.arg fit} is not the fit of {.arg x}: its days or genes differ.", call = call)
  }
  table <- fit$guide_estimate %||% fit$guide
  guides <- long_by_day(table[table$gene %in% genes], fit, level)
  data.table::data.table(
    gene = factor(guides$gene, levels = genes), day = day_factor(guides$day, x$days),
    time = unname(x$times)[match(guides$day, x$days)], source = "guide", guide = guides$guide,
    value = guides$mean, low = guides$low, high = guides$high,
    state = factor(NA, levels = states)
  )
}

#' Estimates of the genes drawn by replicate; those without cells are left away
#' @noRd
replicate_rows <- function(fit, x, effects, level) {
  genes <- levels(effects$gene)
  rows <- fit$by_replicate[fit$by_replicate$gene %in% genes & !is.na(fit$by_replicate$betahat)]
  day <- x$days[rows$day + 1L]
  width <- half_width(level) * rows$se
  data.table::data.table(
    gene = factor(rows$gene, levels = genes), day = day_factor(day, x$days),
    time = unname(x$times)[rows$day + 1L], source = "replicate", guide = NA_character_, value = rows$betahat,
    low = rows$betahat - width, high = rows$betahat + width, state = factor(NA, levels = states),
    replicate = rows$replicate
  )
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
    validate_genes_drawn(genes, fit$gene$gene, call)
    return(genes)
  }
  validate_arg(n, checkmate::check_count, positive = TRUE)
  columns <- lapply(c("betahat", "se"), day_columns, table = fit$gene)
  z <- abs(fit$gene[, columns[[1]], with = FALSE] / fit$gene[, columns[[2]], with = FALSE])
  fit$gene$gene[utils::head(order(-do.call(pmax, c(z, na.rm = TRUE))), n)]
}
