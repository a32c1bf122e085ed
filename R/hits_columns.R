# The columns of a ranking as a person reads it: days by their labels, and what each column means.

#' Columns of the ranked table
#'
#' What each column of `hits_ranked.csv`, `hits_ranked.xlsx` and `hits_ranked.parquet` holds, see
#' [write_hits()]. In these files days are called by their labels: `postmean_48h` is the effect on the day
#' 48h, and `best_day` is 48h. In R the same column is called `postmean_d1` where 48h is the second day, and
#' `best_day` is its number from 0. The file keeps the names of R where two columns would have the same name
#' otherwise, as with a day called min.
#'
#' @param hits what [rank_hits()] returned: then there is a row for each column of its file. NULL: for each
#'   column that may be there; `DAY` stands for the label of a day.
#' @returns data.table `column`, `unit`, `meaning`.
#' @section Errors: `fatebias_error_argument` for anything but a ranking.
#' @eval explained_columns_rd()
#' @examples
#' head(explain_columns())
#' hits <- rank_hits(run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias"))))
#' explain_columns(hits)[5:8]
#' @export
explain_columns <- function(hits = NULL) {
  known <- column_meanings()
  if (is.null(hits)) {
    return(known)
  }
  validate_arg(hits, check_ranking)
  written <- names(labelled_hits(hits))
  at <- match(pattern_of(written, days_in(hits), known$column), known$column)
  meaning <- ifelse(is.na(at), "A column of your own.", known$meaning[at])
  data.table::data.table(column = written, unit = known$unit[at], meaning = meaning)
}

#' TRUE for a ranking, as plain a table as it may be; or what is wrong
#' @noRd
check_ranking <- function(x) {
  if (!is.data.frame(x)) {
    return(sprintf("Must come from rank_hits(), not be of class '%s'", class(x)[[1]]))
  }
  found <- check_columns(x, ranking_columns)
  if (found$ok) TRUE else paste("Must come from rank_hits(); it lacks", paste(found$missing, collapse = ", "))
}

column_meanings <- function() {
  rows <- yaml::read_yaml(system.file("extdata", "hits_columns.yaml", package = "fatebias", mustWork = TRUE))
  data.table::rbindlist(rows)
}

#' Rows of the help page
#' @noRd
explained_columns_rd <- function(table = column_meanings()) {
  c("@section Columns:", sprintf("- `%s` (%s): %s", table$column, table$unit, table$meaning))
}

#' Names that stand for days at the end of columns of a ranking, of one that was read from its file as well
#' @noRd
days_in <- function(hits) {
  of_file <- sub("^postmean_", "", grep("^postmean_", names(hits), value = TRUE))
  unique(c(day_labels(hits), numbered(length(day_labels(hits))), of_file))
}

#' The row of the table of meanings that a column belongs to; the column itself where it belongs to none
#' @noRd
pattern_of <- function(columns, days, known) {
  of_day <- grep("_DAY$", known, value = TRUE)
  for (pattern in of_day) {
    columns[columns %in% paste0(sub("DAY$", "", pattern), days) & !columns %in% known] <- pattern
  }
  columns
}

#' A ranking as a person reads it: a plain table, days by their labels in names and values
#'
#' A table that has lost the labels, or was read from a file that has them, stays as it is. Where a label
#' would give two columns one name, days are d0, d1, .. in names and values.
#' @noRd
labelled_hits <- function(hits) {
  table <- data.table::as.data.table(as.list(hits))
  days <- attr(hits, "days")
  if (is.null(days)) {
    return(table)
  }
  names <- labelled_names(names(table), days)
  if (anyDuplicated(names) > 0) {
    days <- numbered(length(days))
    names <- names(table)
  }
  for (name in intersect(c("best_day", "onset_day"), names(table))) {
    if (is.numeric(table[[name]])) data.table::set(table, j = name, value = days[table[[name]] + 1L])
  }
  if (!is.null(table$active_set)) {
    data.table::set(table, j = "active_set", value = with_labels(table$active_set, days))
  }
  data.table::setnames(table, names)
  table[]
}

#' Names of columns with labels of days
#' @noRd
labelled_names <- function(names, days) {
  numbered_names <- lapply(seq_along(days), function(d) grep(paste0("_d", d - 1L, "$"), names))
  labelled <- names
  for (d in seq_along(days)) {
    at <- numbered_names[[d]]
    labelled[at] <- paste0(sub("_d[0-9]+$", "", names[at]), "_", days[[d]])
  }
  labelled
}
