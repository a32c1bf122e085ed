# QC: assertions are data; `assess_qc()` turns them and the tables of a fit into rows, `assert_qc()`
# reads the rows. Python's command line asserts the same, from the same rows of constants.yaml.

qc_columns <- c("assertion", "statistic", "threshold", "pass", "worst_gene")

# What is wrong where an assertion is violated
qc_meanings <- c(
  delta_mean = "guide deviations of a gene do not average to zero",
  offset_mean = "theta is not the average of its gene's guide effects",
  offset_sd = "theta departs from the average of its guides by a different amount each day"
)

#' Assertions: max over genes of |column| of a table of the fit must be below the threshold in a setting
#'
#' @returns List of `list(name, table, column, setting, meaning)`; `table` is a name in `fit_tables`.
#' @noRd
qc_assertions <- function() {
  rows <- shared_constant("qc_assertions")
  files <- vapply(fit_tables, `[[`, character(1), "file")
  unname(Map(function(name, row) {
    list(
      name = name, table = names(files)[files == row$table], column = row$column, setting = row$setting,
      meaning = qc_meanings[[name]]
    )
  }, names(rows), rows))
}

qc_assertion_names <- function() names(shared_constant("qc_assertions"))

#' Assess and assert the QC of a fit
#'
#' Guide deviations (delta) have mean zero within a gene, so that theta is the gene's average guide
#' effect. This holds by construction, so a table that violates it indicates a software fault between model
#' and files. `assess_qc()` checks three assertions, `assert_qc()` stops or warns when one is
#' violated. A missing value violates its assertion.
#'
#' | assertion | statistic, over all genes | below |
#' |---|---|---|
#' | `delta_mean` | largest absolute mean of delta over a gene's guides | `qc_delta_mean_max` |
#' | `offset_mean` | largest absolute mean over days of (mean beta of the guides - theta) | `qc_offset_max` |
#' | `offset_sd` | largest SD over days of the same | `qc_offset_max` |
#'
#' @param fit a `fatebias_fit`.
#' @param settings [fate_settings()]; the stage QC is used. Default: those of the fit.
#' @param ... of `assess_qc()` settings by name, such as `qc_offset_max = 0.05`; of others not used.
#' @param x,object a `fatebias_fit` (of `assert_qc()`) or what `assess_qc()` returned.
#' @param mode `"simulation"`: a violation is an error; `"real"`: a warning. Default: as assessed.
#' @returns `assess_qc()`: a `fatebias_qc`, a data.table with one row an assertion: `assertion`,
#'   `statistic` (log odds), `threshold`, `pass`, `worst_gene`. `assert_qc()`: the same, invisibly.
#'   `tidy()`, `as.data.table()`: a plain data.table. `summary()`: data.table `assertion`, `gene`, `value`,
#'   the 10 worst genes of each. `glance()`: data.table of one row, `n_assertions`, `n_violated`, `pass`,
#'   `mode`.
#' @section Errors: `fatebias_error_qc` in simulation mode, else a `fatebias_warning_qc`; both list the
#'   10 worst genes of each violated assertion.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' assess_qc(fit)
#' assert_qc(fit)
#' @export
assess_qc <- function(fit, settings = fit$settings, ...) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_qc)
  settings <- update_settings(settings, ...)
  assertions <- qc_assertions()
  worst <- lapply(assertions, function(a) worst_genes(fit[[a$table]], a$column))
  names(worst) <- qc_assertion_names()
  threshold <- vapply(assertions, function(a) settings[[a$setting]], numeric(1))
  statistic <- vapply(assertions, function(a) largest_size(fit[[a$table]][[a$column]]), numeric(1))
  rows <- data.table::data.table(
    assertion = names(worst), statistic = statistic, threshold = threshold,
    pass = !is.na(statistic) & statistic < threshold,
    worst_gene = vapply(worst, function(table) table$gene[1], character(1), USE.NAMES = FALSE)
  )
  class <- c("fatebias_qc", class(rows))
  structure(rows, class = class, mode = settings$mode, worst = worst, fit_id = identity_of(fit))
}

#' @rdname assess_qc
#' @export
assert_qc <- function(x, mode = NULL) {
  if (inherits(x, "fatebias_fit")) x <- assess_qc(x)
  validate_class(x, "fatebias_qc", "assess_qc", abort_qc)
  mode <- mode %||% attr(x, "mode")
  validate_arg(mode, checkmate::check_choice, c("simulation", "real"))
  violated <- which(!x$pass)
  if (length(violated) > 0) {
    message <- c("The fit violates its QC.", unlist(lapply(violated, describe_violation, x = x)))
    if (mode == "simulation") abort_qc(message) else warn_qc(message)
  }
  invisible(x)
}

#' Largest absolute value; NA where one is missing, and of none
#' @noRd
largest_size <- function(values) {
  size <- abs(as.numeric(values))
  if (length(size) == 0 || anyNA(size)) NA_real_ else max(size)
}

#' The genes with the largest |column|, missing values first: they must never pass unseen
#'
#' Values that are zero but for rounding name no gene: those that look the same stay in the fit's order.
#' @noRd
worst_genes <- function(table, column, n = shared_constant("qc_worst_genes")) {
  size <- abs(as.numeric(table[[column]]))
  worst <- utils::head(order(-round(size, shared_constant("qc_digits")), na.last = FALSE), n)
  data.table::data.table(gene = table$gene[worst], value = table[[column]][worst], size = size[worst])
}

describe_violation <- function(i, x) {
  own <- match(x$assertion[[i]], qc_assertion_names()) # rows may have been taken away
  assertion <- qc_assertions()[[own]]
  worst <- attr(x, "worst")[[x$assertion[[i]]]]
  lines <- c(
    x = sprintf(
      "%s: %s (largest |%s| is %s, must be below %s).", assertion$name, assertion$meaning, assertion$column,
      show_number(x$statistic[[i]]), format(x$threshold[[i]])
    ),
    i = sprintf("Worst genes in %s:", fit_tables[[assertion$table]]$file),
    rlang::set_names(sprintf("%s %s", worst$gene, show_number(worst$value)), rep(" ", nrow(worst)))
  )
  rlang::set_names(verbatim(lines), names(lines))
}

#' Numbers for messages
#' @noRd
show_number <- function(x) vapply(round(x, shared_constant("qc_digits")), format, character(1), digits = 3)

#' @rdname assess_qc
#' @export
format.fatebias_qc <- function(x, ...) {
  mode <- attr(x, "mode")
  c(
    sprintf("<fatebias_qc> %d of %d assertions hold (mode %s)", sum(x$pass), nrow(x), mode %||% "unknown"),
    sprintf(
      "%s %-12s %s, must be < %s (worst gene %s)", ifelse(x$pass, "pass", "FAIL"), x$assertion,
      show_number(x$statistic), vapply(x$threshold, format, character(1)), x$worst_gene
    ),
    if (all(x$pass)) "Next: run_mash()."
    else "Next: summary() has the worst genes; assert_qc() stops or warns."
  )
}

#' @rdname assess_qc
#' @export
print.fatebias_qc <- function(x, ...) {
  whole <- all(qc_columns %in% names(x))
  if (whole) print_lines(format(x)) else print(data.table::as.data.table(x), ...)
  invisible(x)
}

#' @rdname assess_qc
#' @export
summary.fatebias_qc <- function(object, ...) {
  worst <- data.table::rbindlist(attr(object, "worst")[object$assertion], idcol = "assertion")
  worst[, c("assertion", "gene", "value")]
}

#' @rdname assess_qc
#' @export
glance.fatebias_qc <- function(x, ...) {
  data.table::data.table(
    n_assertions = nrow(x), n_violated = sum(!x$pass), pass = all(x$pass),
    mode = attr(x, "mode") %||% NA_character_
  )
}

#' @rdname assess_qc
#' @export
tidy.fatebias_qc <- function(x, ...) data.table::as.data.table(as.list(x))

#' @rdname assess_qc
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_qc <- function(x, ...) tidy(x)
