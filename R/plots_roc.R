# Known positives: where the ranking has genes that are expected to bias fate.

#' Ranks of genes that are known to bias fate
#'
#' How early a ranking finds genes that are known, or expected, to bias fate: the share of them that is found
#' against the share of all other genes found so far, by the smallest lfsr of each gene.
#'
#' @param x a `mash_result` of genes, from [run_mash()], or ranked genes, from [rank_hits()].
#' @param genes names of the known genes; at least one other gene must be left.
#' @details The other genes are not known negatives: some of them bias fate as well, and each that does lowers
#'   the curve where it is ranked before a known gene. An area of .5 is that of genes taken by chance; the
#'   area is the probability that a known gene has the smaller lfsr of a known and another gene, equal rates
#'   counted half (Mann and Whitney 1947).
#' @returns `plot_roc()`: a ggplot2 object. `plot_roc_data()`: data.table, one row a distinct lfsr and a first
#'   row at which nothing is found: `lfsr` (NA in the first row), `n_known`, `n_other` (genes with an lfsr up
#'   to this one), `known`, `other` (their shares), `genes` (known genes with this lfsr, with commas), `area`
#'   (under the whole curve, the same in each row).
#' @section Errors: `fatebias_error_mash` for anything else than a result of genes or a ranking, and where
#'   all genes are known; `fatebias_error_argument` for unknown genes, with the names that are near.
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' plot_roc(result, c("GENE00030", "GENE00018", "GENE00002"))
#' @export
plot_roc <- function(x, genes) {
  curve <- plot_roc_data(x, genes)
  last <- curve[nrow(curve)]
  labelled <- curve[curve$genes != ""]
  labelled$label <- vapply(strsplit(labelled$genes, ", ", fixed = TRUE), first_few, character(1), n = 3L)
  ggplot2::ggplot(curve, ggplot2::aes(.data$other, .data$known)) +
    ggplot2::geom_abline(linetype = "dashed", colour = "grey60") +
    ggplot2::geom_path(linewidth = 0.6) +
    ggplot2::geom_point(data = labelled, size = 1.6) +
    ggplot2::geom_text(
      ggplot2::aes(label = .data$label), labelled, hjust = -0.12, vjust = 1.4, size = 2.8,
      check_overlap = TRUE
    ) +
    ggplot2::scale_x_continuous("share of the other genes found", limits = c(0, 1)) +
    ggplot2::scale_y_continuous("share of the known genes found", limits = c(0, 1)) +
    ggplot2::coord_equal(clip = "off") +
    ggplot2::labs(caption = caption(roc_text(last))) +
    theme_fatebias()
}

#' What the curve says, in words
#' @noRd
roc_text <- function(last) {
  sprintf(
    paste(
      "Area under the curve: %.2f (.5: chance), for %d known and %s other genes ranked by lfsr. The others",
      "are not known negatives: some may bias fate as well."
    ), last$area, last$n_known, count(last$n_other)
  )
}

#' @rdname plot_roc
#' @export
plot_roc_data <- function(x, genes) {
  table <- ranked_table(x)
  if (missing(genes)) abort_missing("genes", rlang::current_env())
  validate_genes_drawn(genes, table$gene)
  is_known <- table$gene %in% genes
  if (all(is_known)) abort_mash("{.arg genes} are all genes: there is no other one to compare with.")
  place <- rank_apart(table$lfsr_min, lfsr_rounding)
  steps <- seq_len(max(place))
  known <- tabulate(place[is_known], length(steps))
  other <- tabulate(place[!is_known], length(steps))
  names <- tapply(table$gene[is_known], factor(place[is_known], steps), paste, collapse = ", ")
  data.table::data.table(
    lfsr = c(NA, tapply(table$lfsr_min, place, max)), n_known = c(0L, cumsum(known)),
    n_other = c(0L, cumsum(other)), known = c(0, cumsum(known)) / sum(known),
    other = c(0, cumsum(other)) / sum(other), genes = c("", ifelse(is.na(names), "", names)),
    area = sum(other * (cumsum(known) - known / 2)) / (sum(known) * sum(other))
  )
}

#' The table of genes behind a result or a ranking
#' @noRd
ranked_table <- function(x, call = rlang::caller_env()) {
  validate_given(x, call)
  if (inherits(x, "mash_result") && x$level == "gene") {
    return(x$table)
  }
  if (!inherits(x, "fatebias_hits") || !check_columns(x, ranking_columns)$ok) {
    is <- if (inherits(x, "mash_result")) "result of guides" else class(x)[[1]]
    abort_mash(
      "{.arg x} must be a {.cls mash_result} of genes or come from {.fn rank_hits}, not be a {.cls {is}}.",
      call = call
    )
  }
  data.table::as.data.table(x)
}
