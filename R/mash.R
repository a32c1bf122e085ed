# Shrinkage across days with mash, or day by day with ash, and the table of what it says: effects, local
# false sign rates, activity. Nothing is replaced in silence: every fall-back stands in the result.

#' Share strength across days
#'
#' Shrinks the estimates of each gene (of a guide: its posterior mean) over all days together with
#' [mashr::mash()], or day by day with [ashr::ash()], and gives local false sign rates and probabilities of
#' activity.
#'
#' @param x a `fatebias_fit`; or a table with `gene` (and `guide` first at guide level),
#'   `betahat_d0, .., se_d0, ..`; or `list(betahat =, se =)`, two matrices, rows x days, in log odds.
#' @param level `"gene"` or `"guide"`. Guides are for QC, not discovery: of a fit their posterior mean
#'   and SD are taken, whatever `input` says.
#' @param settings [fate_settings()]; the stage mash gives the defaults of what follows. Default: those of
#'   the preset of the fit.
#' @param input what is taken of a fit: `"likelihood"` (fixed-effect estimates; default of
#'   `preset: calibrated`) or `"posterior"` (mean and SD).
#' @param v correlation of the estimates between days:
#'   - `"fit"`: mean correlation by the fit's own covariances (default for fixed-effect estimates);
#'   - `"gene"`: each gene's own (by mashr's slow code; minutes for a screen);
#'   - `"simple"`: [mashr::estimate_null_correlation_simple()] from rows without missing estimates (default
#'     for a posterior, guides, tables and matrices);
#'   - `"em"`: [mashr::mash_estimate_corr_em()], started from `"simple"`;
#'   - `"ntc"`: from control pseudo-genes, see `ntc`;
#'   - a matrix, days x days.
#'
#'   Where there are no covariances `"simple"` takes the place of `"fit"` and `"gene"`, and where
#'   that is impossible the identity, both with a warning.
#' @param covariances `"days"`, `"canonical"`, a specification (see [day_covariances()]) or a named list
#'   of matrices, days x days.
#' @param discovery_method `"mashr"` or `"ashr"`; of one day always `"ashr"`.
#' @param lfsr_thresh a row is a hit when its smallest local false sign rate is below this; calls, by
#'   whichever rule, have the same threshold.
#' @param call_rule what has to be below `lfsr_thresh` for an effect on a day to be called: `"lfsr"`, its
#'   local false sign rate; `"svalue"`, the average lfsr of all effects as sure as it; `"either"`, its lfsr or
#'   its adjusted p-value. See Calls.
#' @param effect_size size, in log odds, behind the probabilities of a large effect.
#' @param gridmult ratio of neighbouring scales in mash's grid; NULL: `sqrt(2)`, and 2 above 40 matrices.
#' @param smallest_scale first scale of mash's grid, in units of the median SE. Effects smaller than that
#'   count as none; where mash has a scale for them, genes without effects are given to it.
#' @param prior how the weights of the mixture come about: `"averaged"` over what the rows leave possible, or
#'   `"mashr"`, estimated by [mashr::mash()]. See Weights.
#' @param no_effects_prior prior probability that no row has any effect; 0: mash alone. See Details.
#' @param day_values numeric, increasing times of the days; default: those of the fit, or the numbers in
#'   the labels of the days.
#' @param contrast of a fit: whose effects are shrunk, such as `"NEU - MES"` or `"NEU - rest"`, see
#'   [contrast_fit()]; NULL: those of the fit's own contrast, of which controls (`ntc`) always are.
#' @param ntc for `v = "ntc"`: estimates of control pseudo-genes, as `x`; [fit_controls()] makes them.
#' @param null_weight Dirichlet weight of the null in the prior of the mixture weights, as `nullweight` of
#'   [mashr::mash()] (where 10 is the default); every other component has 1 and its family's weight. At 1
#'   the weights are those of maximum likelihood.
#' @param n_draws joint posterior draws a row, behind `p_switch` (and `plarge_d*` by mashr and ashr). With
#'   averaged weights at most 20 million in all: fewer a row where rows are more than 20,000.
#' @param seed of these draws.
#' @param ... `optmethod` and `control` of [mashr::mash()] or [ashr::ash()].
#' @details
#' mash estimates from all rows how common effects are. Where there are none it still finds some room for
#' them: of 120 simulated screens without effects, 11 had a call at lfsr < .05 by mash alone. So its
#' answer is weighed against the simple one that no row has any effect on any day, by Bayes' rule from
#' `no_effects_prior`. With some clear effects the posterior of "no effects" is zero for all purposes; with
#' a single one it may not be, and no lfsr is then below it. It is printed, with the number of calls that
#' mash alone would make in addition. `fit` and the weights `pi` are those of mash alone.
#'
#' "Active" is relative to the covariances: effects smaller than the grid's first scale count as none, and
#' sets, onset and persistence are as right as the covariances are. Sizes (`plarge_d*`) and signs (`lfsr_d*`)
#' depend on them less. On a day without an estimate everything is borrowed from the other days.
#'
#' Of one day there is nothing to share: it is shrunk with [ashr::ash()], whatever `discovery_method` says,
#' and the result has the same columns.
#'
#' Under ashr days are independent by assumption, its sets of active days come from its own posterior
#' draws, and "no effects" is not weighed.
#' @returns A `mash_result`, a list with
#'   - `table`: data.table, one row a gene or guide: its name, `betahat_d*`, `se_d*` (what mash was
#'     given: estimates or posterior, see `origin`; missing ones NA), `postmean_d*`, `postsd_d*` (mash's own
#'     posterior mean and SD, log odds), `lfsr_d*` (0 below 1e-12), `lfsr_min` (smallest lfsr of the days with
#'     an estimate), `best_day` (number of that day, counted from 0 as in the column names; see Ties),
#'     `hit_anyday`; then activity:
#'     `p_active_d*`, `p_any`, `active_set` and `p_active_set` (the most probable set of active days, such as
#'     `d0+d2`, or `none`), `onset_day` and `p_onset` (the most probable first active day, counted from 0,
#'     however small its probability),
#'     `p_persist` (active on some day and on all days after the first one), `p_switch` (effects of both
#'     signs), `plarge_d*` (effect larger than `effect_size`), `svalue` (expected share of wrong signs among
#'     rows with an `lfsr_min` up to this one); `svalue_d*`, `padj_d*`, `call_d*`, `call_anyday`, `mde_d*`,
#'     see Calls; of genes at last the columns on guides and replicates, and p and q, see below;
#'   - `covariances`: data.table `family`, `matrix`, `active`, `weight` (imaginary rows of the prior), `pi`
#'     (estimated weight); `null_pi`: that of the null; NULL under ashr;
#'   - `v`: list of `asked`, `used`, `matrix`, `by_row`, `why`; `no_effects`: list of `prior`, `posterior`,
#'     `calls_lost` (by row and day, against mash alone);
#'   - `fallbacks`: character, what was done other than asked; `missing`: data.table `name`, `day` of
#'     estimates that were missing and got a vague one;
#'   - `loglik`, `days` (labels), `times`, `level`, `origin` (what mash was given, in words), `contrast` and
#'     `reference` (fates; NULL for estimates that are no fit), `discovery_method`, `lfsr_thresh`,
#'     `call_rule`, `effect_size`, `gridmult`, `n_draws`, `seed`, `settings` (of the stage mash, as they
#'     were used), `versions` (of mashr and ashr), `fit_id` (of which fit, see [fit_fate_bias()]; NULL of
#'     estimates that are no fit, and of a fit by an earlier version);
#'   - `model`: list of the mash `data`, covariance `spec`, `grid`, `null_weight`; `fit`: what mashr (or,
#'     day by day, ashr) returned, on which with `model$data` mashr's own functions work; with averaged
#'     weights a `fatebias_mixture`.
#' @section Ties: Days often have the same lfsr by the model, as under an effect that does not change, or
#'   where it is below 1e-12 on several days. Rates that differ by less than 1e-12 or 1e-9 of their size are
#'   the same. Of days with the same lfsr the best is that where the effect is most posterior SDs from zero,
#'   of those that with the largest effect, of those the first. So the last digits, which depend on the
#'   processor, choose nothing. Likewise the first of equally probable days is the onset, and of equally
#'   probable sets that of earlier days is `active_set`.
#' @section Guides and replicates: Would the call stand with any one guide left out? Of genes the table says
#'   so, for the best day and the sign of `postmean` there. Columns, NA where it is not known (of tables,
#'   matrices, `input = "posterior"`, fits of an earlier version):
#'   - `n_guides`: guides of the gene that cells carry (known of every fit);
#'   - `guides_agree`: guides whose own estimate has that sign; they are not shrunk, see `fit$guide_estimate`;
#'   - `loo_effect_min`: the least estimate, in the direction of that sign, with one guide left out (log
#'     odds); below zero the sign turns;
#'   - `loo_lfsr_max`: the largest probability, with one guide left out, that the effect has not that sign,
#'     under the mixture that mash has learned from all genes; 1 where no estimate of that day is left;
#'   - `top_guide`: the guide whose leaving out takes most away; `top_guide_share`: its share in the sum of
#'     the guides' own estimates, which is above 1 where others point the other way;
#'   - `robust`: `loo_lfsr_max` is below `lfsr_thresh`; NA of a gene with one guide, which cannot be checked;
#'   - `replicates_agree`: replicates whose own estimate has that sign, of the `n_replicates` with an
#'     estimate; `replicate_p`: p-value of Cochran's Q, small where replicates differ by more than their
#'     noise. NA with one replicate.
#'
#'   Ranking and `hit_anyday` do not depend on them.
#' @section p and q: Of genes the table has p-values that rest on how guides came into cells, not on mash nor
#'   on the model's noise (`fit$p_value` in [fit_fate_bias()]): `p_d*`, two-sided, of each day; `q_d*`, the
#'   false discovery rate (Benjamini & Hochberg) over all genes and days; `p_gene`, of the gene, from its days
#'   together (Cauchy combination; p above .99 count as .99); `q_gene`, the rate over genes. The null of
#'   `p_d*` is that of the fit's `estimand`: that the mean effect of the gene's guides, over guides that one
#'   could make and cultures like these, is zero (`gene`), or that its guides do nothing (`guides`). `p_gene`
#'   is of no effect on any day. NA of tables, matrices, `input = "posterior"`, contrasts but the fit's own
#'   `contrast_fate`, and fits of an earlier version; no such columns with `p_values: false`. Ranking and
#'   `hit_anyday` do not depend on them.
#' @section Errors: `fatebias_error_mash` for fewer than two rows, no day, SEs that are NaN, zero or
#'   negative, a V or covariance that is not positive semi-definite, a builder that fails, and
#'   what mashr or ashr refuse; a `fatebias_warning_mash` for a fall-back.
#' @references Urbut et al. (2019), Nature Genetics 51, 187-195; Stephens (2017), Biostatistics 18,
#'   275-294 (lfsr, s-values); Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300; Liu & Xie
#'   (2020), J. Am. Stat. Assoc. 115, 393-402 (Cauchy combination).
#' @seealso [compare_mash()] to choose between covariances.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' result <- run_mash(fit)
#' result
#' summary(result)
#' head(result$table)
#' @export
run_mash <- function(x, level = c("gene", "guide"), settings = settings_of(x), ..., # names below: in full
                     input = settings$mash_input, v = default_v(settings, x, level, input),
                     covariances = settings$mash_covariances,
                     discovery_method = settings$discovery_method, lfsr_thresh = settings$mash_lfsr_thresh,
                     call_rule = settings$call_rule,
                     effect_size = settings$mash_effect_size, gridmult = settings$mash_gridmult,
                     smallest_scale = settings$mash_smallest_scale,
                     no_effects_prior = settings$mash_no_effects_prior, prior = settings$mash_prior,
                     null_weight = settings$mash_null_weight, day_values = NULL, ntc = NULL,
                     contrast = NULL, n_draws = 1000, seed = 1) {
  validate_given(x)
  level <- validate_choice(level)
  if (!is.null(contrast)) x <- contrast_fit(x, contrast)
  settings <- update_settings(settings) # whole, before the defaults above are looked at
  settings <- update_settings(
    settings,
    mash_input = input, discovery_method = discovery_method, mash_lfsr_thresh = lfsr_thresh,
    mash_effect_size = effect_size, mash_gridmult = gridmult, mash_no_effects_prior = no_effects_prior,
    mash_smallest_scale = smallest_scale, mash_null_weight = null_weight, mash_prior = prior,
    call_rule = call_rule
  )
  validate_arg(n_draws, checkmate::check_count, positive = TRUE)
  validate_arg(seed, checkmate::check_int)
  validate_dots(list(...), shrinkage_of(settings))
  if (!is.null(ntc)) control_estimates(ntc) # refused also where V does not need it
  estimates <- mash_estimates(x, level, settings$mash_input, day_values)
  settings <- settings_of_days(settings, estimates)
  model <- mash_model(estimates, v, covariances, settings, ntc)
  shrunk <- timed_stage(
    sprintf("mash of %ss", level), shrink_estimates(model, estimates, settings, n_draws, seed, ...)
  )
  shrunk$learned <- learned_mixtures(shrunk, model, estimates, settings)
  result <- new_mash_result(
    estimates, shrunk, model, level, settings,
    settings = recorded_settings(settings, v, covariances), n_draws = n_draws, seed = seed
  )
  result$fit_id <- if (inherits(x, "fatebias_fit")) identity_of(x)
  if (level == "gene") {
    p_values <- if (settings$p_values) p_value_columns(result, x)
    result$table <- data.table::data.table(
      result$table, guide_columns(result, x), label_columns(x, result$table$gene), p_values
    )
  }
  result
}

#' Settings of the stage mash as they were used; a matrix or a specification in place of a word is none
#' @noRd
recorded_settings <- function(settings, v, covariances) {
  recorded <- unclass(settings_for(settings, "mash"))
  recorded["mash_v"] <- list(if (is.character(v)) v)
  recorded["mash_covariances"] <- list(if (is.character(covariances)) covariances)
  new_settings(recorded)
}

settings_of <- function(x) if (inherits(x, "fatebias_fit")) update_settings(x$settings) else fate_settings()

new_mash_result <- function(estimates, shrunk, model, level, used, ...) {
  structure(
    list(
      table = mash_table(estimates, shrunk, used),
      covariances = if (!is.null(model)) with_pi(model$table, shrunk$fit),
      null_pi = if (!is.null(model)) mixture_pi(shrunk$fit, nrow(model$table))[[1]],
      v = model$v, no_effects = shrunk$no_effects,
      fallbacks = as.character(c(fallbacks_of(model), shrunk$fallback, estimates$notes)),
      missing = estimates$missing, loglik = shrunk$loglik, days = estimates$days, times = estimates$times,
      level = level, origin = estimates$origin, contrast = estimates$contrast,
      reference = estimates$reference, discovery_method = used$discovery_method,
      lfsr_thresh = used$mash_lfsr_thresh, call_rule = used$call_rule, effect_size = used$mash_effect_size,
      gridmult = model$gridmult, ..., versions = versions_of(c("mashr", "ashr")),
      prior = used$mash_prior, model = model[c("data", "spec", "grid", "null_weight")], fit = shrunk$fit
    ),
    class = "mash_result"
  )
}

versions_of <- function(packages) {
  vapply(packages, function(name) as.character(utils::packageVersion(name)), character(1))
}

#' The columns of gene_summary_mash_out.csv
#' @noRd
mash_table <- function(estimates, shrunk, settings) {
  threshold <- settings$mash_lfsr_thresh
  days <- colnames(estimates$betahat)
  given <- estimates_given(estimates)
  blocks <- c(given, shrunk[c("postmean", "postsd", "lfsr")])
  blocks$lfsr[blocks$lfsr < lfsr_rounding] <- 0
  columns <- Map(function(m, name) {
    data.table::as.data.table(
      matrix(m, ncol = length(days), dimnames = list(NULL, paste(name, days, sep = "_")))
    )
  }, blocks, names(blocks))
  # on a day without an estimate everything is borrowed: no evidence of its own, and never a call
  evidence <- replace(blocks$lfsr, estimates$is_missing, 2)
  best <- best_days(evidence, abs(blocks$postmean), blocks$postsd)
  smallest <- do.call(pmin, as.data.frame(evidence))
  lfsr_min <- ifelse(smallest > 1, blocks$lfsr[cbind(seq_along(best), best)], smallest)
  calls <- call_columns(given, blocks$lfsr, days, threshold, settings$call_rule)
  cuts <- call_cuts(given, blocks$lfsr, calls, threshold, settings$call_rule)
  mde <- detectable_effects(shrunk$learned, shrunk$no_effects$posterior %||% 0, cuts)
  colnames(mde) <- paste0("mde_", days)
  data.table::data.table(
    estimates$names, do.call(cbind, unname(columns)),
    lfsr_min = lfsr_min, best_day = best - 1L, hit_anyday = smallest < threshold,
    activity_columns(shrunk$sets, days), shrunk$events, svalue = ashr::qval.from.lfdr(lfsr_min), calls, mde
  )
}

#' Estimates and SEs as they were given, missing ones NA
#' @noRd
estimates_given <- function(estimates) {
  lapply(estimates[c("betahat", "se")], replace, estimates$is_missing, NA_real_)
}

#' Write the table of a mash result
#'
#' Writes one row per gene or guide, with effects, lfsr, calls and activity by day.
#'
#' @param result a `mash_result`.
#' @param out_dir folder to write to.
#' @returns Path of the table, `gene_summary_mash_out.csv` or `guide_summary_mash_out.csv` by level; it
#'   is written whole or not at all.
#' @section Errors: `fatebias_error_export` for a folder that cannot be written to, or that holds another fit.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' result <- run_mash(fit)
#' write_mash(result, tempdir())
#'
#' # the ranked table of genes, into the same folder
#' write_hits(rank_hits(result), tempdir())
#' @export
write_mash <- function(result, out_dir) {
  validate_class(result, "mash_result", "run_mash", abort_export)
  validate_arg(out_dir, check_path)
  tables <- rlang::set_names(list(result$table), paste0(result$level, "_summary_mash_out.csv"))
  write_made(tables, out_dir, result)
}
