# What can be asked of a certificate.

#' Verdict of a certificate: passed, failed or not made
#' @noRd
row_mark <- function(pass) ifelse(is.na(pass), "----", ifelse(pass, "pass", "FAIL"))

#' Which labels a certificate of several label sets uses; NULL with one set
#' @noRd
labels_used <- function(keys) {
  if (!is.null(keys)) {
    sprintf(
      paste(
        "Labels: the mean of %d label sets (%s); how they differ is in the fit's standard errors,",
        "not in these checks."
      ), length(keys), first_few(keys)
    )
  }
}

#' @export
format.fatebias_certificate <- function(x, ...) {
  rows <- x$checks
  failed <- sum(!rows$pass, na.rm = TRUE)
  made <- sum(!is.na(rows$pass))
  head <- paste0(
    if (failed > 0) sprintf("%d FAILED", failed) else if (made > 0) "all passed" else "nothing said",
    if (made < nrow(rows)) sprintf(", %d could not be made", nrow(rows) - made)
  )
  width <- max(11, nchar(rows$check))
  shown <- function(v) ifelse(is.infinite(v), "any", formatC(v, digits = 3, format = "g"))
  c(
    sprintf("<fatebias_certificate> %d measures made, %s (%s)", made, head, x$out_dir),
    labels_used(x$label_sets),
    sprintf(
      "%s %-*s %-30s %8s, expected %s to %s", row_mark(rows$pass), width, rows$check, rows$measure,
      shown(rows$statistic), shown(rows$expected_low), shown(rows$expected_high)
    ),
    sprintf("%s: %s", rows$check, rows$sentence)[is.na(rows$pass) | !rows$pass],
    "Next: summary() has a sentence a row, autoplot() shows the null z, $stability the hits."
  )
}

#' @export
print.fatebias_certificate <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' Summary, tables and plots of a certificate
#'
#' @param object,x a `fatebias_certificate`, from [certify_fit()].
#' @param what `"qq"`: z of estimates whose truth is 0 against the normal, with the band of a right model;
#'   `"rejection"`: how often they are rejected, with the range of a right model; `"stability"`: how often
#'   each hit is called again with cells drawn anew and with other seeds.
#' @param ... not used.
#' @returns
#' - `summary()`: a list with a print method: `checks`, `rejection`, `stability`, and `passed` (TRUE, FALSE).
#' - `tidy()`: data.table, the rows of `checks`. `glance()`: data.table of one row: `n_checks`, `n_failed`,
#'   `n_not_made`, `passed`, `level`, `n_stable` (hits called in at least 90 % of bootstraps), `n_hits`,
#'   `seconds`.
#' - `autoplot()`: a ggplot2 object.
#' @name fatebias_certificate
NULL

#' @rdname fatebias_certificate
#' @export
summary.fatebias_certificate <- function(object, ...) {
  structure(
    c(
      unclass(object)[c("checks", "rejection", "stability", "out_dir", "label_sets")],
      passed = all(object$checks$pass, na.rm = TRUE)
    ),
    class = "summary_fatebias_certificate"
  )
}

#' @export
print.summary_fatebias_certificate <- function(x, ...) {
  cat(sprintf("Certificate of %s: %s\n", x$out_dir, if (x$passed) "passed" else "NOT passed"))
  cat(paste0(labels_used(x$label_sets), "\n", recycle0 = TRUE))
  cat(sprintf("%s %s\n", row_mark(x$checks$pass), x$checks$sentence), sep = "")
  if (nrow(x$rejection) > 0) {
    cat("\nEstimates whose truth is 0, rejected:\n")
    print(x$rejection, digits = 3, row.names = FALSE, class = FALSE)
  }
  weak <- x$stability[x$stability$called < 0.9 & x$stability$by == "bootstrap"]
  if (!is.null(weak) && nrow(weak) > 0) {
    genes <- first_few(sprintf("%s %.0f %%", weak$gene, 100 * weak$called)[order(weak$called)], 10)
    cat(sprintf("\nHits called in less than 90 %% of bootstraps: %s\n", genes))
  }
  invisible(x)
}

#' @rdname fatebias_certificate
#' @export
tidy.fatebias_certificate <- function(x, ...) data.table::copy(x$checks)

#' @rdname fatebias_certificate
#' @export
glance.fatebias_certificate <- function(x, ...) {
  pass <- x$checks$pass
  bootstraps <- x$stability[x$stability$by == "bootstrap"]
  data.table::data.table(
    n_checks = length(pass), n_failed = sum(!pass, na.rm = TRUE), n_not_made = sum(is.na(pass)),
    passed = all(pass, na.rm = TRUE), level = x$level,
    n_stable = if (is.null(bootstraps)) NA_integer_ else sum(bootstraps$called >= 0.9),
    n_hits = if (is.null(bootstraps)) NA_integer_ else nrow(bootstraps), seconds = x$seconds
  )
}
