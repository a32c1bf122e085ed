# All contrasts of one fit beside each other, and the verdict of each gene over all fates.

#' Compare contrasts, with a verdict for each gene
#'
#' A fit has estimates for all fates. `compare_contrasts()` runs mash on several contrasts and puts their
#' effects into one table. Its verdict names the fates that each gene raises and lowers, with the probability
#' of this statement.
#'
#' @param fit a `fatebias_fit`, from [fit_fate_bias()] or [read_fit()].
#' @param contrasts contrasts in words, such as `c("MES", "NEU", "MES - NEU")`, see [contrast_fit()]. The
#'   contrast of the fit is always the first; words that compare the same count once. Default: those of
#'   `settings`.
#' @param settings [fate_settings()]; the stage mash is used. Default: those of the fit.
#' @param mash the `mash_result` of the fit's own contrast, from [run_mash()]; NULL: it is made.
#' @param margin change, in percentage points, up to which a fate counts as unchanged.
#' @param n_draws joint posterior draws a gene, behind the verdicts.
#' @param seed of the draws behind verdicts.
#' @param screen a `fatebias_screen`, from [read_screen()].
#' @param x,object what `compare_contrasts()` returned.
#' @param out_dir folder to write to.
#' @param ... not used.
#' @details
#' Calls follow `call_rule` over all contrasts and days together: `svalue` is the mean lfsr of all effects
#' as sure as this one, whichever contrast they are of, and an adjusted p-value is adjusted over all. The
#' expected share of false signs among all calls is their mean lfsr; under `call_rule: lfsr` it is below
#' `lfsr_thresh` whatever the contrasts are.
#'
#' **Verdicts** do not depend on the contrasts. They rest on the joint posterior of the effects on all fates
#' and days, by a mixture of its own, whose weights are averaged over what the genes leave possible (as
#' those of [run_mash()]): one fate moves against all others, two exchange cells, or any, on any run of
#' days, each at several scales. Beyond 12 effects a gene (fates beside the reference times days) the mean
#' over days is taken. Each draw is told as changes of the mean fate probabilities of each day's cells,
#' averaged over days; a fate is raised or lowered where that is beyond `margin`. The verdict is the most
#' probable of these patterns, and its probability that of the pattern as a whole, with the fates that are
#' unchanged. Of more than five fates it tells the one that gains most and the one that loses most alone.
#' @returns
#' - `compare_contrasts()`: a `fatebias_contrasts`, a list with
#'   - `mash`: a `mash_result` by contrast, named by its words, the fit's own first;
#'   - `table`: data.table, one row a gene, contrast and day: `gene`, `contrast`, `day` (label), `effect` and
#'     `postsd` (mash's posterior mean and SD, log odds; `effect` is NA without an estimate), `lfsr`, `svalue`
#'     (over all contrasts and days; NA without an estimate), `call`;
#'   - `verdicts`: data.table, one row a gene: `gene`, `verdict`, `probability`, `raised`, `lowered`,
#'     `unchanged` (fates, with commas between them; empty of more than five fates), and `change_<fate>`:
#'     posterior mean of the change of its probability, averaged over days, in percentage points. NULL for a
#'     fit of an earlier version, which does not have the estimates of all fates;
#'   - `expected_false` (expected share of false signs among all calls; NaN without calls), `contrasts`,
#'     `fates` (the reference first), `days`, `margin`, `lfsr_thresh`, `call_rule`, `n_draws`, `seed`.
#' - `check_contrasts()`: TRUE; an error where the fates of a screen do not allow one of the contrasts, before
#'   a fit.
#' - `write_contrasts()`: paths of `gene_contrasts.csv` (the table), `gene_verdicts.csv`, and of each further
#'   contrast `gene_summary_mash_out.<contrast>.csv` and `hits_ranked.<contrast>.csv`; each is written whole
#'   or not at all.
#' - `tidy()`, `as.data.table()`: the table. `summary()`: data.table `contrast`, `n_genes`, `n_calls`,
#'   `expected_false`, one row a contrast. `glance()`: data.table of one row: `n`, `n_contrasts`, `n_called`
#'   (genes called in some contrast), `n_calls`, `expected_false`, `n_changed` (genes whose verdict is a
#'   change), `n_sure` (of these, with a probability of .9 or more), `margin`.
#' @section Errors: `fatebias_error_mash` for anything but a fit, and for a `mash` of another contrast or
#'   other genes; those of [contrast_fit()] and [run_mash()]; `fatebias_error_export`.
#' @references Stephens (2017), Biostatistics 18, 275-294 (lfsr, s-values); Urbut et al. (2019), Nature
#'   Genetics 51, 187-195 (mash).
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' compared <- compare_contrasts(fit)
#' compared
#' head(tidy(compared))
#' write_contrasts(compared, tempdir())
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' # before a fit: can these contrasts be made of the fates of a screen?
#' files <- simulate_screen(tempfile(), cells = 1000, genes = 8, ntc = 8)
#' screen <- read_screen(files$screen, files$guide_map)
#' check_contrasts(c("MES", "NEU", "MES - NEU"), screen)
#' @export
compare_contrasts <- function(fit, contrasts = settings$contrasts, settings = settings_of(fit), mash = NULL,
                              margin = settings$verdict_margin, n_draws = 400, seed = 1) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_mash)
  settings <- update_settings(settings, verdict_margin = margin)
  validate_arg(n_draws, checkmate::check_count, positive = TRUE)
  validate_arg(seed, checkmate::check_int)
  validate_arg(contrasts, checkmate::check_character, min.chars = 1, any.missing = FALSE, null.ok = TRUE)
  own <- fit$manifest$contrast
  several <- length(setdiff(contrasts, own)) > 0
  words <- if (several) distinct_contrasts(own, contrasts, fit$manifest$fates) else own
  if (!is.null(mash)) validate_own_mash(mash, fit)
  others <- lapply(words[-1], contrast_fit, fit = fit) # all, before work starts: words may be wrong
  first <- mash %||% run_mash(fit, settings = settings)
  results <- c(list(first), lapply(others, contrast_mash, settings = settings, first = first))
  names(results) <- words
  table <- contrasts_table(results, settings)
  verdicts <- with_fixed_seed(seed, fate_verdicts(fit, settings, n_draws))
  structure(
    list(
      mash = results, table = table, verdicts = verdicts, contrasts = words,
      expected_false = mean(table$lfsr[table$call]), fates = fit$manifest$fates, days = fit$days,
      margin = settings$verdict_margin, lfsr_thresh = settings$mash_lfsr_thresh,
      call_rule = settings$call_rule, n_draws = n_draws, seed = seed, fit_id = identity_of(fit)
    ),
    class = "fatebias_contrasts"
  )
}

#' Contrasts in words, each comparison once, `own` first; refused where the fates do not allow one
#' @noRd
distinct_contrasts <- function(own, contrasts, fates) {
  unlist(py_call("list_contrasts", first = own, others = as.list(contrasts), fates = as.list(fates)))
}

#' @rdname compare_contrasts
#' @export
check_contrasts <- function(contrasts, screen) {
  validate_class(screen, "fatebias_screen", "read_screen", abort_screen)
  validate_arg(contrasts, checkmate::check_character, min.chars = 1, any.missing = FALSE, null.ok = TRUE)
  reference <- screen$settings$ref_fate
  fates <- c(reference, setdiff(unlist(screen$summary$fates), reference))
  if (!is.null(contrasts)) distinct_contrasts(screen$settings$contrast_fate, contrasts, fates)
  TRUE
}

#' mash on a further contrast; controls, where V rests on them, are of the first alone
#' @noRd
contrast_mash <- function(fit, settings, first) {
  if (settings$mash_v == "ntc" && !is.null(first$v)) {
    return(run_mash(fit, settings = settings, v = first$v$matrix))
  }
  run_mash(fit, settings = settings)
}

validate_own_mash <- function(mash, fit, call = rlang::caller_env()) {
  validate_class(mash, "mash_result", "run_mash", abort_mash, call = call)
  validate_one_fit(list(fit = fit, mash = mash), abort_mash, call = call)
  if (mash$level != "gene" || !setequal(mash$table$gene, fit$gene$gene) || !is_made_from(mash, fit)) {
    abort_mash("{.arg mash} is not of the genes of {.arg fit} on its own contrast.", call = call)
  }
}

#' Effects of all contrasts, with calls over all of them
#' @noRd
contrasts_table <- function(results, settings) {
  rows <- lapply(results, tidy)
  all <- data.table::rbindlist(rows, idcol = "contrast")
  given <- list(betahat = all$estimate, se = all$std.error)
  known <- !is.na(all$estimate)
  own <- replace(all$lfsr, !known, NA)
  calls <- call_columns(
    lapply(given, cbind), cbind(all$lfsr), "all", settings$mash_lfsr_thresh, settings$call_rule
  )
  threshold <- settings$mash_lfsr_thresh
  data.table::data.table(
    gene = all$gene, contrast = all$contrast, day = all$day,
    effect = replace(
      effect_of_call(all$postmean, all$estimate, own, threshold, settings$call_rule), !known, NA
    ),
    postsd = all$postsd, lfsr = all$lfsr, svalue = calls$svalue_all, call = calls$call_all
  )
}

#' The verdict of each gene; NULL where the fit does not have all fates
#' @noRd
fate_verdicts <- function(fit, settings, n_draws) {
  view <- joint_view(fit)
  if (is.null(view)) {
    return(NULL)
  }
  by_day <- prod(dim(view$theta)[-1]) <= joint_dimensions
  estimates <- joint_estimates(view$theta, view$noise, by_day)
  baseline <- mean_fates(view$cells)
  if (!by_day) baseline <- rbind(colMeans(baseline))
  mixture <- joint_mixture(estimates, baseline, if (by_day) view$times else view$times[1], settings)
  found <- joint_verdicts(mixture, view$cells, settings$verdict_margin / 100, n_draws)
  verdict_table(found, view$genes, view$fates)
}

verdict_table <- function(found, genes, fates) {
  named <- function(sign) apply(found$signs == sign, 1, function(on) paste(fates[on], collapse = ", "))
  change <- data.table::as.data.table(100 * found$change)
  data.table::setnames(change, paste0("change_", fates))
  data.table::data.table(
    gene = genes, verdict = apply(found$signs, 1, verdict_words, fates = fates),
    probability = found$probability, raised = named(1), lowered = named(-1),
    unchanged = if (length(fates) > verdict_fates) "" else named(0), change
  )
}
