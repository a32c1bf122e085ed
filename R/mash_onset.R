# When an effect begins, told so that the onset never contradicts the calls.

#' The most probable onset of each row beside the first day that is called
#'
#' @param table of a `mash_result`, or ranked hits.
#' @returns data.table, one row a row of `table`: `onset` (number of the most probable first active day, from
#'   1), `p` (its probability), `first` (number of the first day called; NA where none is), `clear` (are the
#'   two one day? NA for rows that are not called).
#' @noRd
onset_marks <- function(table, threshold) {
  called <- called_matrix(table, threshold)
  first <- ifelse(rowSums(called) > 0, max.col(called, ties.method = "first"), NA_integer_)
  onset <- as.integer(table$onset_day %||% rep(NA, nrow(table))) + 1L
  clear <- ifelse(called_rows(table), onset == first & !is.na(first), NA)
  data.table::data.table(
    onset = onset, p = table$p_onset %||% rep(NA_real_, nrow(table)), first = first,
    clear = ifelse(is.na(onset), NA, clear)
  )
}

#' Onsets in words: "24h"; where it is not clear "0h (.57) or 24h", after `doubt`
#'
#' @param marks from `onset_marks()`. `days`: labels.
#' @returns character, NA for rows that are not called.
#' @noRd
onset_text <- function(marks, days, doubt = "not clear: ") {
  p <- sub("^0", "", sprintf("%.2f", marks$p))
  other <- ifelse(is.na(marks$first), "", paste(" or", days[marks$first]))
  ifelse(marks$clear, days[marks$onset], sprintf("%s%s (%s)%s", doubt, days[marks$onset], p, other))
}

#' Onsets of ranked genes in words; NA for genes that are not called
#' @noRd
onset_of_hits <- function(hits, ...) {
  onset_text(onset_marks(hits, attr(hits, "lfsr_thresh") %||% 0), day_labels(hits), ...)
}

#' Labels of the days; their numbers where the attributes of a ranking were lost
#' @noRd
day_labels <- function(hits) attr(hits, "days") %||% sub("^postmean_", "", day_columns(hits, "postmean"))
