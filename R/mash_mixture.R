# A mixture of normals over days with averaged weights: what mashr's mixture is, with means off zero besides,
# and its posterior of any linear combination of days in closed form.

#' @section Weights: With `prior = "averaged"` the mixture is this package's own. The weight of a component is
#'   a product: the share of its family, times those of its scale and of its number of active days in the
#'   family, and of its matrix among those with as many. Shares have Dirichlet priors, and the posterior is
#'   averaged over them by Gibbs sampling (`seed`). Weights of maximum likelihood, as mashr has them, give a
#'   row near the threshold a component of its own where rows are few, and probabilities are then too sure.
#'   Families may have means other than zero here. Given mashr's components and weights the mixture has
#'   mashr's numbers.
#' @rdname run_mash
#' @name run_mash
NULL

negligible <- 1e-14 # weight of a component in a row
combination_rounding <- 1e-9 # of days, in units of a component's scale

#' The mixture that estimates say
#'
#' @param model `mash_model()`.
#' @returns A `fatebias_mixture`: `list(components, data, pi, weight, loglik, some_effect)`:
#'   `new_components()`, `information()`, mean weights of the null and the components, posterior weights (rows
#'   x (null, components)), log likelihood under the mean weights, and log of the likelihood of some effect
#'   against none, by row, under the prior of the weights.
#' @noRd
fit_mixture <- function(model, estimates) {
  components <- new_components(model[c("matrices", "means", "table")], model$grid)
  data <- information(estimates, model$v$by_row %||% model$v$matrix)
  fit_components(components, data, mixture_prior(components, model))
}

#' The same, of components and their prior
#' @param ... of `averaged_weights()`.
#' @noRd
fit_components <- function(components, data, prior, ...) {
  loglik <- component_loglik(components, data)
  found <- averaged_weights(loglik, components$ties, prior, ...)
  structure(
    list(
      components = components, data = data, pi = found$pi, weight = found$weight,
      loglik = sum(mixture_loglik(found$pi, loglik, data)),
      some_effect = log_sum_weighted(loglik, prior_weights(components$ties, prior)[-1])
    ),
    class = "fatebias_mixture"
  )
}

#' The mixture that mashr or ashr learned, in the same form: `components`, `pi`
#' @noRd
mixture_of_mash <- function(fit) normal_mixture(fit$fitted_g$Ulist, fit$fitted_g$grid, fit$fitted_g$pi)

mixture_of_ash <- function(fit) {
  g <- ashr::get_fitted_g(fit)
  normal_mixture(list(diag(1)), g$sd[g$sd > 0], c(sum(g$pi[g$sd == 0]), g$pi[g$sd > 0]))
}

normal_mixture <- function(matrices, grid, pi) {
  n <- length(matrices)
  built <- list(matrices = matrices, means = vector("list", n), table = data.frame(family = rep("", n)))
  list(components = new_components(built, grid), pi = pi)
}

#' Imaginary rows at each level: those of the null and, in the families' order, those that each was given
#' @noRd
mixture_prior <- function(components, model) {
  family <- factor(model$table$family, unique(model$table$family))
  tied_prior(components$ties, model$null_weight, as.vector(rowsum(model$table$weight, family)))
}

#' Log density of each row's estimates
#' @noRd
mixture_loglik <- function(pi, loglik, data) data$null + log_sum_weighted(cbind(0, loglik), pi)

#' Logarithm of a mean of exponentials, by row
#' @param weight of each column, of any sum.
#' @noRd
log_sum_weighted <- function(x, weight) {
  largest <- row_largest(x)
  largest + log(drop(exp(x - largest) %*% weight))
}

#' Posterior weights of rows, given mean weights
#' @noRd
weights_of <- function(pi, loglik) {
  loglik <- cbind(0, loglik)
  share <- exp(loglik - row_largest(loglik)) * rep(pi, each = nrow(loglik))
  share / rowSums(share)
}

#' Posterior of linear combinations of days
#'
#' @param weight rows x (null, components).
#' @param combinations list of matrices with a column for each day, and one row for all rows or one for each.
#' @param size of a large effect.
#' @returns list of matrices, rows x combinations: `postmean`, `postsd`, `zero`, `positive`, `negative`
#'   (probabilities), `large` (probability of more than `size` in absolute value).
#' @noRd
linear_posterior <- function(components, data, weight, combinations = each_day(ncol(data$h)), size = 0) {
  empty <- matrix(0, nrow(weight), length(combinations))
  sums <- list(zero = empty + weight[, 1], mean = empty, square = empty, positive = empty, negative = empty,
               large = empty)
  for (p in seq_along(components$patterns)) {
    own <- which(components$pattern == p)
    rows <- which(row_largest(weight[, own + 1L, drop = FALSE]) > negligible)
    if (length(rows) > 0) {
      pattern <- components$patterns[[p]]
      met <- meet_pattern(pattern, information_of(data, rows))
      by <- lapply(combinations, function(one) {
        one[if (nrow(one) == 1) rep(1, length(rows)) else rows, pattern$on, drop = FALSE]
      })
      for (k in own) {
        scale <- components$grid[[components$scale[[k]]]]
        found <- component_posterior(pattern, met, scale, weight[rows, k + 1L], by, size)
        for (name in names(sums)) sums[[name]][rows, ] <- sums[[name]][rows, ] + found[[name]]
      }
    }
  }
  sd <- sqrt(pmax(sums$square - sums$mean^2, 0))
  c(list(postmean = sums$mean, postsd = sd), sums[c("zero", "positive", "negative", "large")])
}

#' The combinations that are one day each
#' @noRd
each_day <- function(n_days) lapply(seq_len(n_days), function(d) diag(n_days)[d, , drop = FALSE])

#' What one component adds to these sums
#' @param by list of matrices, rows x days of the pattern.
#' @noRd
component_posterior <- function(pattern, met, scale, weight, by, size) {
  at <- at_scale(met, scale)
  share <- mean_shares(at) * weight
  columns <- lapply(by, function(by) {
    pull <- scale * without_rounding(by %*% pattern$root)
    spread <- forward_rows(at$root, pull)
    sd <- sqrt(rowSums(spread^2))
    found <- lapply(seq_along(at$means), function(j) {
      from <- if (is.null(pattern$means)) 0 * sd else scale * drop(by %*% pattern$means[j, ])
      center <- from + rowSums(spread * at$means[[j]]$y)
      moments_of(share[, j], center, sd, moves = from != 0 | rowSums(pull != 0) > 0, size)
    })
    Reduce(function(a, b) Map(`+`, a, b), found)
  })
  names <- rlang::set_names(names(columns[[1]]))
  lapply(names, function(name) matrix(unlist(lapply(columns, `[[`, name)), length(weight)))
}

#' Zeros that were rounded are zeros: a combination that the component leaves at zero is no effect
#' @noRd
without_rounding <- function(x) replace(x, abs(x) < combination_rounding, 0)

#' @param moves whether the combination can differ from zero under the component at all.
#' @noRd
moments_of <- function(share, center, sd, moves, size) {
  beyond <- function(at) stats::pnorm(at, center, sd, lower.tail = FALSE)
  some <- share * moves
  list(
    zero = share - some, mean = some * center, square = some * (center^2 + sd^2), positive = some * beyond(0),
    negative = some * stats::pnorm(0, center, sd),
    large = some * (beyond(size) + stats::pnorm(-size, center, sd))
  )
}

#' Shares of a component's means in each row: rows x means
#' @noRd
mean_shares <- function(at) {
  loglik <- matrix(unlist(lapply(at$means, `[[`, "loglik")), ncol = length(at$means))
  share <- exp(loglik - row_largest(loglik))
  share / rowSums(share)
}

#' Posterior weights of sets of active days, as `mash_sets()`
#' @noRd
mixture_sets <- function(mixture) {
  active <- do.call(rbind, lapply(mixture$components$patterns, `[[`, "active"))
  collect_sets(rbind(FALSE, active[mixture$components$pattern, , drop = FALSE]), mixture$weight)
}

#' Local false sign rates: 0 is wrong whatever the sign
#' @noRd
lfsr_of <- function(posterior) posterior$zero + pmin(posterior$positive, posterior$negative)

#' Probability of effects of both signs between active days, from joint draws, by row
#' @noRd
switch_probability <- function(mixture, n_draws) {
  components <- mixture$components
  found <- numeric(nrow(mixture$weight))
  for (k in progress_along(length(components$pattern), "Posterior draws")) {
    pattern <- components$patterns[[components$pattern[[k]]]]
    expected <- mixture$weight[, k + 1L] * n_draws
    rows <- which(expected > 1e-3)
    if (sum(pattern$active) > 1 && length(rows) > 0) {
      met <- meet_pattern(pattern, information_of(mixture$data, rows))
      scale <- components$grid[[components$scale[[k]]]]
      found[rows] <- found[rows] + switches_drawn(pattern, met, scale, expected[rows])
    }
  }
  pmin(found / n_draws, 1)
}

#' How many draws of a component have effects of both signs, by row
#' @param expected number of draws; rounded at random.
#' @noRd
switches_drawn <- function(pattern, met, scale, expected) {
  drawn <- component_draws(pattern, met, scale, expected)
  active <- pattern$active[pattern$on]
  tabulate(drawn$row[switches_sign(drawn$effect[, active, drop = FALSE])], length(expected))
}

#' Draws of effects from the posterior of one component
#'
#' @param expected number of draws of each row; rounded at random.
#' @returns `list(row, effect)`: of each draw its row, and its effects (draws x days of the pattern).
#' @noRd
component_draws <- function(pattern, met, scale, expected) {
  at <- at_scale(met, scale)
  share <- mean_shares(at)
  rank <- ncol(met$g)
  drawn <- lapply(seq_along(at$means), function(j) {
    count <- floor(expected * share[, j] + stats::runif(length(expected)))
    row <- rep(seq_along(count), count)
    x <- at$means[[j]]$y[row, , drop = FALSE] + matrix(stats::rnorm(length(row) * rank), ncol = rank)
    effect <- scale * tcrossprod(backward_rows(at$root[row, , drop = FALSE], x), pattern$root)
    if (!is.null(pattern$means)) effect <- effect + rep(scale * pattern$means[j, ], each = length(row))
    list(row = row, effect = effect)
  })
  list(row = unlist(lapply(drawn, `[[`, "row")), effect = do.call(rbind, lapply(drawn, `[[`, "effect")))
}
