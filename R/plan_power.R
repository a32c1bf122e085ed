# Power of a screen that is planned: the estimates at which mash would begin to call, and how often estimates
# get there. What mash would learn is learned here from estimates drawn with the expected SEs.

rows_drawn <- 1500L # genes drawn behind a power, in screens of the planned number of genes; SD < .01
screens_drawn <- 30L # at most
rows_of_screen <- 1000L # most genes of one of these; from more mash learns hardly anything else
grid_ratio <- 2 # of neighbouring scales; mash's finer grid gives the same power, in twice the time
em_steps <- 100L # before Newton steps, which fail from too far away: at 20 (ashr's default) for 12 days
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
  screens <- withr::with_seed(draw_seed, {
    lapply(seq_len(min(ceiling(rows_drawn / n), screens_drawn)), function(k) draw_estimates(se, n, assumed))
  }, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
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

#' The mixture that mash learns from a screen, by those of its matrices that most of the weight is on: every
#' set of days at every scale, days independent. Then a likelihood is a product over days.
#'
#' @returns `list(sets, scale, gain, loglik, weights, no_effects)`: logical, sets x days; scales; of each
#'   scale the log likelihood ratio of an effect against none, rows x days; log likelihoods, rows x (none,
#'   all sets at the first scale, ..), and learned weights; probability that no row has an effect.
#' @noRd
learn_mixture <- function(drawn, settings = fate_settings()) {
  n_days <- ncol(drawn$se)
  sets <- t(vapply(day_subsets(n_days), function(set) seq_len(n_days) %in% set, logical(n_days)))
  scale <- scale_grid(drawn, grid_ratio, settings$mash_smallest_scale)
  gain <- lapply(scale, function(s) log_bayes_factor(drawn$betahat / drawn$se, s / drawn$se))
  loglik <- cbind(0, do.call(cbind, lapply(gain, tcrossprod, sets)))
  prior <- c(settings$mash_null_weight, rep(1, ncol(loglik) - 1))
  likelihood <- exp(loglik - do.call(pmax, as.data.frame(loglik)))
  weights <- ashr::mixSQP(likelihood, prior, control = list(numiter.em = em_steps))$pihat
  list(
    sets = sets, scale = scale, gain = gain, loglik = loglik, weights = weights,
    no_effects = no_effects_probability(
      log_mean_exp(loglik[, -1, drop = FALSE] - loglik[, 1]), settings$mash_no_effects_prior
    )
  )
}

#' Log of N(z; 0, 1 + ratio^2) / N(z; 0, 1)
#' @noRd
log_bayes_factor <- function(z, ratio) (z^2 * ratio^2 / (1 + ratio^2) - log1p(ratio^2)) / 2

#' By day the estimates, in SEs, from which on genes with an effect would have been called
#' @noRd
screen_thresholds <- function(drawn, mixture, lfsr) {
  # no lfsr is below the probability that no gene has any effect
  lfsr <- (lfsr - mixture$no_effects) / (1 - mixture$no_effects)
  lapply(seq_len(ncol(drawn$se)), function(d) {
    rows <- drawn$active[, d]
    begin_of_calls(day_prior(mixture, d, rows), outer(1 / drawn$se[rows, d], mixture$scale), lfsr)
  })
}

#' What a day's effect is expected to be after the other days were seen: weights of none and of each scale
#' @returns rows x (none, scales).
#' @noRd
day_prior <- function(mixture, d, rows) {
  n_sets <- nrow(mixture$sets)
  on <- mixture$sets[, d]
  here <- do.call(cbind, lapply(mixture$gain, function(gain) outer(gain[rows, d], on)))
  others <- mixture$loglik[rows, , drop = FALSE] - cbind(0, here)
  log_weight <- sweep(others, 2, log(mixture$weights), `+`)
  weight <- exp(log_weight - do.call(pmax, as.data.frame(log_weight)))
  scale <- c(0, rep(seq_along(mixture$scale), each = n_sets) * on)
  t(rowsum(t(weight), scale)) / rowSums(weight)
}

#' The z at which the lfsr falls to its threshold, by row; Inf where it never does
#'
#' @param prior weights, rows x (none, scales).
#' @param ratio scales in SEs, rows x scales.
#' @noRd
begin_of_calls <- function(prior, ratio, lfsr) {
  lfsr_at <- function(z) {
    weight <- prior * cbind(1, exp(log_bayes_factor(z, ratio)))
    wrong <- cbind(1, stats::pnorm(-z * ratio / sqrt(1 + ratio^2)))
    rowSums(weight * wrong) / rowSums(weight)
  }
  low <- numeric(nrow(ratio))
  high <- rep(largest_z, nrow(ratio))
  never <- lfsr_at(high) > lfsr
  for (step in 1:25) {
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
