# Planning a screen: expected standard errors, power and cells needed, without simulating a cell.

most_cells <- 100 # times the cells given, up to which the cells needed are looked for
n_sizes <- 9L # numbers of cells at which SEs are computed for that

#' Plan a screen
#'
#' `r lifecycle::badge("experimental")`
#'
#' Expected standard errors by day, power, and cells needed, from the curvature that the model would have at
#' these sizes; no cells are simulated. From a pilot fit everything that is not given is taken from it, and
#' the expected standard errors are scaled by what the pilot's were against what they should have been.
#'
#' @param fit a `fatebias_fit` of a pilot screen, or NULL.
#' @param ... not used; all arguments are named.
#' @param n_cells,n_genes,guides_per_gene numbers of usable cells, genes and guides a gene.
#' @param moi mean of the (Poisson) number of guides a cell, before cells without a guide are left out; 0:
#'   exactly one guide in every cell.
#' @param days number of days, or their shares of the cells.
#' @param replicates number of replicates.
#' @param weight likelihood weight: how much less than one draw of a fate the labels vary; 1 for one-hot
#'   labels, concentration + 1 for Dirichlet ones. A fit prints it.
#' @param fate_means mean probabilities of the fates, the reference first.
#' @param contrast number of the fate beside the reference whose effects are asked for.
#' @param ntc_share share of control guides among the guides in cells.
#' @param sigma_guide SD of the guides' deviations from their gene.
#' @param guide_sd SD of the effects of one gene's guides on a day, and `replicate_sd` SD of a gene's effects
#'   between replicates, log odds: what other guides and other cultures would add. Default: those of the pilot
#'   fit; without one 0.2 and 0 (a guess, and the most hopeful one). 0 and 0: of these guides in these
#'   cultures.
#' @param replicate_sd see `guide_sd`.
#' @param abundance shape of the gamma distribution of guide abundances; Inf: all alike.
#' @param effects effect sizes, log odds, whose power is asked for.
#' @param active expected share of active genes on a day; a call needs the more evidence the rarer effects
#'   are.
#' @param effect_sd SD of the effects of active genes, which are then normal.
#' @param active_effects in place of `effect_sd`: sizes of the effects of active genes, log odds, all equally
#'   likely and of either sign, such as `seq(0.3, 1, by = 0.1)`.
#' @param lfsr a call is an lfsr below this.
#' @param target power for which cells are asked.
#' @details
#' The SE of a gene has two parts: that of its own cells, with its guides' deviations random; and what all
#' genes share, since their mean is told from the burden slope by the controls alone. The share of controls
#' in cells matters therefore. Effects of a cell's other guides scatter its log odds: the more and the larger
#' they are, the larger are SEs. `se` is that of a gene of mean abundance; power is the mean over genes, whose
#' cells differ in number as `abundance` says.
#'
#' The estimand is that of `estimand: gene`, the default of [fate_settings()]: the effect that other guides of
#' the gene and other cultures would show. So `guide_sd^2 / guides_per_gene + replicate_sd^2 / replicates` is
#' added to the variance of every estimate. More cells do not lower this part: more guides and replicates do,
#' and where it is large no number of cells gives the power asked for.
#'
#' Where calls begin depends on what [run_mash()] will learn from the screen about effects. This is learned
#' here as well: estimates of screens of `n_genes` genes, some 1,500 genes in all, are drawn with a fixed seed
#' from the assumed effects with the expected SEs, and the mixture of [cov_day_subsets()] and
#' [cov_signed_days()] is learned from those of each screen, with the settings of [fate_settings()]. The
#' estimate of each active gene at which its lfsr would have fallen below `lfsr` is then known; power is the
#' probability to exceed it, and is known to about .01; above five days this takes some seconds. With few
#' genes calls begin earlier than with many, since a gene's own effects are part of what is learned.
#'
#' Effects on different days are taken as independent. Where they last, mash borrows between days, which
#' comes on top. Errors are taken as normal around the truth, their SEs as what the fit will say.
#' @returns A `fatebias_plan`, a list with `se`: data.table `day` (from 1), `cells`, `cells_per_gene`, `se`,
#'   `se_own`, `se_shared`, `se_guides`, `se_replicates` (the four parts, whose squares add up); `power`:
#'   data.table `day`, `effect`, `power`; `needed`: data.table `effect`, `cells` (for the target, as the mean
#'   over days; NA above 100 times the cells); `call_at`: estimates in log odds, by day, at which calls begin
#'   (for a gene of mean abundance, the median; Inf where none would be called); `inputs`; `scaling`: SEs of
#'   the pilot without guides and replicates, against what was expected of it; `genes`: matrix,
#'   SEs of equally likely genes, rarest first, by day; `begins`: list by day, where calls begin, in SEs.
#' @section Errors: `fatebias_error_simulation` for sizes that make no screen, such as one guide a cell and no
#'   control.
#' @examples
#' plan_screen(n_cells = 6000, n_genes = 100)
#' plan_screen(read_fit(system.file("extdata", "example_fit", package = "fatebias")), n_cells = 20000)
#' @export
plan_screen <- function(fit = NULL, ..., n_cells = NULL, n_genes = NULL, guides_per_gene = NULL, moi = NULL,
                        days = NULL, replicates = NULL, weight = NULL, fate_means = NULL, contrast = NULL,
                        ntc_share = NULL, sigma_guide = NULL, guide_sd = NULL, replicate_sd = NULL,
                        abundance = 5, effects = c(0.2, 0.3, 0.5, 0.8),
                        active = 0.1, effect_sd = 0.5, active_effects = NULL, lfsr = 0.05, target = 0.8) {
  validate_no_dots(...)
  given <- list(
    n_cells = n_cells, n_genes = n_genes, guides_per_gene = guides_per_gene, moi = moi, days = days,
    replicates = replicates, weight = weight, fate_means = fate_means, contrast = contrast,
    ntc_share = ntc_share, sigma_guide = sigma_guide, guide_sd = guide_sd, replicate_sd = replicate_sd
  )
  validate_arg(effects, checkmate::check_numeric, finite = TRUE, any.missing = FALSE, min.len = 1)
  validate_arg(lfsr, checkmate::check_number, lower = 1e-6, upper = 0.5)
  validate_arg(target, checkmate::check_number, lower = 0.01, upper = 0.99)
  assumed <- assumed_effects(active, effect_sd, active_effects, abundance)
  pilot <- c(if (is.null(fit)) plan_defaults else pilot_inputs(fit), list(priors = plan_priors(fit)))
  inputs <- plan_inputs(override_inputs(pilot, given), assumed)
  scaling <- rep(1, length(inputs$days))
  if (!is.null(fit)) scaling <- pilot_scaling(fit, plan_inputs(pilot, assumed), inputs)
  se <- scaled_se(inputs, scaling)
  begins <- call_thresholds(se$genes, inputs, lfsr)
  power <- data.table::CJ(day = se$table$day, effect = effects)
  power$power <- power_by_day(power, se$genes, begins)
  genes_at <- se_by_cells(inputs, scaling)
  needed <- vapply(effects, cells_needed, numeric(1), genes_at, inputs, begins, lfsr, target)
  structure(
    list(
      se = se$table, power = power, needed = data.table::data.table(effect = effects, cells = needed),
      call_at = vapply(begins, stats::median, numeric(1)) * se$table$se, inputs = inputs, scaling = scaling,
      lfsr = lfsr, target = target, genes = se$genes, begins = begins
    ),
    class = "fatebias_plan"
  )
}

#' Expected SEs: those by cells, times those of the pilot against what was expected of it; then guides and
#' replicates
#' @noRd
scaled_se <- function(inputs, scaling) {
  se <- expected_se(inputs)
  guides <- inputs$guide_sd^2 / inputs$guides_per_gene
  replicates <- inputs$replicate_sd^2 / inputs$replicates
  for (column in c("se_own", "se_shared")) se$table[[column]] <- se$table[[column]] * scaling
  by_cells <- (se$table$se * scaling)^2
  data.table::set(se$table, j = "se", value = sqrt(by_cells + guides + replicates))
  data.table::set(se$table, j = "se_guides", value = sqrt(guides))
  data.table::set(se$table, j = "se_replicates", value = sqrt(replicates))
  list(table = se$table, genes = sqrt(sweep(se$genes, 2, scaling, `*`)^2 + guides + replicates))
}

#' @param points table with `day` and `effect`.
#' @noRd
power_by_day <- function(points, genes, begins) {
  power <- numeric(nrow(points))
  for (d in unique(points$day)) {
    at <- points$day == d
    power[at] <- power_at(points$effect[at], genes[, d], begins[[d]])
  }
  power
}

#' Cells for a power, as the mean over days
#'
#' Where calls begin, in SEs, hardly depends on the cells: it is learned once more at the cells that the
#' first answer gives, and at the most cells where that of the planned ones leaves no answer.
#' @param genes_at `se_by_cells()`.
#' @noRd
cells_needed <- function(effect, genes_at, inputs, begins, lfsr, target) {
  points <- data.frame(day = seq_along(begins), effect = effect)
  for (step in 1:2) {
    lacks <- function(log_cells) mean(power_by_day(points, genes_at(log_cells), begins)) - target
    range <- log(inputs$n_cells) + log(most_cells) * c(-1, 1)
    if (lacks(range[[2]]) < 0) { # a small screen may call nothing at any z
      begins <- call_thresholds(genes_at(range[[2]]), inputs, lfsr)
    }
    if (lacks(range[[2]]) < 0) {
      return(NA_real_)
    }
    found <- if (lacks(range[[1]]) > 0) range[[1]] else stats::uniroot(lacks, range, tol = 1e-3)$root
    if (step == 1) begins <- call_thresholds(genes_at(found), inputs, lfsr)
  }
  ceiling(exp(found))
}

#' Expected SEs as a function of the log number of cells, of which their logs are smooth functions
#' @noRd
se_by_cells <- function(inputs, scaling) {
  at <- log(inputs$n_cells) + seq(-1, 1, length.out = n_sizes) * log(most_cells)
  se <- lapply(exp(at), function(n_cells) scaled_se(override(inputs, list(n_cells = n_cells)), scaling)$genes)
  curves <- apply(simplify2array(lapply(se, log)), 1:2, function(y) list(stats::splinefun(at, y)))
  function(log_cells) {
    values <- vapply(curves, function(curve) exp(curve[[1]](log_cells)), numeric(1))
    matrix(values, nrow(curves))
  }
}

#' Mean number of guides in a usable cell, which has at least one
#' @noRd
burden_words <- function(moi) {
  if (moi == 0) "one guide" else sprintf("%.2g guides", burden_moments(moi, 0)$burden)
}

#' @export
format.fatebias_plan <- function(x, ...) {
  i <- x$inputs
  power <- data.table::dcast(x$power, effect ~ day, value.var = "power")
  c(
    sprintf(
      "<fatebias_plan> %s cells, %s genes x %.3g guides, %s a cell, %d days, weight %.3g",
      count(i$n_cells), count(i$n_genes), i$guides_per_gene, burden_words(i$moi), length(i$days), i$weight
    ),
    sprintf("Expected SE by day: %s", paste(sprintf("%.3f", x$se$se), collapse = " ")),
    sprintf(
      "In it: guides differ by SD %.2g, replicates by %.2g (log odds; %.3g guides, %.3g replicates a gene)",
      i$guide_sd, i$replicate_sd, i$guides_per_gene, i$replicates
    ),
    sprintf(
      "Power by day at lfsr < %s, effect %-4s: %s", format(x$lfsr), format(power$effect),
      apply(as.matrix(power[, -1]), 1, function(p) paste(sprintf("%.2f", p), collapse = " "))
    ),
    sprintf(
      "Cells for power %s, effect %s: %s", format(x$target), format(x$needed$effect),
      ifelse(is.na(x$needed$cells), "more than 100 times these", count(round(x$needed$cells, -2)))
    ),
    if (any(x$scaling != 1)) {
      times <- paste(sprintf("%.2f", x$scaling), collapse = " ")
      sprintf("The pilot's SEs were %s times what is expected of it.", times)
    }
  )
}

#' @export
print.fatebias_plan <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @rdname plan_screen
#' @param object a `fatebias_plan`.
#' @exportS3Method ggplot2::autoplot
autoplot.fatebias_plan <- function(object, ...) {
  effect <- seq(0, max(1, object$power$effect), length.out = 101)
  curves <- data.table::CJ(day = object$se$day, effect = effect)
  curves$power <- power_by_day(curves, object$genes, object$begins)
  curves$day <- factor(curves$day)
  ggplot2::ggplot(curves, ggplot2::aes(.data$effect, .data$power, colour = .data$day)) +
    ggplot2::geom_line() +
    ggplot2::geom_hline(yintercept = object$target, linetype = 3) +
    ggplot2::scale_colour_viridis_d(end = 0.9) +
    ggplot2::labs(x = "effect (log odds)", y = sprintf("power at lfsr < %s", format(object$lfsr))) +
    theme_fatebias()
}
