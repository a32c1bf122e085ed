# One gene at a time: its estimates, posterior and guides by day, from a mash_result and a fit.

#' Effects of single genes over time
#'
#' At the real times of the days: the estimate given to mash, the posterior of mash beside it, the gene's
#' guides on the scale of that estimate, and its replicates. With a fit two more panels a gene show all fates
#' side by side: how much a guide of the gene in place of a control guide changes the mean probability of each
#' ([probability_change()]), in log odds (of the fate against all others) and in percentage points.
#'
#' @inheritParams plot_effects
#' @param x a `mash_result` of genes, from [run_mash()].
#' @param fit the `fatebias_fit` that the result is from, for guides, replicates and fates; NULL: without
#'   them.
#' @param fates show all fates? Default: where the fit knows them. Of more than six those that change most.
#' @returns `plot_gene()`: a ggplot2 object. `plot_gene_data()`: data.table, one row a gene, day and source:
#'   `gene`, `day` (factors, in the order drawn), `time`, `source` (`estimate`: given to mash; `posterior`: of
#'   mash; `guide`: see "Guides"; `replicate`: estimate of a replicate, where there are two or more; `fate`:
#'   change of a fate's probability), `guide` (its name, else NA), `value`, `low`, `high` (log odds, or what
#'   `unit` says; the intervals of guides and replicates are not drawn), `state` (of the effect, see
#'   [plot_effects()]; of others NA), `replicate` (its label, else NA), `fate` (its name, else NA), `unit` (of
#'   fates: `log odds` or `points`).
#' @section Guides: Guides are on the scale of the estimate that mash was given, so that their mean over a
#'   gene's guides is that estimate; the caption says which they are.
#'   - Where mash was given fixed-effect estimates, each guide's own estimate, not shrunk
#'     (`fit$guide_estimate`).
#'   - In fits of an earlier version, which have none, the gene's estimate and the guide's posterior deviation
#'     from its gene added; the deviations are shrunk.
#'   - Where mash was given the posterior (`mash_input: posterior`), the guides' posterior means.
#'
#'   The posterior of mash may lie outside all guides: it also borrows from other genes and days.
#' @section Errors: `fatebias_error_mash` for anything but a `mash_result` of genes, and for a fit with other
#'   days or without these genes; `fatebias_error_fit` for anything but a `fatebias_fit`;
#'   `fatebias_error_argument` for unknown genes, with the names that are near.
#' @seealso [plot_guides()] for each guide with its interval.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' plot_gene(run_mash(fit), fit, genes = c("GENE00030", "GENE00018"))
#' @export
plot_gene <- function(x, fit = NULL, genes = NULL, n = 6L, level = 0.9,
                      fates = !is.null(fit$probability_change), mark = NULL) {
  marked_rows(x, mark) # before work starts: are they genes?
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
    gene_panels(points, fit, mark) +
    ggplot2::labs(caption = caption(
      "Lines: ", interval_text(level), ". ", call_text(x), guide_text(fit, x),
      if (fates) fates_text(points, fit), star_text(intersect(mark, levels(points$gene)))
    )) +
    theme_fatebias()
}

#' A panel a gene; with fates three a gene in a row, each with its unit
#' @noRd
gene_panels <- function(points, fit, mark) {
  names <- ggplot2::labeller(gene = function(names) starred(names, mark, strip_width))
  if (all(points$source != "fate")) {
    facets <- ggplot2::facet_wrap("gene", labeller = names, ncol = min(2L, nlevels(points$gene)))
    return(list(ggplot2::ylab(effect_title(fit)), facets))
  }
  facets <- ggplot2::facet_wrap(c("gene", "panel"), scales = "free_y", labeller = names, ncol = 3L)
  list(ggplot2::ylab(NULL), facets)
}

# where the marks of a day stand, in steps from it
gene_places <- c(estimate = -1, replicate = -0.5, guide = 0, posterior = 1)

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
