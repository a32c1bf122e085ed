# A mixture of normals over days with averaged weights: what mashr's mixture is, with means off zero besides, and its
# posterior of any linear combination of days in closed form.

negligible <- 1e-14 # weight of a component in a row

#' The mixture that estimates say
#'
#' @param model `mash_model()`.
#' @returns A `fatebias_mixture`: `list(components, data, pi, weight, loglik, by_row)`: `new_components()`,
#'   `information()`, mean weights of the null and the components, posterior weights (rows x (null,
#'   components)), log likelihood under the mean weights, and log of the likelihood of some effect against none, by
#'   row, under the prior of the weights.
#' @noRd
fit_mixture <- function(model, estimates) {
  components <- new_components(model[c("matrices", "means", "table")], model$grid)
  data <- information(estimates, model$v$by_row %||% model$v$matrix)
  loglik <- component_loglik(components, data)
  prior <- tied_prior(components$ties, model$null_weight, family_rows(model$table))
  found <- averaged_weights(loglik, components$ties, prior)
  structure(
    list(
      components = components, data = data, pi = found$pi, weight = found$weight,
      loglik = sum(mixture_loglik(found$pi, loglik, data)),
      some_effect = log_sum_weighted(loglik, tied_weights(prior, components$ties)[-1])
    ),
    class = "fatebias_mixture"
  )
}

#' Imaginary rows that each family was given, in the families' order
#' @noRd
family_rows <- function(table) as.vector(rowsum(table$weight, factor(table$family, unique(table$family))))

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
#' @param combinations combinations x days; of the days themselves the identity.
#' @param size of a large effect.
#' @returns list of matrices, rows x combinations: `postmean`, `postsd`, `zero`, `positive`, `negative`
#'   (probabilities), `large` (probability of more than `size` in absolute value).
#' @noRd
linear_posterior <- function(components, data, weight, combinations, size = 0) {
  empty <- matrix(0, nrow(weight), nrow(combinations))
  sums <- list(zero = empty + weight[, 1], mean = empty, square = empty, positive = empty, negative = empty,
               large = empty)
  for (p in seq_along(components$patterns)) {
    own <- which(components$pattern == p)
    rows <- which(row_largest(weight[, own + 1L, drop = FALSE]) > negligible)
    if (length(rows) > 0) {
      pattern <- components$patterns[[p]]
      met <- meet_pattern(pattern, information_of(data, rows))
      for (k in own) {
        scale <- components$grid[[components$scale[[k]]]]
        found <- component_posterior(pattern, met, scale, weight[rows, k + 1L], combinations, size)
        for (name in names(sums)) sums[[name]][rows, ] <- sums[[name]][rows, ] + found[[name]]
      }
    }
  }
  sd <- sqrt(pmax(sums$square - sums$mean^2, 0))
  c(list(postmean = sums$mean, postsd = sd), sums[c("zero", "positive", "negative", "large")])
}

#' What one component adds to these sums
#' @noRd
component_posterior <- function(pattern, met, scale, weight, combinations, size) {
  at <- at_scale(met, scale)
  share <- mean_shares(at) * weight
  n <- length(weight)
  columns <- lapply(seq_len(nrow(combinations)), function(q) {
    by <- combinations[q, pattern$on]
    pull <- scale * drop(by %*% pattern$root)
    spread <- forward_rows(at$root, matrix(pull, n, length(pull), byrow = TRUE))
    sd <- sqrt(rowSums(spread^2))
    Reduce(function(a, b) Map(`+`, a, b), lapply(seq_along(at$means), function(j) {
      from <- if (is.null(pattern$means)) 0 else scale * sum(pattern$means[j, ] * by)
      center <- from + rowSums(spread * at$means[[j]]$y)
      moments_of(share[, j], center, sd, moves = from != 0 || any(pull != 0), size)
    }))
  })
  names <- rlang::set_names(names(columns[[1]]))
  lapply(names, function(name) matrix(unlist(lapply(columns, `[[`, name)), n))
}

#' @param moves whether the combination can differ from zero under the component at all.
#' @noRd
moments_of <- function(share, center, sd, moves, size) {
  none <- 0 * share
  if (!moves) {
    return(list(zero = share, mean = none, square = none, positive = none, negative = none, large = none))
  }
  beyond <- function(at) stats::pnorm(at, center, sd, lower.tail = FALSE)
  list(
    zero = none, mean = share * center, square = share * (center^2 + sd^2), positive = share * beyond(0),
    negative = share * stats::pnorm(0, center, sd),
    large = share * (beyond(size) + stats::pnorm(-size, center, sd))
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
  at <- at_scale(met, scale)
  share <- mean_shares(at)
  active <- pattern$active[pattern$on]
  rank <- ncol(met$g)
  found <- numeric(length(expected))
  for (j in seq_along(at$means)) {
    count <- floor(expected * share[, j] + stats::runif(length(expected)))
    row <- rep(seq_along(count), count)
    if (length(row) > 0) {
      x <- at$means[[j]]$y[row, , drop = FALSE] + matrix(stats::rnorm(length(row) * rank), ncol = rank)
      x <- backward_rows(at$root[row, , drop = FALSE], x)
      effect <- scale * tcrossprod(x, pattern$root)
      if (!is.null(pattern$means)) effect <- effect + rep(scale * pattern$means[j, ], each = length(row))
      found <- found + tabulate(row[switches_sign(effect[, active, drop = FALSE])], length(found))
    }
  }
  found
}
