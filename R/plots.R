# The look of all plots, and what they share: theme, colours, labels, the choice of rows, states of effects.

# Okabe and Ito's colours, told apart by colour-blind readers; shapes and marks say the same without colour
direction_colours <- c(raises = "#D55E00", lowers = "#0072B2")
category_colours <- c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
states <- c("call", "no call", "no estimate")

caption_width <- 58L # characters that fit in a figure 390 pixels wide
day_width <- 8L # labels of days that are longer lose the words that all share
name_width <- 20L # longer names of genes and guides are shortened in the middle

theme_fatebias <- function(base_size = 11) {
  ggplot2::theme_minimal(base_size = base_size) +
    ggplot2::theme(
      panel.grid.minor = ggplot2::element_blank(),
      panel.grid.major = ggplot2::element_line(colour = "grey90", linewidth = 0.3),
      axis.text = ggplot2::element_text(colour = "grey15"),
      strip.text = ggplot2::element_text(face = "bold", hjust = 0), panel.spacing.x = ggplot2::unit(11, "pt"),
      plot.title.position = "plot", plot.caption.position = "plot",
      plot.caption = ggplot2::element_text(hjust = 0, colour = "grey30"),
      legend.position = "bottom", legend.justification = "left", legend.location = "plot",
      legend.box = "vertical", legend.box.just = "left",
      legend.margin = ggplot2::margin(0, 0, 0, 0), legend.spacing.y = ggplot2::unit(2, "pt")
    )
}

#' Text below a plot, in lines that fit a narrow figure
#' @noRd
caption <- function(...) paste(strwrap(paste0(...), caption_width), collapse = "\n")

#' Names of at most `width` characters, both ends kept; in ASCII, which all devices can draw
#' @noRd
short_name <- function(names, width = name_width) {
  names <- as.character(names)
  long <- !is.na(names) & nchar(names) > width
  end <- (width - 2L) %/% 2L
  tail <- substring(names[long], nchar(names[long]) - end + 1L)
  names[long] <- paste0(substr(names[long], 1L, width - end - 2L), "..", tail)
  names
}

#' Labels of days as drawn, named by the labels: "differentiation day 12" is "day 12" among its like
#' @noRd
short_days <- function(days) {
  short <- days
  repeat {
    first_word <- sub("^([^ ]+) .*$", "\\1", short)
    shared <- all(grepl(" ", short, fixed = TRUE)) && length(unique(first_word)) == 1
    if (max(nchar(short)) <= day_width || !shared) break
    short <- sub("^[^ ]+ +", "", short)
  }
  shorter <- short_name(short, 2L * day_width)
  rlang::set_names(if (anyDuplicated(shorter)) short else shorter, days)
}

day_factor <- function(day, days) factor(day, levels = days)

facet_days <- function(days, ncol) {
  titles <- rlang::set_names(day_title(short_days(days)), days)
  ggplot2::facet_wrap("day", labeller = ggplot2::as_labeller(titles), ncol = ncol)
}

#' A bare number says nothing by itself: "day 12"
#' @noRd
day_title <- function(labels) ifelse(grepl("^[0-9.]+$", labels), paste("day", labels), labels)

#' Columns of day panels: one row of them up to four days, then two or more
#' @noRd
day_panels <- function(days) if (length(days) <= 4) length(days) else 4L

#' An axis of labels that must not touch: turned where they are many or long
#' @noRd
axis_of_labels <- function(labels, ...) {
  crowded <- sum(nchar(labels)) > 24L || any(nchar(labels) > day_width)
  ggplot2::guide_axis(angle = if (crowded) 45 else 0, ...)
}

#' The axis of time: at the real times, by the labels of the days
#' @noRd
scale_x_times <- function(times, days) {
  labels <- unname(short_days(days))
  ggplot2::scale_x_continuous(
    NULL, breaks = times, labels = labels, guide = axis_of_labels(labels, check.overlap = TRUE),
    expand = ggplot2::expansion(mult = 0.08)
  )
}

#' The axis of effects, with few numbers since panels are narrow
#' @noRd
scale_x_effects <- function(title = "effect (log odds)", expand = 0.08) {
  ggplot2::scale_x_continuous(
    title, n.breaks = 4, guide = ggplot2::guide_axis(check.overlap = TRUE),
    expand = ggplot2::expansion(mult = expand)
  )
}

#' A colour bar wide enough for its numbers
#' @noRd
wide_bar <- function() ggplot2::theme(legend.key.width = ggplot2::unit(26, "pt"))

#' Rows of genes or guides, the first on top; a star before those that are marked
#' @param marked names of rows.
#' @noRd
scale_y_rows <- function(marked = NULL, ...) {
  ggplot2::scale_y_discrete(NULL, limits = rev, labels = function(names) starred(names, marked), ...)
}

starred <- function(names, marked, width = name_width) {
  paste0(ifelse(names %in% marked, "* ", ""), short_name(names, width))
}

#' What the star means; nothing where none is drawn
#' @noRd
star_text <- function(marked) if (length(marked) > 0) " Star: marked gene."

#' Half-width of an interval, in standard errors
#' @noRd
half_width <- function(level) {
  validate_arg(level, checkmate::check_number, lower = 0.01, upper = 0.999)
  stats::qnorm((1 + level) / 2)
}

interval_text <- function(level) sprintf("%s %% interval", format(100 * level))

#' What an effect is: a call, none, or without an estimate of its own
#' @noRd
state_of <- function(call, estimate) {
  factor(ifelse(is.na(estimate), states[[3]], ifelse(call, states[[1]], states[[2]])), levels = states)
}

#' A plot that says why there is nothing to draw
#' @noRd
empty_plot <- function(data, text) {
  ggplot2::ggplot(data) +
    ggplot2::annotate("text", x = 0, y = 0, label = text, colour = "grey30") +
    ggplot2::theme_void()
}

#' Stop unless `genes` are names of genes that are known; those that are near are named
#' @noRd
validate_genes_drawn <- function(genes, known, arg = rlang::as_label(substitute(genes)),
                                 call = rlang::caller_env()) {
  validate_arg(
    genes, checkmate::check_character, any.missing = FALSE, min.len = 1, unique = TRUE, arg = arg, call = call
  )
  validate_names(genes, known, "gene", call)
}

#' Names of the rows of a mash_result that are of marked genes (guides at guide level)
#' @noRd
marked_rows <- function(x, mark, call = rlang::caller_env()) {
  if (is.null(mark)) {
    return(character())
  }
  validate_genes_drawn(mark, x$table$gene, "mark", call)
  x$table[[x$level]][x$table$gene %in% mark]
}

#' Rows of a mash_result to be drawn: those of the genes, or the n strongest, called ones first, and all that
#' are marked
#' @returns names of rows (guides at guide level), in the order to be drawn.
#' @noRd
choose_rows <- function(x, genes, n, table = x$table, mark = NULL, call = rlang::caller_env()) {
  marked <- marked_rows(x, mark, call)
  if (!is.null(genes)) {
    validate_genes_drawn(genes, x$table$gene, call = call)
    rows <- x$table[order(match(x$table$gene, genes), na.last = NA)]
    return(rows[[x$level]])
  }
  validate_arg(n, checkmate::check_count, positive = TRUE)
  strongest <- strongest_first(table)
  union(table[[x$level]][utils::head(strongest[order(!called_rows(table)[strongest])], n)], marked)
}

#' Effects of some rows by day: tidy(), with the direction of calls, factors in the order to be drawn
#' @noRd
effects_of <- function(x, rows = x$table[[x$level]]) {
  effects <- tidy(x)
  effects <- effects[effects[[x$level]] %in% rows]
  data.table::set(effects, j = x$level, value = factor(effects[[x$level]], levels = rows))
  data.table::set(effects, j = "day", value = day_factor(effects$day, x$days))
  told <- effect_of_call(effects$postmean, effects$estimate, effects$lfsr, x$lfsr_thresh, rule_of(x))
  direction <- ifelse(effects$call, ifelse(told > 0, "raises", "lowers"), "none")
  data.table::set(effects, j = "direction", value = direction)
  data.table::setorderv(effects, c(x$level, "day"))
  effects[]
}

call_text <- function(x) {
  sprintf("A call has %s below %s.", rule_words(rule_of(x), "caption"), format(x$lfsr_thresh))
}
