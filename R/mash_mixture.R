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
# Of the null's weight, which no lfsr is below: without such components an lfsr changes by < 1e-4 of it
negligible_share <- 1e-7
drawn_least <- 1e-3 # expected draws of a component that are drawn at all
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

#' Logarithm of a weighted sum of exponentials, by row
#' @param weight of each column, of any sum.
#' @noRd
log_sum_weighted <- function(x, weight) {
  x <- x + rep(log(weight), each = nrow(x))
  largest <- row_largest(x)
  largest + log(rowSums(exp(x - largest)))
}

#' Posterior weights of rows, given mean weights, of which some may be zero: the largest of the products
#' counts, not the largest likelihood, beside which all products may be too small for a number
#' @noRd
weights_of <- function(pi, loglik) {
  product <- cbind(0, loglik) + rep(log(pi), each = nrow(loglik))
  share <- exp(product - row_largest(product))
  share / rowSums(share)
}

#' Posterior of linear combinations of days
#'
#' @param weight rows x (null, components).
#' @param combinations matrix with a row for each combination and a column for each day; or, one combination
#'   of each row's own, `list(by_row =)` with such a matrix, rows x days.
#' @param size of a large effect; NULL: `large` is not asked for.
#' @returns list of matrices, rows x combinations: `postmean`, `postsd`, `zero`, `positive`, `negative`
#'   (probabilities), `large` (probability of more than `size` in absolute value).
#' @noRd
linear_posterior <- function(components, data, weight, combinations = diag(ncol(data$h)), size = NULL) {
  empty <- matrix(0, nrow(weight), if (is.matrix(combinations)) nrow(combinations) else 1L)
  names <- c("mean", "square", "positive", "negative", if (!is.null(size)) "large")
  sums <- c(list(zero = empty + weight[, 1]), rlang::set_names(rep(list(empty), length(names)), names))
  least <- pmax(negligible, negligible_share * weight[, 1])
  for (p in seq_along(components$patterns)) {
    own <- which(components$pattern == p)
    rows <- which(row_largest(weight[, own + 1L, drop = FALSE]) > least)
    pattern <- components$patterns[[p]]
    pull <- new_pull(combinations, pattern, rows)
    still <- setdiff(seq_len(ncol(empty)), pull$columns)
    sums$zero[rows, still] <- sums$zero[rows, still] + sum_rows(weight[rows, own + 1L, drop = FALSE])
    if (length(rows) > 0 && length(pull$columns) > 0) {
      met <- meet_pattern(pattern, information_of(data, rows))
      for (k in own) {
        scale <- components$grid[[components$scale[[k]]]]
        some <- which(weight[rows, k + 1L] > least[rows])
        at <- rows[some]
        found <- component_posterior(
          pattern, some_met(met, some), scale, weight[at, k + 1L], some_pull(pull, some), size
        )
        for (name in names(found)) {
          sums[[name]][at, pull$columns] <- sums[[name]][at, pull$columns] + found[[name]]
        }
      }
    }
  }
  sd <- sqrt(pmax(sums$square - sums$mean^2, 0))
  c(list(postmean = sums$mean, postsd = sd), sums[setdiff(names(sums), c("mean", "square"))])
}

#' What combinations ask of a pattern at scale 1
#'
#' With the posterior x ~ N(L'^-1 y, (LL')^-1) a combination c of m + R x has the spread L^-1 R'c.
#'
#' @returns `list(columns, onto, from, moves, by_row)`: combinations that can differ from zero, and of these
#'   R'c and the combination of each mean, combinations (or rows) x days and x means; where each row has its
#'   own, can it differ from zero?
#' @noRd
new_pull <- function(combinations, pattern, rows) {
  each <- is.matrix(combinations)
  by <- (if (each) combinations else combinations$by_row[rows, , drop = FALSE])[, pattern$on, drop = FALSE]
  onto <- without_rounding(by %*% pattern$root)
  from <- if (is.null(pattern$means)) matrix(0, nrow(by), 1) else by %*% t(pattern$means)
  moves <- rowSums(onto != 0) > 0 | rowSums(from != 0) > 0
  if (!each) {
    return(list(columns = 1L, onto = onto, from = from, moves = moves, by_row = TRUE))
  }
  list(
    columns = which(moves), onto = onto[moves, , drop = FALSE], from = from[moves, , drop = FALSE],
    moves = TRUE, by_row = FALSE
  )
}

#' The same for some of the rows
#' @noRd
some_pull <- function(pull, rows) {
  if (!pull$by_row) {
    return(pull)
  }
  pull[c("onto", "from")] <- lapply(pull[c("onto", "from")], function(own) own[rows, , drop = FALSE])
  pull$moves <- pull$moves[rows]
  pull
}

#' L^-1 R'c: rows x (days x combinations)
#' @param inverse of the factors, rows x days^2.
#' @noRd
pulled_spread <- function(pull, inverse) {
  k <- ncol(pull$onto)
  if (!pull$by_row) {
    return(inverse %*% kronecker(t(pull$onto), diag(k)))
  }
  (inverse * pull$onto[, rep(seq_len(k), each = k), drop = FALSE]) %*% kronecker(rep(1, k), diag(k))
}

#' What one component adds to these sums
#' @param pull `new_pull()`.
#' @noRd
component_posterior <- function(pattern, met, scale, weight, pull, size) {
  at <- at_scale(met, scale)
  share <- mean_shares(at) * weight
  k <- ncol(met$g)
  n <- length(pull$columns)
  spread <- scale * pulled_spread(pull, inverse_rows(at$root, k))
  sums <- kronecker(diag(n), rep(1, k))
  sd <- sqrt(spread^2 %*% sums)
  found <- lapply(seq_along(at$means), function(j) {
    center <- (spread * at$means[[j]]$y[, rep(seq_len(k), n)]) %*% sums
    if (!is.null(pattern$means)) {
      from <- scale * pull$from[, j]
      center <- center + if (pull$by_row) from else rep(from, each = nrow(center))
    }
    moments_of(share[, j], center, sd, pull$moves, size)
  })
  Reduce(function(a, b) Map(`+`, a, b), found)
}

#' Zeros that were rounded are zeros: a combination that the component leaves at zero is no effect
#' @noRd
without_rounding <- function(x) replace(x, abs(x) < combination_rounding, 0)

#' @param share of rows; center, sd of rows x combinations.
#' @param moves whether the combination can differ from zero under the component at all.
#' @noRd
moments_of <- function(share, center, sd, moves, size) {
  some <- share * moves
  less <- stats::pnorm(0, abs(center), sd) # of the less likely side, exact however small
  more <- 1 - less
  up <- center > 0
  moments <- list(
    zero = share - some, mean = some * center, square = some * (center^2 + sd^2),
    positive = some * (up * more + (!up) * less), negative = some * (up * less + (!up) * more)
  )
  if (!is.null(size)) {
    beyond <- stats::pnorm(size, center, sd, lower.tail = FALSE) + stats::pnorm(-size, center, sd)
    moments$large <- some * beyond
  }
  moments
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
  for (p in progress_along(length(components$patterns), "Posterior draws")) {
    pattern <- components$patterns[[p]]
    own <- which(components$pattern == p)
    expected <- mixture$weight[, own + 1L, drop = FALSE] * n_draws
    rows <- which(row_largest(expected) > drawn_least)
    if (sum(pattern$active) > 1 && length(rows) > 0) {
      met <- meet_pattern(pattern, information_of(mixture$data, rows))
      for (k in seq_along(own)) {
        scale <- components$grid[[components$scale[[own[[k]]]]]]
        found[rows] <- found[rows] + switches_drawn(pattern, met, scale, expected[rows, k])
      }
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
