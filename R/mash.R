# Shrinkage across days with mash, or day by day with ash. Nothing is replaced in silence: every
# fall-back is recorded in the result, printed, and warned about.

many_matrices <- 40L # above, a coarser grid: the cost grows with matrices x grid (DESIGN section 11)
rcond_min <- 1e-8 # of a correlation matrix; below, mash's likelihoods are noise

#' Share strength across days
#'
#' Shrinks the estimates of each gene (or guide) over all days together with [mashr::mash()], or day by
#' day with [ashr::ash()], and gives local false sign rates.
#'
#' @param x a `fatebias_fit`; or a table with `gene` (and `guide` first at guide level),
#'   `betahat_d0, .., se_d0, ..`; or `list(betahat =, se =)`, two matrices, rows x days, in log odds.
#' @param level `"gene"` or `"guide"`. Guides are for QC, not discovery: of a fit their posterior mean
#'   and SD are taken, whatever `input` says.
#' @param settings [fate_settings()]; the stage mash gives the defaults of what follows. Default: those of
#'   the preset of the fit.
#' @param input what is taken of a fit: `"posterior"` (mean and SD) or `"likelihood"` (fixed-effect
#'   estimates).
#' @param v correlation of the estimates between days: `"fit"` (mean correlation by the fit's own
#'   covariances between days; default for likelihood input), `"simple"`
#'   ([mashr::estimate_null_correlation_simple()], from rows without missing estimates) or a matrix,
#'   days x days. Where there are no covariances `"simple"` takes the place of `"fit"`, and where
#'   that is impossible the identity, both with a warning. For posterior input, guides, tables and
#'   matrices `"simple"` is the default.
#' @param covariances `"canonical"`, a specification (see [canonical_covariances()]) or a named list of
#'   matrices, days x days.
#' @param discovery_method `"mashr"` or `"ashr"`.
#' @param lfsr_thresh a row is a hit when its smallest local false sign rate is below this.
#' @param gridmult ratio of neighbouring scales in mash's grid; NULL: `sqrt(2)`, and 2 above 40 matrices.
#' @param ... further arguments of [mashr::mash()] or [ashr::ash()].
#' @returns A `mash_result`, a list with
#'   - `table`: data.table, one row a gene or guide: its name, `betahat_d*`, `se_d*` (what mash was
#'     given, missing ones NA), `postmean_d*`, `postsd_d*`, `lfsr_d*`, `lfsr_min`, `best_day` (number of
#'     the day with the smallest lfsr, counted from 0 as in the column names), `hit_anyday`;
#'   - `v`: list of `asked`, `used`, `matrix`, `why`; `covariances`: names of the matrices; `pi`:
#'     estimated weights;
#'   - `fallbacks`: character, what was done other than asked; `missing`: data.table `name`, `day` of
#'     estimates that were missing and got a vague one;
#'   - `days` (labels), `level`, `origin`, `discovery_method`, `lfsr_thresh`, `gridmult`, `fit` (what
#'     mashr or ashr returned).
#' @section Errors: `fatebias_error_mash` for no rows, one day, SEs that are NaN, zero or negative;
#'   `fatebias_error_not_available`; a `fatebias_warning_mash` for a fall-back.
#' @references Urbut et al. (2019), Nature Genetics 51, 187-195; Stephens (2017), Biostatistics 18,
#'   275-294.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' result <- run_mash(fit)
#' result
#' head(result$table)
#' @export
run_mash <- function(x, level = c("gene", "guide"), settings = settings_of(x), input = settings$mash_input,
                     v = default_v(settings, x, level, input), covariances = settings$mash_covariances,
                     discovery_method = settings$discovery_method, lfsr_thresh = settings$mash_lfsr_thresh,
                     gridmult = settings$mash_gridmult, ...) {
  level <- rlang::arg_match(level)
  settings <- update_settings(settings) # whole, before the defaults above are looked at
  settings <- update_settings(
    settings,
    mash_input = input, discovery_method = discovery_method, mash_lfsr_thresh = lfsr_thresh,
    mash_gridmult = gridmult
  )
  estimates <- mash_estimates(x, level, settings$mash_input)
  shrunk <- switch(settings$discovery_method,
    mashr = shrink_mashr(estimates, v, covariances, settings$mash_gridmult, ...),
    ashr = shrink_ashr(estimates, ...)
  )
  new_mash_result(estimates, shrunk, level, settings)
}

settings_of <- function(x) if (inherits(x, "fatebias_fit")) update_settings(x$settings) else fate_settings()

shrink_mashr <- function(estimates, v, covariances, gridmult, ..., call = rlang::caller_env()) {
  v <- choose_v(v, estimates, call)
  data <- mashr::mash_set_data(estimates$betahat, estimates$se, V = v$matrix)
  matrices <- build_covariances(covariance_spec(covariances, call), data, call)
  gridmult <- gridmult %||% if (length(matrices) > many_matrices) 2 else sqrt(2)
  fit <- mashr::mash(data, Ulist = matrices, gridmult = gridmult, verbose = FALSE, ...)
  list(
    postmean = ashr::get_pm(fit), postsd = ashr::get_psd(fit), lfsr = ashr::get_lfsr(fit), fit = fit, v = v,
    covariances = names(matrices), pi = mashr::get_estimated_pi(fit), gridmult = gridmult
  )
}

shrink_ashr <- function(estimates, ...) {
  days <- seq_len(ncol(estimates$betahat))
  fits <- lapply(days, function(d) {
    ashr::ash(estimates$betahat[, d], estimates$se[, d], mixcompdist = "normal", ...)
  })
  by_day <- function(get) matrix(vapply(fits, get, numeric(nrow(estimates$betahat))), ncol = length(days))
  list(
    postmean = by_day(ashr::get_pm), postsd = by_day(ashr::get_psd), lfsr = by_day(ashr::get_lfsr),
    fit = fits,
    v = list(asked = "none", used = "none", matrix = NULL, why = "ash looks at each day alone")
  )
}

#' The correlation of the estimates between days: what was asked, what is used, and why
#' @noRd
choose_v <- function(v, estimates, call) {
  if (is.matrix(v)) {
    matrix <- validate_v(v, ncol(estimates$betahat), call)
    return(list(asked = "a matrix", used = "a matrix", matrix = matrix, why = "as given"))
  }
  if (!rlang::is_string(v)) abort_mash("{.arg v} must be a word or a matrix, days x days.", call = call)
  update_settings(fate_settings(), mash_v = v, call = call) # refuses unknown words and those to come
  if (v == "fit" && !is.null(estimates$covariance)) {
    matrix <- validate_v(mean_correlation(estimates), ncol(estimates$betahat), call)
    why <- "mean correlation of the estimates by the fit's own covariances"
    return(list(asked = v, used = v, matrix = matrix, why = why))
  }
  simple_v(v, estimates)
}

#' `mash_v: fit` is meant for the fixed-effect estimates of a fit; anything else has `"simple"`
#' @noRd
default_v <- function(settings, x, level, input) {
  estimates <- level == "gene" && input == "likelihood" && inherits(x, "fatebias_fit")
  if (!estimates && settings$mash_v == "fit") "simple" else settings$mash_v
}

#' V from rows near null; the identity, with a warning, where there are too few
#' @noRd
simple_v <- function(asked, estimates) {
  if (asked == "fit") {
    warn_mash(c(
      "{.arg v} is {.val fit}, but there are no covariances between days for {estimates$origin}.",
      i = "V is estimated from rows near null ({.val simple}) instead."
    ))
  }
  found <- tryCatch(
    list(matrix = null_correlation(estimates)),
    error = function(error) list(problem = conditionMessage(error))
  )
  if (is.null(found$problem)) {
    return(list(asked = asked, used = "simple", matrix = found$matrix, why = "correlation of rows near null"))
  }
  problem <- found$problem
  warn_mash(c(
    "The correlation of the estimates between days cannot be estimated; days are taken as independent.",
    x = "{problem}", i = "Give {.arg v} as a matrix if you know it."
  ))
  list(asked = asked, used = "identity", matrix = diag(ncol(estimates$betahat)), why = problem)
}

#' Mean over rows of the correlation between days; a missing pair of days is left out of its mean
#' @noRd
mean_correlation <- function(estimates) {
  correlation <- apply(estimates$covariance, 1, function(row) row / sqrt(tcrossprod(diag(row))))
  n_days <- ncol(estimates$betahat)
  mean <- matrix(rowMeans(correlation, na.rm = TRUE), n_days)
  mean[is.nan(mean)] <- 0 # two days that no row has both of
  diag(mean) <- 1
  mean
}

null_correlation <- function(estimates) {
  complete <- estimates$complete
  data <- mashr::mash_set_data(
    estimates$betahat[complete, , drop = FALSE], estimates$se[complete, , drop = FALSE]
  )
  v <- mashr::estimate_null_correlation_simple(data)
  if (any(!is.finite(v)) || rcond(v) < rcond_min) stop("too few rows near null for a correlation matrix")
  v
}

validate_v <- function(v, n_days, call) {
  problem <- covariance_problem(v, n_days)
  if (is.na(problem) && rcond(v) < rcond_min) problem <- "is singular"
  if (!is.na(problem)) abort_mash("The matrix given as {.arg v} {problem}.", call = call)
  unname(v)
}

new_mash_result <- function(estimates, shrunk, level, settings) {
  v <- shrunk$v
  fell_back <- if (v$asked != v$used) sprintf("V is the %s, not %s: %s", v$used, v$asked, v$why)
  structure(
    list(
      table = mash_table(estimates, shrunk, settings$mash_lfsr_thresh), v = v,
      covariances = shrunk$covariances,
      pi = shrunk$pi, fallbacks = as.character(fell_back), missing = estimates$missing, days = estimates$days,
      level = level, origin = estimates$origin, discovery_method = settings$discovery_method,
      lfsr_thresh = settings$mash_lfsr_thresh, gridmult = shrunk$gridmult, fit = shrunk$fit
    ),
    class = "mash_result"
  )
}

#' The columns of gene_summary_mash_out.csv
#' @noRd
mash_table <- function(estimates, shrunk, lfsr_thresh) {
  missing <- match(paste(estimates$missing$name, estimates$missing$day), row_day_keys(estimates))
  given <- list(betahat = estimates$betahat, se = estimates$se)
  given <- lapply(given, function(m) replace(m, missing, NA_real_))
  days <- colnames(estimates$betahat)
  blocks <- c(given, shrunk[c("postmean", "postsd", "lfsr")])
  columns <- Map(function(m, name) {
    data.table::as.data.table(
      matrix(m, ncol = length(days), dimnames = list(NULL, paste(name, days, sep = "_")))
    )
  }, blocks, names(blocks))
  best <- max.col(-blocks$lfsr, ties.method = "first")
  lfsr_min <- blocks$lfsr[cbind(seq_along(best), best)]
  data.table::data.table(
    estimates$names, do.call(cbind, unname(columns)),
    lfsr_min = lfsr_min, best_day = best - 1L, hit_anyday = lfsr_min < lfsr_thresh
  )
}

row_day_keys <- function(estimates) outer(estimates$names[[1]], estimates$days, paste)

#' Write what mash found
#'
#' @param result a `mash_result`.
#' @param out_dir folder to write to.
#' @returns Path of the table, `gene_summary_mash_out.csv` or `guide_summary_mash_out.csv` by level; it
#'   is written whole or not at all.
#' @section Errors: `fatebias_error_export` for a folder that cannot be written to.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' write_mash(run_mash(fit, level = "guide"), tempdir())
#' @export
write_mash <- function(result, out_dir) {
  validate_class(result, "mash_result", "run_mash", abort_export)
  write_table(result$table, file.path(out_dir, paste0(result$level, "_summary_mash_out.csv")))
}

#' @export
format.mash_result <- function(x, ...) {
  t <- x$table
  best <- table(factor(x$days[t$best_day[t$hit_anyday] + 1L], levels = x$days))
  method <- sprintf("%s on %s", x$discovery_method, x$origin)
  c(
    sprintf("<mash_result> %s %ss x %d days: %s", count(nrow(t)), x$level, length(x$days), method),
    sprintf("V: %s (%s)", x$v$used, x$v$why),
    if (!is.null(x$covariances)) {
      sprintf("Covariances: %d matrices, grid ratio %.3g", length(x$covariances), x$gridmult)
    },
    sprintf(
      "Hits: %d at lfsr < %s; best day %s", sum(t$hit_anyday), format(x$lfsr_thresh),
      paste(names(best), best, collapse = ", ")
    ),
    if (length(x$fallbacks) > 0) paste("Fall-back:", x$fallbacks),
    if (nrow(x$missing) > 0) {
      sprintf(
        "Missing estimates, given a vague one: %d (%s)", nrow(x$missing),
        first_few(paste(x$missing$name, "on", x$missing$day))
      )
    }
  )
}

#' @export
print.mash_result <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}
