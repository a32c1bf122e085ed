# Activity: on which days, since when, for how long, in one direction or two. Sets of active days come
# from the posterior weights of mash's components, events of size and sign from joint posterior draws.

#' Posterior weights of sets of active days under mash
#'
#' A component is active on a day when its variance there is not zero, nor as small as a nugget's.
#'
#' @param fit what [mashr::mash()] returned.
#' @returns `list(active, weight)`: logical, sets x days; posterior weights, rows x sets. The empty set comes
#'   first.
#' @noRd
mash_sets <- function(fit) {
  active <- do.call(rbind, lapply(component_covariances(fit), active_on))
  collect_sets(active, unname(fit$posterior_weights))
}

#' Covariance of each component that has posterior weights
#'
#' mashr lists the null first, then all matrices at the first scale, all at the second, ...; it keeps the
#' weights of components that matter, whose numbers are the names.
#' @noRd
component_covariances <- function(fit) {
  component <- as.integer(names(fit$posterior_weights)[seq_len(ncol(fit$posterior_weights))])
  matrices <- lapply(fit$fitted_g$Ulist, unname)
  lapply(component, function(k) {
    if (k == 1L) {
      return(0 * matrices[[1]])
    }
    matrices[[(k - 2L) %% length(matrices) + 1L]] * fit$fitted_g$grid[[(k - 2L) %/% length(matrices) + 1L]]^2
  })
}

#' Sum the weights of components that are active on the same days
#' @noRd
collect_sets <- function(active, weight) {
  active <- rbind(FALSE, active)
  weight <- cbind(0, weight)
  code <- drop(active %*% 2^(seq_len(ncol(active)) - 1))
  sets <- sort(unique(code)) # 0, the empty set, first
  list(
    active = active[match(sets, code), , drop = FALSE],
    weight = vapply(sets, function(s) rowSums(weight[, code == s, drop = FALSE]), numeric(nrow(weight)))
  )
}

#' The same from joint draws that are exactly zero where there is no effect
#' @param draws draws x rows x days.
#' @noRd
draw_sets <- function(draws) {
  n_days <- dim(draws)[[3]]
  code <- rowSums((draws != 0) * rep(2^(seq_len(n_days) - 1), each = prod(dim(draws)[1:2])), dims = 2)
  sets <- sort(unique(c(0, code)))
  weight <- vapply(sets, function(s) colMeans(code == s), numeric(ncol(code)))
  list(active = outer(sets, 2^(seq_len(n_days) - 1), function(s, bit) s %/% bit %% 2 == 1), weight = weight)
}

#' Columns on activity from weights of sets
#'
#' @param days names of the day columns, d0, d1, ...
#' @returns data.table with `p_active_d*`, `p_any`, `active_set` (the most probable set), `p_active_set`,
#'   `onset_day` (the most probable first active day, counted from 0), `p_onset`, `p_persist` (active on
#'   some day and on all days after the first).
#' @noRd
activity_columns <- function(sets, days) {
  active <- sets$active
  weight <- sets$weight
  first <- ifelse(rowSums(active) > 0, max.col(active, ties.method = "first"), 0L)
  # sums of many weights exceed 1 by rounding
  probability <- function(sets) pmin(rowSums(weight[, sets, drop = FALSE]), 1)
  p_onset <- vapply(seq_along(days), function(d) probability(first == d), weight[, 1])
  onset <- first_row_largest(p_onset)
  best <- first_row_largest(weight)
  rows <- seq_len(nrow(weight))
  label <- apply(active, 1, function(on) if (any(on)) paste(days[on], collapse = "+") else "none")
  p_active <- vapply(seq_along(days), function(d) probability(active[, d]), weight[, 1])
  colnames(p_active) <- paste0("p_active_", days)
  data.table::data.table(
    p_active,
    p_any = probability(first > 0),
    active_set = label[best], p_active_set = weight[cbind(rows, best)],
    onset_day = onset - 1L, p_onset = p_onset[cbind(rows, onset)],
    p_persist = probability(persists(active, first))
  )
}

#' Sets that hold every day after their first
#' @noRd
persists <- function(active, first) {
  n_days <- ncol(active)
  first > 0 & rowSums(active) == n_days - first + 1L
}

#' Columns on size and sign: `p_switch` (between active days), `plarge_d*`
#' @param draw function of the row's number; gives a list of `x` and `active`, draws x days.
#' @noRd
event_columns <- function(draw, n_rows, days, effect_size) {
  events <- vapply(progress_along(n_rows, "Posterior draws"), function(row) {
    drawn <- draw(row)
    c(mean(switches_sign(drawn$x * drawn$active)), colMeans(abs(drawn$x) > effect_size))
  }, numeric(1 + length(days)))
  rownames(events) <- c("p_switch", paste0("plarge_", days))
  data.table::as.data.table(t(events))
}

#' Effects of both signs in one draw
#' @noRd
switches_sign <- function(x) rowSums(x > 0) > 0 & rowSums(x < 0) > 0

#' A function that draws from the joint posterior of a row over days, by the fitted mixture
#'
#' The number of draws from each component follows its posterior weight (systematic sampling). Within a
#' component b ~ N(0, U), bhat ~ N(b, S): t ~ N(0, U) and e ~ N(0, S) give the draw
#' t + U (U + S)^-1 (bhat - t - e), exactly zero on days where U is.
#'
#' @param v correlation of the estimates between days, or an array with one a row.
#' @returns `function(row)` that gives a list of `x` (draws x days) and `active` (is the draw's component?).
#' @noRd
posterior_drawer <- function(fit, estimates, v, n_draws) {
  prior <- component_covariances(fit)
  root <- lapply(prior, covariance_root)
  active <- lapply(prior, active_on)
  root_v <- if (is.matrix(v)) chol(v)
  n_days <- ncol(estimates$betahat)
  function(row) {
    se <- estimates$se[row, ]
    s <- (if (is.matrix(v)) v else v[, , row]) * tcrossprod(se)
    root_s <- (root_v %||% chol(v[, , row])) * rep(se, each = n_days)
    counts <- systematic_counts(fit$posterior_weights[row, ], n_draws)
    one <- lapply(which(counts > 0), function(k) {
      normal <- function() matrix(stats::rnorm(counts[[k]] * n_days), counts[[k]])
      t <- normal() %*% root[[k]]
      residual <- rep(estimates$betahat[row, ], each = counts[[k]]) - t - normal() %*% root_s
      t + residual %*% solve_scaled(prior[[k]] + s, prior[[k]])
    })
    used <- rep(seq_along(prior), counts)
    list(x = do.call(rbind, one), active = do.call(rbind, active)[used, , drop = FALSE])
  }
}

#' solve() for covariances whose variances differ by many orders of magnitude
#' @noRd
solve_scaled <- function(u, b) {
  scale <- 1 / sqrt(diag(u))
  scale * solve(u * tcrossprod(scale), scale * b)
}

#' How many of `n` draws each weight gets: n equally spaced points, shifted at random
#' @noRd
systematic_counts <- function(weights, n) {
  points <- (seq_len(n) - stats::runif(1)) / n
  tabulate(findInterval(points, cumsum(weights) / sum(weights)) + 1L, length(weights))
}

#' The symmetric R with RR = u, for positive semi-definite u; columns of days without variance stay zero
#'
#' Of all roots this one is unique. One made of eigenvectors alone turns with their signs, and where days are
#' alike with their choice, which rounding decides: draws of one seed then differ between processors.
#' @noRd
covariance_root <- function(u) {
  on <- diag(u) > 0
  root <- matrix(0, nrow(u), ncol(u))
  if (any(on)) {
    e <- eigen(u[on, on, drop = FALSE], symmetric = TRUE)
    values <- ifelse(e$values > max(e$values) * eigenvalue_rounding, e$values, 0)
    root[on, on] <- e$vectors %*% (sqrt(values) * t(e$vectors))
  }
  root
}

eigenvalue_rounding <- 1e-12 # share of the largest; smaller ones are zeros that were rounded

#' Mix the posterior with a second explanation of all data: no row has any effect
#'
#' mash estimates how common effects are, and so a screen without any effect pays for its own noise:
#' of 120 simulated ones, 11 had a call at lfsr < .05. Here two models are weighed by Bayes' rule. In the
#' first, no row has an effect. In the second, a share of the rows has, spread evenly over all covariances and
#' scales; the share is log-uniform from one row to all.
#'
#' @param ratio by row, the log likelihood of an effect, spread over all components, against none.
#' @param prior prior probability of the first model.
#' @returns Its posterior probability.
#' @noRd
no_effects_probability <- function(ratio, prior) {
  larger <- pmax(ratio, 0)
  share <- length(ratio)^-((seq_len(n_shares) - 0.5) / n_shares)
  log_likelihood <- vapply(share, function(s) {
    sum(larger + log((1 - s) * exp(-larger) + s * exp(ratio - larger)))
  }, numeric(1))
  stats::plogis(stats::qlogis(prior) - log_mean_exp(t(log_likelihood)))
}

n_shares <- 500L # points of the integral over the share of rows with an effect

#' Logarithm of the mean of exponentials, by row
#' @noRd
log_mean_exp <- function(x) {
  largest <- row_largest(x)
  largest + log(rowMeans(exp(x - largest)))
}

#' Posterior of effects that are zero with probability p, and else as shrunk
#' @noRd
mix_with_zero <- function(shrunk, p) {
  mean <- shrunk$postmean
  shrunk$postmean <- (1 - p) * mean
  shrunk$postsd <- sqrt(pmax(0, (1 - p) * (shrunk$postsd^2 + mean^2) - shrunk$postmean^2))
  shrunk$lfsr <- shrunk$lfsr + p * (1 - shrunk$lfsr)
  shrunk$sets$weight <- (1 - p) * shrunk$sets$weight
  shrunk$sets$weight[, 1] <- shrunk$sets$weight[, 1] + p
  for (column in names(shrunk$events)) {
    data.table::set(shrunk$events, j = column, value = (1 - p) * shrunk$events[[column]])
  }
  shrunk
}
