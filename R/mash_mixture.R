# A mixture of normals over days with averaged weights: what mashr's mixture is, with means off zero besides,
# and its posterior of any linear combination of days in closed form.

#' @section Weights: With `prior = "averaged"` the mixture is this package's own. The weight of a component is
#'   a product: the share of its family, times those of its scale and of its number of active days in the
#'   family, and of its matrix among those with as many. Shares have Dirichlet priors, and the posterior is
#'   averaged over them by Gibbs sampling (`seed`). Weights of maximum likelihood, as mashr has them, give a
#'   row near the threshold a component of its own where rows are few, and probabilities are then too sure.
#'   Of more than 20,000 rows an even part of 20,000 teaches the weights.
#'   Families may have means other than zero here. Given mashr's components and weights the mixture has
#'   mashr's numbers.
#' @rdname run_mash
#' @name run_mash
NULL

rows_learned <- 20000L # from which weights are learned, at most

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
#'
#' Of more than `rows_learned` rows an even part teaches the weights, and all rows have the posterior under
#' their means.
#' @param ... of `averaged_weights()`.
#' @noRd
fit_components <- function(components, data, prior, ...) {
  loglik <- component_loglik(components, data)
  n <- nrow(loglik)
  part <- unique(round(seq(1, n, length.out = min(n, rows_learned))))
  found <- averaged_weights(loglik[part, , drop = FALSE], components$ties, prior, ...)
  structure(
    list(
      components = components, data = data, pi = found$pi,
      weight = if (n > rows_learned) weights_of(found$pi, loglik) else found$weight,
      loglik = sum(mixture_loglik(found$pi, loglik, data)),
      some_effect = log_sum_weighted(loglik, prior_weights(components$ties, prior)[-1])
    ),
    class = "fatebias_mixture"
  )
}

#' What is kept of a mixture: weights of many rows, which can be had again, are not
#' @noRd
kept_mixture <- function(mixture) {
  if (nrow(mixture$weight) > rows_learned) mixture$weight <- NULL
  mixture
}

#' Posterior weights of rows x (null, components)
#' @noRd
row_weights <- function(mixture) {
  mixture$weight %||% weights_of(mixture$pi, component_loglik(mixture$components, mixture$data))
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
  unlist(lapply(row_blocks(nrow(x)), function(rows) {
    x <- x[rows, , drop = FALSE] + rep(log(weight), each = length(rows))
    largest <- row_largest(x)
    largest + log(rowSums(exp(x - largest)))
  }))
}

#' Posterior weights of rows, given mean weights, of which some may be zero: the largest of the products
#' counts, not the largest likelihood, beside which all products may be too small for a number
#' @noRd
weights_of <- function(pi, loglik) {
  do.call(rbind, lapply(row_blocks(nrow(loglik)), function(rows) {
    product <- cbind(0, loglik[rows, , drop = FALSE]) + rep(log(pi), each = length(rows))
    share <- exp(product - row_largest(product))
    share / rowSums(share)
  }))
}
