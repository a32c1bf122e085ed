# Whether the data prefer another set of covariances than the one that mash was given: the usual sets compared
# on rows held out, as a table, and its answer in a sentence.

rows_to_compare <- 20L # fewer tell sets apart by chance alone
rows_compared <- 500L # of more rows so many are drawn: the answer hardly changes, the time does
clearly_better <- 2 # standard errors

#' Compare the covariances of a result with the usual ones
#'
#' Tests whether the data prefer another set of covariances than that of the result. It runs [compare_mash()]
#' with that set, the random walk, mashr's canonical matrices and the day subsets, on held-out rows. Under
#' `mash_comparison: true` the pipeline writes `mash_comparison.csv`, and the report gives the answer.
#'
#' Every set is fitted anew with the times of the days and the V of the result (with `v = "gene"` the mean
#' over genes). Of more than 500 genes 500 are drawn. 300 genes on four days take 2 s of one core.
#'
#' @param result a `mash_result` of genes, from [run_mash()].
#' @param n_folds number of parts of the rows; each is held out once.
#' @param seed of the split, and of the rows that are drawn.
#' @param comparison what `compare_covariances()` returned.
#' @param out_dir folder to write to.
#' @returns
#' - `compare_covariances()`: data.table, the best set first: `set` (`days`, `walk`, `canonical`, `subsets`,
#'   or `own` for a specification of one's own), `used` (TRUE for that of the result), `n_matrices`,
#'   `held_out` (log likelihood, summed over the left-out rows; NA where a set needs more rows),
#'   `difference` (of `held_out` to the best), `se_difference` (its standard error over rows), `n_rows`
#'   (compared), `note` (empty). Where nothing can be compared it has one row, of the set used, without
#'   numbers, and `note` says why: one day, ashr, fewer than 20 genes.
#' - `write_comparison()`: the path of `mash_comparison.csv`, written whole or not at all.
#' @section Errors: `fatebias_error_mash` for anything but a `mash_result` of genes; those of
#'   [compare_mash()]; `fatebias_error_export`.
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' \donttest{
#' comparison <- compare_covariances(result)
#' comparison
#' write_comparison(comparison, tempdir())
#' }
#' @export
compare_covariances <- function(result, n_folds = 2L, seed = 1) {
  validate_class(result, "mash_result", "run_mash", abort_mash)
  if (result$level != "gene") abort_mash("{.arg result} must be of genes, not {result$level}s.")
  validate_arg(n_folds, checkmate::check_int, lower = 2, upper = rows_to_compare %/% 2L)
  validate_arg(seed, checkmate::check_int)
  used <- result$settings$mash_covariances %||% "own"
  why <- not_compared(result)
  if (!is.null(why)) {
    return(with_identity(comparison_table(data.table::data.table(spec = used), used, 0L, why), result))
  }
  specs <- list(
    days = "days", walk = cov_random_walk(), canonical = "canonical", subsets = cov_day_subsets()
  )
  if (used == "own") specs <- c(specs[-1], list(own = result$model$spec))
  rows <- withr::with_seed(seed, sample(nrow(result$table), min(nrow(result$table), rows_compared)))
  given <- c("gene", day_columns(result$table, "betahat"), day_columns(result$table, "se"))
  settings <- unclass(result$settings) # words in place of what was given as an object: both are given below
  settings[c("mash_covariances", "mash_v")] <- c("days", "simple")
  settings <- new_settings(settings)
  estimates <- mash_estimates(
    result$table[sort(rows), given, with = FALSE], "gene", settings$mash_input, unname(result$times)
  )
  models <- by_specification(specs, function(spec) unfitted(estimates, result$v$matrix, spec, settings))
  table <- held_out_table(held_out_by(models, length(rows), n_folds, seed))
  table$n_matrices <- vapply(models, function(one) nrow(one$covariances), integer(1))
  with_identity(comparison_table(best_first(table), used, length(rows)), result)
}

#' Why nothing can be compared; NULL where it can
#' @noRd
not_compared <- function(result) {
  if (has_one_day(result)) {
    "there is one day"
  } else if (result$discovery_method != "mashr") {
    "days were looked at one by one, by ashr"
  } else if (nrow(result$table) < rows_to_compare) {
    sprintf("there are fewer than %d genes", rows_to_compare)
  }
}

comparison_table <- function(found, used, n_rows, note = "") {
  number <- function(name) if (is.null(found[[name]])) NA_real_ else as.numeric(found[[name]])
  data.table::data.table(
    set = found$spec, used = found$spec == used, n_matrices = as.integer(number("n_matrices")),
    held_out = number("held_out"), difference = number("difference"),
    se_difference = number("se_difference"), n_rows = n_rows, note = note
  )
}

#' @rdname compare_covariances
#' @export
write_comparison <- function(comparison, out_dir) {
  validate_arg(comparison, check_comparison)
  validate_arg(out_dir, check_path)
  write_made(list(mash_comparison.csv = comparison), out_dir, comparison)
}

check_comparison <- function(x) {
  wanted <- c("set", "used", "held_out", "difference", "se_difference", "note")
  is_one <- is.data.frame(x) && check_columns(x, wanted)$ok
  if (is_one) TRUE else "Must come from compare_covariances()"
}

#' The set that the data prefer to the one used, by more than two standard errors; NULL where there is none
#' @noRd
preferred_set <- function(comparison) {
  used <- comparison[comparison$used]
  better <- -used$difference > clearly_better * used$se_difference
  if (isTRUE(better)) comparison$set[[1]]
}
