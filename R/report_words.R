# What a result says, in words that follow from its numbers: the sentences of the report. Each function
# takes results and returns text (markdown), so that the words are tested without a report.

no_evidence <- 0.99 # from here on the smallest lfsr points at no gene
no_effects_told <- 1e-3 # probability of no effects at all from which the answer mentions it

#' A name as it is, where text is markdown: guides are called such as A_+12.3-P1
#'
#' Whatever comes from a file (a manifest, a screen) goes through it, so that no tag, link or line of its own
#' reaches the page.
#' @noRd
as_markdown <- function(name) {
  gsub("([][\\\\`*_{}<>#$~^&@'\"])", "\\\\\\1", gsub("[[:cntrl:]]+", " ", as.character(unlist(name))))
}

#' The fate whose log odds are reported, and the one they are against
#' @noRd
contrast_fates <- function(fit) as_markdown(contrast_pair(fit$manifest$contrast, fit$manifest$fates))

odds_words <- function(fit) paste0("the odds of ", paste(contrast_fates(fit), collapse = " against "))

#' Calls: the rows of `tidy(mash)` that are called, with `effect` (log odds, of the sign of the call)
#' @noRd
called_days <- function(mash) {
  calls <- tidy(mash)
  calls <- calls[calls$call]
  effect <- effect_of_call(calls$postmean, calls$estimate, calls$lfsr, mash$lfsr_thresh, rule_of(mash))
  data.table::data.table(calls, effect = effect)
}

#' Calls by day; NULL with one day
#' @noRd
days_words <- function(mash, calls) {
  if (has_one_day(mash)) {
    return(NULL)
  }
  n <- table(factor(calls$day, levels = mash$days))
  up <- table(factor(calls$day[calls$effect > 0], levels = mash$days))
  told <- ifelse(n == 0, "none", sprintf("%s up, %s down", vapply(up, count, ""), vapply(n - up, count, "")))
  sprintf("By day: %s.", paste0(day_words(mash$days), ": ", told, collapse = "; "))
}

day_words <- function(days) as_markdown(day_title(days))

#' The sum of the smallest lfsr of genes is the number of wrong signs to expect among them
#' @noRd
sureness_words <- function(mash, hits) {
  n <- sum(called_rows(hits))
  wrong <- sum(hits$lfsr_min[called_rows(hits)])
  best <- if (has_one_day(mash)) c("", "") else c(" on its best day", ", each on its best day")
  if (n == 1) {
    return(sprintf("The probability that its sign is wrong%s: %s.", best[[1]], show_small(wrong)))
  }
  what <- paste0(call_noun(rule_of(mash)), "s")
  among <- paste0(count(n), " ", what, best[[2]])
  sprintf("Expected number of wrong signs among these %s: %s.", among, show_small(wrong))
}

#' How many hits do not rest on one guide; NULL where it is not known
#' @noRd
robust_words <- function(hits) {
  line <- robust_line(glance(hits))
  if (!is.null(line)) paste0(line, ".")
}

no_effects_words <- function(mash) {
  p <- mash$no_effects$posterior
  if (is.null(p) || p < no_effects_told) {
    return(NULL)
  }
  lost <- mash$no_effects$calls_lost
  paste0(
    sprintf("The probability that no gene has any effect at all is %s", show_small(p)),
    if (lost > 0) cli::pluralize("; weighed against it, {lost} call{?s} fell away"), "."
  )
}

#' What the screen could have seen: by the standard errors of the estimates, not by a posterior's SDs
#' @noRd
reach_words <- function(fit, mash) {
  if (is.null(fit$estimate)) {
    return(NULL)
  }
  by_day <- if (has_mde(mash)) day_matrix(mash$table, "mde") else day_matrix(fit$estimate, "se")
  by_day <- apply(by_day, 2, stats::median, na.rm = TRUE)
  if (has_mde(mash)) called_reach(by_day, fit) else error_reach(by_day, fit)
}

#' Are there minimal detectable effects, of estimates?
#' @noRd
has_mde <- function(mash) {
  length(day_columns(mash$table, "mde")) > 0 && mash$settings$mash_input == "likelihood"
}

#' @param by_day median over genes of the effects that would have been called with probability .8
#' @noRd
called_reach <- function(by_day, fit) {
  seen <- is.finite(by_day)
  if (!any(seen)) {
    return(sprintf(
      "No effect on %s, however large, would have been called with probability .8 (median over genes%s).",
      odds_words(fit), if (has_one_day(fit)) "" else ", on every day"
    ))
  }
  from_to <- function(sizes) paste(unique(sprintf("%.2f", range(sizes))), collapse = " to ")
  paste0(
    sprintf(
      "An effect on %s of %s log odds (median over genes%s; odds times %s) would have been called with ",
      odds_words(fit), from_to(by_day[seen]), if (has_one_day(fit)) "" else ", by day",
      from_to(exp(by_day[seen]))
    ),
    "probability .8", if (!all(seen)) paste(" on", and_list(day_words(fit$days[seen]))),
    ": smaller ones may be missed.",
    if (!all(seen)) sprintf(" On %s none would, however large.", and_list(day_words(fit$days[!seen])))
  )
}

#' @param se median standard errors by day
#' @noRd
error_reach <- function(se, fit) {
  sprintf(
    "The standard error of a gene's estimated effect on %s is %s (median over genes%s): %s",
    odds_words(fit), paste(unique(format(range(se), digits = 2, trim = TRUE)), collapse = " to "),
    if (has_one_day(fit)) "" else ", by day",
    sprintf("effects well below twice that (odds times %.2f) may be missed.", exp(2 * max(se)))
  )
}

no_hits_words <- function(mash, hits) {
  best <- hits[1]
  several <- !has_one_day(mash)
  on_day <- if (several) paste(" on", day_words(mash$days[best$best_day + 1L]))
  nearest <- paste0("(", as_markdown(best$gene), on_day, ")")
  paste0(
    "**No gene is called.** ",
    sprintf(
      "Of %s genes none has %s below %s", count(nrow(hits)), rule_words(rule_of(mash), "sentence"),
      format(mash$lfsr_thresh)
    ),
    sprintf("%s; the smallest %sis %s", if (several) " on any day" else "",
            if (rule_of(mash) == "lfsr") "" else "lfsr ", show_small(best$lfsr_min)),
    if (best$lfsr_min < no_evidence) paste0(" ", nearest), "."
  )
}

#' What a section leaves out, where it does
#' @noRd
cut_words <- function(n_shown, n_all, what, where = "the file hits_ranked.csv has all", done = "are shown") {
  if (n_shown >= n_all) {
    return(NULL)
  }
  sprintf("The first %s of %s %s %s; %s.", count(n_shown), count(n_all), what, done, where)
}

#' What was analysed, in a line
#' @noRd
report_subtitle <- function(fit) {
  m <- fit$manifest
  s <- m$screen
  paste(
    as_markdown(basename(s$path)), paste(as_markdown(count(s$n_cells)), "cells"),
    paste(as_markdown(count(s$n_genes)), "genes"),
    paste(if (has_one_day(m)) "one day:" else "days", paste(as_markdown(m$days), collapse = ", ")),
    paste(contrast_fates(fit), collapse = " against "),
    paste("fitted", as_markdown(substr(m$created, 1, 10))),
    paste("fatebias", as_markdown(m$fatebias_version)),
    paste("fit", identity_of(fit) %||% "without an identity (of an earlier version)"), sep = " \u00b7 "
  )
}

show_lfsr <- function(lfsr) paste("lfsr", show_rate(lfsr))

show_rate <- function(rate) ifelse(rate < 1e-3, "< 0.001", paste("=", signif(rate, 2)))

#' Hyphens before numbers as signs of minus, which stand as wide as those of plus
#' @noRd
minus_signs <- function(text) gsub("(^|[ (])-([0-9])", "\\1\u2212\\2", text)
