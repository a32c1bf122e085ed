# V, the correlation of the estimates between days: what was asked, what is used, and why. Nothing is
# replaced in silence: a fall-back is a warning here, and stands in the result.

rcond_min <- 1e-8 # smallest eigenvalue of a correlation matrix; below, mash's likelihoods are noise
unit_tolerance <- 1e-6 # of its diagonal

#' V as asked
#'
#' @returns `list(asked, used, matrix, by_row, why)`: `matrix` days x days; `by_row` days x days x rows where
#'   every row has its own, else NULL. For `"em"` the start of the iterations, see `improve_v()`.
#' @noRd
choose_v <- function(v, estimates, ntc = NULL, call = rlang::caller_env()) {
  if (is.matrix(v)) {
    validate_v_names(v, estimates$days, call)
    return(new_v("a matrix", validate_v(v, ncol(estimates$betahat), call), "as given"))
  }
  if (!rlang::is_string(v)) abort_mash("{.arg v} must be a word or a matrix, days x days.", call = call)
  update_settings(fate_settings(), mash_v = v, call = call) # refuses unknown words
  switch(v,
    fit = fit_v(estimates, call),
    gene = gene_v(estimates, call),
    ntc = ntc_v(ntc, ncol(estimates$betahat), call),
    simple = ,
    em = simple_v(v, estimates)
  )
}

new_v <- function(asked, matrix, why, used = asked, by_row = NULL) {
  list(asked = asked, used = used, matrix = matrix, by_row = by_row, why = why)
}

#' `mash_v: fit` is for the fixed-effect estimates of a fit, where anything else has `"simple"`; and what is
#' known of genes only says nothing of guides
#' @noRd
default_v <- function(settings, x, level, input) {
  of_estimates <- level == "gene" && input == "likelihood" && inherits(x, "fatebias_fit")
  genes_only <- level == "guide" && settings$mash_v %in% c("gene", "ntc")
  if (genes_only || (!of_estimates && settings$mash_v == "fit")) "simple" else settings$mash_v
}

fit_v <- function(estimates, call) {
  if (is.null(estimates$covariance)) {
    warn_no_covariance("fit", estimates)
    return(simple_v("fit", estimates))
  }
  matrix <- validate_v(mean_correlation(estimates), ncol(estimates$betahat), call)
  new_v("fit", matrix, "mean correlation of the estimates by the fit's own covariances")
}

#' One matrix a row; a day that a row lacks is uncorrelated with the others, of which it says nothing
#' @noRd
gene_v <- function(estimates, call) {
  if (is.null(estimates$covariance)) {
    warn_no_covariance("gene", estimates)
    return(simple_v("gene", estimates))
  }
  mean <- validate_v(mean_correlation(estimates), ncol(estimates$betahat), call)
  by_row <- row_correlations(estimates)
  by_row[is.na(by_row)] <- 0
  bad <- apply(by_row, 3, function(one) !is.na(correlation_problem(one, ncol(one))))
  if (any(bad)) {
    rows <- first_few(estimates$names[[1]][bad])
    abort_mash(
      "The fit's correlation between days is no correlation for {rows}; use {.code v = \"fit\"}.", call = call
    )
  }
  new_v("gene", mean, "each row's own correlation by the fit's own covariances", by_row = by_row)
}

warn_no_covariance <- function(asked, estimates) {
  warn_mash(c(
    "{.arg v} is {.val {asked}}, but there are no covariances between days for {estimates$origin}.",
    i = "V is estimated from rows near null ({.val simple}) instead."
  ))
}

#' V from estimates whose truth is zero: control guides grouped like genes
#' @noRd
ntc_v <- function(ntc, n_days, call) {
  if (is.null(ntc)) {
    abort_mash(c(
      "{.code v = \"ntc\"} needs the estimates of control pseudo-genes as {.arg ntc}.",
      i = "{.fn fit_controls} makes them: control guides grouped and run like genes."
    ), call = call)
  }
  controls <- control_estimates(ntc, call)
  z <- (controls$betahat / controls$se)[controls$complete, , drop = FALSE]
  if (ncol(z) != n_days || nrow(z) <= n_days) {
    abort_mash(c(
      "{.arg ntc} must have {n_days} days and more than {n_days} complete rows.",
      x = "It has {ncol(z)} day{?s} and {nrow(z)} complete row{?s}."
    ), call = call)
  }
  why <- sprintf("correlation of %d control pseudo-genes around 0", nrow(z))
  new_v("ntc", validate_v(suppressWarnings(stats::cov2cor(crossprod(z))), n_days, call), why)
}

#' The estimates of control pseudo-genes; an error says that they are meant
#' @noRd
control_estimates <- function(ntc, call = rlang::caller_env()) {
  refuse <- function(error) {
    abort_mash("{.arg ntc} has no estimates of controls.", call = call, parent = error)
  }
  tryCatch(
    tryCatch(mash_estimates(ntc, "gene", "likelihood", call = call), fatebias_error_mash = refuse),
    fatebias_error_mash = as_argument_error
  )
}

#' V from rows near null; the identity, with a warning, where there are too few
#' @noRd
simple_v <- function(asked, estimates) {
  found <- tryCatch(
    list(matrix = null_correlation(estimates)),
    error = function(error) list(problem = conditionMessage(error))
  )
  if (is.null(found$problem)) {
    return(new_v(asked, found$matrix, "correlation of rows near null", used = "simple"))
  }
  problem <- found$problem
  warn_mash(c(
    "The correlation of the estimates between days cannot be estimated; days are taken as independent.",
    x = "{problem}", i = "Give {.arg v} as a matrix if you know it."
  ))
  new_v(asked, diag(ncol(estimates$betahat)), problem, used = "identity")
}

null_correlation <- function(estimates) {
  # of estimates that do not differ R warns of a variance of zero, which is then no finite correlation
  v <- suppressWarnings(mashr::estimate_null_correlation_simple(complete_data(estimates)))
  if (any(!is.finite(v)) || rcond(v) < rcond_min) stop("too few rows near null for a correlation matrix")
  v
}

complete_data <- function(estimates) {
  rows <- estimates$complete
  mashr::mash_set_data(estimates$betahat[rows, , drop = FALSE], estimates$se[rows, , drop = FALSE])
}

#' `"em"`: mash and V in turns, from the start that `choose_v()` gave; too few complete rows leave the start
#' @noRd
improve_v <- function(v, estimates, matrices, grid, call) {
  n_days <- ncol(estimates$betahat)
  n_rows <- sum(estimates$complete)
  if (n_rows <= n_days) { # mashr's compiled code ends the R session on a single row
    v$why <- sprintf("%s; rows without missing estimates: %d, too few for EM", v$why, n_rows)
    warn_mash(c("{.arg v} is {.val em}, but too few rows have an estimate on every day.", x = "{v$why}"))
    return(v)
  }
  start <- v$matrix
  found <- tryCatch(
    suppressWarnings(mashr::mash_estimate_corr_em( # what they tell of is looked at below
      complete_data(estimates), matrices, init = start, grid = grid, details = FALSE
    )),
    error = identity
  )
  problem <- if (inherits(found, "error")) conditionMessage(found) else correlation_problem(found, n_days)
  if (!is.na(problem)) {
    v$why <- sprintf("%s; EM failed: %s", v$why, problem)
    warn_mash(c("{.arg v} is {.val em}, but mashr's EM failed.", x = "{problem}"))
    return(v)
  }
  new_v("em", unname(found), paste("EM, started from the", v$used))
}

#' Correlations between days by row, days x days x rows; NaN where a row lacks a day
#' @noRd
row_correlations <- function(estimates) {
  n_days <- ncol(estimates$betahat)
  correlation <- apply(estimates$covariance, 1, function(row) row / sqrt(tcrossprod(diag(row))))
  out <- array(correlation, c(n_days, n_days, nrow(estimates$betahat)))
  out[rep(as.vector(diag(n_days) == 1), dim(out)[[3]])] <- 1
  out
}

#' Mean over rows of the correlation between days; a missing pair of days is left out of its mean
#' @noRd
mean_correlation <- function(estimates) {
  mean <- rowMeans(row_correlations(estimates), na.rm = TRUE, dims = 2)
  mean[is.nan(mean)] <- 0 # two days that no row has both of
  mean
}

validate_v <- function(v, n_days, call) {
  problem <- correlation_problem(v, n_days)
  if (!is.na(problem)) {
    abort_mash("{.arg v}, the correlation of the estimates between days, {problem}.", call = call)
  }
  unname(v)
}

correlation_problem <- function(v, n_days) {
  if (!is.matrix(v) || !is.numeric(v) || any(dim(v) != n_days)) {
    return(sprintf("is not a %d x %d matrix", n_days, n_days))
  }
  if (any(!is.finite(v)) || !isSymmetric(unname(v)) || any(abs(diag(v) - 1) > unit_tolerance)) {
    return("is not finite and symmetric with ones on its diagonal")
  }
  values <- eigen(v, symmetric = TRUE, only.values = TRUE)$values
  if (min(values) < rcond_min) "is singular or not positive definite" else NA_character_
}

#' A matrix with names must have those of the days, in their order
#' @noRd
validate_v_names <- function(v, days, call) {
  for (names in dimnames(v)) {
    if (!is.null(names) && !identical(names, days)) {
      abort_mash("{.arg v} is named {first_few(names)}; the days are {first_few(days)}.", call = call)
    }
  }
}
