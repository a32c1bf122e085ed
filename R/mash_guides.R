# How far the call of a gene rests on one guide or one replicate: the gene's estimate with each of its guides
# left out, under the mixture that mash has learned, and the signs of guides and replicates on the best day.

#' Columns on guides and replicates, NA where nothing is known
#'
#' @param result a `mash_result` of genes, without these columns.
#' @param x what `run_mash()` was given.
#' @returns data.table, one row a gene: `n_guides`, `guides_agree`, `loo_effect_min`, `loo_lfsr_max`,
#'   `top_guide`, `top_guide_share`, `robust`, `replicates_agree`, `n_replicates`, `replicate_p`.
#' @noRd
guide_columns <- function(result, x) {
  call <- called_effects(result$table)
  columns <- no_guide_columns(nrow(call))
  if (!inherits(x, "fatebias_fit")) {
    return(columns)
  }
  found <- list(n_guides = tabulate(match(x$guide$gene, call$gene), nrow(call)))
  if (result$settings$mash_input == "likelihood") {
    found <- c(found, guide_signs(x, call), left_out_columns(result, x, call), replicate_columns(x, call))
  }
  for (name in names(found)) data.table::set(columns, j = name, value = found[[name]])
  columns
}

#' These columns of a table, NA where it is of a version that had none
#' @noRd
guide_marks <- function(table) {
  marks <- no_guide_columns(nrow(table))
  for (name in intersect(names(marks), names(table))) data.table::set(marks, j = name, value = table[[name]])
  marks
}

no_guide_columns <- function(n) {
  data.table::data.table(
    n_guides = rep(NA_integer_, n), guides_agree = NA_integer_, loo_effect_min = NA_real_,
    loo_lfsr_max = NA_real_, top_guide = NA_character_, top_guide_share = NA_real_, robust = NA,
    replicates_agree = NA_integer_, n_replicates = NA_integer_, replicate_p = NA_real_
  )
}

#' The effects that are looked at: `gene`, `day` (number of the best day, from 1), `sign` (of mash's posterior
#' mean there, 1 or -1; where that is zero, of the estimate)
#' @noRd
called_effects <- function(table) {
  at <- cbind(seq_len(nrow(table)), table$best_day + 1L)
  mean <- day_matrix(table, "postmean")[at]
  estimate <- day_matrix(table, "betahat")[at]
  up <- ifelse(mean == 0, !is.na(estimate) & estimate > 0, mean > 0)
  data.table::data.table(gene = table$gene, day = table$best_day + 1L, sign = ifelse(up, 1, -1))
}

guide_signs <- function(fit, call) {
  if (is.null(fit$guide_estimate)) {
    return(NULL)
  }
  list(guides_agree = count_agreeing(on_best_day(fit$guide_estimate, call)))
}

#' Estimates of a table by guide on the best day of their gene, times the sign of the gene's effect
#'
#' @returns list by gene, in the order of `call`, of `list(guide, effect)`.
#' @noRd
on_best_day <- function(table, call) {
  row <- match(table$gene, call$gene)
  effect <- call$sign[row] * day_matrix(table, "betahat")[cbind(seq_along(row), call$day[row])]
  split(data.frame(guide = table$guide, effect = effect), factor(row, levels = seq_len(nrow(call))))
}

count_agreeing <- function(by_gene) {
  vapply(by_gene, function(own) sum(own$effect > 0, na.rm = TRUE), integer(1), USE.NAMES = FALSE)
}

#' What is left of the gene's effect without one of its guides; NA for genes with one guide
#' @noRd
left_out_columns <- function(result, fit, call) {
  left <- fit$left_out[fit$left_out$gene %in% call$gene]
  if (NROW(left) == 0) {
    return(NULL)
  }
  by_gene <- on_best_day(left, call)
  wrong <- split(left_out_lfsr(result, left, call), factor(match(left$gene, call$gene), seq_along(by_gene)))
  top <- vapply(by_gene, function(own) {
    if (all(is.na(own$effect))) NA_character_ else own$guide[[first_largest(-own$effect)]]
  }, character(1), USE.NAMES = FALSE)
  worst <- of_known(wrong, max)
  list(
    loo_effect_min = of_known(lapply(by_gene, `[[`, "effect"), min), loo_lfsr_max = worst, top_guide = top,
    top_guide_share = if (!is.null(fit$guide_estimate)) shares_of(top, on_best_day(fit$guide_estimate, call)),
    robust = worst < result$lfsr_thresh
  )
}

#' min() or max() by gene; NA where nothing is known
#' @noRd
of_known <- function(by_gene, fun) {
  vapply(by_gene, function(x) if (all(is.na(x))) NA_real_ else fun(x, na.rm = TRUE), 1, USE.NAMES = FALSE)
}

#' Share of a guide in the sum of its gene's guides
#' @noRd
shares_of <- function(guides, by_gene) {
  share <- function(guide, own) own$effect[match(guide, own$guide)] / sum(own$effect, na.rm = TRUE)
  unlist(Map(share, guides, by_gene), use.names = FALSE)
}

#' Probability that the effect on the gene's best day has not the sign of the call, by estimates with a guide
#' left out; 1 where they leave no estimate on that day
#'
#' @param left rows of `fit$left_out`.
#' @returns numeric, one a row of `left`.
#' @noRd
left_out_lfsr <- function(result, left, call) {
  gene <- match(left$gene, call$gene)
  estimates <- lapply(c(betahat = "betahat", se = "se"), day_matrix, table = left)
  estimates$is_missing <- is.na(estimates$betahat)
  estimates <- fill_vague(estimates)
  of_sign <- switch(shrinkage_of(result),
    averaged = signs_by_mixture, mashr = signs_by_mash, ashr = signs_by_ash
  )
  at <- cbind(seq_along(gene), call$day[gene])
  posterior <- of_sign(result, estimates, gene, at)
  wrong <- ifelse(call$sign[gene] > 0, posterior$negative + posterior$zero, 1 - posterior$negative)
  none <- result$no_effects$posterior %||% 0
  wrong <- none + (1 - none) * pmax(wrong, 0)
  wrong[wrong < lfsr_rounding] <- 0
  replace(wrong, estimates$is_missing[at], 1)
}

#' Posterior probabilities of a negative effect and of none, under the mixture that was learned
#'
#' @param gene of each row, its number among the rows of the result: with a V of its own it has that of its
#'   gene.
#' @param at matrix of rows and their day, as an index.
#' @returns `list(negative, zero)`, one a row.
#' @noRd
signs_by_mixture <- function(result, estimates, gene, at) {
  fit <- result$fit
  data <- information(estimates, if (is.null(result$v$by_row)) result$v$matrix else result$v$by_row[, , gene])
  weight <- weights_of(fit$pi, component_loglik(fit$components, data))
  own_day <- list(by_row = diag(ncol(estimates$se))[at[, 2], , drop = FALSE])
  lapply(linear_posterior(fit$components, data, weight, own_day)[c("negative", "zero")], drop)
}

signs_by_mash <- function(result, estimates, gene, at) {
  rows <- rep_len(seq_along(gene), max(length(gene), 2L)) # mashr takes one row for a vector
  v <- if (is.null(result$v$by_row)) result$v$matrix else result$v$by_row[, , gene[rows], drop = FALSE]
  data <- mashr::mash_set_data(estimates$betahat[rows, ], estimates$se[rows, ], V = v)
  posterior <- mashr::mash_compute_posterior_matrices(
    result$fit, data, algorithm.version = if (data$commonV) "Rcpp" else "R"
  )
  list(negative = posterior$NegativeProb[at], zero = posterior$lfdr[at])
}

signs_by_ash <- function(result, estimates, gene, at) {
  by_day <- lapply(seq_along(result$fit), function(d) {
    ashr::ash(
      estimates$betahat[, d], estimates$se[, d], mixcompdist = "normal",
      g = ashr::get_fitted_g(result$fit[[d]]), fixg = TRUE
    )$result
  })
  columns <- function(name) matrix(vapply(by_day, `[[`, numeric(length(gene)), name), length(gene))[at]
  list(negative = columns("NegativeProb"), zero = columns("lfdr"))
}

replicate_columns <- function(fit, call) {
  rows <- fit$by_replicate
  if (NROW(rows) == 0) {
    return(NULL)
  }
  at <- match(rows$gene, call$gene)
  there <- which(rows$day + 1L == call$day[at] & !is.na(rows$betahat))
  same <- there[sign(rows$betahat[there]) == call$sign[at[there]]]
  list(
    replicates_agree = tabulate(at[same], nrow(call)),
    n_replicates = if (replicates_compared(fit)) tabulate(at[there], nrow(call)),
    replicate_p = if (!is.null(fit$heterogeneity)) {
      fit$heterogeneity$replicate_p[match(call$gene, fit$heterogeneity$gene)]
    }
  )
}

#' Are there a gene and a day with estimates of two replicates, so that these can be compared?
#' @noRd
replicates_compared <- function(fit) {
  rows <- fit$by_replicate
  NROW(rows) > 0 && anyDuplicated(rows[!is.na(rows$betahat), c("gene", "day")]) > 0
}
