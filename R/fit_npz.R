# Arrays that numpy wrote (.npz: a zip archive of .npy files), without Python. Format: NEP 1 of numpy.

npy_chunk <- 2^22 # numbers read at a time

#' Types of numpy that are read: what, size in bytes
#' @noRd
npy_types <- list(
  "f8" = list("double", 8L), "f4" = list("double", 4L), "i8" = list("int64", 8L), "i4" = list("integer", 4L),
  "i2" = list("integer", 2L), "i1" = list("integer", 1L), "b1" = list("logical", 1L)
)

#' Arrays of an .npz file
#'
#' @param path the file.
#' @param names of the arrays; NULL: all.
#' @returns Named list of vectors and arrays: double (also of 64-bit integers, exact up to 2^53), integer,
#'   logical or character; the axes as in numpy.
#' @noRd
read_npz <- function(path, names = NULL, call = rlang::caller_env()) {
  if (!file.exists(path)) abort_export("The file {.path {path}} does not exist.", call = call)
  # unzip() tells of a broken archive by a warning or an error, as the platform has it
  members <- tryCatch(suppressWarnings(utils::unzip(path, list = TRUE)$Name), error = function(error) NULL)
  if (length(members) == 0) abort_export("{.path {path}} is no .npz file that can be read.", call = call)
  there <- sub("[.]npy$", "", members)
  names <- names %||% there
  absent <- setdiff(names, there)
  if (length(absent) > 0) {
    abort_export("{.path {path}} has no array {.val {absent}}; it has {.val {there}}.", call = call)
  }
  arrays <- lapply(names, function(name) {
    con <- unz(path, paste0(name, ".npy"), open = "rb")
    on.exit(close(con))
    read_npy(con, paste0(path, ": ", name), call)
  })
  rlang::set_names(arrays, names)
}

#' One array from an open connection
#' @noRd
read_npy <- function(con, where, call) {
  header <- npy_header(con, where, call)
  n <- prod(header$shape)
  values <- npy_values(con, header$type, n)
  if (length(values) != n) {
    abort_export("The array {.file {where}} is cut short: {length(values)} of {n} numbers.", call = call)
  }
  npy_array(values, header$shape, header$fortran)
}

npy_header <- function(con, where, call) {
  magic <- readBin(con, "raw", 8L)
  if (length(magic) < 8 || !identical(magic[1:6], c(as.raw(0x93), charToRaw("NUMPY")))) {
    abort_export("{.file {where}} is not in numpy's format.", call = call)
  }
  # version 1 has two bytes for the length of the header, later ones four
  size <- if (magic[[7]] == as.raw(1)) 2L else 4L
  length <- sum(as.integer(readBin(con, "raw", size)) * 256^(seq_len(size) - 1))
  text <- rawToChar(readBin(con, "raw", length))
  descr <- npy_field(text, "'descr': *'([^']*)'")
  type <- npy_type(descr)
  if (is.null(type)) {
    what <- if (is.na(descr)) "a record" else descr
    abort_export(c(
      "The array {.file {where}} has the type {.val {what}}, which cannot be read.",
      i = "Read are little-endian float, int, bool and unicode arrays."
    ), call = call)
  }
  shape <- strsplit(npy_field(text, "'shape': *\\(([^)]*)\\)"), ",")[[1]]
  list(type = type, shape = as.numeric(shape[nzchar(trimws(shape))]),
       fortran = npy_field(text, "'fortran_order': *(True|False)") == "True")
}

npy_field <- function(text, pattern) {
  found <- regmatches(text, regexec(pattern, text))[[1]]
  if (length(found) == 2) found[[2]] else NA_character_
}

#' `list(what, size)` of a type such as "<f8", or NULL
#' @noRd
npy_type <- function(descr) {
  code <- sub("^[<|]", "", descr)
  if (is.na(descr) || code == descr) {
    return(NULL) # big-endian ("> f8") and records
  }
  if (grepl("^U[1-9][0-9]*$", code)) {
    return(list("character", 4L * as.integer(substring(code, 2))))
  }
  npy_types[[code]]
}

#' As many of `n` values as are there
#' @noRd
npy_values <- function(con, type, n) {
  what <- type[[1]]
  size <- type[[2]]
  read <- switch(what,
    int64 = function(k) as_int64(readBin(con, "integer", 2 * k, size = 4L, endian = "little")),
    character = function(k) {
      as_texts(readBin(con, "integer", k * size / 4, size = 4L, endian = "little"), size / 4)
    },
    logical = function(k) readBin(con, "integer", k, size = 1L) != 0L,
    function(k) readBin(con, what, k, size = size, endian = "little")
  )
  parts <- list()
  while (n > 0) {
    part <- read(min(n, npy_chunk))
    if (length(part) == 0) break
    parts[[length(parts) + 1L]] <- part
    n <- n - length(part)
  }
  empty <- switch(what, int64 = , double = numeric(), integer = integer(), logical = logical(), character())
  c(empty, unlist(parts, use.names = FALSE))
}

#' Pairs of 32-bit integers, low word first, as numbers
#' @noRd
as_int64 <- function(words) {
  pairs <- matrix(words[seq_len(length(words) %/% 2L * 2L)], 2)
  # R has no integer for the bit pattern of -2^31 but NA
  low <- ifelse(is.na(pairs[1, ]), -2^31, pairs[1, ])
  high <- ifelse(is.na(pairs[2, ]), -2^31, pairs[2, ])
  ifelse(low < 0, low + 2^32, low) + 2^32 * high
}

#' Code points of texts of `width`, filled up with zeros
#' @noRd
as_texts <- function(points, width) {
  points <- matrix(points[seq_len(length(points) %/% width * width)], width)
  apply(points, 2, function(text) intToUtf8(text[text != 0L]))
}

#' Values in numpy's order of axes; R's arrays are in Fortran's order
#' @noRd
npy_array <- function(values, shape, fortran) {
  if (length(shape) < 2) {
    return(values)
  }
  if (fortran) array(values, shape) else aperm(array(values, rev(shape)))
}
