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
#' @param moi mean of the (Poisson) number of guides a cell.
#' @param days number of days, or their shares of the cells.
#' @param replicates number of replicates.
#' @param weight likelihood weight: how much less than one draw of a fate the labels vary; 1 for one-hot
#'   labels, concentration + 1 for Dirichlet ones. A fit prints it.
#' @param fate_means mean probabilities of the fates, the reference first.
#' @param contrast number of the fate beside the reference whose effects are asked for.
#' @param ntc_share share of control guides among the guides in cells.
#' @param sigma_guide SD of the guides' deviations from their gene.
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
#' Where calls begin depends on what [run_mash()] will learn from the screen about effects. This is learned
#' here as well: estimates of screens of `n_genes` genes, some 1,500 genes in all, are drawn with a fixed seed
#' from the assumed effects with the expected SEs, and the mixture of [cov_day_subsets()] is learned from
#' those of each screen, with the settings of [fate_settings()]. The estimate of each active gene at which
#' its lfsr would have fallen below `lfsr` is then known; power is the probability to exceed it, and is
#' known to about .01; above five days this takes some seconds. With few genes calls begin earlier than with
#' many, since a gene's own effects are part of what is learned.
#'
#' Effects on different days are taken as independent. Where they last, mash borrows between days, which
#' comes on top. Errors are taken as normal around the truth, their SEs as what the fit will say.
#' @returns A `fatebias_plan`, a list with `se`: data.table `day` (from 1), `cells`, `cells_per_gene`, `se`,
#'   `se_own`, `se_shared`; `power`: data.table `day`, `effect`, `power`; `needed`: data.table `effect`,
#'   `cells` (for the target, as the mean over days; NA above 100 times the cells); `call_at`: estimates in
#'   log odds, by day, at which calls begin (for a gene of mean abundance, the median; Inf where none would
#'   be called); `inputs`; `scaling`: SEs of the pilot, against what was expected of it; `genes`: matrix,
#'   SEs of equally likely genes, rarest first, by day; `begins`: list by day, where calls begin, in SEs.
#' @section Errors: `fatebias_error_simulation` for sizes that make no screen.
#' @examples
#' plan_screen(n_cells = 6000, n_genes = 100)
#' plan_screen(read_fit(system.file("extdata", "example_fit", package = "fatebias")), n_cells = 20000)
#' @export
plan_screen <- function(fit = NULL, ..., n_cells = NULL, n_genes = NULL, guides_per_gene = NULL, moi = NULL,
                        days = NULL, replicates = NULL, weight = NULL, fate_means = NULL, contrast = NULL,
                        ntc_share = NULL, sigma_guide = NULL, abundance = 5, effects = c(0.2, 0.3, 0.5, 0.8),
                        active = 0.1, effect_sd = 0.5, active_effects = NULL, lfsr = 0.05, target = 0.8) {
  rlang::check_dots_empty()
  given <- list(
    n_cells = n_cells, n_genes = n_genes, guides_per_gene = guides_per_gene, moi = moi, days = days,
    replicates = replicates, weight = weight, fate_means = fate_means, contrast = contrast,
    ntc_share = ntc_share, sigma_guide = sigma_guide
  )
  validate_arg(effects, checkmate::check_numeric, finite = TRUE, any.missing = FALSE, min.len = 1)
  validate_arg(lfsr, checkmate::check_number, lower = 1e-6, upper = 0.5)
  validate_arg(target, checkmate::check_number, lower = 0.01, upper = 0.99)
  assumed <- assumed_effects(active, effect_sd, active_effects, abundance)
  pilot <- c(if (is.null(fit)) plan_defaults else pilot_inputs(fit), list(priors = plan_priors(fit)))
  inputs <- plan_inputs(override(pilot, Filter(Negate(is.null), given)), assumed)
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

plan_defaults <- list(
  n_cells = 6000, n_genes = 100, guides_per_gene = 6, moi = 5, days = 4, replicates = 2, weight = 7,
  fate_means = rep(1 / 3, 3), contrast = 1, ntc_share = 0.05, sigma_guide = 0.2
)

#' Scales of the priors behind the estimates: those of the pilot, or the defaults
#' @noRd
plan_priors <- function(fit) {
  settings <- if (is.null(fit)) fate_settings() else update_settings(fit$settings)
  unclass(settings)[c("s_alpha", "s_rep", "s_gamma", "estimate_prior_sd")]
}

normal_sizes <- 99L # equally likely sizes that stand for a normal distribution

#' What is assumed of genes: how common they are in cells, and their effects
#' @noRd
assumed_effects <- function(active, effect_sd, active_effects, abundance, call = rlang::caller_env()) {
  validate_arg(active, checkmate::check_number, lower = 1e-4, upper = 1, call = call)
  validate_arg(effect_sd, checkmate::check_number, lower = 1e-6, finite = TRUE, call = call)
  validate_arg(
    active_effects, checkmate::check_numeric,
    finite = TRUE, any.missing = FALSE, min.len = 1, null.ok = TRUE, call = call
  )
  validate_arg(abundance, checkmate::check_number, lower = 0.1, call = call)
  sizes <- abs(active_effects %||% (effect_sd * stats::qnorm(stats::ppoints(normal_sizes))))
  list(active = active, sizes = sizes, abundance = abundance)
}

#' Checked inputs; days as shares
#' @noRd
plan_inputs <- function(inputs, assumed, call = rlang::caller_env()) {
  numbers <- c("n_cells", "n_genes", "guides_per_gene", "moi", "replicates", "weight", "contrast")
  for (name in numbers) {
    value <- inputs[[name]]
    validate_arg(value, checkmate::check_number, lower = 1e-6, finite = TRUE, arg = name, call = call)
  }
  ntc_share <- inputs$ntc_share
  sigma_guide <- inputs$sigma_guide
  validate_arg(ntc_share, checkmate::check_number, lower = 0, upper = 0.99, call = call)
  validate_arg(sigma_guide, checkmate::check_number, lower = 0, call = call)
  shares <- if (length(inputs$days) == 1) rep(1, inputs$days) else inputs$days
  shares <- shares / sum(shares)
  means <- inputs$fate_means
  if (!is.matrix(means)) means <- matrix(means, length(shares), length(means), byrow = TRUE)
  if (length(shares) < 2 || ncol(means) < 2 || any(means <= 0) || inputs$contrast > ncol(means) - 1) {
    abort_simulation(c(
      "These sizes make no screen.",
      i = "It takes two or more days, two or more fates with probability above 0, and a contrast among them."
    ), call = call)
  }
  if (inputs$n_genes <= inputs$moi) {
    abort_simulation(c(
      "These sizes make no screen: cells carry {inputs$moi} guides, of {inputs$n_genes} gene{?s} in all.",
      i = "It takes more genes ({.arg n_genes}) than guides a cell ({.arg moi})."
    ), call = call)
  }
  inputs$days <- shares
  inputs$fate_means <- means / rowSums(means)
  c(inputs, assumed)
}

#' Inputs by a pilot fit
#' @noRd
pilot_inputs <- function(fit) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  m <- fit$manifest
  s <- m$screen
  cells <- as_day_matrix(s$cells_by_day_replicate, length(s$days), s$replicates)
  beside <- match(m$contrast, s$fates[-1])
  contrast <- if (is.na(beside)) 1 else beside # of a difference of two fates; the scaling puts it right
  list(
    n_cells = s$n_cells, n_genes = s$n_genes, guides_per_gene = max(1, s$n_guides / s$n_genes),
    moi = poisson_mean(s$guides_per_cell_mean), days = rowSums(cells), replicates = length(s$replicates),
    weight = mean(unlist(m$likelihood_weight)),
    fate_means = as_day_matrix(s$fate_means_by_day, length(s$days), s$fates),
    contrast = contrast, ntc_share = s$n_ntc / (s$n_ntc + s$n_guides),
    sigma_guide = unlist(m$scales$sigma_guide$mean)[[contrast]]
  )
}

#' SEs of a pilot against what is expected of it, by day; days that the plan adds get the mean
#' @noRd
pilot_scaling <- function(fit, pilot, inputs) {
  table <- fit$estimate %||% fit$gene
  found <- vapply(day_columns(table, "se"), function(d) stats::median(table[[d]], na.rm = TRUE), numeric(1))
  ratio <- unname(found) / expected_se(pilot)$table$se
  if (length(ratio) == length(inputs$days)) ratio else rep(mean(ratio), length(inputs$days))
}

#' Expected SEs times those of the pilot against what was expected of it
#' @noRd
scaled_se <- function(inputs, scaling) {
  se <- expected_se(inputs)
  for (column in c("se", "se_own", "se_shared")) se$table[[column]] <- se$table[[column]] * scaling
  list(table = se$table, genes = sweep(se$genes, 2, scaling, `*`))
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
#' first answer gives.
#' @param genes_at `se_by_cells()`.
#' @noRd
cells_needed <- function(effect, genes_at, inputs, begins, lfsr, target) {
  points <- data.frame(day = seq_along(begins), effect = effect)
  for (step in 1:2) {
    lacks <- function(log_cells) mean(power_by_day(points, genes_at(log_cells), begins)) - target
    range <- log(inputs$n_cells) + log(most_cells) * c(-1, 1)
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

#' @export
format.fatebias_plan <- function(x, ...) {
  i <- x$inputs
  power <- data.table::dcast(x$power, effect ~ day, value.var = "power")
  c(
    sprintf(
      "<fatebias_plan> %s cells, %s genes x %.3g guides, %.3g guides a cell, %d days, weight %.3g",
      count(i$n_cells), count(i$n_genes), i$guides_per_gene, i$moi, length(i$days), i$weight
    ),
    sprintf("Expected SE by day: %s", paste(sprintf("%.3f", x$se$se), collapse = " ")),
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
