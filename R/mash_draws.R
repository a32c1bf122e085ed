# Joint draws from the posterior of a mixture of normals over days.

drawn_least <- 1e-2 # expected draws of a component that are drawn at all
draws_most <- 2e7 # of all rows together

#' Probability of effects of both signs between active days, from joint draws, by row
#' @noRd
switch_probability <- function(mixture, n_draws) {
  components <- mixture$components
  found <- numeric(nrow(mixture$weight))
  n_draws <- min(n_draws, ceiling(draws_most / length(found)))
  for (p in progress_along(length(components$patterns), "Posterior draws")) {
    pattern <- components$patterns[[p]]
    own <- which(components$pattern == p)
    expected <- mixture$weight[, own + 1L, drop = FALSE] * n_draws
    rows <- which(row_largest(expected) > drawn_least)
    if (sum(pattern$active) > 1 && length(rows) > 0) {
      met <- meet_pattern(pattern, information_of(mixture$data, rows))
      for (some in at_once(seq_along(own), length(rows))) {
        scale <- components$grid[components$scale[own[some]]]
        drawn <- switches_drawn(
          pattern, some_met(met, rep(seq_along(rows), length(some))), rep(scale, each = length(rows)),
          as.vector(expected[rows, some])
        )
        found[rows] <- found[rows] + rowSums(matrix(drawn, length(rows)))
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

#' Draws of effects from the posterior of components of a pattern
#'
#' @param met,scale of each row; one scale may be that of all.
#' @param expected number of draws of each row; rounded at random.
#' @returns `list(row, effect)`: of each draw its row, and its effects (draws x days of the pattern).
#' @noRd
component_draws <- function(pattern, met, scale, expected) {
  at <- at_scale(met, scale)
  share <- mean_shares(at)
  factor <- factor_rows(at$inverse, length(met$g))
  of_row <- rep_len(scale, length(expected))
  drawn <- lapply(seq_along(share), function(j) {
    count <- floor(expected * share[[j]] + stats::runif(length(expected)))
    row <- rep(seq_along(count), count)
    effect <- tcrossprod(drawn_normals(mean_of_x(at, scale, j), factor, row), pattern$root)
    if (!is.null(pattern$means)) effect <- effect + rep(pattern$means[j, ], each = length(row))
    list(row = row, effect = of_row[row] * effect)
  })
  list(row = unlist(lapply(drawn, `[[`, "row")), effect = do.call(rbind, lapply(drawn, `[[`, "effect")))
}

#' Draws of x ~ N(mean, FF')
#' @param factor lower triangle of F, as columns.
#' @param row of each draw.
#' @noRd
drawn_normals <- function(mean, factor, row) {
  k <- length(mean)
  at <- places_of(k)
  z <- replicate(k, stats::rnorm(length(row)), simplify = FALSE)
  x <- lapply(seq_len(k), function(i) {
    to <- seq_len(i)
    mean[[i]][row] + sum_of_products(lapply(factor[at[i, to]], `[`, row), z[to])
  })
  matrix(unlist(x), ncol = k)
}
