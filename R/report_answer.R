# The answer: the first paragraph of the report, from which a reader can decide, and a short list below it.

strongest_told <- 5L # genes that the answer lists

#' The answer: how many genes, how many hold, which fate they feed, what the certificate says, what was
#' missed, what has changed since the fit before
#'
#' @returns list of markdown: `head` (one paragraph), `genes` (one line each of the strongest), `how_sure`
#'   (one paragraph).
#' @noRd
answer_words <- function(fit, mash, hits, certificate = NULL, contrasts = NULL, runs = NULL) {
  any_called <- any(called_rows(hits))
  paragraph <- function(...) paste(c(...), collapse = " ")
  list(
    head = paragraph(
      if (any_called) c(count_words(fit, hits), move_words(fit, hits)) else no_hits_words(mash, hits),
      other_contrasts_words(contrasts), verdict_of_certificate(certificate), reach_words(fit, mash),
      runs_answer(runs)
    ),
    genes = if (any_called) strongest_words(fit, mash, hits),
    how_sure = paragraph(
      if (any_called) c(rule_sentence(mash), sureness_words(mash, hits), days_words(mash, called_days(mash))),
      no_effects_words(mash)
    )
  )
}

#' How many genes are called, how many of them hold, and how many cannot be checked and why
#' @noRd
count_words <- function(fit, hits) {
  verdict <- gene_verdicts(hits)[called_rows(hits)]
  n <- length(verdict)
  numbers <- sprintf("%s of %s ", count(n), count(nrow(hits)))
  called <- paste0(numbers, cli::pluralize("{cli::qty(nrow(hits))}gene{?s} {cli::qty(n)}{?is/are} called"))
  single <- sum(grepl("single guide", verdict))
  if (any(grepl("^unchecked(,|$)", verdict)) && all(grepl("^unchecked(,|$)|single guide", verdict))) {
    return(sprintf("**%s.** Whether they hold without any one guide is not known.", called))
  }
  by_rule <- sum(grepl("by the rule only", verdict, fixed = TRUE))
  unknown <- sum(grepl("^unchecked(,|$)", verdict))
  lone <- sum(verdict == "one replicate there")
  told <- c(
    if (n > single + by_rule + unknown) holding_words(fit, hits, sum(verdict == "robust"), n),
    if (lone > 0) cli::pluralize("{lone} {?has/have} one replicate there and cannot be compared"),
    if (single > 0) cli::pluralize("{single} {?has/have} one guide and cannot be checked"),
    if (by_rule > 0) cli::pluralize("{by_rule} {?is/are} called by the rule only and cannot be checked"),
    if (unknown > 0) cli::pluralize("{unknown} {?has/have} guides that are not known")
  )
  sprintf("**%s; %s.**", called, paste(told, collapse = ", "))
}

#' "13 of them hold without any one guide and in every replicate"; the second only where these are compared
#' @noRd
holding_words <- function(fit, hits, n, n_called) {
  paste0(
    if (n == n_called && n > 1) "all of them " else sprintf("%s of them ", count(n)),
    if (rule_of_hits(hits) == "lfsr") {
      if (n == 1) "holds" else "hold"
    } else {
      sprintf("%s an lfsr below %s", if (n == 1) "keeps" else "keep", format(attr(hits, "lfsr_thresh")))
    },
    " without any one guide",
    if (replicates_compared(fit) && !all(is.na(guide_marks(hits)$n_replicates))) {
      " and in every replicate"
    } else if (length(fit$manifest$screen$replicates) == 1) {
      " (there is one replicate)"
    } else {
      " (replicates could not be compared)"
    }
  )
}

#' What the certificate says; that there is none
#' @noRd
verdict_of_certificate <- function(certificate) {
  if (is.null(certificate)) {
    return("No certificate was made, so standard errors were not tried on this screen.")
  }
  pass <- certificate$checks$pass
  said <- if (all(is.na(pass))) {
    "says nothing, since no measure could be made"
  } else if (any(pass %in% FALSE)) {
    sprintf("failed (%s)", and_list(unique(certificate$checks$check[pass %in% FALSE])))
  } else {
    sprintf("passed all %d measures that were made", sum(!is.na(pass)))
  }
  sprintf("The certificate %s: see [Calibration](#calibration).", said)
}

#' What other contrasts of the same fit add; NULL with one
#' @noRd
other_contrasts_words <- function(contrasts) {
  if (length(contrasts$contrasts) < 2) {
    return(NULL)
  }
  n <- glance(contrasts)$n_called
  cli::pluralize(
    "With all {length(contrasts$contrasts)} contrasts, {n} gene{?s} {?is/are} called: ",
    "see [All contrasts](#contrasts)."
  )
}

rule_sentence <- function(mash) {
  sprintf(
    "A gene is called where its %s is below %s%s.", sub("^an? ", "", rule_words(rule_of(mash), "sentence")),
    format(mash$lfsr_thresh), if (has_one_day(mash)) "" else " on at least one day"
  )
}

#' One line a gene: what it does, by how much, on which day, and whether the call holds
#' @noRd
strongest_words <- function(fit, mash, hits) {
  rows <- utils::head(which(called_rows(hits)), strongest_told)
  table <- report_table(fit, mash, hits[rows])
  changes <- change_text(fit, hits[rows])
  effect <- sprintf(
    "log odds %+.2f (%+.2f to %+.2f)", table$effect, table$low, table$high
  )
  day <- if (has_one_day(mash)) "" else paste(" on", day_words(table$day))
  moved <- if (is.null(changes)) rep("", length(rows)) else paste0(changes, "; ")
  minus_signs(sprintf(
    "[**%s**](#gene-%d)%s: %s%s. %s %s.", as_markdown(table$gene), rows, day, moved, effect,
    verdict_signs(table$verdict), sentence_case(table$verdict)
  ))
}

sentence_case <- function(text) paste0(toupper(substr(text, 1, 1)), substring(text, 2))
