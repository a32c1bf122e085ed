# What a configuration file may hold: YAML, read as words, lists and blocks; the table gives types.
# The same rules in Python: inst/python/fatebias/base/settings_text.py; the head of settings.yaml beside it
# states the grammar.
# Each word, list and block has a number, by which an alias is known: it is met once and stands twice.

deepest_block <- 10
most_open <- 100 # brackets and braces open at once, in words and comments too: a parser takes minutes there
largest_config <- 2L^20L # bytes of a configuration file
not_written_out <- paste(
  "it holds a tag, an alias or a merge key (`!name`, `*name`, `<<`);",
  "write out what is meant."
)
number_form <- "^[-+]?((0|[1-9][0-9]*)(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?$"
true_words <- c("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON")
false_words <- c("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF")
null_words <- c("", "~", "null", "Null", "NULL")
# Tags that the YAML parser gives to plain words, by their form or as they are written
word_tags <- c(
  "str", "str#na", "int", "int#na", "int#hex", "int#oct", "int#base60", "float", "float#fix",
  "float#exp", "float#base60", "float#inf", "float#neginf", "float#nan", "float#na", "bool", "bool#yes",
  "bool#no", "bool#na", "null", "timestamp", "timestamp#iso8601", "timestamp#spaced", "timestamp#ymd"
)

`%||%` <- function(x, y) if (is.null(x)) y else x

#' The text of a file; a text of class `unreadable` says why there is none
#' @noRd
decoded_file <- function(path) {
  problem <- if (dir.exists(path)) "it is a folder."
  else if (is_special(path)) "it is no file (a device, a pipe or a socket)."
  else if (file.size(path) > largest_config) sprintf("it has more than %d bytes.", largest_config)
  if (!is.null(problem)) {
    return(structure(problem, class = "unreadable"))
  }
  bytes <- tryCatch(
    suppressWarnings(readBin(path, "raw", file.size(path))),
    error = function(error) structure(conditionMessage(error), class = "unreadable")
  )
  if (inherits(bytes, "unreadable")) {
    return(bytes)
  }
  if (identical(utils::head(bytes, 3), as.raw(c(0xef, 0xbb, 0xbf)))) bytes <- bytes[-(1:3)]
  text <- if (all(bytes != 0)) rawToChar(bytes) else "\xff"
  if (!validUTF8(text)) {
    return(structure("the file is not UTF-8 text; save it as UTF-8.", class = "unreadable"))
  }
  Encoding(text) <- "UTF-8"
  text
}

#' What a configuration file sets
#'
#' @returns Values by key, typed by the rows of the table, or a text of class `unreadable` that says why not.
#' @noRd
typed_text <- function(text, rows) {
  if (open_brackets(text) > most_open) {
    return(structure(too_deep(), class = "unreadable"))
  }
  parsed <- parse_words(text)
  problem <- parsed$problem %||% text_problem(text) %||% tree_problem(parsed$tree)
  twice <- if (is.null(problem)) keys_twice(parsed$tree, text)
  if (length(c(problem, twice)) > 0) {
    return(structure(c(problem, twice), class = "unreadable"))
  }
  given <- if (!is.null(parsed$tree)) typed_tree(parsed$tree, list(type = "mapping", keys = rows))
  if (!is.null(given) && !inherits(parsed$tree, "yaml_block")) {
    what <- if (inherits(parsed$tree, "yaml_list")) "a list" else "a text"
    return(structure(sprintf("it must hold lines `key: value`, not %s.", what), class = "unreadable"))
  }
  as.list(given)
}

#' How many brackets and braces are open at most
#' @noRd
open_brackets <- function(text) {
  codes <- utf8ToInt(text)
  max(0, cumsum(codes %in% utf8ToInt("[{") - codes %in% utf8ToInt("]}")))
}

too_deep <- function() sprintf("blocks and lists are nested more than %d deep.", deepest_block)

#' The document as a tree, the words met, and why it cannot be read
#' @noRd
parse_words <- function(text) {
  met <- new.env()
  met$words <- new.env() # by number: a vector that grows is copied with each word
  problem <- NULL
  tree <- tryCatch(
    suppressWarnings(yaml::yaml.load(
      text, as.named.list = FALSE, handlers = word_handlers(met), eval.expr = FALSE
    )),
    error = function(error) {
      problem <<- yaml_problem(conditionMessage(error))
      NULL
    }
  )
  words <- unlist(mget(as.character(seq_along(ls(met$words))), envir = met$words), use.names = FALSE)
  list(tree = tree, words = as.character(words), problem = problem)
}

#' The parser's own words, but where they show that the text is outside the grammar (an alias as a key
#' is to the parser a key that stands twice)
#' @noRd
yaml_problem <- function(message) {
  beyond <- grepl("^(Illegal merge|Invalid tag|Duplicate map key)", message)
  if (beyond) not_written_out else paste("it is not YAML:", message)
}

#' Functions that keep each word as it is written; what they do not know stays without class
#' @noRd
word_handlers <- function(met) {
  node <- function(class, ...) {
    met$nodes <- (met$nodes %||% 0) + 1
    structure(list(..., id = met$nodes), class = class)
  }
  word <- function(tag) {
    force(tag)
    function(x) {
      if (!rlang::is_string(x)) {
        return(x)
      }
      met$nth <- (met$nth %||% 0) + 1
      assign(as.character(met$nth), x, envir = met$words)
      node("yaml_word", text = x, null = tag == "null" && x %in% null_words, nth = met$nth)
    }
  }
  c(
    lapply(rlang::set_names(word_tags), word),
    seq = function(x) {
      if (is.list(x) && is.null(attr(x, "keys"))) node("yaml_list", items = x) else x
    },
    map = function(x) {
      keys <- attr(x, "keys")
      attr(x, "keys") <- NULL
      if (is.null(keys)) x else node("yaml_block", keys = keys, values = x)
    },
    omap = function(x) x
  )
}

#' Why a text is refused before its words are looked at, or NULL
#' @noRd
text_problem <- function(text) {
  # the parser cuts a text at NUL
  nul <- "\"[^\"\n]*(?<!\\\\)(\\\\\\\\)*\\\\(0|x00|u0000|U00000000)"
  if (grepl(nul, text, perl = TRUE)) {
    return("a text holds the character NUL; leave it out.")
  }
  # the parser returns the first document only; a line `---` always begins one
  lines <- grep("^[ \t]*(#|$)", text_lines(text), value = TRUE, invert = TRUE)
  begins <- grepl("^---([ \t]|$)", lines)
  before <- utils::head(lines, if (any(begins)) which(begins)[[1]] - 1 else 0)
  if (sum(begins) + any(!grepl("^(%|\\.\\.\\.)", before)) > 1) "it holds two documents; keep one."
}

text_lines <- function(text) strsplit(text, "\r\n|\r|\n", perl = TRUE)[[1]]

#' Why a tree is refused, or NULL
#' @noRd
tree_problem <- function(tree) {
  ids <- node_ids(tree, 0)
  if (anyNA(ids)) {
    return(not_written_out)
  }
  if (any(ids == -1)) {
    return("a key must be a word, not a list or a block.")
  }
  if (any(ids == -2)) {
    return(too_deep())
  }
  if (anyDuplicated(ids) > 0) not_written_out
}

#' Numbers of all nodes; NA: not of this grammar, -1: a key that is no word, -2: too deep
#'
#' @param seen environment with the numbers met so far: what an alias repeats is not walked through again.
#' @noRd
node_ids <- function(node, depth, seen = new.env(parent = emptyenv())) {
  if (is.null(node)) {
    return(integer(0))
  }
  if (!inherits(node, c("yaml_word", "yaml_list", "yaml_block"))) {
    return(NA)
  }
  if (depth > deepest_block) {
    return(-2)
  }
  id <- as.character(node$id)
  if (exists(id, envir = seen, inherits = FALSE)) {
    return(NA)
  }
  assign(id, TRUE, envir = seen)
  keys <- unlist(lapply(node$keys, node_ids, depth = depth + 1, seen = seen))
  bad_key <- if (any(!vapply(node$keys, inherits, logical(1), "yaml_word")) && !anyNA(keys)) -1
  below <- lapply(c(node$values, node$items), node_ids, depth = depth + 1, seen = seen)
  c(node$id, keys, bad_key, unlist(below))
}

#' Keys that stand more than once, with their lines, in words
#' @noRd
keys_twice <- function(node, text, block = "") {
  names <- key_names(node)
  twice <- vapply(unique(names[duplicated(names)]), function(name) {
    at <- node$keys[names == name]
    lines <- toString(lines_of(utils::head(at, n_shown), text))
    more <- length(at) - n_shown
    if (more > 0) lines <- paste(lines, "and", format(more, big.mark = ","), "more")
    sprintf("`%s%s` stands more than once, in the lines %s; keep one.", block, name, lines)
  }, character(1), USE.NAMES = FALSE)
  blocks <- c(paste0(block, names, ".", recycle0 = TRUE), rep(block, length(node$items)))
  below <- Map(function(node, block) keys_twice(node, text, block), c(node$values, node$items), blocks)
  c(twice, unlist(below))
}

key_names <- function(node) vapply(node$keys, `[[`, character(1), "text")

#' The lines of keys in their order: of each the first one with which the parser meets it
#'
#' Of a text that ends in `]` the parser meets the words, then stops: what takes it long, to compare all keys
#' with each other, is not begun. No more is parsed than about twice what a key needs.
#' @noRd
lines_of <- function(keys, text) {
  lines <- text_lines(text)
  meets <- function(n, key) {
    identical(parse_words(paste(c(lines[seq_len(n)], "]"), collapse = "\n"))$words[key$nth], key$text)
  }
  found <- numeric(0)
  for (key in keys) found <- c(found, first_met(meets, key, max(0, found), length(lines)))
  found
}

#' The first line with which a key is met: by steps that double, then by halving
#'
#' @param before,last a line before it, or its own where another key stands there; the last line there is.
#' @noRd
first_met <- function(meets, key, before, last) {
  step <- 1
  without <- max(0, before - 1) # two keys may share a line
  while (without + step < last && !meets(without + step, key)) {
    without <- without + step
    step <- 2 * step
  }
  with <- min(without + step, last)
  while (with - without > 1) {
    middle <- (with + without) %/% 2
    if (meets(middle, key)) with <- middle else without <- middle
  }
  with
}

#' The value as the type of its row; what does not have the form of that type stays text
#' @noRd
typed_tree <- function(node, row) {
  if (inherits(node, "yaml_word")) {
    return(if (!node$null) typed_word(node$text, row$type))
  }
  if (inherits(node, "yaml_block")) {
    rows <- row$keys
    values <- Map(function(key, value) typed_tree(value, rows[[key]]), key_names(node), node$values)
    return(rlang::set_names(values, key_names(node)))
  }
  items <- lapply(node$items, typed_tree, row = row)
  words <- all(vapply(node$items, inherits, logical(1), "yaml_word"))
  whole <- words && switch(row$type %||% "string",
    strings = , names = all(vapply(items, rlang::is_string, logical(1))),
    numbers = all(vapply(items, is.numeric, logical(1))),
    FALSE
  )
  if (!whole) items else if (row$type == "numbers") as.numeric(items) else as.character(items)
}

typed_word <- function(text, type) {
  switch(type %||% "string",
    integer = , number = , numbers = number_of(text) %||% text,
    flag = if (text %in% true_words) TRUE else if (text %in% false_words) FALSE else text,
    text
  )
}

#' A decimal or scientific number, or NULL; JSON's reader rounds as Python does, `as.numeric()` not always
#' @noRd
number_of <- function(text) {
  if (!grepl(number_form, text)) {
    return(NULL)
  }
  json <- sub("^[+]", "", text)
  json <- sub("^(-?)[.]", "\\10.", json)
  json <- sub("[.]($|[eE])", ".0\\1", json)
  number <- as.numeric(jsonlite::parse_json(sprintf("[%s]", json))[[1]])
  if (is.finite(number)) number + 0
}
