# Weights of a mixture, averaged over all that the rows leave possible.

# Imaginary rows of the prior: of each family, scale, number of active days, and matrix among those of its
# family with as many active days. Few for scales, which rows tell apart; most for matrices, of which there
# are many.
prior_rows <- c(family = 0.1, scale = 0.1, size = 0.1, matrix = 0.5)
sweeps_before <- 100L # those that count, at most as many as count
n_sweeps <- c(50L, 500L) # that count: least (200 of many rows agree no better between seeds) and most
work_most <- 2e8 # rows x components x sweeps
n_parts <- 10L # in which components are drawn

#' Weights averaged over their posterior, by Gibbs sampling
#'
#' With many components for few rows, weights of maximum likelihood give a row a component of its own, and
#' probabilities near a threshold are too sure. Here the weight of a component is a product: the share of its
#' family, times those of its scale and of its number of active days in the family, and of its matrix among
#' those with as many. Each has a Dirichlet prior. In each sweep rows are drawn to components given the
#' weights, and weights given the rows (Diebolt and Robert 1994, J. R. Stat. Soc. B 56, 363-375); averages
#' over sweeps are posterior means.
#'
#' @param loglik log likelihoods of rows x components against no effect.
#' @param ties `weight_ties()`.
#' @param prior `tied_prior()`.
#' @param n,n_burn sweeps that count, and those before them.
#' @returns `list(pi, weight)`: mean weights of the null and the components; posterior weights, rows x (null,
#'   components).
#' @noRd
averaged_weights <- function(loglik, ties, prior, n_burn = min(sweeps_before, n),
                             n = sweeps_within(length(loglik))) {
  likelihood <- t(exp(cbind(0, loglik) - pmax(0, row_largest(loglik))))
  levels <- joined_levels(ties)
  prior <- joined_prior(prior, ties)
  now <- tied_weights(prior, levels)
  pi <- matrix(0, nrow(likelihood), n)
  inverse <- matrix(0, ncol(likelihood), n) # of the density of each row, by sweep
  for (sweep in progress_along(n_burn + n, "Weights")) {
    if (sweep %in% c(1L, n_burn)) {
      likelihood <- rescaled(likelihood, now)
      parts <- likelihood_parts(likelihood)
    }
    drawn <- drawn_by_parts(parts, now)
    if (sweep > n_burn) {
      pi[, sweep - n_burn] <- now
      inverse[, sweep - n_burn] <- 1 / drawn$total
    }
    now <- drawn_weights(drawn$component, levels, prior)
  }
  list(pi = rowMeans(pi), weight = t(likelihood * tcrossprod(pi, inverse)) / n)
}

#' Random numbers of a seed, whatever generators the session has
#' @noRd
with_fixed_seed <- function(seed, code) {
  withr::with_seed(
    seed, code,
    .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection"
  )
}

#' Sweeps that count, for a matrix of so many likelihoods
#' @noRd
sweeps_within <- function(size) as.integer(min(max(work_most %/% size, n_sweeps[[1]]), n_sweeps[[2]]))

#' Likelihoods of all rows on one scale, so that sums over rows keep their digits
#' @noRd
rescaled <- function(likelihood, weights) {
  likelihood / rep(drop(crossprod(likelihood, weights)), each = nrow(likelihood))
}

#' All levels as one, so that a sweep handles them at once
#'
#' @returns `list(code, parent, sums)`: codes that count through all levels, components x levels; the parent
#'   of each code; a matrix that sums over each parent, the first being that of all families.
#' @noRd
joined_levels <- function(ties) {
  before <- function(n) cumsum(c(0L, n))[seq_along(n)]
  codes <- lengths(lapply(ties, `[[`, "parent"))
  parents <- vapply(ties, function(level) max(level$parent), integer(1))
  parent <- Map(function(level, before) level$parent + before, ties, before(parents))
  parent <- unlist(parent, use.names = FALSE)
  sums <- matrix(0, sum(parents), length(parent))
  sums[cbind(parent, seq_along(parent))] <- 1
  code <- mapply(function(level, before) level$code + before, ties, before(codes))
  list(code = matrix(code, ncol = length(ties)), parent = parent, sums = sums)
}

#' Imaginary rows of the null and of all codes
#' @noRd
joined_prior <- function(prior, ties) unlist(prior[c("null", names(ties))], use.names = FALSE)

#' Likelihoods (components x rows) in parts, so that a sweep meets all components in sums alone
#' @noRd
likelihood_parts <- function(likelihood) {
  components <- seq_len(nrow(likelihood))
  at <- split(components, ceiling(components / ceiling(length(components) / n_parts)))
  lapply(at, function(at) list(at = at, likelihood = likelihood[at, , drop = FALSE]))
}

#' A component of each row, and the density of the row: first the part that it is in, then which of the part
#' @noRd
drawn_by_parts <- function(parts, now) {
  sums <- do.call(rbind, lapply(parts, function(part) drop(now[part$at] %*% part$likelihood)))
  within <- drawn_components(sums)
  component <- integer(ncol(sums))
  for (p in unique(within)) {
    rows <- which(within == p)
    part <- parts[[p]]
    component[rows] <- part$at[drawn_components(part$likelihood[, rows, drop = FALSE] * now[part$at])]
  }
  list(component = component, total = colSums(sums))
}

#' One component of each row, drawn by its shares: a column each, of any sum
#' @noRd
drawn_components <- function(share) {
  n <- nrow(share)
  sums <- cumsum(share)
  last <- sums[n * seq_len(ncol(share))]
  before <- c(0, last[-length(last)])
  found <- findInterval(before + (last - before) * stats::runif(ncol(share)), sums) + 1
  pmin(pmax(found - n * (seq_len(ncol(share)) - 1), 1), n) # sums are rounded
}

#' Imaginary rows at each level
#' @param null those of no effect.
#' @param family those of each family, beyond `prior_rows`.
#' @noRd
tied_prior <- function(ties, null, family) {
  levels <- names(prior_rows)
  prior <- lapply(levels, function(name) rep(prior_rows[[name]], length(ties[[name]]$parent)))
  prior <- rlang::set_names(prior, levels)
  prior$family <- prior$family + family
  c(list(null = null), prior)
}

#' Weights drawn from their posterior given the component of each row, 1 for the null
#' @param levels `joined_levels()`.
#' @param prior `joined_prior()`.
#' @noRd
drawn_weights <- function(component, levels, prior) {
  active <- component[component > 1] - 1
  counts <- tabulate(levels$code[active, ], length(levels$parent))
  tied_weights(drawn_amounts(c(sum(component == 1), counts) + prior), levels)
}

#' Gamma variables, whose shares are Dirichlet; those of a tiny shape never all zero
#' @noRd
drawn_amounts <- function(shape) pmax(stats::rgamma(length(shape), shape), .Machine$double.xmin)

#' Weights of the null and the components: the product of the shares of amounts at each level
#' @param amounts of the null and of all codes.
#' @noRd
tied_weights <- function(amounts, levels) {
  of_codes <- amounts[-1]
  total <- drop(levels$sums %*% of_codes)
  share <- matrix((of_codes / total[levels$parent])[levels$code], nrow(levels$code))
  c(amounts[[1]], total[[1]] * Reduce(`*`, columns_of(share))) / (amounts[[1]] + total[[1]])
}

#' Weights that the prior expects, of the null and the components
#' @noRd
prior_weights <- function(ties, prior) tied_weights(joined_prior(prior, ties), joined_levels(ties))
