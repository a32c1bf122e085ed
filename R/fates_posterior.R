# Joint posterior of a gene's effects over all fates and days, as draws, and what they say in units of
# probability.

joint_dimensions <- 12L # fates beside the reference times days up to which days are looked at one by one
joint_sweeps <- c(50L, 150L) # of Gibbs: before those that count, and these
joint_gridmult <- 2 # ratio of neighbouring scales
genes_at_once <- 500L # whose draws are in memory together

#' Covariance of estimates, widened fate by fate
#'
#' @param noise covariance over days and fates of genes, genes x days x fates x days x fates (without the
#'   reference).
#' @param ratio by what the standard error of a fate against all others grows, genes x days x all fates.
#' @returns array as `noise`.
#' @noRd
widen_noise <- function(noise, ratio) {
  size <- dim(noise)
  n <- size[[3]] + 1L
  to_ratios <- (diag(n) - 1 / n)[, -1, drop = FALSE]
  from_logits <- kronecker(to_ratios, diag(size[[2]]))
  to_logits <- kronecker(logits_of_fates(n), diag(size[[2]]))
  for (gene in seq_len(size[[1]])) {
    by <- to_logits %*% (as.vector(ratio[gene, , ]) * from_logits)
    own <- matrix(noise[gene, , , , ], ncol(by))
    unknown <- is.na(own) # whole days, which other days have no part in
    noise[gene, , , , ] <- replace(by %*% replace(own, unknown, 0) %*% t(by), unknown, NA)
  }
  noise
}

#' Estimates over all fates, in the form of `mash_estimates()`
#'
#' @param theta log odds against the reference, genes x days x fates beside the reference; NA where a day has
#'   no cell of the gene.
#' @param noise its covariance, genes x days x fates x days x fates.
#' @param by_day whether days are kept; else their mean is taken, over the days with an estimate.
#' @returns `list(betahat, se, is_missing, v)`: genes x columns, which run over the days of the first fate,
#'   then of the second, ..; missing ones are filled; correlations, columns x columns x genes.
#' @noRd
joint_estimates <- function(theta, noise, by_day = TRUE) {
  n_days <- dim(theta)[[2]]
  n_fates <- dim(theta)[[3]]
  genes <- lapply(seq_len(dim(theta)[[1]]), function(gene) {
    b <- as.vector(theta[gene, , ])
    s <- matrix(noise[gene, , , , ], length(b))
    known <- !is.na(b)
    s[!known, ] <- s[, !known] <- 0
    b[!known] <- 0
    if (!by_day) {
      days <- known[seq_len(n_days)]
      mean <- kronecker(diag(n_fates), rbind(days / max(sum(days), 1)))
      known <- rep(any(days), n_fates)
      b <- drop(mean %*% b)
      s <- mean %*% s %*% t(mean)
    }
    diag(s)[!known] <- 1
    list(b = b, se = sqrt(diag(s)), known = known, v = stats::cov2cor(s))
  })
  rows <- function(name) do.call(rbind, lapply(genes, `[[`, name))
  v <- vapply(genes, `[[`, genes[[1]]$v, "v")
  list(
    betahat = rows("b"), se = rows("se"), is_missing = !rows("known"),
    v = array(v, c(rep(length(genes[[1]]$b), 2), length(genes)))
  )
}

#' The mixture over fates and days that estimates say
#'
#' @param estimates `joint_estimates()`.
#' @param baseline mean fate probabilities, days x fates, the reference first; one row where `estimates` are
#'   means over days, as `times`.
#' @returns `fit_components()`, with `none`: posterior probability that no gene has any effect.
#' @noRd
joint_mixture <- function(estimates, baseline, times, settings) {
  grid <- scale_grid(estimates, joint_gridmult, settings$mash_smallest_scale)
  components <- fate_components(baseline, times, grid)
  data <- information(estimates, estimates$v)
  prior <- tied_prior(components$ties, settings$mash_null_weight, 0)
  fit <- fit_components(components, data, prior, n_burn = joint_sweeps[[1]], n = joint_sweeps[[2]])
  none <- settings$mash_no_effects_prior
  c(fit, list(none = if (none > 0) no_effects_probability(fit$some_effect, none) else 0))
}

#' Draws of the effects of some genes other than zero
#'
#' @param rows genes.
#' @param n_draws draws a gene, zeros counted.
#' @returns `list(row, effect)`: of each draw the number of its gene among all, and effects, draws x columns
#'   of the estimates.
#' @noRd
joint_draws <- function(mixture, rows, n_draws) {
  components <- mixture$components
  data <- information_of(mixture$data, rows)
  columns <- ncol(data$h)
  drawn <- lapply(seq_along(components$pattern), function(k) {
    pattern <- components$patterns[[components$pattern[[k]]]]
    expected <- mixture$weight[rows, k + 1L] * n_draws
    some <- which(expected > drawn_least)
    if (length(some) == 0) {
      return(NULL)
    }
    met <- meet_pattern(pattern, information_of(data, some))
    one <- component_draws(pattern, met, components$grid[[components$scale[[k]]]], expected[some])
    list(row = rows[some][one$row], effect = on_columns(one$effect, pattern$on, columns))
  })
  list(
    row = as.integer(unlist(lapply(drawn, `[[`, "row"))),
    effect = do.call(rbind, c(list(matrix(0, 0, columns)), lapply(drawn, `[[`, "effect")))
  )
}

#' Changes of the mean fate probabilities that effects make, averaged over days
#'
#' @param effect draws x (days of the first fate, of the second, ..), or draws x fates where effects are the
#'   same on all days; log odds against the reference.
#' @param cells list by day of `list(p, weight)`: fate probabilities of cells (the reference first), and
#'   weights that sum to 1.
#' @returns draws x fates, the reference first; rows sum to 0.
#' @noRd
mean_changes <- function(effect, cells) {
  n_fates <- ncol(cells[[1]]$p) - 1L
  by_day <- ncol(effect) > n_fates
  changes <- lapply(seq_along(cells), function(d) {
    of_day <- if (by_day) d + length(cells) * (seq_len(n_fates) - 1L) else seq_len(n_fates)
    change_of_cells(effect[, of_day, drop = FALSE], cells[[d]])
  })
  Reduce(`+`, changes) / length(cells)
}

#' The same on one day: softmax of each cell's log odds with the effect added, less without
#' @noRd
change_of_cells <- function(effect, cells) {
  before <- drop(cells$weight %*% cells$p)
  mean_moved(effect, cells$p, cells$weight) - rep(before, each = nrow(effect))
}
