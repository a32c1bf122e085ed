# Many rows under one normal component at once. With estimates b ~ N(theta, S) in information form (h = S^-1
# b, P = S^-1) and theta = m + R x, x ~ N(0, I), all that is needed is M = I + R'PR, of the size of R:
# x given b is N(M^-1 g, M^-1) with g = R'(h - P m), and the likelihood against no effect is
# |M|^-1/2 exp(g'M^-1 g / 2 + m'h - m'P m / 2). A day without an estimate has h = 0, P = 0.

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
#' @returns `list(m, g, shift, gain, loss)`: R'PR (rows x days^2), R'h (rows x days), and for each mean R'Pm
#'   (rows x days), m'h and m'Pm (rows).
#' @noRd
meet_pattern <- function(pattern, data) {
  n <- nrow(data$h)
  on <- pattern$on
  root <- pattern$root
  precision <- matrix(data$precision[, on, on], n)
  h <- data$h[, on, drop = FALSE]
  of_mean <- lapply(seq_len(NROW(pattern$means)), function(k) {
    mean <- pattern$means[k, ]
    pm <- precision %*% kronecker(mean, diag(length(on)))
    list(shift = pm %*% root, gain = drop(h %*% mean), loss = drop(pm %*% mean))
  })
  list(m = precision %*% kronecker(root, root), g = h %*% root, of_mean = of_mean)
}

#' The same of some of the rows
#' @noRd
some_met <- function(met, rows) {
  if (length(rows) == nrow(met$g)) {
    return(met)
  }
  met[c("m", "g")] <- lapply(met[c("m", "g")], function(own) own[rows, , drop = FALSE])
  met$of_mean <- lapply(met$of_mean, function(mean) {
    list(shift = mean$shift[rows, , drop = FALSE], gain = mean$gain[rows], loss = mean$loss[rows])
  })
  met
}

#' The posterior of x in each row, at a scale
#'
#' @param met `meet_pattern()`.
#' @returns `list(root, means)`: Cholesky factor of M; for each mean of the pattern `list(y, loglik)`: L^-1 g
#'   (rows x days) and the log likelihood against no effect.
#' @noRd
at_scale <- function(met, scale) {
  k <- ncol(met$g)
  root <- cholesky_rows(met$m * scale^2, k)
  half_log_det <- sum_rows(log(root[, diagonal_of(k), drop = FALSE]))
  no_mean <- list(list(shift = 0, gain = 0, loss = 0))
  means <- lapply(if (length(met$of_mean) > 0) met$of_mean else no_mean, function(mean) {
    y <- forward_rows(root, scale * (met$g - scale * mean$shift))
    list(y = y, loglik = sum_rows(y^2) / 2 - half_log_det + scale * mean$gain - scale^2 * mean$loss / 2)
  })
  list(root = root, means = means)
}

#' Log likelihood of the component: its means are equally likely
#' @noRd
mean_loglik <- function(at) {
  if (length(at$means) == 1) {
    return(at$means[[1]]$loglik)
  }
  log_mean_exp(vapply(at$means, `[[`, at$means[[1]]$loglik, "loglik") |> matrix(ncol = length(at$means)))
}

#' Log likelihoods of all components against no effect, rows x components
#' @noRd
component_loglik <- function(components, data) {
  out <- matrix(0, nrow(data$h), length(components$pattern))
  for (p in seq_along(components$patterns)) {
    met <- meet_pattern(components$patterns[[p]], data)
    for (k in which(components$pattern == p)) {
      out[, k] <- mean_loglik(at_scale(met, components$grid[[components$scale[[k]]]]))
    }
  }
  out
}

# ---- Cholesky factors of many small matrices at once: rows x k^2, column by column ----

diagonal_of <- function(k) (seq_len(k) - 1L) * k + seq_len(k)

#' Lower factors of I + a
#' @noRd
cholesky_rows <- function(a, k) {
  at <- function(i, j) (j - 1L) * k + i
  for (j in seq_len(k)) {
    before <- seq_len(j - 1L)
    own <- a[, at(j, before), drop = FALSE]
    pivot <- sqrt(1 + a[, at(j, j)] - sum_rows(own^2))
    a[, at(j, j)] <- pivot
    for (i in seq_len(k - j) + j) {
      a[, at(i, j)] <- (a[, at(i, j)] - sum_rows(a[, at(i, before), drop = FALSE] * own)) / pivot
    }
  }
  a
}

#' L^-1 x of each row; x rows x k
#' @noRd
forward_rows <- function(root, x) {
  k <- ncol(x)
  for (j in seq_len(k)) {
    before <- seq_len(j - 1L)
    done <- sum_rows(root[, (before - 1L) * k + j, drop = FALSE] * x[, before, drop = FALSE])
    x[, j] <- (x[, j] - done) / root[, (j - 1L) * k + j]
  }
  x
}

#' L^-1 of each row: rows x k^2
#' @noRd
inverse_rows <- function(root, k) {
  at <- function(i, j) (j - 1L) * k + i
  inverse <- matrix(0, nrow(root), k * k)
  for (i in seq_len(k)) {
    pivot <- root[, at(i, i)]
    inverse[, at(i, i)] <- 1 / pivot
    for (j in seq_len(i - 1L)) {
      between <- j:(i - 1L)
      done <- sum_rows(root[, at(i, between), drop = FALSE] * inverse[, at(between, j), drop = FALSE])
      inverse[, at(i, j)] <- -done / pivot
    }
  }
  inverse
}

#' rowSums() of a plain matrix, without its checks
#' @noRd
sum_rows <- function(x) .rowSums(x, dim(x)[[1]], dim(x)[[2]])

#' L'^-1 x of each row
#' @noRd
backward_rows <- function(root, x) {
  k <- ncol(x)
  for (j in rev(seq_len(k))) {
    after <- seq_len(k - j) + j
    done <- sum_rows(root[, (j - 1L) * k + after, drop = FALSE] * x[, after, drop = FALSE])
    x[, j] <- (x[, j] - done) / root[, (j - 1L) * k + j]
  }
  x
}
