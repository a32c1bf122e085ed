# All fates of single genes side by side: what a guide does to each, in log odds and in percentage points.

fates_drawn <- 6L # fates of a gene that are told apart; of more those that change most
fate_units <- c("log odds", "points")
changes_level <- 0.9 # of the intervals in the fit's table

#' Changes of all fates of some genes, in both units, as rows of `plot_gene_data()`
#' @noRd
fate_rows <- function(fit, x, genes, level) {
  table <- probability_change(fit, genes)
  table <- table[table$fate %in% fates_that_move(table)]
  wider <- half_width(level) / half_width(changes_level)
  limits <- list(
    value = table$change, low = pmax(table$change + wider * (table$low - table$change), -table$baseline),
    high = pmin(table$change + wider * (table$high - table$change), 1 - table$baseline)
  )
  log_odds <- function(change) stats::qlogis(table$baseline + change) - stats::qlogis(table$baseline)
  by_unit <- list(lapply(limits, log_odds), lapply(limits, function(change) 100 * change))
  data.table::rbindlist(lapply(seq_along(fate_units), function(k) {
    data.table::data.table(
      gene = factor(table$gene, levels = genes), day = day_factor(table$day, x$days),
      time = unname(x$times)[match(table$day, x$days)], source = "fate", guide = NA_character_,
      data.table::as.data.table(by_unit[[k]]), state = factor(NA, levels = states),
      fate = factor(table$fate, levels = unique(table$fate)), unit = fate_units[[k]]
    )
  }))
}

#' The fates that change most on some day, in the order of the table
#' @noRd
fates_that_move <- function(table) {
  fates <- unique(table$fate)
  most <- function(fate) max(0, abs(table$change[table$fate == fate]), na.rm = TRUE)
  largest <- vapply(fates, most, numeric(1))
  fates[rank(-largest, ties.method = "first") <= fates_drawn]
}

#' Places of fates around their day, from -1 to 1
#' @noRd
fate_places <- function(fates) {
  n <- nlevels(fates)
  rlang::set_names(if (n == 1) 0 else seq(-1, 1, length.out = n), levels(fates))
}

#' The panel that rows are drawn in: the contrast's effect, then the fates in both units
#' @noRd
fate_panel <- function(points, of_effect) {
  titles <- c(of_effect, "fates (log odds)", "fates (percentage points)")
  at <- ifelse(points$source != "fate", 1L, match(points$unit, fate_units) + 1L)
  factor(titles[at], levels = titles)
}

#' What is said below a picture that shows fates
#' @noRd
fates_text <- function(points, fit) {
  shown <- nlevels(droplevels(points$fate))
  all <- length(fit$manifest$fates)
  paste0(
    " Fates: how much a guide in place of a control guide changes their mean probability, by the estimates, ",
    "which are not shrunk.",
    if (shown < all) sprintf(" Of %d fates the %d that change most.", all, shown)
  )
}
