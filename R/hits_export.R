# The ranked table for people: as CSV, as a spreadsheet that explains itself, or as Parquet.

# the package that writes each format, and where it comes from beside CRAN
hits_writers <- list(
  xlsx = list(package = "openxlsx", debian = "r-cran-openxlsx"),
  parquet = list(package = "nanoparquet", debian = NULL)
)

#' Write the ranked table
#'
#' Writes `hits_ranked.csv`, `hits_ranked.xlsx` or `hits_ranked.parquet`: one row a gene in the order of the
#' ranking, one file whole or not at all. Days are called by their labels (`postmean_48h`, best day 48h).
#' [explain_columns()] says what each column means.
#'
#' - `"csv"`: a name that a spreadsheet would run as a formula, such as =A1, gets an apostrophe in front.
#'   Excel turns names such as MARCH1 and SEPT2 into dates when it opens a CSV file: use `"xlsx"`.
#' - `"xlsx"`: sheet `hits`, in which names are text and stay what they are; sheet `columns`, which explains
#'   each column; sheet `about`: contrast, rule of calls, and of which fit. Needs the package openxlsx.
#' - `"parquet"`: the same table with its types, for R, Python and others. Needs the package nanoparquet.
#'
#' @param hits what [rank_hits()] returned, or a part of it.
#' @param out_dir folder to write to.
#' @param format one of `"csv"`, `"xlsx"` and `"parquet"`.
#' @returns The path of the file.
#' @section Errors: `fatebias_error_argument` for a table without the columns of a ranking;
#'   `fatebias_error_environment` where a package is missing, with its name; `fatebias_error_export` where
#'   the folder cannot be written to, or holds another fit. Then no file is written or changed.
#' @seealso [rank_hits()]
#' @examples
#' hits <- rank_hits(run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias"))))
#' file <- write_hits(hits, tempdir())
#' names(read.csv(file))[1:6]
#' if (requireNamespace("openxlsx", quietly = TRUE)) write_hits(hits, tempdir(), format = "xlsx")
#' @export
write_hits <- function(hits, out_dir, format = c("csv", "xlsx", "parquet")) {
  validate_arg(hits, check_ranking)
  validate_arg(out_dir, check_path)
  format <- validate_choice(format)
  table <- labelled_hits(hits)
  if (format == "csv") {
    return(write_made(list(hits_ranked.csv = table), out_dir, hits))
  }
  need_writer(format)
  validate_folder_of(hits, out_dir)
  validate_writable(out_dir)
  dir.create(out_dir, recursive = TRUE, showWarnings = FALSE)
  write <- switch(format,
    xlsx = function(path) write_workbook(table, hits, path),
    parquet = function(path) write_parquet(table, path)
  )
  path <- write_whole(write, file.path(out_dir, paste0("hits_ranked.", format)))
  list_made(path, identity_of(hits))
  path
}

#' Stop where the package that writes a format is missing
#' @noRd
need_writer <- function(format, call = rlang::caller_env()) {
  writer <- hits_writers[[format]]
  if (rlang::is_installed(writer$package)) {
    return(invisible())
  }
  command <- sprintf("install.packages(\"%s\")", writer$package)
  abort_environment(c(
    "{.code format = \"{format}\"} needs the R package {.pkg {writer$package}}, which is not installed.",
    i = "Type {.code {command}}.",
    i = if (!is.null(writer$debian)) "On Debian and Ubuntu: {.code apt-get install {writer$debian}}."
  ), call = call)
}

#' @returns Is the file whole?
#' @noRd
write_parquet <- function(table, path) {
  nanoparquet::write_parquet(as.data.frame(table), path)
  identical(as.numeric(nanoparquet::read_parquet_info(path)$num_rows), as.numeric(nrow(table)))
}

#' A workbook of three sheets; names of genes and guides are text, also for who edits them
#' @returns Is the file whole? What follows its sheets says where they are, so that a part has none.
#' @noRd
write_workbook <- function(table, hits, path) {
  book <- openxlsx::createWorkbook()
  sheets <- list(hits = table, columns = explain_columns(hits), about = about_hits(hits))
  for (name in names(sheets)) add_sheet(book, name, printable(sheets[[name]]))
  openxlsx::setColWidths(book, "hits", seq_along(table), "auto")
  openxlsx::setColWidths(book, "columns", 1:3, c(24, 14, 110))
  openxlsx::setColWidths(book, "about", 1:2, c(24, 60))
  openxlsx::saveWorkbook(book, path)
  nrow(utils::unzip(path, list = TRUE)) > length(sheets)
}

add_sheet <- function(book, name, rows) {
  openxlsx::addWorksheet(book, name)
  bold <- openxlsx::createStyle(textDecoration = "bold")
  openxlsx::writeData(book, name, as.data.frame(rows), headerStyle = bold)
  openxlsx::freezePane(book, name, firstRow = TRUE, firstCol = name == "hits")
  for (column in which(vapply(rows, is.character, logical(1)))) {
    text <- openxlsx::createStyle(numFmt = "TEXT")
    openxlsx::addStyle(book, name, text, seq_len(nrow(rows)) + 1L, column)
  }
}

#' Texts without the signs that a workbook cannot hold
#' @noRd
printable <- function(rows) {
  for (name in names(rows)[vapply(rows, is.character, logical(1))]) {
    data.table::set(rows, j = name, value = gsub("[\001-\010\013\014\016-\037]", "?", rows[[name]]))
  }
  rows
}

#' What a ranking is of, as rows of text; of a plain table what is left
#' @noRd
about_hits <- function(hits) {
  threshold <- attr(hits, "lfsr_thresh") %||% NA_real_
  rule <- rule_text(rule_of_hits(hits), threshold)
  days <- attr(hits, "days")
  rows <- c(
    "contrast fate" = attr(hits, "contrast"), "reference fate" = attr(hits, "reference"),
    "days" = if (!is.null(days)) toString(days), "genes" = format(nrow(hits)),
    "hits" = sprintf("%d genes with an lfsr below %s on some day", sum(hits$hit_anyday), format(threshold)),
    "calls" = sprintf("%d genes called by %s", sum(called_rows(hits)), rule),
    "fit" = identity_of(hits), "made by" = paste("fatebias", utils::packageVersion("fatebias"))
  )
  data.table::data.table(what = names(rows), value = unname(rows))
}
