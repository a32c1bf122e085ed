# Parts of a mash_result by gene, and its numbers as one table.

#' Parts of a mash_result
#'
#' @param x a `mash_result`, from [run_mash()].
#' @param i genes: names, or positions in the table of a result of genes. Of a result of guides: names of
#'   genes, each with all its guides.
#' @param row.names,optional,... not used.
#' @returns
#' - `x[i]`: the result for some rows only, which everything that takes a result takes. Mixture weights, V,
#'   log likelihood, s-values and `no_effects` are those of all rows: mash is not run again.
#' - `as.data.table()`, `as.data.frame()`: what [`tidy()`][mash_result] gives.
#' @section Errors: `fatebias_error_argument` for a gene that is not there, with the nearest name.
#' @name mash_part
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' result["GENE00002"]$table
#' rank_hits(result[c("GENE00002", "GENE00007")])
NULL

#' @rdname mash_part
#' @export
`[.mash_result` <- function(x, i) {
  if (missing(i)) {
    return(x)
  }
  rows <- rows_of_genes(x$table$gene, pick_genes(i, unique(x$table$gene)))
  out <- unclass(x)
  out$n_all <- x$n_all %||% length(unique(x$table$gene))
  out$table <- x$table[rows]
  out$missing <- x$missing[x$missing$name %in% out$table[[x$level]]]
  if (!is.null(x$v$by_row)) out$v$by_row <- x$v$by_row[, , rows, drop = FALSE]
  if (!is.null(x$model$data)) out$model$data <- rows_of(x$model$data, rows)
  out$fit <- switch(shrinkage_of(x),
    averaged = part_of_mixture(x$fit, rows),
    mashr = part_of_mash(x$fit, rows),
    ashr = lapply(x$fit, part_of_ash, rows)
  )
  structure(out, class = class(x))
}

part_of_mixture <- function(fit, rows) {
  fit$data <- information_of(fit$data, rows)
  if (!is.null(fit$weight)) fit$weight <- fit$weight[rows, , drop = FALSE]
  fit$some_effect <- fit$some_effect[rows]
  fit
}

#' Rows of what mashr::mash() returned: last axis of covariances, first of all else that has rows
#' @noRd
part_of_mash <- function(fit, rows) {
  fit$result <- lapply(fit$result, function(m) {
    if (length(dim(m)) == 3) m[, , rows, drop = FALSE] else m[rows, , drop = FALSE]
  })
  weights <- fit$posterior_weights
  fit$posterior_weights <- weights[rows, , drop = FALSE]
  # mashr names the components on the matrix as if it were a vector
  names(fit$posterior_weights) <- names(weights)[seq_along(fit$posterior_weights)]
  for (name in c("vloglik", "alt_loglik")) fit[[name]] <- fit[[name]][rows, , drop = FALSE]
  fit$null_loglik <- fit$null_loglik[rows]
  fit
}

part_of_ash <- function(fit, rows) {
  fit$result <- fit$result[rows, ]
  for (name in c("x", "s")) fit$data[[name]] <- fit$data[[name]][rows]
  fit
}

#' @rdname mash_part
#' @exportS3Method data.table::as.data.table
as.data.table.mash_result <- function(x, ...) tidy(x)

#' @rdname mash_part
#' @export
as.data.frame.mash_result <- function(x, row.names = NULL, # nolint: object_name_linter.
                                      optional = FALSE, ...) {
  as.data.frame(tidy(x))
}
