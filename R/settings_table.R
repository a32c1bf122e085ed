# The table of settings that R and Python share (inst/python/fatebias/settings.yaml), the check of a
# value against its row, and what is written from the table: a help page and config.yaml.
# Nothing here names a single setting but `preset`.

stage_titles <- c(
  input = "Input", screen = "Screen", fit = "Fit", qc = "QC", mash = "mash", run = "Run"
)

#' A named list, one entry (default, type, range, stage, help) a key
#' @noRd
settings_table <- function() {
  yaml::read_yaml(system.file("python", "fatebias", "settings.yaml", package = "fatebias", mustWork = TRUE))
}

keys_of <- function(stages, table = settings_table()) {
  names(table)[vapply(table, function(row) row$stage %in% stages, logical(1))]
}

#' Defaults under a preset; an unknown preset is found when its own key is checked
#' @noRd
defaults_of <- function(table, preset = NULL) {
  if (!rlang::is_string(preset)) preset <- table$preset$default
  lapply(table, function(row) if (preset %in% names(row)) row[[preset]] else row$default)
}

#' A value against its row of the table
#'
#' @returns `list(value, problem, not_available)`: the value in its type, or one sentence.
#' @noRd
check_setting <- function(key, value, row) {
  finding <- function(value = NULL, problem = NULL, not_available = NULL) {
    list(value = value, problem = problem, not_available = not_available)
  }
  if (is.null(value) && isTRUE(row$nullable)) {
    return(finding())
  }
  if (rlang::is_string(value) && value %in% row$choices) {
    later <- sprintf("`%s: %s` is not available yet in this version of fatebias.", key, value)
    return(finding(value, not_available = if (value %in% row$unavailable) later))
  }
  converted <- if (row$type == "string" && !is.null(row$choices)) NULL else convert_value(row$type, value)
  if (is.null(converted) || !in_range(row, converted)) {
    return(finding(problem = sprintf("`%s` must be %s, not %s.", key, wanted_text(row), show_value(value))))
  }
  finding(converted)
}

#' The value as a type of the table, or NULL where it is not one
#' @noRd
convert_value <- function(type, value) {
  number <- is.numeric(value) && length(value) > 0 && all(is.finite(value))
  one <- length(value) == 1
  switch(type,
    string = if (rlang::is_string(value)) value,
    integer = if (number && one && value == round(value)) as.integer(value),
    number = if (number && one) as.numeric(value),
    # YAML reads unquoted day labels such as 2 as numbers
    strings = if ((is.character(value) || number) && length(value) > 0 && !anyNA(value)) as.character(value),
    numbers = if (number) as.numeric(value),
    mapping = if (is.list(value) && (length(value) == 0 || rlang::is_named(value))) value
  )
}

in_range <- function(row, value) {
  if (!row$type %in% c("integer", "number")) {
    return(TRUE)
  }
  value >= (row$min %||% -Inf) && value > (row$above %||% -Inf) && value <= (row$max %||% Inf)
}

`%||%` <- function(x, y) if (is.null(x)) y else x

wanted_text <- function(row) {
  words <- paste0("'", row$choices, "'", recycle0 = TRUE, collapse = " or ")
  if (row$type == "string" && words != "") {
    return(words)
  }
  nouns <- c(
    string = "a text", integer = "a whole number", number = "a number", strings = "a list of texts",
    numbers = "a list of numbers", mapping = "a block of keys"
  )
  signs <- c(min = ">=", above = ">", max = "<=")
  there <- intersect(names(signs), names(row))
  bounds <- paste(signs[there], vapply(row[there], format, character(1)), recycle0 = TRUE, collapse = " and ")
  text <- trimws(paste(nouns[[row$type]], bounds))
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
  lines_of <- function(keys, mark) {
    values <- vapply(table[keys], function(row) yaml_value(row$default), character(1))
    help <- vapply(table[keys], `[[`, character(1), "help")
    sprintf("%-34s # %s", paste0(mark, keys, ": ", values), help)
  }
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

#' Sections of the help page, one a stage
#' @noRd
settings_rd <- function(table = settings_table()) {
  rows <- function(key) {
    row <- table[[key]]
    differs <- !is.null(row$plain) && !identical(row$plain, row$default)
    plain <- if (differs) sprintf(" (`plain`: `%s`)", yaml_value(row$plain)) else ""
    null <- if (isTRUE(row$nullable)) " or null" else ""
    default <- yaml_value(row$default)
    sprintf("- `%s`: `%s`%s. %s Must be %s%s.", key, default, plain, row$help, wanted_text(row), null)
  }
  sections <- lapply(names(stage_titles), function(stage) {
    c(sprintf("@section %s:", stage_titles[[stage]]), vapply(keys_of(stage, table), rows, character(1)))
  })
  unlist(sections)
}

#' All settings
#'
#' Every key of `config.yaml` and of [fate_settings()] with its default under `preset: calibrated`,
#' and under `preset: plain` where that differs. The table behind this page is shared with the
#' command line (`python -m fatebias`).
#'
#' @name settings_reference
#' @eval settings_rd()
#' @seealso [fate_settings()], [read_settings()]
NULL
