# Effects as changes of probability: as the fit has them, and of other effects, by the cells that it has kept.

fate_cells_file <- "fate_baseline.npz"
effects_at_once <- 1000L # effects that are added to all cells of a day together

#' Change of each fate's probability by one guide
#'
#' Gives the mean change of each fate's probability if a cell of the day gets one average guide for the gene,
#' over the day's cells as they are. It uses the fit's estimates, which are not shrunk,
#' or other effects, such as those of mash.
#'
#' @param fit a `fatebias_fit`, from [fit_fate_bias()] or [read_fit()].
#' @param genes names of genes, in the order of the result; NULL: all.
#' @param effects NULL: the fit's estimates. Else effects in log odds against the reference fate, one of
#'   - an array genes x fates beside the reference x days, with the names of the genes; or draws x genes x
#'     fates x days, as `posterior_draws(fit, "theta")$theta` of a fit with `save_draws = "all"`. A matrix
#'     genes x days where there is one fate beside the reference, genes x fates where there is one day;
#'   - a list of `mash_result`s, one of each fate beside the reference, such as
#'     `list(run_mash(fit), run_mash(fit, contrast = "NEU"))`, or what has such a list as `mash`: their
#'     posterior means are taken.
#' @details
#' A control guide has no effect by definition. So the change is that by a guide of the gene in place of a
#' control guide: what one more guide of any kind does to a cell (the burden slope) is no part of it. A cell
#' keeps what it is else: its other guides, replicate and covariates. Since probabilities cannot pass 0 and 1,
#' the same effect in log odds moves a fate the more the nearer to .5 its cells are, and the same gene may
#' move probabilities much on one day and little on another.
#' @returns data.table, one row a gene, day and fate: `gene`, `day` (label), `fate` (the reference first),
#'   `baseline` (mean probability over the day's cells), `change` (of that mean), `low`, `high` (its 90 %
#'   interval: what the setting `estimand` asks for, by the delta method; of draws their 5 and 95 %
#'   quantiles; NA for effects without draws). Probabilities, from 0 to 1; changes of a gene sum to 0 over
#'   fates. NA on a day without a cell that carries the gene, but with `effects` that have a number there.
#' @section Errors: `fatebias_error_fit` for anything but a fit, and for one of an earlier version;
#'   `fatebias_error_argument` for unknown genes and for effects of another shape; `fatebias_error_export`
#'   where the fit's folder is gone (with `effects` only).
#' @references Robins (1986), Mathematical Modelling 7, 1393-1512 (standardisation over a population).
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' if (!is.null(fit$probability_change)) probability_change(fit, "GENE00030")
#' @export
probability_change <- function(fit, genes = NULL, effects = NULL) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  if (is.null(fit$probability_change)) {
    abort_fit(c(
      "The fit in {.path {fit$out_dir}} has no {.file {fit_tables$probability_change$file}}.",
      i = "An earlier version made it; fit again."
    ))
  }
  if (!is.null(genes)) genes <- pick_genes(genes, fit$gene$gene)
  if (is.null(effects)) stored_changes(fit, genes %||% fit$gene$gene) else changed_by(effects, fit, genes)
}

#' Rows of the fit's table, days by their labels
#' @noRd
stored_changes <- function(fit, genes) {
  table <- fit$probability_change
  table <- table[rows_of_genes(table$gene, genes)]
  data.table::set(table, j = "day", value = fit$days[table$day + 1L])
  table[]
}

changed_by <- function(effects, fit, genes, call = rlang::caller_env()) {
  drawn <- as_effects(effects, fit, call)
  genes <- genes %||% dimnames(drawn)[[2]]
  at <- validate_names(genes, dimnames(drawn)[[2]], "gene", call)
  drawn <- drawn[, at, , , drop = FALSE]
  cells <- fate_cells(fit, call)
  by_day <- lapply(seq_along(fit$days), function(d) {
    flat <- matrix(drawn[, , , d], ncol = dim(drawn)[[3]])
    moved <- array(mean_moved(flat, cells$p[[d]]), c(dim(drawn)[1:2], ncol(cells$p[[d]])))
    changes_on_day(moved, cells$baseline[d, ], genes, fit$days[[d]], fit$manifest$fates)
  })
  table <- data.table::rbindlist(by_day)
  table[order(match(table$gene, genes))]
}

#' Rows of one day from mean probabilities, draws x genes x fates
#' @noRd
changes_on_day <- function(moved, baseline, genes, day, fates) {
  over_draws <- function(of) as.vector(t(apply(moved, 2:3, of))) - rep(baseline, length(genes))
  several <- dim(moved)[[1]] > 1
  quantile <- function(p) {
    if (several) over_draws(function(x) stats::quantile(x, p, na.rm = TRUE, names = FALSE)) else NA_real_
  }
  data.table::data.table(
    gene = rep(genes, each = length(fates)), day = day, fate = rep(fates, length(genes)),
    baseline = rep(baseline, length(genes)), change = over_draws(mean), low = quantile(0.05),
    high = quantile(0.95)
  )
}

#' Mean probabilities of cells that get effects
#'
#' @param effect effects x fates beside the reference, log odds.
#' @param p probabilities of the cells, cells x fates, the reference first.
#' @param weight of each cell; they sum to 1.
#' @returns effects x fates.
#' @noRd
mean_moved <- function(effect, p, weight = rep(1 / nrow(p), nrow(p))) {
  if (nrow(effect) == 0) {
    return(matrix(0, 0, ncol(p)))
  }
  logits <- cbind(0, effect)
  odds <- exp(logits - apply(logits, 1, max))
  parts <- split(seq_len(nrow(odds)), (seq_len(nrow(odds)) - 1L) %/% effects_at_once)
  mean_share <- function(rows) (1 / tcrossprod(odds[rows, , drop = FALSE], p)) %*% (weight * p)
  shares <- lapply(parts, mean_share)
  odds * do.call(rbind, shares)
}

#' The cells of the fit's sample
#'
#' @returns `list(p, baseline, widening)`: by day the probabilities of its cells, cells x fates, the reference
#'   first; mean probabilities, days x fates; standard error of each fate against the mean of the others,
#'   divided by the part of it that is noise of labels, genes x days x fates.
#' @noRd
fate_cells <- function(fit, call = rlang::caller_env()) {
  path <- array_path(fit, fate_cells_file, "cells behind probabilities", "Fit again.", call)
  raw <- read_npz(path, c("eta", "day", "baseline", "widening", "genes"), call)
  n_fates <- length(fit$manifest$fates)
  odds <- exp(cbind(0, matrix(raw$eta, ncol = n_fates - 1L)))
  p <- odds / rowSums(odds)
  by_day <- lapply(seq_along(fit$days) - 1L, function(day) p[raw$day == day, , drop = FALSE])
  shape <- c(length(raw$genes), length(fit$days), n_fates)
  widening <- array(raw$widening, shape)[match(fit$gene$gene, raw$genes), , , drop = FALSE]
  list(p = by_day, baseline = matrix(raw$baseline, ncol = n_fates), widening = widening)
}

#' Effects in any form as an array draws x genes x fates x days
#' @noRd
as_effects <- function(effects, fit, call) {
  fates <- fit$manifest$fates[-1]
  if (is.list(effects)) effects <- means_of_mash(effects, fit, call)
  if (length(dim(effects)) == 2) {
    lost <- if (length(fates) == 1) 1L else 2L # the axis of which there is one entry only
    shape <- append(dim(effects), 1L, lost)
    names <- append(dimnames(effects) %||% list(NULL, NULL), list(NULL), lost)
    effects <- array(effects, shape, names)
  }
  if (length(dim(effects)) == 3) {
    effects <- array(effects, c(1L, dim(effects)), c(list(NULL), dimnames(effects)))
  }
  genes <- dimnames(effects)[[2]]
  shape <- c(length(fates), length(fit$days))
  fits <- is.numeric(effects) && length(dim(effects)) == 4 && all(dim(effects)[3:4] == shape)
  if (!fits || is.null(genes)) {
    abort_argument(c(
      "{.arg effects} must be an array genes x fates x days (after draws, where there are any) with the names
       of genes, or a list of {.cls mash_result}.",
      i = "Fates beside the reference are {.val {fates}}, days {.val {fit$days}}."
    ), call = call)
  }
  validate_names(genes, fit$gene$gene, "gene", call)
  effects
}

#' Posterior means of results of mash, genes x fates x days
#' @noRd
means_of_mash <- function(results, fit, call) {
  fates <- fit$manifest$fates
  if (inherits(results, "mash_result")) results <- list(results)
  if (is.list(results[["mash"]])) results <- results[["mash"]]
  results <- Filter(function(one) inherits(one, "mash_result") && one$level == "gene", as.list(results))
  fate_of <- function(one) if (identical(one$reference, fates[[1]])) one$contrast else ""
  of <- vapply(results, fate_of, character(1))
  absent <- setdiff(fates[-1], of)
  if (length(absent) > 0) {
    abort_argument(c(
      "{.arg effects} lacks a {.cls mash_result} of {.val {absent}} against {.val {fates[[1]]}}.",
      i = "Give one of each fate beside the reference: {.code run_mash(fit, contrast = \"{absent[[1]]}\")}."
    ), call = call)
  }
  results <- results[match(fates[-1], of)]
  for (one in results) validate_one_fit(list(effects = one, fit = fit), abort_argument, call)
  genes <- results[[1]]$table$gene
  means <- vapply(results, function(one) {
    day_matrix(one$table, "postmean")[match(genes, one$table$gene), , drop = FALSE]
  }, matrix(0, length(genes), length(fit$days)))
  array(aperm(means, c(1, 3, 2)), dim(means)[c(1, 3, 2)], list(genes, fates[-1], fit$days))
}
