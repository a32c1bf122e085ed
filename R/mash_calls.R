# Which genes are called, on which days, with which sign: the one place that knows the rule (`call_rule`).
# A hit is something else: a gene with lfsr_min below the threshold, whatever the rule.

#' @section Calls: A hit and a call are two things. `hit_anyday` says that `lfsr_min` is below
#'   `lfsr_thresh`, and hits are ranked by it, whatever the rule. `call_d*` says that the effect on a day is
#'   called by `call_rule`, and `call_anyday` that one of the row's effects is; print, plots and report
#'   count calls. All columns are there under every rule,
#'   and those but `call_*` and `mde_d*` have the same values. On a day without an estimate `svalue_d*` and
#'   `padj_d*` are NA, and there is no call.
#'   - `svalue_d*`: s-value (Stephens 2017), the average lfsr of all rows and days with an estimate and an
#'     lfsr up to this one: the expected share of wrong signs among them;
#'   - `padj_d*`: p-value of no effect, two-sided, by the normal distribution from what mash was given
#'     (`betahat / se`), adjusted over the same rows and days by Benjamini and Hochberg (1995): the expected
#'     share of effects that are zero among those with a value up to this one. mash has no part in it. Of a
#'     posterior it is no p-value, since the prior has shrunk what is tested;
#'   - `mde_d*`: minimal detectable effect, log odds: the effect that would have been called on this day with
#'     probability .8, given its SE, where the row has no effect on other days; Inf where no estimate would be
#'     called;
#'   - `call_d*`: `lfsr_d*` (rule `"lfsr"`), `svalue_d*` (`"svalue"`), or the smaller of `lfsr_d*` and
#'     `padj_d*` (`"either"`) is below `lfsr_thresh`.
#'
#'   Every hit is called under every rule. The sign of a call is that of `postmean_d*`; where the adjusted
#'   p-value calls and the lfsr does not, it is that of the estimate. The two almost never differ.
#' @rdname run_mash
#' @name run_mash
NULL

#' The columns on calls of the table of a mash_result
#'
#' All columns are made under every rule; only `call_d*` and `call_anyday` depend on it.
#'
#' @param given list `betahat`, `se`: what mash was given, rows x days; NA where there is no estimate.
#' @param lfsr rows x days.
#' @param days names of the days in columns, such as d0.
#' @returns data.table `svalue_d*`, `padj_d*`, `call_d*` and `call_anyday`, one row a gene or guide.
#' @noRd
call_columns <- function(given, lfsr, days, threshold, rule) {
  known <- !is.na(given$betahat)
  own <- ifelse(known, lfsr, NA)
  svalue <- average_lfsr(own)
  padj <- adjusted_p(given)
  call <- known & switch(rule,
    lfsr = own < threshold, svalue = svalue < threshold, either = own < threshold | padj < threshold
  )
  blocks <- list(svalue = svalue, padj = padj, call = call)
  columns <- Map(function(block, name) {
    names <- list(NULL, paste(name, days, sep = "_"))
    data.table::as.data.table(matrix(block, ncol = length(days), dimnames = names))
  }, blocks, names(blocks))
  data.table::data.table(do.call(cbind, unname(columns)), call_anyday = rowSums(call) > 0)
}

#' Where calls begin: an effect with an lfsr below `lfsr`, or an estimate beyond `z` SEs, would be called
#'
#' Rules that look at all effects begin where they call the least sure one of these.
#' @noRd
call_cuts <- function(given, lfsr, calls, threshold, rule) {
  z <- abs(given$betahat / given$se)
  if (rule == "svalue") {
    called <- which(day_matrix(calls, "svalue") < threshold)
    return(list(lfsr = max(threshold, lfsr[called]), z = Inf))
  }
  if (rule == "lfsr") {
    return(list(lfsr = threshold, z = Inf))
  }
  called <- which(day_matrix(calls, "padj") < threshold)
  first <- stats::qnorm(threshold / (2 * sum(!is.na(z))), lower.tail = FALSE)
  list(lfsr = threshold, z = min(first, z[called]))
}

#' s-values (Stephens 2017): mean lfsr of all that have an lfsr up to this one
#'
#' Equal rates have the same s-value, that of the last of them, so that the order of rows chooses nothing.
#' @param lfsr numbers, a matrix as well; NA stays NA.
#' @noRd
average_lfsr <- function(lfsr) {
  known <- which(!is.na(lfsr))
  if (length(known) > 0) {
    tied <- rank_apart(lfsr[known], lfsr_rounding)
    lfsr[known] <- stats::ave(ashr::qval.from.lfdr(lfsr[known]), tied, FUN = max)
  }
  lfsr
}

#' Two-sided normal p of estimate over SE, by Benjamini and Hochberg (1995) over all rows and days
#' @noRd
adjusted_p <- function(given) {
  p <- 2 * stats::pnorm(-abs(given$betahat / given$se))
  known <- which(!is.na(p))
  p[known] <- stats::p.adjust(p[known], "BH")
  p
}

#' Rows x days: TRUE where an effect is called
#'
#' @param table of a `mash_result`, or ranked hits; one of an earlier version has no `call_d*`, and its calls
#'   are those of an lfsr below `threshold`.
#' @noRd
called_matrix <- function(table, threshold) {
  if (length(day_columns(table, "call")) > 0) {
    return(day_matrix(table, "call"))
  }
  day_matrix(table, "lfsr") < threshold & !is.na(day_matrix(table, "betahat"))
}

#' TRUE for rows that are called on some day
#' @noRd
called_rows <- function(table) as.logical(table$call_anyday %||% table$hit_anyday)

#' Effects as calls tell them: mash's posterior mean; where only the adjusted p-value calls and the estimate
#' has the other sign, the estimate
#' @param postmean,estimate,lfsr vectors, or matrices rows x days.
#' @noRd
effect_of_call <- function(postmean, estimate, lfsr, threshold, rule) {
  turned <- rule == "either" & lfsr >= threshold & !is.na(estimate) & sign(estimate) != sign(postmean)
  ifelse(turned, estimate, postmean)
}

#' These columns by day of a table, NA where it is of a version that had none
#' @noRd
call_marks <- function(table, d) {
  column <- function(name, none) table[[paste0(name, "_d", d - 1L)]] %||% rep(none, nrow(table))
  none <- NA_real_
  names <- c(svalue = "svalue", padj = "padj", mde = "mde")
  data.table::as.data.table(lapply(names, column, none = none))
}

#' The rule of a result; one of an earlier version has that of the lfsr
#' @noRd
rule_of <- function(x) x$call_rule %||% "lfsr"

# What each rule looks at, in words: for a line, for a caption, for a sentence, for the methods of a paper
rule_wording <- list(
  lfsr = c(
    short = "lfsr", caption = "an lfsr", sentence = "a local false sign rate",
    methods = "a local false sign rate"
  ),
  svalue = c(
    short = "average lfsr", caption = "an average lfsr", sentence = "an average local false sign rate",
    methods = "an average local false sign rate (s-value, over all genes and days as sure as that)"
  ),
  either = c(
    short = "lfsr or adjusted p", caption = "an lfsr or an adjusted p",
    sentence = "a local false sign rate or adjusted p-value", methods = paste(
      "a local false sign rate, or a p-value adjusted over genes and days by the method of Benjamini and",
      "Hochberg,"
    )
  )
)

#' What a rule looks at, in words
#' @param use `"short"`, `"caption"`, `"sentence"` or `"methods"`.
#' @noRd
rule_words <- function(rule, use) rule_wording[[rule]][[use]]

#' How a called gene is called: by the lfsr it is a hit
#' @noRd
call_noun <- function(rule) if (rule == "lfsr") "hit" else "called gene"

#' What is asked of a call, such as "average lfsr < 0.05"
#' @noRd
rule_text <- function(rule, threshold) sprintf("%s < %s", rule_words(rule, "short"), format(threshold))

#' The day with the smallest lfsr of each row; of several that where the effect is most SDs from zero, of
#' those the one with the largest effect, of those the first
#' @param size,sd of the effects; rows x days, as `evidence`.
#' @noRd
best_days <- function(evidence, size, sd) {
  z <- ifelse(size == 0, 0, size / sd) # not NaN where both are 0
  surest <- is_row_largest(-evidence, least = lfsr_rounding)
  first_row_largest(size, is_row_largest(z, surest))
}
