# What can be asked of a fit: its numbers as tables, and parts of it by gene.

#' Tables and parts of a fit
#'
#' A fit holds its tables. So these functions work without Python, after `saveRDS()`, and without the folder
#' of the fit.
#'
#' @param x a `fatebias_fit`.
#' @param level `"gene"` (effects theta), `"guide"` (effects beta = theta + delta) or `"probability"` (changes
#'   of each fate's probability).
#' @param i genes: names, or positions in `x$gene`.
#' @param row.names,optional,... not used.
#' @returns
#' - `tidy()`, `as.data.table()`, `as.data.frame()`: one row a gene (or guide) and day: the names, `day`
#'   (label), `time`; at gene level `estimate` and `std.error`, the fixed-effect estimates that mash is given
#'   by default (NA where the fit has none); of a fit of several label sets `label_share`, the share of the
#'   estimate's variance by which they differ; `posterior.mean` and `posterior.sd`, the posterior of the
#'   effect, which is all that there is of guides. In log odds of the contrast fate. `tidy(x, "probability")`
#'   is [probability_change()] with the `time` of each day. A data.table, or a plain data frame.
#' - `glance()`: data.table of one row: `n_cells`, `n_genes`, `n_guides`, `n_ntc`, `n_days`, `contrast`,
#'   `engine`, `converged`, `likelihood_weight` and `dispersion` (with one a day: their means),
#'   `effective_parameters`, `sandwich_ratio`, `n_draws`, `seed`, `seconds`. Sizes and scales are those of
#'   the whole fit, whatever part of it is looked at.
#' - `x[i]`: the fit of some genes: their rows of every table and their guides; everything estimated from all
#'   genes (scales, weight, `manifest`) stays. The fit itself is not made again.
#' @section Errors: `fatebias_error_argument` for a gene that the fit does not have, with one that is near.
#' @name fatebias_fit
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' tidy(fit)
#' glance(fit)
#' fit["GENE00002"]$guide
NULL

#' @rdname fatebias_fit
#' @export
tidy.fatebias_fit <- function(x, level = c("gene", "guide", "probability"), ...) {
  level <- validate_choice(level)
  if (level == "probability") {
    return(tidy_changes(x))
  }
  posterior <- x[[level]]
  names <- intersect(c("guide", "gene"), names(posterior))
  estimate <- if (level == "gene") estimate_of_genes(x)
  shares <- if (level == "gene") label_shares(x, posterior$gene)
  times <- day_values_of(x)
  by_day <- lapply(seq_along(x$days), function(d) {
    column <- function(from, prefix) as.numeric(from[[paste0(prefix, "_d", d - 1L)]])
    data.table::data.table(
      posterior[, names, with = FALSE], day = x$days[[d]], time = times[[d]],
      if (!is.null(estimate)) {
        data.table::data.table(estimate = column(estimate, "betahat"), std.error = column(estimate, "se"))
      },
      if (!is.null(shares)) data.table::data.table(label_share = as.numeric(shares[, d])),
      posterior.mean = column(posterior, "betahat"), posterior.sd = column(posterior, "se")
    )
  })
  data.table::rbindlist(by_day)
}

tidy_changes <- function(fit) {
  table <- probability_change(fit)
  time <- day_values_of(fit)[match(table$day, fit$days)]
  data.table::data.table(table[, c("gene", "day")], time = time, table[, -c("gene", "day")])
}

#' Rows of the fixed-effect estimates in the order of the genes; missing where there are none
#' @noRd
estimate_of_genes <- function(fit) {
  if (!is.null(fit$estimate)) {
    return(fit$estimate[match(fit$gene$gene, fit$estimate$gene)])
  }
  columns <- c(day_columns(fit$gene, "betahat"), day_columns(fit$gene, "se"))
  data.table::as.data.table(rlang::rep_named(columns, list(rep(NA_real_, nrow(fit$gene)))))
}

#' Times of the days; fits of an earlier version may not know them
#' @noRd
day_values_of <- function(fit) {
  values <- as.numeric(unlist(fit$manifest$screen$day_values))
  if (length(values) == length(fit$days)) values else rep(NA_real_, length(fit$days))
}

#' @rdname fatebias_fit
#' @export
glance.fatebias_fit <- function(x, ...) {
  m <- x$manifest
  mean_of <- function(value) if (is.null(value)) NA_real_ else mean(as.numeric(unlist(value)))
  sizes <- m$screen[c("n_cells", "n_genes", "n_guides", "n_ntc")]
  data.table::data.table(
    data.table::as.data.table(sizes),
    n_days = length(x$days), contrast = m$contrast, engine = m$convergence$engine %||% NA_character_,
    converged = isTRUE(m$convergence$converged), likelihood_weight = mean_of(m$likelihood_weight),
    dispersion = mean_of(m$dispersion), effective_parameters = mean_of(m$effective_parameters),
    sandwich_ratio = mean_of(m$estimates$sandwich_ratio), n_draws = mean_of(m$settings$num_posterior_draws),
    seed = mean_of(m$seed), seconds = mean_of(m$seconds$total)
  )
}

#' @rdname fatebias_fit
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_fit <- function(x, ...) tidy(x, ...)

#' @rdname fatebias_fit
#' @export
as.data.frame.fatebias_fit <- function(x, row.names = NULL, # nolint: object_name_linter.
                                       optional = FALSE, ...) {
  as.data.frame(tidy(x, ...))
}

#' @rdname fatebias_fit
#' @export
`[.fatebias_fit` <- function(x, i) {
  if (missing(i)) {
    return(x)
  }
  genes <- pick_genes(i, x$gene$gene)
  out <- unclass(x)
  for (name in names(Filter(Negate(is.null), out[names(fit_tables)]))) {
    table <- out[[name]]
    out[[name]] <- table[rows_of_genes(table$gene, genes)]
  }
  structure(out, class = class(x))
}
