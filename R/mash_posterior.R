# The posterior of a mixture of normals over days: linear combinations of days in closed form, by component.

negligible <- 1e-14 # weight of a component in a row
# Of the weight of no effect on a day, which no lfsr is below: without such components, of which there are
# hundreds, an lfsr changes by some 1e-4 of it
negligible_share <- 1e-6
combination_rounding <- 1e-9 # of days, in units of a component's scale

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
  blocks <- lapply(row_blocks(nrow(weight)), function(rows) {
    asked <- combinations
    if (!is.matrix(asked)) asked$by_row <- asked$by_row[rows, , drop = FALSE]
    posterior_of_block(components, information_of(data, rows), weight[rows, , drop = FALSE], asked, size)
  })
  sums <- stacked(blocks)
  sd <- sqrt(pmax(sums$square - sums$mean^2, 0))
  c(list(postmean = sums$mean, postsd = sd), sums[setdiff(names(sums), c("mean", "square"))])
}

#' Lists of matrices as one list of matrices
#' @noRd
stacked <- function(blocks) {
  if (length(blocks) == 1) blocks[[1]] else do.call(Map, c(list(f = rbind), blocks))
}

#' Sums over components, rows x combinations: `zero`, `mean`, `square`, `positive`, `negative`, `large`
#' @noRd
posterior_of_block <- function(components, data, weight, combinations, size) {
  own <- split(seq_along(components$pattern), components$pattern)
  pulls <- lapply(components$patterns, new_pull, combinations = combinations)
  zero <- zero_weight(weight, own, pulls)
  empty <- 0 * zero
  names <- c("mean", "square", "positive", "negative", if (!is.null(size)) "large")
  sums <- c(list(zero = zero), rlang::set_names(rep(list(empty), length(names)), names))
  least <- pmax(negligible, negligible_share * do.call(pmin, as.data.frame(zero)))
  for (p in seq_along(pulls)) {
    columns <- pulls[[p]]$columns
    own_weight <- weight[, own[[p]] + 1L, drop = FALSE]
    at <- which(own_weight > least, arr.ind = TRUE)
    if (nrow(at) == 0 || length(columns) == 0) next
    rows <- unique(at[, 1])
    met <- meet_pattern(components$patterns[[p]], information_of(data, rows))
    for (some in row_blocks(nrow(at))) { # pairs of a row and a component, of as many scales as there are
      row <- at[some, 1]
      scale <- components$grid[components$scale[own[[p]][at[some, 2]]]]
      found <- component_posterior(
        components$patterns[[p]], some_met(met, match(row, rows)), scale,
        own_weight[at[some, , drop = FALSE]], some_pull(pulls[[p]], row), size
      )
      to <- unique(row)
      for (name in names(found)) {
        sums[[name]][to, columns] <- sums[[name]][to, columns] + rowsum(found[[name]], row, reorder = FALSE)
      }
    }
  }
  sums
}

#' Posterior weight of the components under which a combination is zero, rows x combinations
#' @param own components of each pattern.
#' @noRd
zero_weight <- function(weight, own, pulls) {
  zero <- weight[, 1] + matrix(0, nrow(weight), pulls[[1]]$asked)
  for (p in seq_along(pulls)) {
    of_pattern <- rowSums(weight[, own[[p]] + 1L, drop = FALSE])
    zero <- zero + if (pulls[[p]]$by_row) {
      of_pattern * !pulls[[p]]$moves
    } else {
      outer(of_pattern, !seq_len(ncol(zero)) %in% pulls[[p]]$columns)
    }
  }
  zero
}

#' What combinations ask of a pattern at scale 1: a combination c of m + R x has the spread R'c in x
#'
#' @returns `list(asked, columns, onto, from, moves, by_row)`: number of combinations; those that can differ
#'   from zero, and of these R'c and the combination of each mean, combinations (or rows) x days and x means;
#'   where each row has its own, can it differ from zero?
#' @noRd
new_pull <- function(pattern, combinations) {
  each <- is.matrix(combinations)
  by <- (if (each) combinations else combinations$by_row)[, pattern$on, drop = FALSE]
  onto <- without_rounding(by %*% pattern$root)
  from <- if (is.null(pattern$means)) matrix(0, nrow(by), 1) else by %*% t(pattern$means)
  moves <- rowSums(onto != 0) > 0 | rowSums(from != 0) > 0
  if (!each) {
    columns <- which(any(moves))
    return(list(asked = 1L, columns = columns, onto = onto, from = from, moves = moves, by_row = TRUE))
  }
  list(
    asked = nrow(by), columns = which(moves), onto = onto[moves, , drop = FALSE],
    from = from[moves, , drop = FALSE], moves = TRUE, by_row = FALSE
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

#' Sums over days that each combination, or that of each row, takes of columns: rows x combinations
#' @param by combinations (or rows) x columns.
#' @noRd
combined <- function(pull, columns, by = pull$onto) {
  columns <- do.call(cbind, columns)
  if (pull$by_row) matrix(rowSums(columns * by)) else tcrossprod(columns, by)
}

#' Variances of combinations, from the covariance of x
#' @noRd
combined_variance <- function(pull, covariance) {
  k <- ncol(pull$onto)
  at <- arrayInd(lower_triangle(k), c(k, k))
  twice <- ifelse(at[, 1] == at[, 2], 1, 2)
  products <- pull$onto[, at[, 1], drop = FALSE] * pull$onto[, at[, 2], drop = FALSE]
  pmax(combined(pull, covariance, products * rep(twice, each = nrow(products))), 0)
}

#' What components of a pattern add to these sums, pair by pair of a row and a component
#' @param met,scale,weight of each pair.
#' @param pull `new_pull()`.
#' @noRd
component_posterior <- function(pattern, met, scale, weight, pull, size) {
  at <- at_scale(met, scale)
  share <- mean_shares(at)
  sd <- scale * sqrt(combined_variance(pull, at$inverse))
  found <- lapply(seq_along(share), function(j) {
    center <- scale * combined(pull, mean_of_x(at, scale, j))
    if (!is.null(pattern$means)) {
      from <- pull$from[, j]
      center <- center + if (pull$by_row) scale * from else tcrossprod(scale, from)
    }
    moments_of(share[[j]] * weight, center, sd, pull$moves, size)
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
    mean = some * center, square = some * (center^2 + sd^2),
    positive = some * (up * more + (!up) * less), negative = some * (up * less + (!up) * more)
  )
  if (!is.null(size)) {
    beyond <- stats::pnorm(size, center, sd, lower.tail = FALSE) + stats::pnorm(-size, center, sd)
    moments$large <- some * beyond
  }
  moments
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
