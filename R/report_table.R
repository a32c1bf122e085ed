# The table of hits in the report: its data, the small picture of effects by day in each row, and the widget.

rows_listed <- 2000L # rows of the table at most; all are in hits_ranked.csv
picture_half <- 15L # pixels of the largest bar
bar_width <- 14L
bar_gap <- 4L
of_several_days <- c("day", "onset", "p_onset", "p_persist") # columns that one day has no use for
largest_csv <- 2e6 # bytes of hits_ranked.csv up to which it is embedded for download

#' What the table of the report shows
#'
#' @returns data.table, one row a gene in the order of `hits`: `rank`, `gene`, `call` ("hit", "call" where
#'   the rule calls what is no hit, or ""), `direction` ("" for other genes), `day` (label of the best day),
#'   `effect` and `sd` (mash's posterior mean and SD there), `lfsr`, `svalue`, `onset` (in words, by
#'   `onset_of_hits()`), `p_onset`, `p_persist`, `agree` (guides whose own estimate has the sign of
#'   the effect on that day, of all its guides; of a fit without such estimates guides whose posterior mean
#'   has the sign of the gene's estimate), where it is known `robust` ("yes", "no", "1 guide"), with two
#'   replicates or more `replicates` (those whose estimate has that sign, of all that have one), `carried`
#'   (how often a usable cell carries a guide of the gene; NA for fits without counts); where the fit has
#'   p-values, `p` (of the best day) and `q_gene`; where `hits` have
#'   p-values of the randomisation test, `p_random`, that of the best day. With one day `day` and what is
#'   told of the onset are left out.
#' @noRd
report_table <- function(fit, mash, hits) {
  shown <- utils::head(hits, max(rows_listed, which(called_rows(hits))))
  told <- tidy(shown)
  best <- shown$best_day + 1L
  table <- data.table::data.table(
    rank = seq_len(nrow(shown)), gene = told$gene,
    call = ifelse(told$hit, "hit", ifelse(told$call, "call", "")),
    direction = ifelse(told$call, told$direction, ""), day = told$best_day,
    effect = told$postmean, sd = told$postsd, lfsr = told$lfsr, svalue = shown$svalue,
    onset = onset_of_hits(shown), p_onset = told$p_onset, p_persist = shown$p_persist,
    agree = agreeing_guides(fit, shown, best), robust = robust_text(told),
    replicates = agreeing_replicates(fit, told, best), carried = carried_by_gene(fit$cells, told$gene)
  )
  if (has_one_day(mash)) table <- table[, setdiff(names(table), of_several_days), with = FALSE]
  if (!all(is.na(told$p))) table$p <- told$p
  if (!all(is.na(told$q_gene))) table$q_gene <- told$q_gene
  if (length(day_columns(shown, "p_random")) > 0) {
    table$p_random <- day_matrix(shown, "p_random")[cbind(seq_along(best), best)]
  }
  table
}

#' NULL where it is not known
#' @noRd
robust_text <- function(marks) {
  if (!anyNA(marks$guides_agree)) {
    ifelse(marks$n_guides == 1, "1 guide", ifelse(marks$robust, "yes", "no"))
  }
}

#' "2 of 3": replicates whose estimate has the sign of the effect on a day, of those with an estimate; NULL
#' with one replicate
#' @noRd
agreeing_replicates <- function(fit, told, day) {
  if (anyNA(told$replicates_agree)) {
    return(NULL)
  }
  rows <- fit$by_replicate
  at <- match(rows$gene, told$gene)
  there <- which(rows$day + 1L == day[at] & !is.na(rows$betahat))
  sprintf("%d of %d", told$replicates_agree, tabulate(at[there], nrow(told)))
}

#' "4 of 5": guides whose own estimate has the sign of the effect; where there is none, guides whose posterior
#' mean has the sign of the gene's estimate, as mash was given it, on a day
#' @noRd
agreeing_guides <- function(fit, shown, day) {
  marks <- guide_marks(shown)
  if (!anyNA(marks$guides_agree)) {
    return(sprintf("%d of %d", marks$guides_agree, marks$n_guides))
  }
  row <- match(fit$guide$gene, shown$gene)
  guide <- fit$guide[!is.na(row)]
  row <- row[!is.na(row)]
  posterior <- day_matrix(guide, "betahat")[cbind(seq_along(row), day[row])]
  estimate <- day_matrix(shown, "betahat")[cbind(row, day[row])]
  same <- sign(posterior) == sign(estimate)
  sprintf("%d of %d", tabulate(row[which(same)], nrow(shown)), tabulate(row, nrow(shown)))
}

#' How often a usable cell carries a guide of the gene: a cell with two of them counts twice
#' @noRd
carried_by_gene <- function(cells, genes) {
  if (is.null(cells)) {
    return(rep(NA_integer_, length(genes)))
  }
  as.integer(tapply(rowSums(day_matrix(cells, "n_cells")), factor(cells$gene, levels = genes), sum))
}

#' A picture of a gene's effects by day: bars up or down from a line, filled where called
#'
#' @param effect,lfsr,called vectors, one value a day. `largest`: the effect that fills half the height.
#' @returns text of an SVG with the numbers in its title.
#' @noRd
effect_picture <- function(effect, lfsr, called, days, largest) {
  size <- pmax(abs(effect) / largest * picture_half, 0.75)
  kind <- ifelse(called, ifelse(effect > 0, "up", "down"), "none")
  bars <- sprintf(
    "<rect class=\"%s\" x=\"%g\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>", kind,
    bar_gap / 2 + (seq_along(effect) - 1) * (bar_width + bar_gap),
    picture_half + 1 - ifelse(effect > 0, size, 0), bar_width, size
  )
  title <- paste(sprintf("%s: %+.2f (%s)", days, effect, show_lfsr(lfsr)), collapse = "; ")
  width <- length(effect) * (bar_width + bar_gap)
  middle <- picture_half + 1
  paste0(
    sprintf("<svg class=\"days\" role=\"img\" width=\"%d\" height=\"%d\">", width, 2L * middle),
    sprintf("<title>%s</title>", html_text(title)), paste(bars, collapse = ""),
    sprintf("<line x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/></svg>", width, middle, middle)
  )
}

html_text <- function(text) as.character(htmltools::htmlEscape(text))

effect_pictures <- function(mash, hits) {
  effect <- day_matrix(hits, "postmean")
  lfsr <- day_matrix(hits, "lfsr")
  called <- called_matrix(hits, mash$lfsr_thresh)
  largest <- max(abs(effect), .Machine$double.eps)
  vapply(seq_len(nrow(hits)), function(i) {
    effect_picture(effect[i, ], lfsr[i, ], called[i, ], mash$days, largest)
  }, character(1))
}

#' The table as a widget: sorted, filtered and searched in the browser, without a network
#' @noRd
hits_widget <- function(table, mash, hits) {
  table <- cbind(table, picture = effect_pictures(mash, utils::head(hits, nrow(table))))
  data.table::setcolorder(table, c("rank", "gene", "call", "picture"))
  reactable::reactable(
    as.data.frame(table),
    columns = hits_columns(length(mash$days))[names(table)], elementId = "hits-table", searchable = TRUE,
    defaultPageSize = 15, showPageSizeOptions = TRUE, pageSizeOptions = c(15, 50, 200), compact = TRUE,
    highlight = TRUE, wrap = FALSE,
    language = reactable::reactableLang(searchPlaceholder = "Search the table")
  )
}

hits_columns <- function(n_days) {
  text <- function(name, width, ...) reactable::colDef(name = name, minWidth = width, ...)
  number <- function(name, width, digits = 2) {
    text(name, width, format = reactable::colFormat(digits = digits, separators = TRUE))
  }
  list(
    rank = number("Rank", 52, 0), gene = text("Gene", 110, filterable = TRUE, sticky = "left"),
    call = text("Call", 54, filterable = TRUE),
    picture = text(
      if (n_days == 1) "Size" else "Effect by day", max(100L, n_days * (bar_width + bar_gap) + 20L),
      html = TRUE, sortable = FALSE, searchable = FALSE
    ),
    direction = text("Direction", 90, filterable = TRUE), day = text("Best day", 76, filterable = TRUE),
    effect = number("Effect", 64), sd = number("SD", 54), lfsr = text("lfsr", 76, cell = lfsr_text),
    svalue = text("s-value", 76, cell = lfsr_text), onset = text("Onset", 70, filterable = TRUE),
    p_onset = number("P(onset)", 84), p_persist = number("P(lasts)", 80), agree = text("Guides agree", 98),
    robust = text("Robust", 70, filterable = TRUE), replicates = text("Replicates", 88),
    carried = number("Carried", 74, 0), p = text("p", 76, cell = p_text),
    q_gene = text("q of gene", 84, cell = p_text), p_random = text("p random.", 84, cell = p_text)
  )
}

#' Only hits have a p-value of the randomisation test; those of the fit may be far below 1e-12
#' @noRd
p_text <- function(p) if (is.na(p)) "" else trimws(formatC(p, digits = 2, format = "g"))

#' A link that downloads hits_ranked.csv, embedded in the page; where it is too large, the file's name
#' @noRd
csv_link <- function(hits) {
  file <- tempfile(fileext = ".csv")
  on.exit(unlink(file))
  data.table::fwrite(guarded(hits), file)
  if (file.size(file) > largest_csv) {
    return(htmltools::p("All genes and columns: write_hits(), and results/hits_ranked.csv of a pipeline."))
  }
  data <- jsonlite::base64_enc(readBin(file, "raw", file.size(file)))
  htmltools::a(
    id = "download-hits", class = "button", download = "hits_ranked.csv",
    href = paste0("data:text/csv;base64,", gsub("\n", "", data, fixed = TRUE)), "Download all as CSV"
  )
}

#' A button that downloads the rows of the table that the filters leave, without the pictures
#' @noRd
rows_button <- function(columns) {
  htmltools::tags$button(
    class = "button", "Download filtered rows",
    onclick = sprintf("downloadRows(%s)", jsonlite::toJSON(setdiff(columns, "picture")))
  )
}

#' What the columns of the table say of effects and days
#' @noRd
table_words <- function(mash) {
  by <- if (has_one_day(mash)) c("ash", "") else c("mash", " by day")
  bars <- sprintf("%s's posterior mean of the effect%s", by[[1]], by[[2]])
  paste(c(
    sprintf("Bars: %s, up or down from the line, filled where called.", bars),
    if (rule_of(mash) != "lfsr") {
      threshold <- format(mash$lfsr_thresh)
      sprintf(
        "Call: hit where an lfsr is below %s, call where only %s is.", threshold,
        if (rule_of(mash) == "svalue") "an average lfsr (over genes and days)" else "an adjusted p-value"
      )
    },
    if (!has_one_day(mash)) "Effect, SD: on the best day, the one with the smallest lfsr.",
    "s-value: expected share of wrong signs among all genes up to this one.",
    if (!has_one_day(mash)) paste(
      "Onset: the most probable first day with an effect, P(onset), where that is the first day called; else",
      "both. P(lasts): the probability of an effect on every day from then on, of whatever sign."
    )
  ), collapse = " ")
}

#' What p and q are; NULL where the table has none
#' @noRd
p_value_words <- function(fit, mash, table) {
  if (is.null(table$p)) {
    return(NULL)
  }
  day <- if (has_one_day(mash)) "" else " on that day"
  days <- if (has_one_day(mash)) "its p" else "the p-values of all its days together"
  paste0(
    sprintf("p, q of gene: p-value%s, if %s; how far out the gene lies is told by where its ",
            on_best_day_words(mash), null_hypothesis(fit, day)),
    "guides could have lain (other cells of the same day, replicate and burden), not by the model's noise. ",
    sprintf("q is the expected share of false ones among all genes with so small a p, by %s.", days)
  )
}

on_best_day_words <- function(mash) if (has_one_day(mash)) "" else " on the best day"
