# What can be asked of a comparison of runs: printed, summarised, tidied, written, told in a sentence.

genes_named <- 6L # genes of one kind in a line

#' @export
format.fatebias_runs <- function(x, ...) {
  g <- glance(x)
  towards <- x$contrast %||% "the contrast fate"
  against <- if (!is.null(x$reference)) paste(" against", x$reference)
  days <- if (g$n_days == 1) "one day" else sprintf("%d days", g$n_days)
  unlist(c(
    sprintf("<fatebias_runs> %s genes x %s in both: %s%s", count(g$n), days, towards, against %||% ""),
    run_lines(x, g),
    sprintf("Called: %d in a, %d in b, %d in both", g$n_called_a, g$n_called_b, g$n_kept + g$n_reversed),
    vapply(c("gained", "lost", "reversed"), change_line, character(1), x = x),
    paste("Correlation of effects:", correlation_words(x$days)),
    only_lines(x$only),
    difference_lines(x),
    "Next: plot_runs(), summary(), tidy(); as.data.table() has all columns."
  ), use.names = FALSE)
}

run_lines <- function(x, g) {
  id <- ifelse(is.na(x$runs$fit_id), "", sprintf(" (fit %s)", x$runs$fit_id))
  c(
    sprintf("%s: %s%s", x$runs$run, x$runs$source, id),
    if (isTRUE(g$same_fit)) "Both are of one fit."
  )
}

change_line <- function(kind, x) {
  genes <- x$table$gene[x$table$change == kind]
  label <- paste0(toupper(substr(kind, 1, 1)), substring(kind, 2))
  found <- if (length(genes) > 0) sprintf("%s (%s)", count(length(genes)), first_few(genes, genes_named))
  paste0(label, ": ", found %||% "none")
}

#' "d0 0.981, d2 0.975"
#' @noRd
correlation_words <- function(days) {
  r <- ifelse(is.na(days$correlation), "-", formatC(days$correlation, digits = 3, format = "f"))
  toString(paste(days$day, r))
}

#' What only one run has, a line for genes and one for days
#' @param called how the runs are called.
#' @noRd
only_lines <- function(only, called = c(a = "a", b = "b")) {
  unlist(lapply(split(only, paste(only$what, only$run)), function(part) {
    noun <- paste0(part$what[[1]], if (nrow(part) > 1) "s")
    named <- first_few(part$name, genes_named)
    sprintf("Only in %s: %s %s (%s), left out", called[[part$run[[1]]]], count(nrow(part)), noun, named)
  }), use.names = FALSE)
}

#' What differs in settings, data and versions, a line each
#' @noRd
difference_lines <- function(x) {
  kinds <- c(x$settings_kind %||% "Settings", "Data", "Versions")
  unlist(Map(difference_line, kinds, x[c("settings", "data", "versions")]), use.names = FALSE)
}

#' What differs, in a line
#' @noRd
difference_line <- function(what, table) {
  if (is.null(table)) {
    return(sprintf("%s: not known of both", what))
  }
  if (nrow(table) == 0) {
    return(sprintf("%s: the same", what))
  }
  shorten <- function(text) ifelse(nchar(text) > 24L, paste0(substr(text, 1, 22), ".."), text)
  sprintf("%s that differ: %s", what, first_few(sprintf(
    "%s %s -> %s", table$name, shorten(table$a), shorten(table$b)
  ), 4L))
}

#' @export
print.fatebias_runs <- function(x, ...) {
  print_lines(format(x))
  invisible(x)
}

#' @rdname compare_runs
#' @export
summary.fatebias_runs <- function(object, ...) {
  genes <- split(object$table$gene, factor(object$table$change, levels = kinds_of_change))
  named <- vapply(genes, first_few, character(1), n = genes_named, USE.NAMES = FALSE)
  data.table::data.table(change = kinds_of_change, n = lengths(genes, use.names = FALSE), genes = named)
}

#' @rdname compare_runs
#' @export
tidy.fatebias_runs <- function(x, ...) data.table::copy(x$effects)

#' @rdname compare_runs
#' @export
glance.fatebias_runs <- function(x, ...) {
  n_of <- function(kind) sum(x$table$change == kind)
  only <- function(run) sum(x$only$what == "gene" & x$only$run == run)
  ids <- x$runs$fit_id
  data.table::data.table(
    n = nrow(x$table), n_days = nrow(x$days),
    n_called_a = sum(x$table$call_a), n_called_b = sum(x$table$call_b),
    n_kept = n_of("kept"), n_gained = n_of("gained"), n_lost = n_of("lost"), n_reversed = n_of("reversed"),
    n_only_a = only("a"), n_only_b = only("b"),
    correlation = correlation_of(x$effects$postmean_a, x$effects$postmean_b),
    same_fit = if (anyNA(ids)) NA else ids[[1]] == ids[[2]]
  )
}

#' @rdname compare_runs
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_runs <- function(x, ...) data.table::copy(x$table)

#' @rdname compare_runs
#' @export
as.data.frame.fatebias_runs <- function(x, row.names = NULL, # nolint: object_name_linter.
                                        optional = FALSE, ...) {
  as.data.frame(x$table)
}

#' @rdname compare_runs
#' @export
write_runs <- function(comparison, out_dir) {
  validate_class(comparison, "fatebias_runs", "compare_runs", abort_export)
  validate_arg(out_dir, check_path)
  write_made(list(compared_with_previous.csv = comparison$table), out_dir, comparison)
}

#' What has changed against the run before, in a sentence; NULL without a comparison
#' @noRd
runs_line <- function(comparison) {
  if (is.null(comparison)) {
    return(NULL)
  }
  named <- vapply(c("gained", "lost", "reversed"), function(kind) {
    genes <- comparison$table$gene[comparison$table$change == kind]
    verb <- if (length(genes) == 1) "is" else "are"
    if (length(genes) == 0) sprintf("none is %s", kind)
    else sprintf("%s %s %s (%s)", count(length(genes)), verb, kind, first_few(genes, genes_named))
  }, character(1))
  g <- glance(comparison)
  sprintf(
    paste(
      "Of the %s genes that this fit shares with the one before (results in previous/), %s are called on a",
      "day that both have, and were %s before: %s."
    ),
    count(g$n), count(g$n_called_b), count(g$n_called_a), and_list(named)
  )
}
