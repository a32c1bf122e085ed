# The components of a mixture of normals over days: every matrix at every scale, with the means it goes with;
# and how they are tied, which says what the weights of the mixture share.

#' All components but the null
#'
#' A component is a matrix at a scale: effects of N(0, scale^2 U), or of N(scale m, scale^2 U) for means m
#' that are equally likely. Matrices vary fastest, as in mashr.
#'
#' @param built `build_covariances()`.
#' @param grid scales.
#' @returns `list(patterns, grid, pattern, scale, ties)`: `patterns` by matrix; `pattern`, `scale` indices of
#'   each component; `ties` the codes that its weight shares, see `averaged_weights()`.
#' @noRd
new_components <- function(built, grid) {
  patterns <- Map(new_pattern, built$matrices, built$means)
  n_active <- vapply(patterns, function(p) sum(p$active), integer(1))
  pattern <- rep(seq_along(patterns), length(grid))
  scale <- rep(seq_along(grid), each = length(patterns))
  family <- built$table$family
  list(
    patterns = patterns, grid = grid, pattern = pattern, scale = scale,
    ties = weight_ties(family[pattern], scale, n_active[pattern], pattern)
  )
}

#' One matrix with its means, on the days that it moves
#'
#' @param u covariance, days x days; zero where effects are exactly the mean.
#' @param means matrix, means x days, or NULL for a mean of zero.
#' @returns `list(on, root, means, active)`: `on` days with a variance or a mean; `root` the
#'   symmetric R with RR' = u there; `means` on these days; `active` by day, as in `active_on()`.
#' @noRd
new_pattern <- function(u, means) {
  if (is.null(means)) u <- u / max(diag(u)) # as mashr does
  active <- pattern_active(u, means)
  on <- which(diag(u) > 0 | active)
  root <- covariance_root(u[on, on, drop = FALSE])
  list(on = on, root = root, means = means[, on, drop = FALSE], active = active)
}

#' Codes of what components share: a family; a scale of a family; a number of active days of a family; a
#' matrix
#'
#' @returns list of `family`, `scale`, `size`, `matrix`: each a list of `code` by component and `parent` by
#'   code.
#' @noRd
weight_ties <- function(family, scale, size, matrix) {
  code <- function(...) {
    key <- paste(..., sep = "\r")
    match(key, unique(key))
  }
  level <- function(code, parent) list(code = code, parent = parent[match(seq_len(max(code)), code)])
  family <- code(family)
  size <- code(family, size)
  list(
    family = level(family, rep(1L, length(family))), scale = level(code(family, scale), family),
    size = level(size, family), matrix = level(code(matrix), size)
  )
}
