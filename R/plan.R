# Planning a screen: expected standard errors and power from the expected curvature, without simulation.

burden_most <- 20L # guides a cell, as in the simulator
quadrature_nodes <- 9L # by fate, for means over cells of the softmax curvature

#' Plan a screen
#'
#' `r lifecycle::badge("experimental")`
#'
#' Expected standard errors by day, power, and cells needed, from the curvature that the model would have at
#' these sizes; nothing is simulated. From a pilot fit everything that is not given is taken from it, and the
#' expected standard errors are scaled by what the pilot's were against what they should have been.
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
#' @param active expected share of active genes on a day; `effect_sd`: SD of their effects. With these mash
#'   weighs estimates, and a call needs the more evidence the rarer effects are.
#' @param effect_sd see `active`.
#' @param lfsr a call is an lfsr below this.
#' @param target power for which cells are asked.
#' @details
#' Of a gene the SE has two parts: that of its own cells, with its guides' deviations random; and what all
#' genes share, since their mean is told from the burden slope by the controls alone. The share of controls
#' in cells matters therefore. Calls are those of a single day: what mash borrows from other days comes on
#' top.
#' @returns A `fatebias_plan`, a list with `se`: data.table `day` (from 1), `cells`, `cells_per_gene`, `se`,
#'   `se_own`, `se_shared`; `power`: data.table `day`, `effect`, `power`; `needed`: data.table `effect`,
#'   `cells` (for the target, as the mean over days; NA above 100 times the cells); `call_at`: estimates in
#'   log odds, by day, at which calls begin; `inputs`; `scaling`: SEs of the pilot, against what was
#'   expected of it.
#' @section Errors: `fatebias_error_simulation` for sizes that make no screen.
#' @examples
#' plan_screen(n_cells = 6000, n_genes = 100)
#' plan_screen(read_fit(system.file("extdata", "example_fit", package = "fatebias")), n_cells = 20000)
#' @export
plan_screen <- function(fit = NULL, ..., n_cells = NULL, n_genes = NULL, guides_per_gene = NULL, moi = NULL,
                        days = NULL, replicates = NULL, weight = NULL, fate_means = NULL, contrast = NULL,
                        ntc_share = NULL, sigma_guide = NULL, abundance = 5, effects = c(0.2, 0.3, 0.5, 0.8),
                        active = 0.1, effect_sd = 0.5, lfsr = 0.05, target = 0.8) {
  rlang::check_dots_empty()
  given <- list(
    n_cells = n_cells, n_genes = n_genes, guides_per_gene = guides_per_gene, moi = moi, days = days,
    replicates = replicates, weight = weight, fate_means = fate_means, contrast = contrast,
    ntc_share = ntc_share, sigma_guide = sigma_guide
  )
  pilot <- if (is.null(fit)) plan_defaults else pilot_inputs(fit)
  inputs <- plan_inputs(override(pilot, Filter(Negate(is.null), given)), abundance)
  scaling <- rep(1, length(inputs$days))
  if (!is.null(fit)) scaling <- pilot_scaling(fit, plan_inputs(pilot, abundance), inputs)
  se <- expected_se(inputs)
  for (column in c("se", "se_own", "se_shared")) se[[column]] <- se[[column]] * scaling
  at <- vapply(se$se, call_threshold, numeric(1), active = active, effect_sd = effect_sd, lfsr = lfsr)
  power <- data.table::CJ(day = se$day, effect = effects)
  power$power <- power_at(power$effect, se$se[power$day], at[power$day])
  needed <- vapply(effects, cells_needed, numeric(1), inputs, scaling, active, effect_sd, lfsr, target)
  structure(
    list(
      se = se, power = power, needed = data.table::data.table(effect = effects, cells = needed), call_at = at,
      inputs = inputs, scaling = scaling, lfsr = lfsr, target = target
    ),
    class = "fatebias_plan"
  )
}

plan_defaults <- list(
  n_cells = 6000, n_genes = 100, guides_per_gene = 6, moi = 5, days = 4, replicates = 2, weight = 7,
  fate_means = rep(1 / 3, 3), contrast = 1, ntc_share = 0.05, sigma_guide = 0.2
)

#' Checked inputs; days as shares
#' @noRd
plan_inputs <- function(inputs, abundance, call = rlang::caller_env()) {
  numbers <- c("n_cells", "n_genes", "guides_per_gene", "moi", "replicates", "weight", "contrast")
  for (name in numbers) {
    value <- inputs[[name]]
    validate_arg(value, checkmate::check_number, lower = 1e-6, finite = TRUE, arg = name, call = call)
  }
  ntc_share <- inputs$ntc_share
  sigma_guide <- inputs$sigma_guide
  validate_arg(ntc_share, checkmate::check_number, lower = 0, upper = 0.99, call = call)
  validate_arg(sigma_guide, checkmate::check_number, lower = 0, call = call)
  validate_arg(abundance, checkmate::check_number, lower = 0.1, call = call)
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
  inputs$days <- shares
  inputs$fate_means <- means / rowSums(means)
  inputs$abundance <- abundance
  inputs
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
  table <- fit$likelihood %||% fit$gene
  found <- vapply(day_columns(table, "se"), function(d) stats::median(table[[d]], na.rm = TRUE), numeric(1))
  ratio <- unname(found) / expected_se(pilot)$se
  if (length(ratio) == length(inputs$days)) ratio else rep(mean(ratio), length(inputs$days))
}

# ---- expected curvature ----

expected_se <- function(inputs) {
  n_day <- inputs$n_cells * inputs$days
  moments <- burden_moments(inputs$moi, inputs$ntc_share)
  spread <- moments$targeting * inputs$sigma_guide^2
  curvature <- lapply(seq_along(n_day), function(d) {
    inputs$weight * mean_curvature(inputs$fate_means[d, ], spread)
  })
  curvature <- without_others(curvature, n_day, inputs, moments)
  per_gene <- n_day * moments$targeting / inputs$n_genes
  own <- own_variance(per_gene, curvature, inputs, moments)
  shared <- shared_variance(n_day, curvature, inputs, moments)
  data.table::data.table(
    day = seq_along(n_day), cells = n_day, cells_per_gene = per_gene,
    se = sqrt(own + shared), se_own = sqrt(own), se_shared = sqrt(shared)
  )
}

#' Curvature of a cell by day when the deviations of its other guides are not known, but to the precision
#' that all their cells allow: they add to the scatter of eta
#' @noRd
without_others <- function(curvature, n_day, inputs, moments) {
  n_guides <- inputs$n_genes * inputs$guides_per_gene
  total <- Reduce(`+`, Map(`*`, curvature, n_day * moments$targeting / n_guides))
  unknown <- solve(total + diag(max(inputs$sigma_guide, 1e-6)^-2, nrow(total)))
  others <- moments$targeting_square / moments$targeting - 1
  lapply(curvature, function(w) solve(solve(w) + others * unknown))
}

#' Moments of guides in a cell: k ~ Poisson cut to 1..20, of which k - t are controls
#' @noRd
burden_moments <- function(moi, ntc_share) {
  k <- 0:60
  p <- stats::dpois(k, moi)
  k <- pmin(pmax(k, 1), burden_most)
  share <- 1 - ntc_share
  mean <- sum(p * k)
  var <- sum(p * k^2) - mean^2
  list(
    burden = mean, burden_var = var, targeting = share * mean, burden_targeting = share * var,
    targeting_square = share^2 * (var + mean^2) + share * ntc_share * mean
  )
}

poisson_mean <- function(burden) {
  stats::uniroot(function(moi) burden_moments(moi, 0)$burden - burden, c(1e-3, 19), extendInt = "upX")$root
}

#' Mean over cells of diag(pi) - pi pi', for eta normal with variance `spread` and mean probabilities as given
#' @noRd
mean_curvature <- function(fate_means, spread) {
  f <- length(fate_means) - 1
  nodes <- stats::qnorm(stats::ppoints(quadrature_nodes))
  nodes <- nodes / sqrt(mean(nodes^2))
  eta <- as.matrix(expand.grid(rep(list(nodes), f))) * sqrt(spread)
  centre <- log(fate_means[-1] / fate_means[[1]])
  probabilities <- function(centre) {
    odds <- cbind(1, exp(sweep(eta, 2, centre, `+`)))
    odds / rowSums(odds)
  }
  for (step in 1:20) { # the centre at which the mean probabilities are those given
    now <- colMeans(probabilities(centre))
    centre <- centre + log(fate_means[-1] / now[-1]) - log(fate_means[[1]] / now[[1]])
  }
  pi <- probabilities(centre)[, -1, drop = FALSE]
  unname(diag(colMeans(pi), f) - crossprod(pi) / nrow(pi))
}

#' Variance of a gene's theta by its own cells, deviations of its guides random, by day
#' @noRd
own_variance <- function(per_gene, curvature, inputs, moments) {
  n <- max(1, round(inputs$guides_per_gene))
  f <- nrow(curvature[[1]])
  d <- length(per_gene)
  abundance <- rep(1, n)
  if (is.finite(inputs$abundance)) abundance <- stats::qgamma(stats::ppoints(n), inputs$abundance)
  # two genes share a cell now and then, which takes this much from what tells one gene from all others
  together <- (moments$targeting_square - moments$targeting) / (moments$targeting * inputs$n_genes)
  information <- diag(c(rep(2.5^-2, d * f), rep(max(inputs$sigma_guide, 1e-6)^-2, n * f)))
  for (day in seq_len(d)) {
    cells <- per_gene[[day]] * (1 - together) * abundance / sum(abundance)
    for (guide in seq_len(n)) {
      column <- c(replace(numeric(d), day, 1), replace(rep(-1 / n, n), guide, 1 - 1 / n))
      information <- information + kronecker(tcrossprod(column) * cells[[guide]], curvature[[day]])
    }
  }
  diag(solve(information))[(seq_len(d) - 1) * f + inputs$contrast]
}

#' Variance of what all thetas share on a day: their mean, told from intercepts and burden slope
#' @noRd
shared_variance <- function(n_day, curvature, inputs, moments) {
  d <- length(n_day)
  r <- inputs$replicates
  f <- nrow(curvature[[1]])
  prior <- c(rep(2.5, d), rep(0.8, r), 0.8, rep(2.5 / sqrt(inputs$n_genes), d))
  information <- diag(rep(prior^-2, each = f))
  for (day in seq_len(d)) {
    # mean over cells of products of the columns: day, replicate (one of r), burden, targeting guides
    gram <- matrix(0, d + r + 1 + d, d + r + 1 + d)
    one <- day
    rep <- d + seq_len(r)
    slope <- d + r + 1
    theta <- slope + day
    gram[one, one] <- 1
    gram[one, rep] <- gram[rep, one] <- 1 / r
    gram[rep, rep] <- diag(1 / r, r)
    gram[slope, slope] <- moments$burden_var
    gram[slope, theta] <- gram[theta, slope] <- moments$burden_targeting
    gram[one, theta] <- gram[theta, one] <- moments$targeting
    gram[rep, theta] <- gram[theta, rep] <- moments$targeting / r
    gram[theta, theta] <- moments$targeting_square
    information <- information + kronecker(gram * n_day[[day]], curvature[[day]])
  }
  variance <- diag(solve(information))
  variance[(d + r + 1 + seq_len(d) - 1) * f + inputs$contrast]
}

# ---- power ----

#' The estimate at which the lfsr of a day falls below its threshold: effects are 0 or N(0, effect_sd^2)
#' @noRd
call_threshold <- function(se, active, effect_sd, lfsr) {
  total <- sqrt(effect_sd^2 + se^2)
  shrink <- effect_sd^2 / total^2
  excess <- function(b) {
    ratio <- stats::dnorm(b, 0, total, log = TRUE) - stats::dnorm(b, 0, se, log = TRUE)
    p <- stats::plogis(stats::qlogis(active) + ratio)
    (1 - p) + p * stats::pnorm(-shrink * b / (sqrt(shrink) * se)) - lfsr
  }
  stats::uniroot(excess, c(0, 20 * total), tol = 1e-8)$root
}

power_at <- function(effect, se, at) {
  stats::pnorm((abs(effect) - at) / se) + stats::pnorm((-abs(effect) - at) / se)
}

#' Cells for a power, as the mean over days
#' @noRd
cells_needed <- function(effect, inputs, scaling, active, effect_sd, lfsr, target) {
  lacks <- function(log_cells) {
    inputs$n_cells <- exp(log_cells)
    se <- expected_se(inputs)$se * scaling
    at <- vapply(se, call_threshold, numeric(1), active = active, effect_sd = effect_sd, lfsr = lfsr)
    mean(power_at(effect, se, at)) - target
  }
  range <- log(inputs$n_cells) + log(100) * c(-1, 1)
  if (lacks(range[[2]]) < 0) {
    return(NA_real_)
  }
  if (lacks(range[[1]]) > 0) exp(range[[1]]) else ceiling(exp(stats::uniroot(lacks, range, tol = 1e-3)$root))
}

# ---- what can be asked of it ----

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
  curves$power <- power_at(curves$effect, object$se$se[curves$day], object$call_at[curves$day])
  curves$day <- factor(curves$day)
  ggplot2::ggplot(curves, ggplot2::aes(.data$effect, .data$power, colour = .data$day)) +
    ggplot2::geom_line() +
    ggplot2::geom_hline(yintercept = object$target, linetype = 3) +
    ggplot2::scale_colour_viridis_d(end = 0.9) +
    ggplot2::labs(x = "effect (log odds)", y = sprintf("power at lfsr < %s", format(object$lfsr))) +
    theme_fatebias()
}
