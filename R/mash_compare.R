# Which covariances fit the estimates best, on rows that the fit has not seen.

sweeps_held_out <- c(50L, 150L) # of Gibbs: before those that count, and these

#' Compare covariance specifications
#'
#' Runs mash with each specification on all rows, and on all folds but one to predict the held-out rows. The
#' log likelihood grows with every added family. The held-out log likelihood grows only if the family also
#' describes new rows.
#'
#' `r lifecycle::badge("experimental")`
#'
#' @param x estimates, as in [run_mash()]; of the methods a `mash_comparison`.
#' @param specs named list of what [run_mash()] takes as `covariances`.
#' @param ... further arguments of [run_mash()], the same for all.
#' @param n_folds number of parts of the rows.
#' @param seed of the split.
#' @param row.names,optional not used.
#' @returns A `mash_comparison`, a list with
#'   - `table`: data.table, the best first: `spec`, `n_matrices`, `loglik`, `held_out` (log likelihood summed
#'     over the left-out folds; NA, with a warning, where a specification needs more rows than the folds
#'     have), `difference` (of `held_out` to the best), `se_difference` (its standard error over rows),
#'     `n_hits`, `null_pi`;
#'   - `weights`: data.table `spec`, `family`, `n_matrices`, `weight`, `pi`;
#'   - `results`: the `mash_result` of each.
#' @section Errors: those of [run_mash()], with the name of the specification.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' compare_mash(fit, list(walk = cov_random_walk(), canonical = "canonical"), n_folds = 2)
#' @export
compare_mash <- function(x, specs, ..., n_folds = 5, seed = 1) {
  if (is.object(specs) || !is.list(specs) || !rlang::is_dictionaryish(specs) || length(specs) == 0) {
    abort_mash("{.arg specs} must be a list with a different name for each specification.")
  }
  validate_arg(n_folds, checkmate::check_int, lower = 2)
  validate_arg(seed, checkmate::check_int)
  taken <- intersect(names(list(...)), c("covariances", "discovery_method"))
  if (length(taken) > 0) abort_mash("{.arg {taken}} {?is/are} set by {.fn compare_mash} itself.")
  results <- by_specification(specs, function(spec) {
    run_mash(x, covariances = spec, discovery_method = "mashr", ...)
  })
  if (length(results[[1]]$days) == 1) abort_mash("Covariances are between days, and there is one day.")
  n_rows <- nrow(results[[1]]$table)
  if (n_rows < 2 * n_folds) { # mashr's compiled code ends the R session on a single row
    most <- n_rows %/% 2
    abort_mash("{.arg n_folds} is {n_folds}, but {n_rows} rows make at most {most} folds of two and more.")
  }
  new_mash_comparison(results, held_out_by(results, n_rows, n_folds, seed))
}

#' What a function makes of each specification; its error names the one that failed
#' @noRd
by_specification <- function(specs, make, call = rlang::caller_env()) {
  Map(function(spec, name) {
    tryCatch(make(spec), fatebias_error_mash = function(error) {
      abort_mash("Specification {.val {name}} failed.", call = call, parent = error)
    })
  }, specs, names(specs))
}

#' Log likelihood of every row held out, a vector for each result
#' @noRd
held_out_by <- function(results, n_rows, n_folds, seed) {
  fold <- withr::with_seed(seed, sample(rep_len(seq_len(n_folds), n_rows)))
  Map(held_out_or_na, results, names(results), list(fold))
}

#' NA, with a warning, where a specification cannot be built from the rows of a fold alone
#' @noRd
held_out_or_na <- function(result, name, fold) {
  tryCatch(held_out_loglik(result, fold), fatebias_error_mash = function(error) {
    warn_mash(c(
      "Specification {.val {name}} has no held-out log likelihood.", x = "{conditionMessage(error)}"
    ))
    rep(NA_real_, length(fold))
  })
}

#' Log likelihood of every row under a mash fitted to the other folds
#'
#' V and scales are those of the whole fit; matrices that are learned from data are learned again from the
#' folds that are fitted. Estimated weights are zero for most components; a left-out row with a pattern
#' that no other row has would then be impossible. So one imaginary row is spread evenly over all.
#' @param result a `mash_result`, or `unfitted()`.
#' @noRd
held_out_loglik <- function(result, fold) {
  out <- numeric(length(fold))
  if (result$prior == "averaged") {
    return(held_out_averaged(result, fold))
  }
  for (k in unique(fold)) {
    train <- refit_model(result, fold != k)
    test <- rows_of(result$model$data, fold == k)
    fit <- fit_mash(train, outputlevel = 1)
    pi <- fit$fitted_g$pi
    fit$fitted_g$pi <- (sum(fold != k) * pi + 1 / length(pi)) / (sum(fold != k) + 1)
    out[fold == k] <- mashr::mash_compute_vloglik(fit, test, algorithm.version = train$algorithm)
  }
  out
}

#' What a `mash_result` has before mash is fitted, as far as rows held out need it
#' @noRd
unfitted <- function(estimates, v, spec, settings) {
  model <- mash_model(estimates, v, spec, settings)
  data <- information(estimates, model$v$by_row %||% model$v$matrix)
  list(
    model = model, covariances = model$table, v = model$v, times = estimates$times,
    prior = settings$mash_prior, seed = 1, fit = list(data = data)
  )
}

#' The same under weights averaged over what the other folds leave possible: none of them is zero
#' @noRd
held_out_averaged <- function(result, fold) {
  data <- result$fit$data
  out <- numeric(length(fold))
  for (k in unique(fold)) {
    model <- refit_model(result, fold != k)
    components <- new_components(model, model$grid)
    loglik <- component_loglik(components, data)
    found <- with_fixed_seed(result$seed, {
      averaged_weights(
        loglik[fold != k, , drop = FALSE], components$ties, mixture_prior(components, model),
        n_burn = sweeps_held_out[[1]], n = sweeps_held_out[[2]]
      )
    })
    test <- fold == k
    out[test] <- mixture_loglik(found$pi, loglik[test, , drop = FALSE], information_of(data, test))
  }
  out
}

#' The model of a result for some rows only, with the families of the whole
#' @noRd
refit_model <- function(result, rows) {
  model <- result$model
  built <- build_covariances(model$spec, rows_of(model$data, rows, result$v$matrix), result$times)
  if (result$prior == "mashr") built <- without_means(built, rlang::current_env())
  lost <- setdiff(result$covariances$family, built$table$family)
  if (length(lost) > 0) {
    abort_mash("The family {.val {lost}} gives no matrices for {sum(rows)} of {length(rows)} rows.")
  }
  new_model(rows_of(model$data, rows), built, model$grid, model$null_weight)
}

rows_of <- function(data, rows, v = if (data$commonV) data$V else data$V[, , rows, drop = FALSE]) {
  mashr::mash_set_data(data$Bhat[rows, , drop = FALSE], data$Shat[rows, , drop = FALSE], V = v)
}

new_mash_comparison <- function(results, held_out) {
  one <- data.table::rbindlist(lapply(results, glance))
  table <- data.table::data.table(
    one[, c("n_matrices", "loglik")], held_out_table(held_out), one[, c("n_hits", "null_pi")]
  )
  data.table::setcolorder(table, "spec")
  weights <- data.table::rbindlist(lapply(results, family_table), idcol = "spec")
  structure(
    list(table = best_first(table), weights = weights, results = results),
    class = "mash_comparison"
  )
}

#' Sums over rows held out, their differences to the best, and the standard errors of these
#' @noRd
held_out_table <- function(held_out) {
  total <- vapply(held_out, sum, numeric(1))
  best <- if (all(is.na(total))) 1L else first_largest(total)
  against_best <- lapply(held_out, `-`, held_out[[best]])
  data.table::data.table(
    spec = names(held_out), held_out = total, difference = vapply(against_best, sum, numeric(1)),
    se_difference = vapply(against_best, function(d) stats::sd(d) * sqrt(length(d)), numeric(1))
  )
}

best_first <- function(table) table[order(-rank_apart(table$held_out))]

#' @export
print.mash_comparison <- function(x, ...) {
  cat(sprintf("<mash_comparison> of %d specifications, the best on rows held out first\n", nrow(x$table)))
  print(x$table, digits = 4, row.names = FALSE, class = FALSE)
  cat("Weights by family:\n")
  spec <- family <- NULL
  wide <- data.table::dcast(x$weights, family ~ factor(spec, levels = x$table$spec), value.var = "pi")
  data.table::setkey(wide, NULL)
  print(wide, digits = 2, row.names = FALSE, class = FALSE)
  cat("Next: rank_hits(x$results[[\"", x$table$spec[[1]], "\"]]); x$table has the numbers.\n", sep = "")
  invisible(x)
}

#' @rdname compare_mash
#' @exportS3Method data.table::as.data.table
as.data.table.mash_comparison <- function(x, ...) x$table

#' @rdname compare_mash
#' @export
as.data.frame.mash_comparison <- function(x, row.names = NULL, # nolint: object_name_linter.
                                          optional = FALSE, ...) {
  as.data.frame(x$table)
}
