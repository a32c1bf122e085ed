# Genes that the reader has named: which are not in the screen, and where the others stand in the ranking.

named_drawn <- 40L # named genes that pictures mark

#' An alert on names that are no gene of the screen, with the nearest ones; NULL where all are there
#' @noRd
absent_alert <- function(named, genes) {
  absent <- setdiff(named, genes)
  if (length(absent) == 0) {
    return(NULL)
  }
  told <- utils::head(absent, n_shown)
  near <- vapply(told, near_name, character(1), names = genes)
  hint <- ifelse(is.na(near), "", sprintf(" (the nearest is %s)", as_markdown(near)))
  lines <- paste0(as_markdown(told), hint)
  more <- length(absent) - n_shown
  alert("note", sprintf(
    "**Not in the screen:** of the genes that were named (`genes`) %s%s.", paste(lines, collapse = ", "),
    if (more > 0) sprintf(" and %d more", more) else ""
  ))
}

#' How many of the named genes are called, and how early the ranking finds them
#' @noRd
named_words <- function(hits, named) {
  rows <- match(named, hits$gene)
  n_called <- sum(called_rows(hits)[rows])
  counted <- sprintf(
    "Named genes called: %s of %s; of all genes %s of %s.", count(n_called), count(length(named)),
    count(sum(called_rows(hits))), count(nrow(hits))
  )
  if (length(named) == nrow(hits)) {
    return(counted)
  }
  area <- plot_roc_data(hits, named)$area[[1]]
  c(counted, sprintf(paste(
    "If these genes are known to bias fate, the picture shows how early the ranking by lfsr finds them. The",
    "area under the curve is %.2f; genes taken by chance give .5. The other genes are not known negatives:",
    "some of them may bias fate as well, and each of these that ranks before a known one lowers the area."
  ), area))
}

#' Ranks of the named genes, in the order of the ranking
#' @noRd
named_table <- function(hits, named) {
  rows <- sort(match(named, hits$gene))
  told <- tidy(hits)[rows]
  table <- data.frame(
    Gene = as_markdown(told$gene), Rank = sprintf("%s of %s", count(rows), count(nrow(hits))),
    Call = ifelse(told$call, ifelse(told$direction == "both", "up and down", told$direction), "no"),
    `Best day` = as_markdown(told$best_day), Effect = sprintf("%+.2f", told$postmean),
    SD = sprintf("%.2f", told$postsd), lfsr = small_rates(told$lfsr),
    Onset = as_markdown(dash_for_none(onset_of_hits(hits)[rows])), check.names = FALSE
  )
  if (length(attr(hits, "days")) == 1) table[c("Best day", "Onset")] <- NULL
  if (!all(is.na(told$q_gene))) table[["q of gene"]] <- small_rates(told$q_gene)
  table
}

#' Rates of a table of the report, markdown; "" where they are not known
#' @noRd
small_rates <- function(rates) ifelse(is.na(rates), "", as_markdown(lfsr_text(rates)))
