# The table of settings that R and Python share (inst/python/fatebias/base/settings.yaml), the check of a
# value against its row, and what is written from the table: a help page and config.yaml.
# Nothing here names a single setting but `preset` and `execution`.

stage_titles <- c(
  input = "Input", screen = "Screen", fit = "Fit", qc = "QC", mash = "mash",
  contrasts = "Contrasts", calibration = "Calibration", report = "Report", run = "Run"
)

#' A named list, one entry (default, type, range, stage, help) a key
#' @noRd
settings_table <- function() {
  if (is.null(known_table$rows)) {
    file <- file.path("python", "fatebias", "base", "settings.yaml")
    known_table$rows <- yaml::read_yaml(system.file(file, package = "fatebias", mustWork = TRUE))
  }
  known_table$rows
}

known_table <- new.env() # read once a session: nearly every call of the package asks for it

#' Choices of `execution` that are schedulers: each has a block of settings
#' @noRd
scheduler_names <- function(table = settings_table()) intersect(table$execution$choices, names(table))

keys_of <- function(stages, table = settings_table()) {
  names(table)[vapply(table, function(row) row$stage %in% stages, logical(1))]
}

#' Defaults under a preset; an unknown preset is found when its own key is checked
#' @noRd
defaults_of <- function(table, preset = NULL) {
  if (!rlang::is_string(preset)) preset <- table$preset$default
  lapply(table, default_of, preset = preset)
}

default_of <- function(row, preset = "") {
  if (!is.null(row$keys)) {
    return(lapply(row$keys, default_of, preset = preset))
  }
  if (preset %in% names(row)) row[[preset]] else row$default
}

#' A value against its row of the table
#'
#' @returns `list(value, problem)`: the value in its type, or one sentence.
#' @noRd
check_setting <- function(key, value, row) {
  finding <- function(value = NULL, problem = NULL) list(value = value, problem = problem)
  if (!is.null(row$keys)) {
    return(check_block(key, value, row, check_setting))
  }
  if (is.null(value) && isTRUE(row$nullable)) {
    return(finding())
  }
  if (rlang::is_string(value) && value %in% row$choices) {
    return(finding(value))
  }
  converted <- if (row$type == "string" && !is.null(row$choices)) NULL else convert_value(row$type, value)
  if (row$type == "integer" && is.double(converted)) {
    return(finding(problem = must_be(key, value, override(list(max = .Machine$integer.max), row))))
  }
  if (is.null(converted) || !in_range(row, converted) || !fits_script(row, converted)) {
    return(finding(problem = must_be(key, value, row)))
  }
  finding(converted)
}

must_be <- function(key, value, row) {
  # of what JSON has no words for, such as a complex number, the class
  shown <- tryCatch(show_value(value), error = function(error) paste("of class", class(value)[[1]]))
  sprintf("`%s` must be %s, not %s.", key, wanted_text(row), cut_text(shown))
}

#' A block of keys against its rows: whole, with defaults for what was not given
#'
#' @param check `check_setting()`, handed over: targets refuses functions that name each other.
#' @noRd
check_block <- function(key, value, row, check) {
  given <- if (is.null(value)) list() else convert_value("mapping", value) # `slurm:` and nothing below it
  if (is.null(given)) {
    return(list(problem = must_be(key, value, row)))
  }
  unknown <- substr(setdiff(names(given), names(row$keys)), 1, most_shown)
  near <- vapply(unknown, nearest_word, character(1), words = names(row$keys))
  values <- override(default_of(row), given[intersect(names(given), names(row$keys))])
  checked <- Map(check, paste(key, names(values), sep = "."), values, row$keys[names(values)])
  names(checked) <- names(values)
  all_of <- function(field) unlist(lapply(checked, `[[`, field), use.names = FALSE)
  no_key <- sprintf("`%s.%s` is not a setting; the nearest one is `%s.%s`.", key, unknown, key, near)
  list(
    value = lapply(checked, `[[`, "value"), problem = c(if (length(no_key) > 0) no_key, all_of("problem"))
  )
}

#' One list over another; keys set to NULL stay, where `modifyList()` would drop them
#' @noRd
override <- function(base, by) {
  base[names(by)] <- by
  base
}

#' The value as a type of the table, or NULL where it is not one
#' @noRd
convert_value <- function(type, value) {
  number <- is.numeric(value) && length(value) > 0 && all(is.finite(value))
  one <- length(value) == 1
  switch(type,
    string = if (rlang::is_string(value)) value,
    integer = if (number && one && value == round(value)) small_integer(value),
    number = if (number && one) as.numeric(value),
    flag = if (rlang::is_bool(value)) value,
    # day labels such as 2 may come as numbers from R code
    strings = if ((is.character(value) || number) && length(value) > 0 && !anyNA(value)) as.character(value),
    numbers = if (number) as.numeric(value),
    names = if (is.character(value) && length(value) > 0 && !anyNA(value) && !anyDuplicated(value)) value,
    mapping = if (is.list(value) && (length(value) == 0 || rlang::is_named(value))) value
  )
}

#' A whole number as an integer; as a double where it is too large for one
#' @noRd
small_integer <- function(value) if (abs(value) > .Machine$integer.max) value else as.integer(value)

in_range <- function(row, value) {
  if (!row$type %in% c("integer", "number")) {
    return(TRUE)
  }
  value >= (row$min %||% -Inf) && value > (row$above %||% -Inf) && value <= (row$max %||% Inf)
}

#' TRUE unless the row wants texts that a batch script can hold: words, or lines that are no others' blanks
#' @noRd
fits_script <- function(row, value) {
  if (isTRUE(row$token)) {
    return(all(grepl("^[][A-Za-z0-9_.:,/@&|+=*()-]+$", value)))
  }
  !isTRUE(row$line) || all(vapply(value, is_script_line, logical(1)))
}

#' Has a text neither control characters (or other ends of lines) nor the marks of a template's blanks?
#' @noRd
is_script_line <- function(text) {
  codes <- utf8ToInt(enc2utf8(text))
  !anyNA(codes) && !any(codes %in% c(0:31, 127:159, 0x2028, 0x2029)) && !grepl("\\{\\{|\\}\\}", text)
}

wanted_text <- function(row) {
  words <- paste0("'", row$choices, "'", recycle0 = TRUE, collapse = " or ")
  if (row$type == "string" && words != "") {
    return(words)
  }
  nouns <- c(
    string = "a text", integer = "a whole number", number = "a number", flag = "true or false",
    strings = "a list of texts", numbers = "a list of numbers", names = "a text or a list of different texts",
    mapping = "a block of keys"
  )
  signs <- c(min = ">=", above = ">", max = "<=")
  there <- intersect(names(signs), names(row))
  bounds <- paste(signs[there], sprintf("%.10g", unlist(row[there])), recycle0 = TRUE, collapse = " and ")
  shell <- if (isTRUE(row$token)) "without spaces or quotes"
  if (isTRUE(row$line)) shell <- "of one line without control characters, {{ and }}"
  text <- trimws(paste(c(nouns[[row$type]], shell, bounds), collapse = " "))
  if (words == "") text else paste(text, "or", words)
}

#' A value in the notation of the configuration file
#' @noRd
show_value <- function(value) {
  if (is.list(value) && length(value) == 0) {
    return("{}")
  }
  as.character(jsonlite::toJSON(value, auto_unbox = TRUE, digits = NA, null = "null", force = TRUE))
}

#' A default as it stands in config.yaml: words without quotation marks
#' @noRd
yaml_value <- function(value) if (rlang::is_string(value)) value else show_value(value)

#' Lines of the configuration template: what most users set, then every other key as a comment
#' @noRd
config_lines <- function(table = settings_table()) {
  active <- c("preset", "mode", "screen", "guide_map", "ref_fate", "contrast_fate", "out_dir")
  lines_of <- function(keys, mark) unlist(lapply(keys, function(key) key_lines(key, table[[key]], mark)))
  commented <- lapply(names(stage_titles), function(stage) {
    keys <- setdiff(keys_of(stage, table), active)
    if (length(keys) > 0) c("", paste("#", stage_titles[[stage]]), lines_of(keys, "# "))
  })
  c(
    "# Configuration of a fatebias pipeline. Paths are relative to the folder of this file.",
    "# `preset` sets the defaults: calibrated, or plain (the first specification of the method).",
    "# Any other key overrides its preset; see ?fatebias::settings_reference.",
    "",
    lines_of(active, ""),
    "",
    "# Every other key with its default under `preset: calibrated`; remove the first # to set it.",
    unlist(commented)
  )
}

#' Lines of a key in the configuration template; those of a block are indented below it
#' @noRd
key_lines <- function(key, row, mark) {
  block <- !is.null(row$keys)
  value <- if (!block) yaml_value(row$default)
  line <- sprintf("%-34s # %s", paste(c(paste0(mark, key, ":"), value), collapse = " "), row$help)
  below <- lapply(names(row$keys), function(name) key_lines(name, row$keys[[name]], paste0(mark, "  ")))
  c(line, unlist(below))
}

#' Sections of the help page, one a stage
#' @noRd
settings_rd <- function(table = settings_table()) {
  rows <- function(key, row = table[[key]]) {
    if (!is.null(row$keys)) {
      below <- unlist(Map(rows, paste(key, names(row$keys), sep = "."), row$keys), use.names = FALSE)
      return(c(sprintf("- `%s`: a block of keys. %s", key, row$help), below))
    }
    differs <- !is.null(row$plain) && !identical(row$plain, row$default)
    plain <- if (differs) sprintf(" (`plain`: `%s`)", yaml_value(row$plain)) else ""
    null <- if (isTRUE(row$nullable)) " or null" else ""
    default <- yaml_value(row$default)
    sprintf("- `%s`: `%s`%s. %s Must be %s%s.", key, default, plain, row$help, wanted_text(row), null)
  }
  sections <- lapply(names(stage_titles), function(stage) {
    c(sprintf("@section %s:", stage_titles[[stage]]), unlist(lapply(keys_of(stage, table), rows)))
  })
  gsub("([{}])", "\\\\\\1", unlist(sections)) # braces are signs of Rd
}

#' All settings
#'
#' Lists every key of `config.yaml` and of [fate_settings()] with its default under `preset: calibrated`,
#' and under `preset: plain` if that differs. The command line (`python -m fatebias`) uses the same table.
#'
#' @name settings_reference
#' @eval settings_rd()
#' @seealso [fate_settings()], [read_settings()]
NULL
