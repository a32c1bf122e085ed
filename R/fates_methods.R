# What can be asked of compared contrasts: printed, summarised, tidied, written.

sure_verdict <- 0.9 # probability from which a verdict counts as sure

#' @export
format.fatebias_contrasts <- function(x, ...) {
  g <- glance(x)
  by_contrast <- summary(x)
  counted <- sprintf("%s: %d", by_contrast$contrast, by_contrast$n_genes)
  c(
    sprintf("<fatebias_contrasts> %s of %d genes", and_list(x$contrasts), g$n),
    sprintf(
      "Genes called: %d, by %s (%s)", g$n_called, rule_text(x$call_rule, x$lfsr_thresh),
      paste(counted, collapse = ", ")
    ),
    if (g$n_calls > 0) {
      sprintf("Expected share of false signs among all %d calls: %s", g$n_calls, show_small(g$expected_false))
    },
    verdict_lines(x),
    "Next: tidy(), write_contrasts(), plot_contrasts(); $verdicts has all verdicts."
  )
}

verdict_lines <- function(x) {
  if (is.null(x$verdicts)) {
    return("No verdicts: the fit was made by an earlier version; fit again.")
  }
  told <- changed_genes(x)
  shown <- utils::head(told, rows_printed)
  c(
    sprintf(
      "Verdicts (beyond %s percentage points, mean over days): %d genes change, %d with P >= %s",
      format(x$margin), nrow(told), sum(told$probability >= sure_verdict), format(sure_verdict)
    ),
    sprintf("  %s %s (P %s)", shown$gene, shown$verdict, show_probability(shown$probability)),
    if (nrow(told) > nrow(shown)) sprintf("  .. and %d more", nrow(told) - nrow(shown))
  )
}

#' Genes whose verdict is a change, the surest first
#' @noRd
changed_genes <- function(x) {
  told <- x$verdicts[x$verdicts$raised != "" | x$verdicts$lowered != ""]
  told[order(-rank_apart(told$probability))]
}

#' @export
print.fatebias_contrasts <- function(x, ...) {
  print_lines(format(x))
  invisible(x)
}

#' @rdname compare_contrasts
#' @export
tidy.fatebias_contrasts <- function(x, ...) data.table::copy(x$table)

#' @rdname compare_contrasts
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_contrasts <- function(x, ...) tidy(x)

#' @rdname compare_contrasts
#' @export
summary.fatebias_contrasts <- function(object, ...) {
  rows <- split(object$table, factor(object$table$contrast, object$contrasts))
  data.table::data.table(
    contrast = object$contrasts,
    n_genes = vapply(rows, function(own) length(unique(own$gene[own$call])), 1L, USE.NAMES = FALSE),
    n_calls = vapply(rows, function(own) sum(own$call), 1L, USE.NAMES = FALSE),
    expected_false = vapply(rows, function(own) mean(own$lfsr[own$call]), 1, USE.NAMES = FALSE)
  )
}

#' @rdname compare_contrasts
#' @export
glance.fatebias_contrasts <- function(x, ...) {
  called <- x$table[x$table$call]
  changed <- if (!is.null(x$verdicts)) changed_genes(x)
  data.table::data.table(
    n = length(unique(x$table$gene)), n_contrasts = length(x$contrasts),
    n_called = length(unique(called$gene)), n_calls = nrow(called), expected_false = x$expected_false,
    n_changed = if (is.null(changed)) NA_integer_ else nrow(changed),
    n_sure = if (is.null(changed)) NA_integer_ else sum(changed$probability >= sure_verdict),
    margin = x$margin
  )
}

#' @rdname compare_contrasts
#' @export
write_contrasts <- function(x, out_dir) {
  validate_class(x, "fatebias_contrasts", "compare_contrasts", abort_export)
  validate_arg(out_dir, check_path)
  own <- c(gene_contrasts.csv = list(x$table), gene_verdicts.csv = list(x$verdicts))
  more <- x$mash[-1]
  labels <- contrast_labels(x$contrasts)[-1]
  summaries <- rlang::set_names(lapply(more, `[[`, "table"), sprintf("gene_summary_mash_out.%s.csv", labels))
  ranked <- lapply(more, function(mash) labelled_hits(rank_hits(mash)))
  names(ranked) <- sprintf("hits_ranked.%s.csv", labels)
  tables <- Filter(Negate(is.null), c(own, summaries, ranked))
  write_made(tables, out_dir, x)
}

#' The name of each contrast in names of files, as the command line has them
#'
#' Letters, digits, `.`, `_` and `-` stay, blanks go, others become `_`, and 100 letters are kept; where two
#' would be alike (case aside), later ones get a number.
#' @noRd
contrast_labels <- function(contrasts) {
  plain <- substr(gsub("[^A-Za-z0-9._-]", "_", gsub("[[:space:]]", "", contrasts), perl = TRUE), 1, 100)
  found <- character()
  for (label in plain) {
    tried <- c(label, paste0(label, ".", seq_along(plain) + 1L))
    found <- c(found, tried[!tolower(tried) %in% tolower(found)][[1]])
  }
  found
}
