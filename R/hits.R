# Ranked hits.

#' Rank genes
#'
#' All genes, hits first; within hits and within the rest by the smallest local false sign rate, then
#' by the largest absolute posterior mean.
#'
#' @param result a `mash_result`, from [run_mash()].
#' @param hits what `rank_hits()` returned.
#' @param out_dir folder to write to.
#' @returns `rank_hits()`: a data.table with the columns of `result$table`, those to read first in
#'   front: `gene`, `hit_anyday`, `lfsr_min`, `best_day`, `postmean_d*`, `postsd_d*`, `lfsr_d*`, then
#'   activity, then `betahat_d*`, `se_d*`. `write_hits()`: the path of `hits_ranked.csv`, written whole
#'   or not at all.
#' @section Errors: `fatebias_error_mash` for anything but a `mash_result` of genes (guides are for QC,
#'   not discovery); `fatebias_error_export`.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' head(rank_hits(run_mash(fit)), 3)
#' @export
rank_hits <- function(result) {
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
  table[rows, c(first, setdiff(names(table), c(first, last)), last), with = FALSE]
}

#' @rdname rank_hits
#' @export
write_hits <- function(hits, out_dir) {
  validate_arg(hits, checkmate::check_data_frame)
  write_table(hits, file.path(out_dir, "hits_ranked.csv"))
}
