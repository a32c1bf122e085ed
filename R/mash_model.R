# The model that mash fits, and its posterior: data, matrices, scales and prior in; effects, local false sign
# rates, sets of active days and events out. Or the same from ash, day by day.

# matrices above which the grid is coarser, by prior: the cost grows with matrices x grid
many_matrices <- c(mashr = 40L, averaged = 120L)
loglik_level <- 4L # outputlevel of mashr::mash() at which it returns the likelihood of every component

#' Settings as they are for these days: of one day there is nothing to share
#' @noRd
settings_of_days <- function(settings, estimates) {
  if (ncol(estimates$betahat) > 1) settings else update_settings(settings, discovery_method = "ashr")
}

#' All that mash is given, and how V and the matrices came about; NULL under ashr
#' @noRd
mash_model <- function(estimates, v, covariances, settings, ntc = NULL, call = rlang::caller_env()) {
  if (settings$discovery_method == "ashr") {
    return(NULL)
  }
  spec <- covariance_spec(covariances, covariance_words, call)
  v <- choose_v(v, estimates, ntc, call)
  built <- build_covariances(spec, mash_data(estimates, v$matrix), estimates$times, call)
  if (settings$mash_prior == "mashr") built <- without_means(built, call)
  warn_skipped(built$skipped)
  many <- length(built$matrices) > many_matrices[[settings$mash_prior]]
  gridmult <- settings$mash_gridmult %||% if (many) 2 else sqrt(2)
  grid <- scale_grid(estimates, gridmult, settings$mash_smallest_scale)
  if (v$asked == "em") {
    around_zero <- vapply(built$means, is.null, logical(1)) # what mashr can carry
    v <- improve_v(v, estimates, built$matrices[around_zero], grid, call)
  }
  data <- mash_data(estimates, v$by_row %||% v$matrix)
  c(
    new_model(data, built, grid, settings$mash_null_weight),
    list(spec = spec, skipped = built$skipped, v = v, gridmult = gridmult)
  )
}

#' Data, matrices, grid of scales, prior of the mixture weights (the null, then all matrices scale by scale)
#' @noRd
new_model <- function(data, built, grid, null_weight) {
  list(
    data = data, matrices = built$matrices, means = built$means, table = built$table, grid = grid,
    null_weight = null_weight,
    prior = c(null_weight, rep(1 + built$table$weight / length(grid), length(grid))),
    algorithm = if (data$commonV) "Rcpp" else "R" # mashr's compiled code knows one V only
  )
}

warn_skipped <- function(skipped) {
  for (family in names(skipped)) {
    reason <- skipped[[family]]
    warn_mash(c("The covariance family {.val {family}} is left out.", x = "{reason}"))
  }
}

mash_data <- function(estimates, v) mashr::mash_set_data(estimates$betahat, estimates$se, V = v)

#' Scales of mash's mixture, from `smallest_scale` times the median SE to twice the largest effect
#'
#' mashr starts at a tenth of the smallest SE. Effects of half an SE and less cannot be told from none:
#' starting there gives the same numbers in a third of the time. Those of one SE hardly can; where a scale
#' for them is at hand, genes without effects are given to it.
#' @noRd
scale_grid <- function(estimates, gridmult, smallest_scale) {
  smallest <- smallest_scale * stats::median(estimates$se[!estimates$is_missing])
  signal <- max(0, estimates$betahat^2 - estimates$se^2)
  largest <- max(2 * sqrt(signal), 2 * smallest)
  gridmult^(-ceiling(log2(largest / smallest) / log2(gridmult)):0) * largest
}

#' Who shrinks: ashr day by day, mashr, or the package's own mixture with averaged weights
#' @param x settings, or a `mash_result`.
#' @noRd
shrinkage_of <- function(x) {
  if (x$discovery_method == "ashr") "ashr" else x$mash_prior %||% x$prior
}

#' Warnings of mashr, ashr and their optimisers as fatebias's own, each told once
#' @noRd
told_once <- function(code, who) {
  said <- character()
  value <- withCallingHandlers(code, warning = function(warning) {
    if (!inherits(warning, "fatebias_warning")) {
      said <<- c(said, conditionMessage(warning))
      rlang::cnd_muffle(warning)
    }
  })
  for (words in unique(said)) {
    warn_mash(c("{who} is not sure of the weights that it estimates.", x = "{words}"))
  }
  value
}

# Further arguments that may be handed on; everything else is decided by arguments of run_mash()
handed_on <- c("optmethod", "control")

validate_dots <- function(dots, method, call = rlang::caller_env()) {
  if (!rlang::is_named2(dots)) {
    abort_argument("Arguments of {.fn run_mash} after {.arg settings} need their names.", call = call)
  }
  given <- names(dots)
  unknown <- setdiff(given, handed_on)
  if (method == "averaged" && length(given) > 0) {
    abort_mash(c(
      "{.fn run_mash} has no {.arg {given}} with {.code prior = \"averaged\"}.",
      i = "Arguments after {.arg settings} are written in full; {.arg {handed_on}} are for mashr and ashr."
    ), call = call)
  }
  if (length(unknown) > 0) {
    abort_mash(c(
      "{.fn run_mash} has no {.arg {unknown}}; it hands only {.arg {handed_on}} on to {.pkg {method}}.",
      i = "Arguments after {.arg settings} are written in full."
    ), call = call)
  }
  validate_arg(dots$optmethod, checkmate::check_string, null.ok = TRUE, arg = "optmethod", call = call)
  validate_arg(dots$control, checkmate::check_list, null.ok = TRUE, arg = "control", call = call)
}

#' Stop with an error of mashr or ashr in words of fatebias
#' @noRd
abort_by <- function(error, who, call = rlang::caller_env()) {
  if (inherits(error, "fatebias_error")) stop(error)
  abort_mash(c(
    "{who} cannot shrink these estimates.", x = "{conditionMessage(error)}",
    i = "Look at {.arg optmethod} and {.arg control} where you gave them, and at estimates that are far out."
  ), call = call, parent = error)
}

#' mashr's fit; its optimiser (mixSQP) fails on some estimates, and EM takes its place, told in `fallback`
#' @noRd
fit_mash <- function(model, ...) {
  by <- function(...) {
    told_once(mashr::mash(
      model$data, model$matrices, grid = model$grid, prior = model$prior, algorithm.version = model$algorithm,
      verbose = FALSE, ...
    ), "mashr")
  }
  tryCatch(by(...), error = function(error) {
    if ("optmethod" %in% ...names()) abort_by(error, "mashr")
    fit <- tryCatch(by(..., optmethod = "mixEM"), error = function(error) abort_by(error, "mashr"))
    fit$fallback <- sprintf("Weights are estimated by EM: mixSQP failed (%s)", conditionMessage(error))
    told <- "mashr's {.code mixSQP} failed; the weights are estimated by EM."
    warn_mash(c(told, x = "{conditionMessage(error)}"))
    fit
  })
}

#' Posterior of all rows, by whichever way the settings name
#' @param ... for mashr and ashr.
#' @noRd
shrink_estimates <- function(model, estimates, settings, n_draws, seed, ...) {
  with_fixed_seed(seed, switch(shrinkage_of(settings),
    ashr = shrink_ashr(estimates, settings$mash_effect_size, n_draws, ...),
    mashr = shrink_mashr(model, estimates, settings, n_draws, ...),
    averaged = shrink_averaged(model, estimates, settings, n_draws)
  ))
}

#' mash with weights averaged over their posterior: a mixture of the package's own
#' @noRd
shrink_averaged <- function(model, estimates, settings, n_draws) {
  fit <- fit_mixture(model, estimates)
  days <- colnames(estimates$betahat)
  own <- linear_posterior(fit$components, fit$data, fit$weight, size = settings$mash_effect_size)
  large <- data.table::as.data.table(`colnames<-`(own$large, paste0("plarge_", days)))
  shrunk <- list(
    postmean = own$postmean, postsd = own$postsd, lfsr = lfsr_of(own), sets = mixture_sets(fit),
    events = data.table::data.table(p_switch = switch_probability(fit, n_draws), large)
  )
  weigh_no_effects(shrunk, fit, fit$some_effect, settings)
}

shrink_mashr <- function(model, estimates, settings, n_draws, ...) {
  fit <- fit_mash(model, outputlevel = loglik_level, ...)
  days <- colnames(estimates$betahat)
  draw <- posterior_drawer(fit, estimates, model$v$by_row %||% model$v$matrix, n_draws)
  shrunk <- list(
    postmean = ashr::get_pm(fit), postsd = ashr::get_psd(fit), lfsr = ashr::get_lfsr(fit),
    sets = mash_sets(fit),
    events = event_columns(draw, nrow(estimates$betahat), days, settings$mash_effect_size)
  )
  loglik <- fit$lm$loglik_matrix
  fit$lm <- NULL # as large as rows x components
  weigh_no_effects(shrunk, fit, log_mean_exp(loglik[, -1, drop = FALSE] - loglik[, 1]), settings)
}

#' The posterior, mixed with the answer that no row has any effect
#' @param some_effect `no_effects_probability()`.
#' @noRd
weigh_no_effects <- function(shrunk, fit, some_effect, settings) {
  prior <- settings$mash_no_effects_prior
  posterior <- if (prior > 0) no_effects_probability(some_effect, prior) else 0
  fallback <- fit$fallback
  fit$fallback <- NULL
  mixed <- mix_with_zero(shrunk, posterior)
  calls_lost <- sum(shrunk$lfsr < settings$mash_lfsr_thresh & mixed$lfsr >= settings$mash_lfsr_thresh)
  no_effects <- list(prior = prior, posterior = posterior, calls_lost = calls_lost)
  if (inherits(fit, "fatebias_mixture")) fit <- kept_mixture(fit)
  c(mixed, list(fit = fit, loglik = fit$loglik, no_effects = no_effects, fallback = fallback))
}

shrink_ashr <- function(estimates, effect_size, n_draws, ...) {
  days <- seq_len(ncol(estimates$betahat))
  fits <- lapply(days, function(d) {
    told_once(tryCatch(ashr::ash(
      estimates$betahat[, d], estimates$se[, d], mixcompdist = "normal", outputlevel = 3, ...
    ), error = function(error) abort_by(error, "ashr")), "ashr")
  })
  by_day <- function(get) matrix(vapply(fits, get, numeric(nrow(estimates$betahat))), ncol = length(days))
  n_rows <- nrow(estimates$betahat)
  draws <- vapply(fits, ashr::get_post_sample, matrix(0, n_draws, n_rows), nsamp = n_draws)
  draw <- function(row) {
    x <- matrix(draws[, row, ], n_draws)
    list(x = x, active = x != 0)
  }
  list(
    postmean = by_day(ashr::get_pm), postsd = by_day(ashr::get_psd), lfsr = by_day(ashr::get_lfsr),
    sets = draw_sets(draws), events = event_columns(draw, n_rows, colnames(estimates$betahat), effect_size),
    fit = fits, loglik = sum(vapply(fits, ashr::get_loglik, numeric(1)))
  )
}

#' Estimated weight of each matrix, summed over scales
#' @noRd
with_pi <- function(table, fit) data.table::data.table(table, pi = mixture_pi(fit, nrow(table))[-1])

#' Weights of the null and of each matrix, summed over scales
#' @noRd
mixture_pi <- function(fit, n_matrices) {
  if (!inherits(fit, "fatebias_mixture")) {
    return(unname(mashr::get_estimated_pi(fit)))
  }
  c(fit$pi[[1]], rowSums(matrix(fit$pi[-1], n_matrices)))
}

fallbacks_of <- function(model) {
  v <- model$v
  c(
    if (!is.null(v) && v$asked != v$used) {
      sprintf("V is not %s as asked, but %s (%s)", v$asked, v$used, v$why)
    },
    if (length(model$skipped) > 0) {
      sprintf("Covariance family %s left out: %s", names(model$skipped), model$skipped)
    }
  )
}
