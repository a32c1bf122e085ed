# What the report says of when effects begin, how long they last, and whether their sign changes.

#' Why there is no onset to tell; NULL where there is
#' @noRd
no_onset_words <- function(mash, hits) {
  if (has_one_day(mash)) {
    "There is one day, so there is no onset to tell."
  } else if (!any(called_rows(hits))) {
    "No gene is called, so there is no onset to tell."
  }
}

#' Onset of one row's effect, what is there on the last day, and whether its sign changes
#'
#' The onset is told where the most probable one is the first day called.
#' @param row one row of the table of a `mash_result`.
#' @param days labels of the days, as they are told.
#' @returns one or two sentences.
#' @noRd
course_words <- function(row, mash, days = day_title(mash$days)) {
  marks <- onset_marks(row, mash$lfsr_thresh)
  begins <- onset_text(marks, days, doubt = "")
  clear <- marks$clear %in% TRUE
  lasting <- lasting_words(row, length(mash$days), if (clear) "later days" else "days after its onset")
  switched <- if (row$p_switch > 0.5) sprintf("with a change of sign (P %s)", show_probability(row$p_switch))
  if (clear) {
    begins <- sprintf("Its effect most probably begins on %s (P %s)", begins, show_probability(row$p_onset))
    told <- c(begins, if (!is.null(lasting)) paste("and", lasting), switched)
    return(paste0(paste(told, collapse = ", "), "."))
  }
  more <- c(if (!is.null(lasting)) paste("It", lasting), switched)
  if (is.null(lasting) && !is.null(switched)) more <- paste("It is", switched)
  paste0(c(sprintf("When its effect begins is not clear: %s.", begins),
           if (length(more) > 0) paste0(" ", paste(more, collapse = ", "), ".")), collapse = "")
}

#' What is there after the onset and on the last day; NULL where the onset may be the last day
#' @noRd
lasting_words <- function(row, n_days, later) {
  last <- row[[paste0("p_active_d", n_days - 1L)]]
  if (row$onset_day + 1L == n_days) {
    NULL
  } else if (row$p_persist > 0.5) {
    sprintf("is there on all %s (P %s)", later, show_probability(row$p_persist))
  } else if (last > 0.5) {
    sprintf("is there on the last day (P %s)", show_probability(last))
  } else {
    sprintf("is gone on the last day (P %s)", show_probability(1 - last))
  }
}
