# Many rows under one normal component at once. With estimates b ~ N(theta, S) in information form (h = S^-1
# b, P = S^-1) and theta = s (m + R x), x ~ N(0, I), at a scale s, all that is needed is M = I + s^2 R'PR:
# x given b is N(s M^-1 (g - s a), M^-1) with g = R'h, a = R'P m, and the likelihood against no effect is
# |M|^-1/2 exp(s^2 (g - s a)'M^-1 (g - s a) / 2 + s m'h - s^2 m'P m / 2). A day without an estimate has zeros
# in h and P.

#' Estimates in information form
#'
#' @param v correlation between days, days x days or days x days x rows.
#' @returns `list(h, precision, null)`: rows x days; rows x days x days; log density of each row if it has no
#'   effect.
#' @noRd
information <- function(estimates, v) {
  known <- !estimates$is_missing
  n <- nrow(known)
  days <- seq_len(ncol(known))
  inverse <- array(0, c(n, ncol(known), ncol(known)))
  log_det <- numeric(n)
  alike <- if (is.matrix(v)) split(seq_len(n), drop(known %*% 2^(days - 1))) else as.list(seq_len(n))
  for (rows in alike) {
    on <- which(known[rows[[1]], ])
    if (length(on) > 0) {
      of_row <- if (is.matrix(v)) v else matrix(v[, , rows], ncol(known))
      root <- chol(of_row[on, on, drop = FALSE])
      inverse[rows, on, on] <- rep(chol2inv(root), each = length(rows))
      log_det[rows] <- 2 * sum(log(diag(root)))
    }
  }
  se <- replace(estimates$se, !known, 1)
  b <- replace(estimates$betahat, !known, 0)
  precision <- aperm(aperm(inverse / as.vector(se), c(1, 3, 2)) / as.vector(se), c(1, 3, 2))
  h <- matrix(vapply(days, function(d) rowSums(matrix(precision[, d, ], n) * as.vector(b)), b[, 1]), n)
  null <- -(rowSums(h * b) + log_det + rowSums(log(2 * pi * se^2) * known)) / 2
  list(h = h, precision = precision, null = null)
}

#' Some rows of it
#' @noRd
information_of <- function(data, rows) {
  list(
    h = data$h[rows, , drop = FALSE], precision = data$precision[rows, , , drop = FALSE],
    null = data$null[rows]
  )
}

#' What rows and a pattern need of each other at any scale
#'
#' @returns `list(m, g, of_mean)`, of columns: R'PR (lower triangle), R'h, and for each mean `list(a, gain,
#'   loss)`: R'Pm; m'h and m'Pm.
#' @noRd
meet_pattern <- function(pattern, data) {
  on <- pattern$on
  root <- pattern$root
  precision <- matrix(data$precision[, on, on], nrow(data$h))
  h <- data$h[, on, drop = FALSE]
  of_mean <- lapply(seq_len(NROW(pattern$means)), function(k) {
    mean <- pattern$means[k, ]
    pm <- precision %*% kronecker(mean, diag(length(on)))
    list(a = columns_of(pm %*% root), gain = drop(h %*% mean), loss = drop(pm %*% mean))
  })
  lower <- kronecker(root, root)[, lower_triangle(length(on)), drop = FALSE]
  list(m = columns_of(precision %*% lower), g = columns_of(h %*% root), of_mean = of_mean)
}

#' The same of some of the rows, each as often as it is asked for
#' @noRd
some_met <- function(met, rows) {
  if (identical(rows, seq_along(met$g[[1]]))) {
    return(met)
  }
  rapply(met, function(column) column[rows], how = "list")
}

#' The posterior of x in each row, at a scale
#'
#' @param met `meet_pattern()`.
#' @param scale one number, or one a row.
#' @returns `list(inverse, pulled, moved, loglik)`: columns of M^-1 and of M^-1 g; for each mean of the
#'   pattern columns of M^-1 a (none where the mean is zero), and the log likelihood against no effect.
#' @noRd
at_scale <- function(met, scale) {
  k <- length(met$g)
  found <- invert_rows(lapply(met$m, `*`, scale^2), k)
  pulled <- times_rows(found$inverse, met$g)
  of_zero <- scale^2 / 2 * sum_of_products(met$g, pulled) - found$log_det / 2
  moved <- lapply(met$of_mean, function(mean) times_rows(found$inverse, mean$a))
  loglik <- Map(function(mean, moved) {
    shrunk <- sum_of_products(mean$a, moved)
    of_zero + scale * (mean$gain - scale^2 * sum_of_products(mean$a, pulled)) +
      scale^2 / 2 * (scale^2 * shrunk - mean$loss)
  }, met$of_mean, moved)
  if (length(loglik) == 0) loglik <- list(of_zero)
  list(inverse = found$inverse, pulled = pulled, moved = moved, loglik = loglik)
}

#' Posterior mean of x under the j-th mean, as columns
#' @param at `at_scale()`.
#' @noRd
mean_of_x <- function(at, scale, j) {
  if (length(at$moved) == 0) {
    return(lapply(at$pulled, `*`, scale))
  }
  Map(function(pulled, moved) scale * (pulled - scale * moved), at$pulled, at$moved[[j]])
}

#' Log likelihood of the component: its means are equally likely
#' @noRd
mean_loglik <- function(at) {
  if (length(at$loglik) == 1) {
    return(at$loglik[[1]])
  }
  largest <- do.call(pmax, at$loglik)
  largest + log(Reduce(`+`, lapply(at$loglik, function(one) exp(one - largest))) / length(at$loglik))
}

#' Shares of a component's means in each row: a column each
#' @noRd
mean_shares <- function(at) {
  largest <- do.call(pmax, at$loglik)
  share <- lapply(at$loglik, function(one) exp(one - largest))
  total <- Reduce(`+`, share)
  lapply(share, `/`, total)
}

#' Log likelihoods of all components against no effect, rows x components
#' @noRd
component_loglik <- function(components, data) {
  out <- matrix(0, nrow(data$h), length(components$pattern))
  for (rows in row_blocks(nrow(data$h))) {
    block <- information_of(data, rows)
    n <- length(rows)
    for (p in seq_along(components$patterns)) {
      met <- meet_pattern(components$patterns[[p]], block)
      own <- which(components$pattern == p)
      for (some in at_once(own, n)) {
        scale <- components$grid[components$scale[some]]
        each <- rep(seq_len(n), length(some))
        out[rows, some] <- mean_loglik(at_scale(some_met(met, each), rep(scale, each = n)))
      }
    }
  }
  out
}

# ---- Symmetric matrices of many rows at once: lists of columns, the lower triangle one after the other ----

rows_at_once <- 4096L # whose columns stay in the processor's cache

#' Rows in blocks
#' @noRd
row_blocks <- function(n) {
  if (n <= rows_at_once) list(seq_len(n)) else unname(split(seq_len(n), (seq_len(n) - 1L) %/% rows_at_once))
}

#' Components of a pattern in portions: of few rows all scales at once, of many one after the other
#' @noRd
at_once <- function(components, n_rows) {
  unname(split(components, (seq_along(components) - 1L) %/% max(1L, rows_at_once %/% n_rows)))
}

columns_of <- function(x) lapply(seq_len(ncol(x)), function(j) x[, j])

#' Places of the lower triangle in a k x k matrix
#' @noRd
lower_triangle <- function(k) which(lower.tri(diag(k), diag = TRUE))

#' Where element i, j of each symmetric matrix stands among the columns: k x k
#' @noRd
places_of <- function(k) {
  name <- as.character(k)
  if (is.null(known_places[[name]])) {
    at <- matrix(0L, k, k)
    at[lower_triangle(k)] <- seq_len(k * (k + 1L) / 2L)
    known_places[[name]] <- at + t(at) - diag(diag(at), k)
  }
  known_places[[name]]
}

known_places <- new.env() # which every component asks for

#' (I + a)^-1 and log determinant of I + a, by sweeps (Goodnight 1979, Am. Stat. 33, 149-158)
#' @noRd
invert_rows <- function(a, k) {
  at <- places_of(k)
  for (j in seq_len(k)) a[[at[j, j]]] <- 1 + a[[at[j, j]]]
  log_det <- 0
  for (p in seq_len(k)) {
    pivot <- a[[at[p, p]]]
    log_det <- log_det + log(pivot)
    others <- seq_len(k)[-p]
    share <- lapply(others, function(i) a[[at[i, p]]] / pivot)
    for (i in seq_along(others)) {
      for (j in seq_len(i)) {
        own <- at[others[[i]], others[[j]]]
        a[[own]] <- a[[own]] - share[[i]] * a[[at[others[[j]], p]]]
      }
    }
    for (i in seq_along(others)) a[[at[others[[i]], p]]] <- share[[i]]
    a[[at[p, p]]] <- -1 / pivot
  }
  list(inverse = lapply(a, `-`), log_det = log_det)
}

#' Symmetric matrices times vectors
#' @noRd
times_rows <- function(a, x) {
  at <- places_of(length(x))
  lapply(seq_along(x), function(i) sum_of_products(a[at[i, ]], x))
}

sum_of_products <- function(a, b) {
  sum <- a[[1]] * b[[1]]
  for (j in seq_along(a)[-1]) sum <- sum + a[[j]] * b[[j]]
  sum
}

#' Lower Cholesky factors
#' @noRd
factor_rows <- function(a, k) {
  at <- places_of(k)
  for (j in seq_len(k)) {
    before <- seq_len(j - 1L)
    for (i in j:k) {
      own <- a[[at[i, j]]]
      for (b in before) own <- own - a[[at[i, b]]] * a[[at[j, b]]]
      a[[at[i, j]]] <- if (i == j) sqrt(pmax(own, 0)) else ifelse(a[[at[j, j]]] > 0, own / a[[at[j, j]]], 0)
    }
  }
  a
}
