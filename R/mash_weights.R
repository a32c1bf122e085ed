# Weights of a mixture, averaged over all that the rows leave possible.

# Imaginary rows of the prior: of each family, scale, number of active days, and matrix among those of its family
# with as many active days. Few for scales, which rows tell apart; most for matrices, of which there are many.
prior_rows <- c(family = 0.1, scale = 0.1, size = 0.1, matrix = 0.5)
n_burn <- 100L # sweeps before those that count
n_sweeps <- c(200L, 500L) # least and most that count
work_most <- 2e8 # rows x components x sweeps

#' Weights averaged over their posterior, by Gibbs sampling
#'
#' With many components for few rows, weights of maximum likelihood give a row a component of its own, and
#' probabilities near a threshold are too sure. Here the weight of a component is a product: the share of its
#' family, times those of its scale and of its number of active days in the family, and of its matrix among those with
#' as many. Each has a Dirichlet prior. In each sweep rows are drawn to components given the weights, and weights
#' given the rows (Diebolt and Robert 1994, J. R. Stat. Soc. B 56, 363-375); averages over sweeps are posterior means.
#'
#' @param loglik log likelihoods of rows x components against no effect.
#' @param ties `weight_ties()`.
#' @param prior `tied_prior()`.
#' @returns `list(pi, weight)`: mean weights of the null and the components; posterior weights, rows x (null,
#'   components).
#' @noRd
averaged_weights <- function(loglik, ties, prior) {
  likelihood <- t(exp(cbind(0, loglik) - pmax(0, row_largest(loglik))))
  n <- as.integer(min(max(work_most %/% length(likelihood), n_sweeps[[1]]), n_sweeps[[2]]))
  now <- tied_weights(prior, ties)
  pi <- weight <- 0
  for (sweep in progress_along(n_burn + n, "Weights")) {
    share <- likelihood * now
    share <- share / rep(colSums(share), each = nrow(share))
    if (sweep > n_burn) {
      weight <- weight + share
      pi <- pi + now
    }
    now <- drawn_weights(tabulate(drawn_components(share), nrow(share)), ties, prior)
  }
  list(pi = pi / n, weight = t(weight) / n)
}

row_largest <- function(x) do.call(pmax, as.data.frame(x))

#' One component of each row, drawn by its shares: columns that add up to 1
#' @noRd
drawn_components <- function(share) {
  column <- seq_len(ncol(share)) - 1
  found <- findInterval(column + stats::runif(ncol(share)), cumsum(share)) + 1 - column * nrow(share)
  pmin(pmax(found, 1), nrow(share)) # sums of shares are rounded
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

#' Weights drawn from their posterior given the rows of the null and of each component
#' @noRd
drawn_weights <- function(rows, ties, prior) {
  counts <- lapply(ties, function(level) sum_by(rows[-1], level$code, length(level$parent)))
  counts <- c(list(null = rows[[1]]), counts)
  tied_weights(Map(function(rows, prior) drawn_amounts(rows + prior), counts, prior[names(counts)]), ties)
}

#' Gamma variables, whose shares are Dirichlet; those of a tiny shape never all zero
#' @noRd
drawn_amounts <- function(shape) pmax(stats::rgamma(length(shape), shape), .Machine$double.xmin)

sum_by <- function(x, code, n) as.vector(rowsum(x, factor(code, levels = seq_len(n)), reorder = TRUE))

#' Weights of the null and the components: the product of the shares of amounts at each level
#' @noRd
tied_weights <- function(amounts, ties) {
  share <- function(name) {
    level <- ties[[name]]
    total <- sum_by(amounts[[name]], level$parent, max(level$parent))
    (amounts[[name]] / total[level$parent])[level$code]
  }
  null <- amounts$null / (amounts$null + sum(amounts$family))
  c(null, (1 - null) * share("family") * share("scale") * share("size") * share("matrix"))
}
