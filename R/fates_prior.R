# Which patterns the effects of a gene may follow over all fates and days: who moves against whom, times on
# which days, times how strongly. Effects are log odds against the reference; a vector of them runs over the
# days of the first fate beside the reference, then over those of the second, and so on.

fate_pairs_most <- 6L # fates up to which pairs are patterns of their own: their number grows with fates^2
fate_spread <- 0.2 # of moves of one fate or two, in units of the move
fate_rho <- 0.8 # correlation of effects on neighbouring days, as in cov_ar1()

#' All components but the null, over fates and days
#'
#' @param baseline mean fate probabilities, days x fates, the reference first.
#' @param times of the days.
#' @param grid scales, log odds.
#' @returns as `new_components()`.
#' @noRd
fate_components <- function(baseline, times, grid) {
  moves <- fate_moves(baseline)
  courses <- day_courses(times)
  move <- rep(seq_along(moves), length(courses))
  course <- rep(seq_along(courses), each = length(moves))
  patterns <- Map(fate_pattern, moves[move], courses[course])
  pattern <- rep(seq_along(patterns), length(grid))
  scale <- rep(seq_along(grid), each = length(patterns))
  n_days <- vapply(courses, function(one) length(one$days), integer(1))
  family <- sub("[0-9]+$", "", names(moves))
  list(
    patterns = unname(patterns), grid = grid, pattern = pattern, scale = scale,
    ties = weight_ties(family[move][pattern], scale, n_days[course][pattern], pattern)
  )
}

#' From log probabilities of n fates to log odds against the first
#' @noRd
logits_of_fates <- function(n) cbind(-1, diag(n - 1))

#' How fates can move against each other
#'
#' - `one`: a fate against all others, whose odds among each other about stay;
#' - `two`: one fate at the cost of another; the probabilities of all others about stay, at the day's mean;
#' - `free`: any.
#'
#' A scale of 1 is a change of 1 in the log odds of a fate against the others (their geometric mean), or of
#' the two against each other. About: but for a free move of `fate_spread`. Of moves that are exact the
#' probability of a verdict would be too high where those of the genes are not.
#' @returns list by move: list by day of matrices, fates beside the reference x directions.
#' @noRd
fate_moves <- function(baseline) {
  n <- ncol(baseline)
  to_logits <- logits_of_fates(n)
  if (n == 2) {
    return(list(one1 = rep(list(matrix(1)), nrow(baseline))))
  }
  helmert <- stats::contr.helmert(n)
  free <- to_logits %*% (sqrt((n - 1) / n) * helmert / rep(sqrt(colSums(helmert^2)), each = n))
  about <- function(direction) {
    lapply(seq_len(nrow(baseline)), function(d) {
      t(chol(tcrossprod(to_logits %*% direction(baseline[d, ])) + fate_spread^2 * tcrossprod(free)))
    })
  }
  pairs <- if (n <= fate_pairs_most) utils::combn(n, 2, simplify = FALSE)
  moves <- list(
    one = lapply(seq_len(n), function(f) about(function(p) diag(n)[, f])),
    two = lapply(pairs, function(pair) {
      about(function(p) replace(numeric(n), pair, c(1, -1) * rev(p[pair]) / sum(p[pair])))
    }),
    free = list(rep(list(free), nrow(baseline)))
  )
  unlist(moves, recursive = FALSE)
}

#' When effects are there: on a run of days, alike on neighbouring ones; or on all days, each for itself
#'
#' @returns list of `list(days, root)`, `root` days of the run x directions.
#' @noRd
day_courses <- function(times) {
  n <- length(times)
  if (n == 1) {
    return(list(list(days = 1L, root = diag(1))))
  }
  gap <- abs(outer(day_times(times), day_times(times), "-"))
  runs <- c(as.list(seq_len(n)), day_runs(n, 2L))
  alike <- lapply(runs, function(run) list(days = run, root = t(chol(fate_rho^gap[run, run, drop = FALSE]))))
  c(alike, list(list(days = seq_len(n), root = diag(n))))
}

#' One move on one course, in the form of `new_pattern()`
#'
#' The effect of fate f on day d is `move[[d]][f, ]` x the course's row of d: one factor for each pair of a
#' direction of the move and one of the course.
#' @noRd
fate_pattern <- function(move, course) {
  n_days <- length(move)
  n_fates <- nrow(move[[1]])
  at <- expand.grid(day = seq_along(course$days), fate = seq_len(n_fates))
  root <- do.call(rbind, Map(function(day, fate) {
    kronecker(move[[course$days[[day]]]][fate, , drop = FALSE], course$root[day, , drop = FALSE])
  }, at$day, at$fate))
  moves <- rowSums(root != 0) > 0
  on <- (course$days[at$day] + n_days * (at$fate - 1L))[moves]
  list(
    on = on, root = root[moves, , drop = FALSE], means = NULL,
    active = replace(logical(n_days * n_fates), on, TRUE)
  )
}
