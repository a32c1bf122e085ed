# The certificate of a fit: units of work turned into verdicts.

#' Are the standard errors of this screen accurate?
#'
#' Tests standard errors and calls on the user's own screen. Each check makes data with known truth from the
#' screen, and compares the result with the range of a correct model.
#'
#' | check | method | expected result |
#' |---|---|---|
#' | `sandwich` | standard errors by the scatter of the labels | those of the fit |
#' | `guides` | how much guides of a gene differ | standard errors contain it |
#' | `replicates` | estimates by replicate, Cochran's Q | they differ as standard errors say |
#' | `dispersion` | dispersion of the labels by day, and by sample | that of the likelihood weight |
#' | `burden` | score test of burden slopes by day | those of the model |
#' | `associations` | columns that the model lacks | none goes with guides and labels, or groups noise |
#' | `shuffle` | guide lists shuffled within day, replicate and burden | no hits, SD of z 1, mean 0 |
#' | `permutation` | the same, and the whole fit made again | the same |
#' | `regroup` | guides handed to other genes | estimates scatter by their standard errors |
#' | `ntc` | half of the controls held out of the baseline, run like genes | 5 % differ from 0 at level .05 |
#' | `bootstrap` | cells drawn anew (a quarter of the way) within day and replicate | scatter by the SEs |
#' | `heldout` | folds of cells predicted from the others | better with guides; like cells independent |
#'
#' @inheritParams run_calibration
#' @param ... not used; arguments after it are written in full.
#' @param settings [fate_settings()] of the stage mash, for calls; default: those of the fit.
#' @details
#' What is checked are the fixed-effect estimates, which mash is given (`fit$estimate`, from
#' `gene_daywise_likelihood.csv`), and never the posterior. Ranges
#' are derived, not tuned: how far a statistic of a right model varies at these sizes is known from joint
#' draws of the estimates' errors; a screen with no effect may have a hit with probability .05. Over all
#' rows together a right model fails some row in at most 5 % of screens (Bonferroni). An SE that is off by
#' less than 5 % is let pass. Where each day has a range of its own, the day that departs most is shown.
#'
#' When guides are shuffled, what the fit says a cell's own guides do stays with the cell as a given part of
#' its log odds (Freedman & Lane 1983); else it would scatter the labels in ways that no label does. All but
#' what guides do on average, in which a burden slope that the model lacks would hide.
#'
#' A column of cells is a confounder where guides of one gene (or controls) differ in it within day, replicate
#' and burden, where the labels depend on it, and where estimates would move with it in the model. What all
#' guides of a gene do to a column, as a cell cycle score, is no confounder. Of a column that explains more
#' than a quarter of the labels' variance, which may be another name of the labels, only controls are asked.
#'
#' `"shuffle"` makes no refit: scales and likelihood weight are the fit's, effects are one step of Newton from
#' none, and covariances come from 32 draws. Of more than 2,000 genes fewer than five screens are shuffled,
#' two at the least: one of many genes is as much evidence as several of few.
#'
#' The verdict stays in the folder `calibration` of the fit, for `print(fit)`.
#'
#' Where it is blind: effects that go along with the guides in every cell (an off-target of all guides of a
#' gene; labels that were made from the guides); attenuation of all effects, as smoothing of labels brings it;
#' noise that cells with the same guides share in ways that shuffling breaks, where too few controls would
#' show it; anything that mash adds, beyond the calls where nothing has an effect.
#' @returns A `fatebias_certificate`, a list with
#'   - `checks`: data.table, one row a measure: `check`, `statistic`, `expected_low`, `expected_high`, `pass`
#'     (NA where there is no verdict), `verdict` (`"pass"`, `"fail"`, `"cannot be checked"`,
#'     `"did not settle"`),
#'     `sentence`, `measure`, `day` (label, where the row is of one day);
#'   - `rejection`: data.table `check`, `level`, `rate`, `expected_low`, `expected_high` (95 %), `n`;
#'   - `z`: data.table `check`, `number` (of the unit), `gene`, `day`, `z`: estimates in SEs whose truth is 0;
#'   - `calls`: genes called in each permutation; `effective`: independent z that the pool of a check
#'     amounts to;
#'   - `stability`: data.table `by` (`"bootstrap"`, `"seed"`), `gene`, `called` (share of refits in which
#'     the hit was called again), `n` (refits); NULL without the check `"bootstrap"`;
#'   - `level` (of one row), `days`, `seconds`, `out_dir`, `fit_id` (of which fit), `label_sets`: names of
#'     several label sets, whose mean every check uses; NULL with one.
#' @section Errors: see [run_calibration()].
#' @seealso [randomisation_test()] for a second opinion on single hits.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' files <- simulate_screen(tempfile(), cells = 1500, genes = 10)
#' screen <- read_screen(files$screen, files$guide_map)
#' fit <- fit_fate_bias(screen, inference = "laplace", out_dir = tempfile())
#' certify_fit(fit, c("sandwich", "heldout"))
#' @export
certify_fit <- function(fit, checks = "quick", screen = NULL, ..., n_permutations = 20,
                        n_splits = 10, n_bootstraps = 20, n_seeds = 5, cores = 1, settings = fit$settings,
                        progress = interactive()) {
  validate_no_dots(...)
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  if (is.null(fit$estimate)) {
    abort_fit("The fit in {.path {fit$out_dir}} has no estimates to certify; fit again.")
  }
  checks <- named_checks(checks)
  settings <- update_settings(settings)
  start <- proc.time()[["elapsed"]]
  too_few <- if ("ntc" %in% checks && fit$manifest$screen$n_ntc < 2) "ntc"
  sizes <- unit_sizes(fit, n_permutations, n_splits, n_bootstraps, n_seeds)
  found <- make_calibration(fit, setdiff(checks, too_few), screen, sizes, cores, progress)
  units <- lapply(rlang::set_names(unit_names(checks)), read_units, found = found)
  certificate <- new_certificate(fit, checks, units, settings, start)
  write_verdict(verdict_line(certificate$checks), fit)
  certificate
}

unit_names <- function(checks) unlist(calibration_checks()[checks], use.names = FALSE)

# Rows of each check, by which a right model's false alarms are shared out
rows_of_checks <- c(
  sandwich = 1, guides = 1, replicates = 1, dispersion = 2, burden = 1, associations = 2, shuffle = 3,
  permutation = 3, regroup = 1, ntc = 2, bootstrap = 1, heldout = 2
)

new_certificate <- function(fit, checks, units, settings, start) {
  level <- false_alarms / sum(rows_of_checks[checks])
  unsettled <- Map(settling_row, names(units), units)
  units <- lapply(units, settled_units)
  of_null <- Filter(length, units[intersect(c("shuffle", "permutation", "ntc"), names(units))])
  shuffled <- units[intersect(c("shuffle", "permutation"), names(units))]
  calls <- lapply(shuffled, permutation_calls, fit, settings)
  rows <- lapply(checks, check_rows, units = units, fit = fit, calls = calls, level = level)
  structure(
    list(
      checks = data.table::rbindlist(c(rows, unsettled)),
      rejection = data.table::rbindlist(Map(rejection_table, of_null, names(of_null))),
      z = data.table::rbindlist(Map(null_z, of_null, names(of_null), MoreArgs = list(days = fit$days))),
      calls = calls[["permutation"]] %||% calls[["shuffle"]],
      effective = vapply(of_null, effective_number, numeric(1)),
      stability = hit_stability(units, fit, settings), level = level, days = fit$days,
      seconds = proc.time()[["elapsed"]] - start, out_dir = fit$out_dir, label_sets = label_sets_of(fit),
      fit_id = identity_of(fit)
    ),
    class = "fatebias_certificate"
  )
}

#' Rows of one check; NULL where none of its units settled
#' @noRd
check_rows <- function(check, units, fit, calls, level) {
  own <- units[[calibration_checks()[[check]][[1]]]]
  if (length(own) == 0) {
    few <- "The screen has fewer than two control guides."
    return(if (check == "ntc") absent_row(check, "rejected at .05", few))
  }
  one <- own[[1]]
  days <- fit$days
  switch(check,
    sandwich = sandwich_row(one, se_of_mean_labels(fit), days, level),
    guides = guides_row(one, level),
    replicates = replicates_row(one, level),
    dispersion = dispersion_rows(one, days, level),
    burden = burden_row(one, days, level),
    associations = association_rows(one, level),
    shuffle = permutation_rows(own, calls$shuffle, days, level, "shuffle"),
    permutation = permutation_rows(own, calls$permutation, days, level),
    regroup = regroup_row(own, days, level),
    ntc = ntc_rows(own, level),
    bootstrap = if (length(units$bootstrap) > 1) {
      bootstrap_row(units$bootstrap, one, se_of_mean_labels(fit), days, level)
    },
    heldout = heldout_rows(one, level)
  )
}

#' SEs of the fit's own estimates: genes x days
#' @noRd
fitted_se <- function(fit) {
  number_matrix(as.matrix(fit$estimate[, day_columns(fit$estimate, "se"), with = FALSE]))
}

#' The same without what several label sets differ by, which refits lack
#' @noRd
se_of_mean_labels <- function(fit) {
  shares <- label_shares(fit, fit$estimate$gene)
  if (is.null(shares)) fitted_se(fit) else fitted_se(fit) * sqrt(1 - shares)
}

null_z <- function(units, check, days) {
  data.table::rbindlist(lapply(seq_along(units), function(k) {
    z <- number_matrix(units[[k]]$betahat) / number_matrix(units[[k]]$se)
    gene <- unlist(units[[k]]$gene)
    data.table::data.table(
      check = check, number = k, gene = rep(gene, ncol(z)), day = rep(days, each = nrow(z)), z = as.vector(z)
    )
  }))
}

# ---- calls by mash on refits ----

#' Hits of each permutation; NULL where mash is not given the fixed-effect estimates
#' @noRd
permutation_calls <- function(units, fit, settings) {
  if (length(units) == 0 || settings$mash_input != "likelihood") {
    return(NULL)
  }
  lengths(lapply(units, function(unit) called_again(refitted(fit, unit), settings)))
}

# Tables of a fit that go with its own estimates: a refit of the estimates alone has none of them
of_own_estimates <- c("guide_estimate", "left_out", "by_replicate", "heterogeneity", "p_value")

#' A fit with the estimates of a refit in place of its own, for mash; its posterior stays as it was
#' @noRd
refitted <- function(fit, unit) {
  days <- numbered(length(fit$days))
  by_day <- function(name) {
    values <- data.table::as.data.table(number_matrix(unit[[name]]))
    data.table::setnames(values, paste(name, days, sep = "_"))
  }
  genes <- unlist(unit$gene)
  fit[of_own_estimates] <- NULL
  fit$estimate <- data.table::data.table(gene = genes, by_day("betahat"), by_day("se"))
  if (is.null(unit$covariance)) {
    return(fit)
  }
  at <- which(lower.tri(diag(length(days)), diag = TRUE), arr.ind = TRUE)
  at <- at[order(at[, 1], at[, 2]), , drop = FALSE]
  fit$cov <- data.table::data.table(
    gene = rep(genes, each = nrow(at)), day_1 = rep(at[, 1] - 1L, length(genes)),
    day_2 = rep(at[, 2] - 1L, length(genes)), likelihood_cov = as.vector(t(number_matrix(unit$covariance)))
  )
  fit
}

#' Genes that mash calls on a fit by its settings; V from controls would be that of the fit, so the fit's own
#' is taken
#' @noRd
called_again <- function(fit, settings) {
  if (settings$mash_v == "ntc") settings <- update_settings(settings, mash_v = "fit")
  estimates <- mash_estimates(fit, "gene", settings$mash_input)
  settings <- settings_of_days(settings, estimates)
  v <- default_v(settings, fit, "gene", settings$mash_input)
  model <- mash_model(estimates, v, settings$mash_covariances, settings)
  shrunk <- shrink_estimates(model, estimates, settings, n_draws = 1, seed = 1)
  calls <- call_columns(
    estimates_given(estimates), shrunk$lfsr, colnames(estimates$betahat), settings$mash_lfsr_thresh,
    settings$call_rule
  )
  estimates$names$gene[calls$call_anyday]
}

called_genes <- function(table) table$gene[called_rows(table)]

#' How often each hit of the fit is called again: cells drawn anew, other seeds
#' @noRd
hit_stability <- function(units, fit, settings) {
  by <- Filter(function(one) length(one) > 0, units[intersect(c("bootstrap", "seed"), names(units))])
  if (length(by) == 0 || settings$mash_input != "likelihood") {
    return(NULL)
  }
  hits <- called_again(fit, settings)
  data.table::rbindlist(lapply(by, function(own) {
    again <- lapply(own, hits_again, hits = hits, fit = fit, settings = settings)
    share <- Reduce(`+`, again, numeric(length(hits))) / length(own)
    data.table::data.table(gene = hits, called = share, n = rep(length(own), length(hits)))
  }), idcol = "by")
}

#' Which hits mash calls again on a refit; a bootstrap has the SEs of the fit, since only the cells vary
#' @noRd
hits_again <- function(unit, hits, fit, settings) {
  if (is.null(unit$se)) {
    unit$se <- fitted_se(fit)
    unit$betahat <- replace(number_matrix(unit$betahat), is.na(unit$se), NA)
  }
  hits %in% called_again(refitted(fit, unit), settings)
}
