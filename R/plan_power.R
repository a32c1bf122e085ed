# Power of a screen that is planned: the estimates at which mash would begin to call, and how often estimates
# get there. What mash would learn is learned here from estimates drawn with the expected SEs.

rows_drawn <- 1500L # genes drawn behind a power, in screens of the planned number of genes; SD < .01
screens_drawn <- 30L # at most
rows_of_screen <- 1000L # most genes of one of these; from more mash learns hardly anything else
grid_ratio <- 2 # of neighbouring scales; mash's finer grid gives the same power, in twice the time
sweeps <- c(before = 25L, counted = 50L) # of the weights; more give the same power
draw_seed <- 1L
largest_z <- 20 # where even this is no call, none is

#' Estimates at which calls begin, in SEs
#'
#' They differ between genes, which have effects on other days or have none, and between screens, which learn
#' different mixtures. Those of genes with an effect count: from their own effects mash has learned as well.
#'
#' @param se expected SEs, genes by abundance x days.
#' @param assumed `list(n_genes, active, sizes)`.
#' @returns list by day of numeric vectors.
#' @noRd
call_thresholds <- function(se, assumed, lfsr) {
  n <- min(max(2, round(assumed$n_genes)), rows_of_screen)
  screens <- with_fixed_seed(draw_seed, {
    lapply(seq_len(min(ceiling(rows_drawn / n), screens_drawn)), function(k) draw_estimates(se, n, assumed))
  })
  found <- lapply(screens, function(drawn) screen_thresholds(drawn, learn_mixture(drawn), lfsr))
  lapply(seq_len(ncol(se)), function(d) unlist(lapply(found, `[[`, d)))
}

#' Estimates of one screen: on each day a share of genes is active, whatever they are on other days
#' @noRd
draw_estimates <- function(se, n, assumed) {
  n_days <- ncol(se)
  se <- se[sample(rep_len(seq_len(nrow(se)), n)), , drop = FALSE]
  n_active <- max(1, round(assumed$active * n))
  active <- vapply(seq_len(n_days), function(d) seq_len(n) %in% sample.int(n, n_active), logical(n))
  size <- assumed$sizes[sample.int(length(assumed$sizes), n * n_days, replace = TRUE)]
  theta <- active * size * sample(c(-1, 1), n * n_days, replace = TRUE)
  list(betahat = theta + se * stats::rnorm(n * n_days), se = se, active = active, is_missing = FALSE)
}

#' The mixture that mash learns from a screen, by those of its families that most of the weight is on where
#' effects are independent of each other: every set of days at every scale, with effects around zero and with
#' effects of about one size. Then a likelihood is a product over days.
#'
#' @returns `list(sets, sd, mean, gain, loglik, weights, no_effects)`: logical, sets x days; of each shape the
#'   standard deviation of effects and the mean of their size (shapes are all scales around zero, then all of
#'   about one size); of each shape the log likelihood ratio of an effect against none, rows x days; log
#'   likelihoods, rows x (none, all sets of the first shape, ..), and learned weights; probability that no row
#'   has an effect.
#' @noRd
learn_mixture <- function(drawn, settings = fate_settings()) {
  n_days <- ncol(drawn$se)
  sets <- t(vapply(day_subsets(n_days), function(set) seq_len(n_days) %in% set, logical(n_days)))
  scale <- scale_grid(drawn, grid_ratio, settings$mash_smallest_scale)
  sized <- formals(cov_signed_days)
  sd <- c(scale, scale * sized$spread)
  mean <- c(0 * scale, scale * sized$size)
  gain <- lapply(seq_along(sd), function(k) {
    log_bayes_factor(drawn$betahat / drawn$se, sd[[k]] / drawn$se, mean[[k]] / drawn$se)
  })
  loglik <- do.call(cbind, lapply(gain, tcrossprod, sets))
  shape <- rep(seq_along(sd), each = nrow(sets))
  set <- rep(seq_len(nrow(sets)), length(sd))
  family <- rep(c("subsets", "signed"), each = length(shape) / 2)
  ties <- weight_ties(family, shape, rowSums(sets)[set], paste(family, set))
  prior <- tied_prior(ties, settings$mash_null_weight, 0)
  averaged <- with_fixed_seed(draw_seed, {
    averaged_weights(loglik, ties, prior, n_burn = sweeps[["before"]], n = sweeps[["counted"]])
  })
  some_effect <- log_sum_weighted(loglik, prior_weights(ties, prior)[-1])
  list(
    sets = sets, sd = sd, mean = mean, gain = gain, loglik = cbind(0, loglik), weights = averaged$pi,
    no_effects = no_effects_probability(some_effect, settings$mash_no_effects_prior)
  )
}

#' Log likelihood of z under effects of either sign against none
#'
#' @param ratio,mean standard deviation of effects and mean of their size, in SEs.
#' @noRd
log_bayes_factor <- function(z, ratio, mean = 0 * ratio) {
  v <- 1 + ratio^2
  signs <- log1p(exp(-2 * abs(z) * mean / v)) - log(2)
  (z^2 - (abs(z) - mean)^2 / v - log(v)) / 2 + signs
}

#' By day the estimates, in SEs, from which on genes with an effect would have been called
#' @noRd
screen_thresholds <- function(drawn, mixture, lfsr) {
  # no lfsr is below the probability that no gene has any effect
  lfsr <- (lfsr - mixture$no_effects) / (1 - mixture$no_effects)
  lapply(seq_len(ncol(drawn$se)), function(d) {
    rows <- drawn$active[, d]
    in_ses <- function(x) outer(1 / drawn$se[rows, d], x)
    begin_of_calls(day_prior(mixture, d, rows), in_ses(mixture$sd), lfsr, in_ses(mixture$mean))
  })
}

#' What a day's effect is expected to be after the other days were seen: weights of none and of each shape
#' @returns rows x (none, shapes).
#' @noRd
day_prior <- function(mixture, d, rows) {
  n_sets <- nrow(mixture$sets)
  on <- mixture$sets[, d]
  here <- do.call(cbind, lapply(mixture$gain, function(gain) outer(gain[rows, d], on)))
  others <- mixture$loglik[rows, , drop = FALSE] - cbind(0, here)
  log_weight <- sweep(others, 2, log(mixture$weights), `+`)
  weight <- exp(log_weight - do.call(pmax, as.data.frame(log_weight)))
  shape <- c(0, rep(seq_along(mixture$sd), each = n_sets) * on)
  t(rowsum(t(weight), shape)) / rowSums(weight)
}

#' The z at which the lfsr falls to its threshold, by row; Inf where it never does
#'
#' @param prior weights, rows x (none, shapes).
#' @param ratio,mean of shapes, in SEs, rows x shapes: see `log_bayes_factor()`.
#' @noRd
begin_of_calls <- function(prior, ratio, lfsr, mean = 0 * ratio) {
  v <- 1 + ratio^2
  lfsr_at <- function(z) {
    weight <- prior * cbind(1, exp(log_bayes_factor(z, ratio, mean)))
    positive <- stats::plogis(2 * z * mean / v) # of the two means, that of the sign of z
    below <- function(mean) stats::pnorm(-(ratio^2 * z + mean) / (ratio * sqrt(v)))
    wrong <- cbind(1, positive * below(mean) + (1 - positive) * below(-mean))
    rowSums(weight * wrong) / rowSums(weight)
  }
  low <- numeric(nrow(ratio))
  high <- rep(largest_z, nrow(ratio))
  never <- lfsr_at(high) > lfsr
  for (step in 1:16) { # to 3e-4
    middle <- (low + high) / 2
    called <- lfsr_at(middle) <= lfsr
    high <- ifelse(called, middle, high)
    low <- ifelse(called, low, middle)
  }
  ifelse(never, Inf, high)
}

#' Power at one size of effect: the mean over genes by abundance, and over where calls begin
#' @noRd
power_at <- function(effect, se, begins) {
  vapply(abs(effect), function(size) {
    z <- size / se
    mean(stats::pnorm(outer(z, begins, `-`)) + stats::pnorm(outer(-z, begins, `-`)))
  }, numeric(1))
}
