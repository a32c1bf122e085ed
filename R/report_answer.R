# The answer: the first paragraph of the report, from which a reader can decide, and a short list below it.

strongest_told <- 5L # genes that the answer lists
moves_told <- 3L # pairs of fates that the answer tells

#' The answer: how many genes, how many hold, which fate they feed, what the certificate says, what was missed
#'
#' @returns list of markdown: `head` (one paragraph), `genes` (one line each of the strongest), `how_sure`
#'   (one paragraph).
#' @noRd
answer_words <- function(fit, mash, hits, certificate = NULL, contrasts = NULL) {
  any_called <- any(called_rows(hits))
  paragraph <- function(...) paste(c(...), collapse = " ")
  list(
    head = paragraph(
      if (any_called) c(count_words(fit, hits), move_words(fit, hits)) else no_hits_words(mash, hits),
      other_contrasts_words(contrasts), verdict_of_certificate(certificate), reach_words(fit, mash)
    ),
    genes = if (any_called) strongest_words(fit, mash, hits),
    how_sure = paragraph(
      if (any_called) c(rule_sentence(mash), sureness_words(mash, hits), days_words(mash, called_days(mash))),
      no_effects_words(mash)
    )
  )
}

#' How many genes are called, and how many of them hold without any one guide and in every replicate
#' @noRd
count_words <- function(fit, hits) {
  verdict <- gene_verdicts(fit, hits)[called_rows(hits)]
  n <- length(verdict)
  called <- cli::pluralize("{n} of {nrow(hits)} gene{?s} {cli::qty(n)}{?is/are} called")
  if (any(grepl("unchecked", verdict)) && all(grepl("unchecked|single guide", verdict))) {
    return(sprintf("**%s.** Whether they hold without any one guide is not known.", called))
  }
  holding <- sum(verdict == "robust")
  where <- if (length(fit$manifest$screen$replicates) > 1) {
    "without any one guide and in every replicate"
  } else {
    "without any one guide (there is one replicate)"
  }
  sprintf("**%s; %d of them %s %s.**", called, holding, if (holding == 1) "holds" else "hold", where)
}

#' Which fates the genes called feed and from which, by the fit's estimates on their best day
#'
#' @returns character; NULL of a fit without changes of probability.
#' @noRd
move_words <- function(fit, hits) {
  changes <- best_day_changes(fit, hits[called_rows(hits)])
  if (is.null(changes)) {
    return(direction_words(fit, hits))
  }
  change <- changes$change[!is.na(rowSums(changes$change)), , drop = FALSE]
  fed <- colnames(change)[max.col(change, "first")]
  drained <- colnames(change)[max.col(-change, "first")]
  pair <- paste(as_markdown(fed), as_markdown(drained), sep = ", mostly from ")
  moves <- split(apply(change, 1, max), pair)
  moves <- moves[order(-lengths(moves), -vapply(moves, stats::median, numeric(1)))]
  told <- vapply(utils::head(names(moves), moves_told), function(move) {
    points <- moves[[move]]
    verb <- if (length(points) == 1) "feeds" else "feed"
    sprintf("%d %s %s %s", length(points), verb, move, points_text(points))
  }, character(1))
  rest <- sum(lengths(moves)) - sum(lengths(utils::head(moves, moves_told)))
  if (rest > 0) told <- c(told, cli::pluralize("{rest} move{?s/} cells otherwise"))
  paste0(if (has_one_day(fit)) "Of them " else "On their best days ", paste(told, collapse = "; "), ".")
}

#' Percentage points of one gene, or the median and range of several
#' @noRd
points_text <- function(points) {
  if (length(points) == 1) {
    return(sprintf("(by %.1f percentage points)", points))
  }
  sprintf("(by %.1f to %.1f percentage points, median %.1f)", min(points), max(points), stats::median(points))
}

#' Directions in log odds, where probabilities are not known
#' @noRd
direction_words <- function(fit, hits) {
  n <- unlist(glance(hits)[, c("n_up", "n_down", "n_both")])
  if (sum(n) == 1) {
    verb <- c("raises", "lowers", "raises and, on other days, lowers")[n == 1]
    return(sprintf("It %s %s.", verb, odds_words(fit)))
  }
  told <- c(
    cli::pluralize("{n[['n_up']]} raise{?s/} them"), cli::pluralize("{n[['n_down']]} lower{?s/} them"),
    cli::pluralize("{n[['n_both']]} do{?es/} both, on different days")
  )
  sprintf("They change %s: %s.", odds_words(fit), and_list(told[n > 0]))
}

#' What the certificate says; that there is none
#' @noRd
verdict_of_certificate <- function(certificate) {
  if (is.null(certificate)) {
    return("No certificate was made, so standard errors were not tried on this screen.")
  }
  pass <- certificate$checks$pass
  said <- if (any(pass %in% FALSE)) {
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
  changes <- best_day_changes(fit, hits[rows])$change
  effect <- sprintf(
    "log odds %+.2f (%+.2f to %+.2f)", table$effect, table$low, table$high
  )
  day <- if (has_one_day(mash)) "" else paste(" on", day_words(table$day))
  moved <- if (is.null(changes)) rep("", length(rows)) else paste0(change_text(changes), "; ")
  minus_signs(sprintf(
    "[**%s**](#gene-%d)%s: %s%s. %s %s.", as_markdown(table$gene), rows, day, moved, effect,
    verdict_signs(table$verdict), sentence_case(table$verdict)
  ))
}

#' Hyphens before numbers as signs of minus, which stand as wide as those of plus
#' @noRd
minus_signs <- function(text) gsub("([ (])-([0-9])", "\\1\u2212\\2", text)

#' "MES +12.1, EC -9.0 points": the fate that gains most and the one that loses most
#' @noRd
change_text <- function(changes) {
  fates <- as_markdown(colnames(changes))
  vapply(seq_len(nrow(changes)), function(i) {
    if (anyNA(changes[i, ])) return("points not known")
    ends <- c(which.max(changes[i, ]), which.min(changes[i, ]))
    paste(paste(sprintf("%s %+.1f", fates[ends], changes[i, ends]), collapse = ", "), "points")
  }, character(1))
}

sentence_case <- function(text) paste0(toupper(substr(text, 1, 1)), substring(text, 2))
