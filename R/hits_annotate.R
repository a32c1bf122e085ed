# Results put into a copy of the screen's file, for who goes on in Python.

#' Put results into a copy of an AnnData or MuData file
#'
#' Writes a copy of the screen's `.h5ad` or `.h5mu` file with the results in it, for scanpy, muon and others.
#' The file itself is never changed, and the copy keeps all that was in it.
#'
#' `uns["fatebias"]` holds `hits` (the ranked table, as in `hits_ranked.csv`, see [explain_columns()]), `fit`
#' (identity, contrast, reference fate, days, rule of calls) and `settings` (a text, JSON). Where guides are
#' features of the file or of one of its modalities, they get columns of `var`: `fatebias_gene`,
#' `fatebias_is_control`, `fatebias_hit`, and for each day `fatebias_estimate_<day>` and `fatebias_se_<day>`
#' (log odds, not shrunk). Elsewhere they are the table `uns["fatebias"]["guides"]`. The same function for
#' Python is `fatebias.results.annotate_screen()`.
#'
#' @param fit a `fatebias_fit`, from [fit_fate_bias()] or [read_fit()].
#' @param hits what [rank_hits()] returned for this fit.
#' @param out path of the copy; one that is there is replaced.
#' @param screen path of the file; default: the one that the fit was made from. It may be another file with
#'   the same cells or guides, such as one with expression.
#' @returns The path of the copy, invisibly.
#' @section Errors: `fatebias_error_argument` for the wrong kind of object; `fatebias_error_export` for a fit
#'   and hits that are not of one analysis, and where the copy cannot be written or would replace the file
#'   itself; `fatebias_error_screen` where the file is not there or is neither `.h5ad` nor `.h5mu`. Then no
#'   file is left.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' hits <- rank_hits(run_mash(fit))
#' files <- simulate_screen(tempfile(), cells = 500, genes = 40)
#' annotate_anndata(fit, hits, tempfile(fileext = ".h5ad"), files$screen)
#' @export
annotate_anndata <- function(fit, hits, out, screen = fit$manifest$screen$path) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_export)
  validate_class(hits, "fatebias_hits", "rank_hits", abort_export)
  validate_arg(out, check_path)
  validate_arg(screen, check_path)
  validate_one_fit(list(fit = fit, hits = hits), abort_export)
  validate_writable(dirname(path.expand(out)))
  done <- py_call(
    "annotate_screen",
    screen_path = path.expand(screen), out_dir = path.expand(fit$out_dir), out = path.expand(out),
    hits = lapply(as.list(labelled_hits(hits)), json_values), about = as.list(about_texts(hits))
  )
  cli::cli_inform(c(
    v = "Wrote {.path {out}}: results in {.code uns[\"fatebias\"]}, guides in {.code {done$place}}."
  ))
  invisible(out)
}

#' Values as a list in which a missing one is NULL, since JSON has no other
#' @noRd
json_values <- function(x) {
  values <- as.list(x)
  values[is.na(x)] <- list(NULL)
  values
}

#' The rule of calls and its threshold, as texts
#' @noRd
about_texts <- function(hits) {
  threshold <- attr(hits, "lfsr_thresh")
  c(call_rule = rule_of_hits(hits), lfsr_thresh = if (!is.null(threshold)) format(threshold))
}
