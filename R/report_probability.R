# The part of the report on changes of probability: how many cells in a hundred a guide of a gene moves.

#' One gene's changes on its best day, in a sentence
#'
#' @returns character, markdown; NULL of a fit without such changes, or without an estimate that day.
#' @noRd
change_words <- function(gene, fit, hits) {
  if (is.null(fit$probability_change)) {
    return(NULL)
  }
  day <- fit$days[[hits$best_day[match(gene, hits$gene)] + 1L]]
  table <- probability_change(fit, gene)
  on_day <- table$day == day # out of the brackets, where `day` would be the column
  table <- table[on_day & table$fate %in% fates_that_move(table)]
  if (anyNA(table$change)) {
    return(NULL)
  }
  fates <- sprintf(
    "%s by %+.1f (%+.1f to %+.1f)", as_markdown(table$fate), 100 * table$change, 100 * table$low,
    100 * table$high
  )
  sprintf(
    paste(
      "On %s a guide of it in place of a control guide changes the mean probability of %s percentage points",
      "(90 %% intervals)."
    ),
    day_words(day), paste(fates, collapse = ", ")
  )
}
