# What a print may take: one screen of 24 lines and 80 columns.

screen_rows <- 24L
screen_columns <- 80L
rows_printed <- 10L # of a table in a print

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

#' A line in pieces of at most 80 columns, broken at spaces, so that tables keep theirs
#' @noRd
wrap_line <- function(line) {
  if (nchar(line, "width") <= screen_columns) {
    return(line)
  }
  indent <- regmatches(line, regexpr("^ *", line))
  strwrap(line, width = screen_columns + 1L, prefix = "  ", initial = indent)
}

#' Lines of a small table, numbers with three digits, first column left
#' @noRd
table_lines <- function(table) {
  columns <- lapply(as.list(table), function(column) {
    if (is.double(column)) trimws(formatC(column, digits = 3, format = "g")) else as.character(column)
  })
  columns <- Map(function(column, name, left) {
    # names of genes and guides may be long
    column <- ifelse(nchar(column) > 18L, paste0(substr(column, 1, 16L), ".."), column)
    formatC(c(name, column), width = if (left) -max(nchar(c(name, column))) else max(nchar(c(name, column))))
  }, columns, names(columns), vapply(table, is.character, logical(1)))
  do.call(paste, c(unname(columns), sep = "  "))
}
