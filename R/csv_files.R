# CSV files read such that names are exactly what was written: 'a,"b"', "NA", "1e5", "01", a line break; and
# written such that no name is a formula to a spreadsheet.

# what separates fields and lines, but within quotation marks is part of a name; what stands for it meanwhile
separators <- c(",", "\t", " ", "|", ";", ":", "\n", "\r")
stand_ins <- c("\001", "\002", "\003", "\004", "\005", "\006", "\016", "\017")
quotation_mark <- "\020"

#' A CSV file with a header
#'
#' data.table::fread() leaves doubled quotation marks doubled, and guesses where quoting is odd. So quoted
#' fields are put into a form without any before it sees them.
#'
#' @param path the file.
#' @param texts names or positions of columns that are read as texts, whatever they look like; names that the
#'   file does not have are passed by.
#' @param missing texts that mean a missing value in the other columns.
#' @param sep what separates fields; "auto" where it is to be found.
#' @returns data.table.
#' @noRd
read_csv_file <- function(path, texts = integer(), missing = "", sep = ",") {
  source <- unquoted_source(path)
  read <- function(...) {
    do.call(data.table::fread, c(source, list(
      sep = sep, quote = "", header = TRUE, strip.white = FALSE, encoding = "UTF-8", ...
    )))
  }
  header <- names(read(nrows = 0L))
  if (is.character(texts)) texts <- intersect(texts, with_marks(header))
  at <- if (is.character(texts)) match(texts, with_marks(header)) else texts
  table <- read(na.strings = missing, colClasses = list(character = at))
  if (length(at) > 0 && !identical(missing, "")) {
    named <- read(select = at, na.strings = NULL, colClasses = list(character = at))
    for (k in seq_along(at)) data.table::set(table, j = at[[k]], value = named[[k]])
  }
  for (j in which(vapply(table, is.character, logical(1)))) {
    data.table::set(table, j = j, value = with_marks(table[[j]]))
  }
  data.table::setnames(table, with_marks(names(table)))
  table[]
}

#' The file itself where nothing in it is quoted, else its text with stand-ins in quoted fields: for fread()
#' @noRd
unquoted_source <- function(path) {
  bytes <- read_bytes(path)
  quoted <- any(bytes == charToRaw("\""))
  if (!quoted && !endsWith(path, ".gz") || any(bytes == 0)) { # zeros: another encoding, which fread() tells
    return(list(file = path))
  }
  if (identical(bytes[1:3], as.raw(c(0xef, 0xbb, 0xbf)))) bytes <- bytes[-(1:3)]
  pieces <- strsplit(rawToChar(bytes), "\"", fixed = TRUE, useBytes = TRUE)[[1]]
  at <- seq_along(pieces)
  inside <- at %% 2 == 0
  # between two quoted pieces nothing at all is a doubled mark
  doubled <- !inside & pieces == "" & at > 1 & at < length(pieces)
  for (k in seq_along(separators)) {
    pieces[inside] <- gsub(separators[[k]], stand_ins[[k]], pieces[inside], fixed = TRUE, useBytes = TRUE)
  }
  pieces[doubled] <- quotation_mark
  list(text = paste(pieces, collapse = ""))
}

#' All bytes of a file, or of what it holds where it is compressed
#' @noRd
read_bytes <- function(path) {
  file <- gzfile(path, "rb")
  on.exit(close(file))
  parts <- list()
  tryCatch(
    while (length(part <- readBin(file, "raw", 2^24)) > 0) parts[[length(parts) + 1]] <- part,
    warning = function(warning) stop(conditionMessage(warning), call. = FALSE) # R goes on with what it has
  )
  unlist(parts) %||% raw()
}

#' Why a path is no file with something in it, or NULL
#' @noRd
file_problem <- function(path) {
  if (dir.exists(path)) "it is a folder"
  else if (is_special(path)) "it is no file (a device or a pipe)"
  else if (file.size(path) == 0) "it is empty"
}

#' Texts with what the stand-ins stood for
#' @noRd
with_marks <- function(x) {
  chartr(paste(c(stand_ins, quotation_mark), collapse = ""), paste(c(separators, "\""), collapse = ""), x)
}

# what a spreadsheet runs as a formula, the signs of East Asian keyboards among them; a sign alone it shows
formula_form <- "^'*[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]."

#' A table as it is written: no text in it is a formula to a spreadsheet, and `as_named()` gives each back
#'
#' A text that begins with = + - @, a tab or an end of line, and has more than that sign, gets an apostrophe
#' in front; so does one with apostrophes before such a beginning. Numbers are left alone. Python's
#' results/files.py does the same.
#' @noRd
guarded <- function(table) {
  table <- data.table::copy(table)
  for (name in names(table)[vapply(table, is.character, logical(1))]) {
    text <- table[[name]]
    formula <- grepl(formula_form, enc2utf8(text))
    data.table::set(table, j = name, value = ifelse(formula, paste0("'", text), text))
  }
  table
}

#' Names as they were before they were written, see `guarded()`
#' @noRd
as_named <- function(text) {
  marked <- !is.na(text) & startsWith(text, "'") & grepl(formula_form, enc2utf8(text))
  ifelse(marked, substring(text, 2), text)
}
