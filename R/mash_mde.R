# What could not be seen: by gene and day the effect that would have been called with probability .8.

mde_power <- 0.8
mde_ses <- 6L # SEs of a day at which calls are looked for; between them by interpolation
mde_z <- 1.5 * 1.15^(0:13) # estimates, in SEs, at which the lfsr is computed: to 9.2

#' Minimal detectable effects
#'
#' An estimate is called from some z on. That z is found where the estimates of the other days are zero, under the
#' mixture that was learned; an estimate around an effect of SE (z + qnorm(.8)) exceeds it with probability .8.
#'
#' @param learned list by day of `list(mixture, estimates, v, day)`: a mixture with the estimates that it is for, and
#'   the day's place among theirs.
#' @param none probability that there are no effects at all.
#' @param cuts `list(lfsr, z)`: a call is an lfsr below the first, or an estimate beyond so many SEs; z may be Inf.
#' @returns matrix, rows x days, log odds: NA without an estimate, Inf where no estimate would be called.
#' @noRd
detectable_effects <- function(learned, none, cuts) {
  by_day <- lapply(learned, function(one) {
    se <- replace(one$estimates$se[, one$day], one$estimates$is_missing[, one$day], NA)
    looked_at <- unique(nearest_rows(se))
    z <- pmin(first_called(called_lfsr(one, looked_at), none, cuts$lfsr), cuts$z)
    at <- log(se[looked_at])
    between <- if (length(unique(at)) > 1) stats::approx(at, z, log(se), rule = 2, ties = mean)$y else z[[1]]
    se * (between + stats::qnorm(mde_power))
  })
  matrix(unlist(by_day), ncol = length(learned))
}

#' Rows with SEs spread over those of the day
#' @noRd
nearest_rows <- function(se) {
  known <- which(!is.na(se))
  ordered <- known[order(se[known])]
  ordered[round(seq(1, length(ordered), length.out = min(mde_ses, length(ordered))))]
}

#' lfsr of the day at each z: rows looked at x z
#' @noRd
called_lfsr <- function(one, rows) {
  grid <- expand.grid(row = rows, z = mde_z)
  parts <- lapply(one$estimates[c("betahat", "se", "is_missing")], function(m) m[grid$row, , drop = FALSE])
  parts$betahat[] <- 0
  parts$betahat[, one$day] <- grid$z * parts$se[, one$day]
  data <- information(parts, if (is.matrix(one$v)) one$v else one$v[, , grid$row])
  components <- one$mixture$components
  weight <- weights_of(one$mixture$pi, component_loglik(components, data))
  found <- linear_posterior(components, data, weight, each_day(ncol(parts$se))[one$day])
  matrix(lfsr_of(found), length(rows))
}

#' The first z from which on the lfsr is below the threshold, by interpolation of its logarithm; Inf if it never is
#' @noRd
first_called <- function(lfsr, none, threshold) {
  log_lfsr <- log(pmax(none + (1 - none) * lfsr, .Machine$double.xmin))
  apply(log_lfsr, 1, function(x) {
    above <- which(x >= log(threshold))
    last <- if (length(above) > 0) max(above) else 0L
    if (last == 0) {
      return(mde_z[[1]])
    }
    if (last == length(x)) {
      return(Inf)
    }
    share <- (x[[last]] - log(threshold)) / (x[[last]] - x[[last + 1L]])
    mde_z[[last]] + share * (mde_z[[last + 1L]] - mde_z[[last]])
  })
}

#' What each day's calls rest on, for `detectable_effects()`
#' @noRd
learned_by_day <- function(shrunk, model, estimates, settings) {
  days <- seq_len(ncol(estimates$betahat))
  if (shrinkage_of(settings) == "ashr") {
    return(lapply(days, function(d) {
      own <- lapply(estimates[c("betahat", "se", "is_missing")], function(m) m[, d, drop = FALSE])
      list(mixture = mixture_of_ash(shrunk$fit[[d]]), estimates = own, v = diag(1), day = 1L)
    }))
  }
  mixture <- if (shrinkage_of(settings) == "mashr") mixture_of_mash(shrunk$fit) else shrunk$fit
  v <- model$v$by_row %||% model$v$matrix
  lapply(days, function(d) list(mixture = mixture, estimates = estimates, v = v, day = d))
}
