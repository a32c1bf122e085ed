# The report: one HTML file that a biologist reads. Collects, checks, renders to a temporary folder, moves.

picture_width <- 8L # inches
picture_dpi <- 110L
picture_highest <- 24 # inches
markdown_read <- "markdown-smart-tex_math_single_backslash-tex_math_dollars"

#' Write the report
#'
#' One self-contained HTML file that needs no network: the answer in words, a table of all genes that can be
#' sorted, filtered and downloaded and whose rows open the page of a gene (effects by day, guides, replicates,
#' fates, cells), all contrasts and what each gene does to every fate (with `contrasts`), what has changed
#' since the fit before, effects by gene and day, guides and replicates, onset and persistence, volcano by
#' day, calibration (with a certificate), QC, the fit, methods for a paper, and how to make the result again.
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
#' @param runs what [compare_with_previous()] returned, or NULL: then nothing is said of an earlier fit.
#' @param genes names of genes that are marked in every picture and listed with their ranks, with a picture of
#'   how early the ranking finds them ([plot_roc()]). The report warns of names that are not in the screen.
#'   NULL: none.
#' @param path file to write, ending in `.html`.
#' @param n_panels number of genes, strongest first, that get a page of their own; NULL: all, or as many as
#'   there is room for in 1.2 MB.
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
                          path = file.path(fit$out_dir, "report.html"), n_panels = NULL,
                          title = "Fate bias", certificate = NULL, comparison = NULL, contrasts = NULL,
                          runs = NULL, genes = NULL) {
  validate_report_parts(fit, mash, hits, qc)
  validate_report_contrasts(contrasts, fit)
  validate_report_certificate(certificate, fit)
  if (!is.null(comparison)) validate_arg(comparison, check_comparison)
  if (!is.null(runs)) validate_class(runs, "fatebias_runs", "compare_runs", abort_report)
  validate_arg(path, check_file_name)
  validate_arg(path, checkmate::check_string, pattern = "\\.html$")
  validate_one_fit(list(
    fit = fit, mash = mash, hits = hits, qc = qc, certificate = certificate, comparison = comparison,
    contrasts = contrasts, runs = runs
  ), abort_report)
  validate_folder_of(fit, dirname(path), abort_report)
  validate_arg(n_panels, checkmate::check_count, null.ok = TRUE)
  validate_arg(genes, checkmate::check_character, any.missing = FALSE, min.chars = 1, null.ok = TRUE)
  validate_arg(title, checkmate::check_string)
  validate_pandoc()
  validate_writable(dirname(path))
  report <- list(
    fit = fit, mash = mash, hits = hits, qc = qc, certificate = certificate, comparison = comparison,
    contrasts = contrasts, runs = runs, n_pages = n_panels, named = unique(genes), title = title
  )
  folder <- tempfile("report-")
  on.exit(unlink(folder, recursive = TRUE))
  made <- timed_stage("report", render_page(report, folder))
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  write_whole(function(stage) suppressWarnings(file.copy(made, stage)), path)
  list_made(path, identity_of(fit))
  invisible(path)
}

#' Knit the page in a folder of its own
#' @noRd
render_page <- function(report, folder, call = rlang::caller_env()) {
  source <- system.file("report", package = "fatebias", mustWork = TRUE)
  dir.create(folder)
  file.copy(list.files(source, full.names = TRUE), folder)
  header <- file.path(folder, "header.html")
  style <- readLines(file.path(folder, "report.css"))
  writeLines(c("<style>", style, "</style>", identity_meta(report$fit)), header)
  tryCatch(
    withr::with_preserve_seed(rmarkdown::render(
      file.path(folder, "report.Rmd"), page_format(folder, c(title_arguments(report$title), "-H", header)),
      params = list(report = report), envir = new.env(parent = asNamespace("fatebias")), quiet = TRUE
    )),
    error = function(error) {
      message <- c("The report cannot be rendered.", x = "{conditionMessage(error)}")
      abort_report(message, call = call, parent = error)
    }
  )
}

#' One file, whose pictures are embedded when they are drawn: pandoc need not read the page again for them
#' @noRd
page_format <- function(folder, arguments) {
  rmarkdown::output_format(
    knitr = rmarkdown::knitr_options(),
    pandoc = rmarkdown::pandoc_options(
      to = "html5", from = markdown_read, args = c(
        "--standalone", "--section-divs", "--toc", "--toc-depth=1", "--no-highlight",
        "--template", file.path(folder, "page.html"), arguments
      )
    ),
    keep_md = FALSE, clean_supporting = TRUE
  )
}

#' Inches for a plot with a row a gene, by the genes that it draws
#' @noRd
rows_height <- function(plot) 1.4 + 0.2 * max(10, length(unique(plot$data$gene)))

#' A plot as an image that stands in the page; drawn at once, not recorded and drawn again as knitr does
#'
#' @param height inches, cut at `picture_highest`.
#' @noRd
picture_html <- function(plot, alt, height) {
  height <- min(height, picture_highest)
  file <- tempfile(fileext = ".png")
  on.exit(unlink(file))
  size <- list(filename = file, width = picture_width, height = height, units = "in", res = picture_dpi)
  has_ragg <- requireNamespace("ragg", quietly = TRUE)
  do.call(if (has_ragg) ragg::agg_png else grDevices::png, size)
  tryCatch(print(plot), finally = grDevices::dev.off())
  data <- jsonlite::base64_enc(readBin(file, "raw", file.size(file)))
  alt <- html_text(alt)
  c(
    sprintf("<div class=\"picture\" tabindex=\"0\" role=\"region\" aria-label=\"Picture: %s\">", alt),
    sprintf(
      "<img src=\"data:image/png;base64,%s\" alt=\"%s\" width=\"%d\" height=\"%.0f\"></div>",
      gsub("\n", "", data, fixed = TRUE), alt, picture_width * picture_dpi, height * picture_dpi
    )
  )
}

#' The title as metadata of its own: in the page's header it would be read as YAML and markdown
#' @noRd
title_arguments <- function(title) {
  c("--metadata", paste0("title=", title), "--metadata", paste0("pagetitle=", title))
}

#' The identity of the fit as metadata of the page
#' @noRd
identity_meta <- function(fit) {
  id <- identity_of(fit)
  if (!is.null(id)) sprintf("<meta name=\"fatebias-fit\" content=\"%s\">", html_text(id))
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
    other <- !identical(mash$contrast, fit$manifest$contrast)
    words <- sprintf("contrast_fit(fit, \"%s\")", mash$contrast)
    abort_report(c(
      "{.arg mash} was made from other estimates than those of {.arg fit}.",
      i = if (other) "{.arg mash} is of another contrast: give {.code {words}} as {.arg fit}."
    ), call = call)
  }
  ranked <- as.list(rank_hits(mash)) # beside its columns hits may have p-values of a randomisation test
  compared <- setdiff(names(ranked), setdiff("verdict", names(hits))) # which earlier versions do not have
  if (!identical(as.list(hits)[compared], ranked[compared])) {
    abort_report("{.arg hits} is not the ranking of {.arg mash}.", call = call)
  }
}
