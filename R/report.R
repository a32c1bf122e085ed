# The report: one HTML file that a biologist reads. Collects, checks, renders to a temporary folder, moves.

panels <- 12L # genes with a panel of their own
panels_without_hits <- 3L # the closest genes, where none is called

#' Write the report
#'
#' One self-contained HTML file that needs no network: all contrasts and what each gene does to every fate
#' (with `contrasts`), the answer in words, a table of hits that can be sorted, filtered and downloaded,
#' effects by gene and day, one panel a top gene, guides and replicates, onset and persistence, volcano by
#' day, calibration (with a certificate), QC, the fit, methods for a paper, and how to make the result
#' again.
#'
#' @param fit a `fatebias_fit`, from [fit_fate_bias()] or [read_fit()].
#' @param mash a `mash_result` of its genes, from [run_mash()].
#' @param hits ranked genes, from [rank_hits()].
#' @param qc a `fatebias_qc`, from [assess_qc()].
#' @param certificate a `fatebias_certificate`, from [certify_fit()], or NULL: then there is no section on
#'   calibration.
#' @param comparison what [compare_covariances()] returned, or NULL: then nothing is said of other
#'   covariances.
#' @param contrasts a `fatebias_contrasts`, from [compare_contrasts()], or NULL: then only the contrast of
#'   `mash` is told, and no verdicts.
#' @param genes names of genes that are marked in every picture, get a panel each, and are listed with their
#'   ranks; with a picture of how early the ranking finds them ([plot_roc()]). The report warns of names that
#'   are not in the screen. NULL: none.
#' @param path file to write, ending in `.html`.
#' @param n_panels number of genes, strongest first, that get a panel of their own.
#' @param title title of the report.
#' @returns `path`, invisibly.
#' @section Errors: `fatebias_error_report` when pandoc is missing, when the parts are not of one analysis
#'   (other genes, other days, another fit), when the folder of `path` holds another fit, or when rendering
#'   fails; `fatebias_error_export` when `path` cannot be
#'   written. The file is written whole or not at all.
#' @examplesIf rmarkdown::pandoc_available("2.0")
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' file <- tempfile(fileext = ".html")
#' \donttest{
#' render_report(fit, run_mash(fit), path = file)
#' }
#' @export
render_report <- function(fit, mash = run_mash(fit), hits = rank_hits(mash), qc = assess_qc(fit),
                          path = file.path(fit$out_dir, "report.html"), n_panels = panels,
                          title = "Fate bias", certificate = NULL, comparison = NULL, contrasts = NULL,
                          genes = NULL) {
  validate_report_parts(fit, mash, hits, qc)
  validate_report_contrasts(contrasts, fit)
  validate_report_certificate(certificate, fit)
  if (!is.null(comparison)) validate_arg(comparison, check_comparison)
  validate_arg(path, check_file_name)
  validate_arg(path, checkmate::check_string, pattern = "\\.html$")
  validate_one_fit(list(
    fit = fit, mash = mash, hits = hits, qc = qc, certificate = certificate, comparison = comparison,
    contrasts = contrasts
  ), abort_report)
  validate_folder_of(fit, dirname(path), abort_report)
  validate_arg(n_panels, checkmate::check_count)
  validate_arg(genes, checkmate::check_character, any.missing = FALSE, min.chars = 1, null.ok = TRUE)
  validate_arg(title, checkmate::check_string)
  validate_pandoc()
  validate_writable(dirname(path))
  report <- list(
    fit = fit, mash = mash, hits = hits, qc = qc, certificate = certificate, comparison = comparison,
    contrasts = contrasts, named = unique(genes), title = title,
    genes = union(panel_genes(hits, n_panels), intersect(genes, hits$gene))
  )
  folder <- tempfile("report-")
  on.exit(unlink(folder, recursive = TRUE))
  made <- render_page(report, folder)
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  write_whole(function(stage) suppressWarnings(file.copy(made, stage)), path)
  list_made(path, identity_of(fit))
  invisible(path)
}

panel_genes <- function(hits, n) {
  called <- called_rows(hits)
  if (any(called)) hits <- hits[called] else n <- min(n, panels_without_hits)
  utils::head(hits$gene, n)
}

#' Knit the page in a folder of its own
#' @noRd
render_page <- function(report, folder, call = rlang::caller_env()) {
  source <- system.file("report", package = "fatebias", mustWork = TRUE)
  dir.create(folder)
  file.copy(list.files(source, full.names = TRUE), folder)
  tryCatch(
    withr::with_preserve_seed(escape_json(rmarkdown::render(
      file.path(folder, "report.Rmd"),
      params = list(report = report),
      output_options = list(pandoc_args = c(title_arguments(report$title), identity_arguments(report$fit))),
      envir = new.env(parent = asNamespace("fatebias")), quiet = TRUE
    ))),
    error = function(error) {
      message <- c("The report cannot be rendered.", x = "{conditionMessage(error)}")
      abort_report(message, call = call, parent = error)
    }
  )
}

#' A page whose embedded JSON has no `<`: a name such as `<!--<script>` in it would swallow what follows
#'
#' @returns `path`, which is written anew.
#' @noRd
escape_json <- function(path) {
  lines <- readLines(path, encoding = "UTF-8", warn = FALSE)
  form <- "^(.*?<script type=\"application/json\"[^>]*>)(.*?)(</script>.*)$"
  for (k in grep("<script type=\"application/json\"", lines, fixed = TRUE)) {
    found <- regmatches(lines[[k]], regexec(form, lines[[k]], perl = TRUE))[[1]]
    stopifnot(length(found) == 4) # a widget's JSON is one line
    lines[[k]] <- paste0(found[[2]], gsub("<", "\\u003c", found[[3]], fixed = TRUE), found[[4]])
  }
  writeLines(lines, path, useBytes = TRUE)
  path
}

#' The title as metadata of its own: in the page's header it would be read as YAML and markdown
#' @noRd
title_arguments <- function(title) {
  c("--metadata", paste0("title=", title), "--metadata", paste0("pagetitle=", title))
}

#' The identity of the fit as metadata of the page
#' @noRd
identity_arguments <- function(fit) {
  id <- identity_of(fit)
  form <- "header-includes=<meta name=\"fatebias-fit\" content=\"%s\">"
  if (!is.null(id)) c("--variable", sprintf(form, id))
}

validate_pandoc <- function(call = rlang::caller_env()) {
  if (!rmarkdown::pandoc_available("2.0")) {
    abort_report(c(
      "The report needs pandoc 2.0 or later, which was not found.",
      i = "RStudio brings it along; elsewhere install it from {.url https://pandoc.org/installing.html}."
    ), call = call)
  }
}

validate_report_certificate <- function(certificate, fit, call = rlang::caller_env()) {
  if (is.null(certificate)) {
    return(invisible())
  }
  validate_class(certificate, "fatebias_certificate", "certify_fit", abort_report, call = call)
  if (!identical(certificate$days, fit$days)) {
    abort_report("{.arg certificate} and {.arg fit} have different days: not one analysis.", call = call)
  }
}

validate_report_contrasts <- function(contrasts, fit, call = rlang::caller_env()) {
  if (is.null(contrasts)) {
    return(invisible())
  }
  validate_class(contrasts, "fatebias_contrasts", "compare_contrasts", abort_report, call = call)
  same <- identical(contrasts$days, fit$days) && setequal(contrasts$table$gene, fit$gene$gene)
  if (!same || !is_made_from(contrasts$mash[[1]], fit)) {
    abort_report("{.arg contrasts} and {.arg fit} are of different fits: not one analysis.", call = call)
  }
}

validate_report_parts <- function(fit, mash, hits, qc, call = rlang::caller_env()) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_report, call = call)
  validate_class(mash, "mash_result", "run_mash", abort_report, call = call)
  validate_class(hits, "fatebias_hits", "rank_hits", abort_report, call = call)
  validate_class(qc, "fatebias_qc", "assess_qc", abort_report, call = call)
  if (mash$level != "gene") abort_report("{.arg mash} must be of genes, not {mash$level}s.", call = call)
  if (!identical(fit$days, mash$days)) {
    abort_report("{.arg fit} and {.arg mash} have different days: not one analysis.", call = call)
  }
  if (!setequal(fit$gene$gene, mash$table$gene)) {
    abort_report("{.arg fit} and {.arg mash} hold different genes: not one analysis.", call = call)
  }
  if (!is_made_from(mash, fit)) {
    abort_report("{.arg mash} was made from other estimates than those of {.arg fit}.", call = call)
  }
  ranked <- as.list(rank_hits(mash)) # beside its columns hits may have p-values of a randomisation test
  if (!identical(as.list(hits)[names(ranked)], ranked[names(ranked)])) {
    abort_report("{.arg hits} is not the ranking of {.arg mash}.", call = call)
  }
}
