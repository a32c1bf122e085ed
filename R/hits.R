# Ranked hits.

#' Rank genes
#'
#' All genes, hits first; within hits and within the rest by the smallest local false sign rate, then
#' by the largest absolute posterior mean.
#'
#' @param result a `mash_result`, from [run_mash()].
#' @param randomisation what [randomisation_test()] returned, or NULL: its p-values are set beside the lfsr.
#' @param hits what `rank_hits()` returned.
#' @param out_dir folder to write to.
#' @returns `rank_hits()`: a data.table with the columns of `result$table`, those to read first in
#'   front: `gene`, `hit_anyday`, `lfsr_min`, `best_day`, `postmean_d*`, `postsd_d*`, `lfsr_d*`, then
#'   activity, then `betahat_d*`, `se_d*`; with `randomisation` at last `p_random_d*`, NA for genes and days
#'   that were not tested. `write_hits()`: the path of `hits_ranked.csv`, written whole
#'   or not at all.
#' @section Errors: `fatebias_error_mash` for anything but a `mash_result` of genes (guides are for QC,
#'   not discovery); `fatebias_error_export`.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' head(rank_hits(run_mash(fit)), 3)
#' @export
rank_hits <- function(result, randomisation = NULL) {
  validate_class(result, "mash_result", "run_mash", abort_mash)
  if (result$level != "gene") {
    abort_mash("Genes are ranked, not {result$level}s: use {.code run_mash(level = \"gene\")}.")
  }
  table <- result$table
  by_day <- lapply(c("postmean", "postsd", "lfsr"), day_columns, table = table)
  first <- c("gene", "hit_anyday", "lfsr_min", "best_day", unlist(by_day))
  last <- c(day_columns(table, "betahat"), day_columns(table, "se"))
  largest <- do.call(pmax, abs(table[, by_day[[1]], with = FALSE]))
  rows <- order(!table$hit_anyday, table$lfsr_min, -largest)
  ranked <- table[rows, c(first, setdiff(names(table), c(first, last)), last), with = FALSE]
  if (is.null(randomisation)) ranked else with_randomisation(ranked, randomisation, result$days)
}

#' p-values of the randomisation test as columns, one a day
#' @noRd
with_randomisation <- function(ranked, randomisation, days, call = rlang::caller_env()) {
  found <- check_columns(randomisation, c("gene", "day", "p_value"))
  if (!found$ok || !all(randomisation$day %in% days) || !all(randomisation$gene %in% ranked$gene)) {
    abort_mash(
      "{.arg randomisation} must come from {.fn randomisation_test} for the same genes and days.", call = call
    )
  }
  for (d in seq_along(days)) {
    own <- randomisation[randomisation$day == days[[d]], ]
    p <- own$p_value[match(ranked$gene, own$gene)]
    data.table::set(ranked, j = paste0("p_random_d", d - 1L), value = p)
  }
  ranked
}

#' @rdname rank_hits
#' @export
write_hits <- function(hits, out_dir) {
  checkmate::assert_data_frame(hits)
  write_table(hits, file.path(out_dir, "hits_ranked.csv"))
}
