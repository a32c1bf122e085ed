# What a print may take: one screen of 24 lines and 80 columns.

screen_rows <- 24L
screen_columns <- 80L
rows_printed <- 10L # of a table in a print
longest_name <- 18L # of a gene in a print

#' Print lines, wrapped at 80 columns and cut to one screen; a cut says how much is left out
#' @noRd
print_lines <- function(lines, rows = screen_rows) {
  lines <- unlist(lapply(lines, wrap_line))
  left_out <- length(lines) - rows
  # the last line says what to do next: it stays
  if (left_out > 0) {
    kept <- lines[seq_len(rows - 2L)]
    more <- sprintf("... and %d more lines: cat(format(x), sep = \"\\n\")", left_out + 1L)
    lines <- c(kept, more, utils::tail(lines, 1))
  }
  cat(lines, sep = "\n")
}

#' A line in pieces of at most 80 columns, broken at spaces
#'
#' Heads stay as they are: they hold paths, which are copied.
#' @noRd
wrap_line <- function(line) {
  if (nchar(line, "width") <= screen_columns || startsWith(line, "<")) {
    return(line)
  }
  indent <- regmatches(line, regexpr("^ *", line))
  strwrap(line, width = screen_columns + 1L, prefix = "  ", initial = indent)
}

#' Lines of a small table of texts; columns of numbers stand to the right
#' @noRd
table_lines <- function(table) {
  columns <- Map(function(column, name) {
    number <- all(grepl("^[<+-]*[0-9.]+(e[+-]?[0-9]+)?$", column))
    short <- paste0(substr(column, 1, longest_name - 2L), "..")
    column <- c(name, ifelse(nchar(column) > longest_name, short, column))
    formatC(column, width = max(nchar(column)), flag = if (number) "" else "-")
  }, as.list(table), names(table))
  trimws(do.call(paste, c(unname(columns), sep = "  ")), "right")
}

#' "a, b and c"
#' @noRd
and_list <- function(items) {
  if (length(items) < 2) {
    return(items)
  }
  paste(paste(utils::head(items, -1), collapse = ", "), "and", utils::tail(items, 1))
}

show_probability <- function(p) {
  ifelse(p > 0.99, "> 0.99", ifelse(p < 0.01, "< 0.01", paste("=", formatC(p, digits = 2, format = "f"))))
}

show_small <- function(x) ifelse(x < 0.01, "less than 0.01", as.character(signif(x, 2)))
