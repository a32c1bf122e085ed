# What could not be seen: by gene and day the effect that would have been called with probability .8.

mde_power <- 0.8
mde_ses <- 6L # SEs of a day at which calls are looked for; between them by interpolation
mde_z <- 1.5 * 1.3^(0:7) # estimates, in SEs, at which the lfsr is computed: to 9.4

#' Minimal detectable effects
#'
#' An estimate is called from some z on. That z is found where the estimates of the other days are zero, under
#' the mixture that was learned; an estimate around an effect of SE (z + qnorm(.8)) exceeds it with
#' probability .8.
#'
#' @param learned list of `list(mixture, estimates, v)`: mixtures with the estimates, of one day or more, that
#'   each is for.
#' @param none probability that there are no effects at all.
#' @param cuts `list(lfsr, z)`: a call is an lfsr below the first, or an estimate beyond so many SEs; z may be
#'   Inf.
#' @returns matrix, rows x days, log odds: NA without an estimate, Inf where no estimate would be called.
#' @noRd
detectable_effects <- function(learned, none, cuts) {
  do.call(cbind, lapply(learned, function(one) {
    se <- replace(one$estimates$se, one$estimates$is_missing, NA)
    looked_at <- lapply(seq_len(ncol(se)), function(d) spread_rows(se[, d]))
    lfsr <- called_lfsr(one, looked_at)
    days <- lapply(seq_len(ncol(se)), function(d) {
      z <- pmin(first_called(lfsr[[d]], none, cuts$lfsr), cuts$z)
      se[, d] * (between_points(se[looked_at[[d]], d], z, se[, d]) + stats::qnorm(mde_power))
    })
    matrix(unlist(days), ncol = ncol(se))
  }))
}

#' z by SE, by interpolation of 1 / z, which is zero where z is infinite
#' @noRd
between_points <- function(at, z, se) {
  if (length(unique(at)) < 2) {
    return(rep(max(z, -Inf), length(se)))
  }
  1 / stats::approx(log(at), 1 / z, log(se), rule = 2, ties = mean)$y
}

#' Rows with SEs spread over those of the day
#' @noRd
spread_rows <- function(se) {
  known <- which(!is.na(se))
  ordered <- known[order(se[known])]
  unique(ordered[round(seq(1, length(ordered), length.out = min(mde_ses, length(ordered))))])
}

#' lfsr of each day at each z: list by day of matrices, rows looked at x z
#' @noRd
called_lfsr <- function(one, looked_at) {
  day <- rep(seq_along(looked_at), lengths(looked_at) * length(mde_z))
  row <- unlist(lapply(looked_at, rep, times = length(mde_z)))
  z <- unlist(lapply(looked_at, function(rows) rep(mde_z, each = length(rows))))
  parts <- lapply(one$estimates[c("betahat", "se", "is_missing")], function(m) m[row, , drop = FALSE])
  parts$betahat[] <- 0
  at <- cbind(seq_along(row), day)
  parts$betahat[at] <- z * parts$se[at]
  data <- information(parts, if (is.matrix(one$v)) one$v else one$v[, , row])
  components <- one$mixture$components
  weight <- weights_of(one$mixture$pi, component_loglik(components, data))
  own_day <- list(by_row = diag(length(looked_at))[day, , drop = FALSE])
  lfsr <- lfsr_of(linear_posterior(components, data, weight, own_day))
  by_day <- split(lfsr, factor(day, seq_along(looked_at)))
  lapply(by_day, matrix, ncol = length(mde_z))
}

#' The first z from which on the lfsr is below the threshold; Inf if it never is
#'
#' By interpolation of its logarithm, which is nearly linear in z^2.
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
    sqrt(mde_z[[last]]^2 + share * (mde_z[[last + 1L]]^2 - mde_z[[last]]^2))
  })
}

#' What calls rest on, for `detectable_effects()`
#' @noRd
learned_mixtures <- function(shrunk, model, estimates, settings) {
  used <- estimates[c("betahat", "se", "is_missing")]
  if (shrinkage_of(settings) == "ashr") {
    return(lapply(seq_along(shrunk$fit), function(d) {
      own <- lapply(used, function(m) m[, d, drop = FALSE])
      list(mixture = mixture_of_ash(shrunk$fit[[d]]), estimates = own, v = diag(1))
    }))
  }
  mixture <- if (shrinkage_of(settings) == "mashr") mixture_of_mash(shrunk$fit) else shrunk$fit
  list(list(mixture = mixture, estimates = used, v = model$v$by_row %||% model$v$matrix))
}
