# Several label sets of one fit: which, and what they add to the variance of the estimates.

#' Names of the label sets of a fit; NULL where there is one
#' @noRd
label_sets_of <- function(fit) {
  keys <- as.character(unlist(fit$manifest$label_sets$keys))
  if (length(keys) > 1) keys
}

#' Share of each estimate's variance by which label sets differ, genes x days in the order of `genes`; NULL of
#' a fit of one set
#' @noRd
label_shares <- function(fit, genes) {
  table <- if (inherits(fit, "fatebias_fit")) fit$heterogeneity
  if (length(day_columns(table, "label_share")) == 0) {
    return(NULL)
  }
  day_matrix(table, "label_share")[match(genes, table$gene), , drop = FALSE]
}

#' Columns `label_share_d*` of a table of genes; NULL of a fit of one set
#' @noRd
label_columns <- function(fit, genes) {
  shares <- label_shares(fit, genes)
  if (is.null(shares)) {
    return(NULL)
  }
  colnames(shares) <- paste0("label_share_d", seq_len(ncol(shares)) - 1L)
  data.table::as.data.table(shares)
}

#' A line of prints on label sets; NULL of a fit of one
#' @noRd
label_line <- function(fit) {
  keys <- label_sets_of(fit)
  if (!is.null(keys)) {
    share <- 100 * as.numeric(unlist(fit$manifest$estimates$label_share))
    sprintf(
      "%d label sets (%s): %s %% of the estimates' variance by day (median)", length(keys), first_few(keys),
      paste(sprintf("%.0f", share), collapse = ", ")
    )
  }
}
