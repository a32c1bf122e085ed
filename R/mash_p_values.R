# p and q of every gene and day, from how guides came into cells: of a fit, put beside what mash says.

largest_combined_p <- 0.99

#' Columns of p-values and false discovery rates, NA where nothing is known
#'
#' @param result a `mash_result` of genes, without these columns.
#' @param x what `run_mash()` was given.
#' @returns data.table, one row a gene: `p_d*`, `q_d*`, `p_gene`, `q_gene`.
#' @noRd
p_value_columns <- function(result, x) {
  known <- inherits(x, "fatebias_fit") && !is.null(x$p_value)
  p <- matrix(NA_real_, nrow(result$table), length(result$days))
  if (known && result$settings$mash_input == "likelihood") {
    p[] <- day_matrix(x$p_value, "p")[match(result$table$gene, x$p_value$gene), ]
  }
  days <- numbered(length(result$days))
  p_gene <- combined_p(p)
  data.table::data.table(
    matrix(p, ncol = length(days), dimnames = list(NULL, paste0("p_", days))),
    matrix(false_discovery_rates(p), ncol = length(days), dimnames = list(NULL, paste0("q_", days))),
    p_gene = p_gene, q_gene = false_discovery_rates(p_gene)
  )
}

#' Benjamini & Hochberg (1995) over all that are known
#' @noRd
false_discovery_rates <- function(p) stats::p.adjust(p, "BH")

#' One p a gene from those of its days, which depend on each other: Cauchy combination
#'
#' Liu & Xie (2020), J. Am. Stat. Assoc. 115:393. Values above .99 count as .99, since one near 1 would
#' outweigh small ones of other days.
#' @param p matrix, genes x days.
#' @returns numeric, one a gene; NA where no day is known.
#' @noRd
combined_p <- function(p) {
  cauchy <- 1 / tanpi(pmin(p, largest_combined_p)) # tan((1/2 - p) pi), exact for the smallest p
  statistic <- rowMeans(matrix(cauchy, nrow(p)), na.rm = TRUE)
  stats::pcauchy(ifelse(is.nan(statistic), NA_real_, statistic), lower.tail = FALSE)
}

#' p and q of rows and days of a table, then those of the gene; NA where the table has none
#'
#' @param day number of the day of each row, from 1; or one for all rows.
#' @noRd
p_value_marks <- function(table, day) {
  n <- nrow(table)
  at <- cbind(seq_len(n), rep_len(day, n))
  of_day <- function(prefix) {
    if (length(day_columns(table, prefix)) == 0) rep(NA_real_, n) else unname(day_matrix(table, prefix)[at])
  }
  unknown <- rep(NA_real_, n)
  data.table::data.table(
    p = of_day("p"), q = of_day("q"), p_gene = table[["p_gene"]] %||% unknown,
    q_gene = table[["q_gene"]] %||% unknown
  )
}

#' What a p-value is a probability under, in words
#'
#' @param fit a `fatebias_fit`.
#' @param when words for the day, with a blank in front.
#' @noRd
null_hypothesis <- function(fit, when = "") {
  if (identical(fit$manifest$settings$estimand, "gene")) {
    sprintf(
      "the mean effect%s of guides that one could make for the gene, in cultures like these, is zero", when
    )
  } else {
    sprintf("the gene's guides do nothing%s", when)
  }
}
