# What the report says of the fit that this one replaces: genes gained, lost and reversed, and what differs.

changes_listed <- 40L # changed genes in the table at most

#' One sentence of the answer, with a link; NULL without a comparison
#' @param runs what compare_with_previous() returned.
#' @noRd
runs_answer <- function(runs) {
  if (is.null(runs)) {
    return(NULL)
  }
  g <- glance(runs)
  counted <- c(gained = g$n_gained, lost = g$n_lost, reversed = g$n_reversed)
  if (all(counted == 0)) {
    return("No call has changed since the fit before: see [Since the fit before](#runs).")
  }
  told <- and_list(sprintf("%s %s", counted, names(counted))[counted > 0])
  sprintf("Since the fit before, calls of genes have changed (%s): see [Since the fit before](#runs).", told)
}

#' What changed, in a sentence
#' @noRd
runs_words <- function(runs) as_markdown(runs_line(runs))

is_changed <- function(runs) !runs$table$change %in% c("kept", "none")

#' Changed genes, before and now
#'
#' @returns data.frame, one row a gene that is gained, lost or reversed.
#' @noRd
runs_changes <- function(runs) {
  changed <- utils::head(runs$table[is_changed(runs)], changes_listed)
  side <- function(run) {
    of <- function(name) changed[[paste0(name, "_", run)]]
    direction <- ifelse(is.na(of("direction")), "not called", of("direction"))
    sprintf("%s, %s (lfsr %s)", direction, of("best_day"), lfsr_text(of("lfsr")))
  }
  data.frame(
    Gene = as_markdown(changed$gene), Change = changed$change, Before = as_markdown(side("a")),
    Now = as_markdown(side("b"))
  )
}

#' How alike effects are, and what differs in settings, data and versions
#' @noRd
runs_points <- function(runs) {
  as_markdown(c(
    paste0("Correlation of effects: ", correlation_words(runs$days), "."),
    only_lines(runs$only, c(a = "the fit before", b = "this fit")), difference_lines(runs)
  ))
}
