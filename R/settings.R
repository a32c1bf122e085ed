# Settings: one checked, named list. How they are resolved: defaults, overridden by the preset,
# overridden by what was given.

#' Settings of an analysis
#'
#' `fate_settings()` makes the settings from defaults, `read_settings()` from a configuration file, and
#' `pipeline_settings()` from the file of a pipeline: that in the environment variable `FATEBIAS_CONFIG`, or
#' `config.yaml`. All three resolve settings in the same order: the `preset` overrides the defaults, the keys
#' of the file override the preset, and `...` overrides the file. [settings_reference] describes all keys.
#'
#' @param ... settings by name, such as `seed = 7, preset = "plain"`.
#' @param path configuration file (YAML, lines `key: value`). The paths in it (`screen`, `guide_map`,
#'   `out_dir`, those of the block `slurm`) are relative to its folder.
#' @param settings a `fatebias_settings`.
#' @param x,object a `fatebias_settings`.
#' @param all print all keys, also where that takes more than a screen?
#' @param row.names,optional not used.
#' @param stages character, some of `"input"`, `"screen"`, `"fit"`, `"qc"`, `"mash"`, `"contrasts"`,
#'   `"calibration"`, `"report"`, `"run"`.
#' @returns A `fatebias_settings`: a named list with one entry a key. `settings_for()` keeps the keys
#'   of some stages only, so that in a pipeline a change reruns only what it concerns; wherever
#'   settings are taken, keys that are not there have their default. `as.data.table()`, `as.data.frame()`:
#'   `stage`, `setting`, `value` (text), `changed` (differs from the default of the preset); `summary()`:
#'   the changed ones.
#' @section The configuration file: One YAML document in UTF-8, of words, lists and blocks. Every word is read
#'   as its key wants it, and quotation marks matter for null only:
#'   - a number is decimal or scientific: `3`, `+5`, `.5`, `5.`, `1e-4`, `1E5`; without leading zeros
#'     (`010`), `0x10`, `1_000`, `.inf`. A whole number may be written `3.0` or `1e3`, up to 2147483647;
#'   - true or false: `true`, `yes`, `on`, `false`, `no`, `off`, in small letters, capitalised or in capitals;
#'   - null: `null`, `Null`, `NULL`, `~` or nothing, without quotation marks;
#'   - a text is the word as it is written: `day_levels: [2.50, 010]` are the labels "2.50" and "010". One
#'     word may stand for a list of one.
#'
#'   Refused are a key that stands twice in its block, a second document, aliases (`*name`), merge keys (`<<`)
#'   and tags (`!name`; those of the standard types, as in `!!str 5`, change nothing). The command line
#'   (`--set key=value`) reads values by the same rules. Values given in R are of their type already.
#' @section Errors: `fatebias_error_settings` (a file that cannot be read, unknown key, wrong type, out of
#'   range; all problems of the values in one message).
#' @examples
#' fate_settings(preset = "plain", seed = 7)
#' settings_for(fate_settings(), "mash")$mash_lfsr_thresh
#'
#' # from a file; a pipeline takes the file that FATEBIAS_CONFIG names
#' path <- tempfile(fileext = ".yaml")
#' writeLines(c("ref_fate: EC", "contrast_fate: NEU"), path)
#' read_settings(path, seed = 7)$contrast_fate
#' Sys.setenv(FATEBIAS_CONFIG = path)
#' pipeline_settings()$contrast_fate
#' Sys.unsetenv("FATEBIAS_CONFIG")
#' @export
fate_settings <- function(...) {
  resolve_settings(overrides(...))
}

#' @rdname fate_settings
#' @export
read_settings <- function(path = "config.yaml", ...) {
  validate_arg(path, check_path)
  given <- override(read_config(path), overrides(...))
  checked <- resolve_settings(given, where = path)
  # resolved at once, so that later updates see the same paths
  paths <- lapply(unclass(checked)[c("screen", "guide_map", "out_dir")], path_beside, config = path)
  schedulers <- scheduler_names()
  paths[schedulers] <- lapply(unclass(checked)[schedulers], place_scheduler, config = path)
  new_settings(override(checked, paths), override(given, paths))
}

#' @rdname fate_settings
#' @export
pipeline_settings <- function() {
  named <- Sys.getenv("FATEBIAS_CONFIG")
  read_settings(if (nzchar(named)) named else "config.yaml")
}

#' @rdname fate_settings
#' @export
settings_for <- function(settings, stages) {
  validate_class(settings, "fatebias_settings", "fate_settings", abort_settings)
  validate_arg(stages, checkmate::check_subset, names(stage_titles), empty.ok = FALSE)
  new_settings(unclass(settings)[intersect(names(settings), keys_of(stages))])
}

new_settings <- function(values, given = values) {
  structure(as.list(values)[names(values)], class = "fatebias_settings", given = as.list(given)[names(given)])
}

#' Whole settings from whole or partial ones and overrides
#'
#' What was given is resolved again, so that an overridden preset takes effect.
#' @noRd
update_settings <- function(settings, ..., call = rlang::caller_env()) {
  validate_class(settings, "fatebias_settings", "fate_settings", abort_settings, call = call)
  resolve_settings(override(attr(settings, "given"), overrides(..., call = call)), call = call)
}

#' Settings of some stages as a plain list, for Python
#' @noRd
settings_list <- function(settings, stages) {
  values <- unclass(settings_for(settings, stages))
  attr(values, "given") <- NULL
  values
}

#' JSON as Python reads it: single values unboxed, all digits, NULL as null
#' @noRd
to_json <- function(x) as.character(jsonlite::toJSON(x, auto_unbox = TRUE, digits = NA, null = "null"))

overrides <- function(..., call = rlang::caller_env()) {
  given <- rlang::list2(...)
  if (!rlang::is_named2(given)) {
    abort_settings("Every setting must be named, as in {.code seed = 7}.", call = call)
  }
  given
}

read_config <- function(path, call = rlang::caller_env()) {
  if (!file.exists(path)) {
    abort_settings(c(
      "The configuration file {.path {path}} does not exist.", working_directory_line(path)
    ), call = call)
  }
  text <- decoded_file(path)
  given <- if (inherits(text, "unreadable")) text else typed_text(text, settings_table())
  if (inherits(given, "unreadable")) {
    problems <- verbatim(given)
    names(problems) <- rep("x", length(problems))
    abort_settings(c("Cannot read the configuration file {.path {path}}.", problems), call = call)
  }
  given
}

#' The block of a scheduler with its paths beside the configuration file
#' @noRd
place_scheduler <- function(block, config) {
  block$log_dir <- path_beside(block$log_dir, config)
  for (node in c("gpu", "cpu")) {
    template <- block[[node]]$template
    if (!is.null(template)) block[[node]]$template <- path_beside(template, config)
  }
  block
}

path_beside <- function(path, config) {
  if (is.null(path)) return(NULL)
  absolute <- grepl("^(/|~|[A-Za-z]:)", path)
  if (absolute || dirname(config) == ".") path else file.path(dirname(config), path)
}

resolve_settings <- function(given, where = NULL, call = rlang::caller_env()) {
  table <- settings_table()
  refuse_unknown(names(given), names(table), where, call)
  values <- override(defaults_of(table, given$preset), given)
  checked <- Map(check_setting, names(values), values, table[names(values)])
  refuse_findings(checked, where, call)
  new_settings(lapply(checked, `[[`, "value"), given)
}

most_unknown <- 20L # keys that are no settings and are told, each with the nearest one

refuse_unknown <- function(keys, known, where, call) {
  twice <- unique(keys[duplicated(keys)])
  unknown <- substr(setdiff(keys, known), 1, most_shown)
  near <- vapply(utils::head(unknown, most_unknown), nearest_word, character(1), words = known)
  problems <- c(
    sprintf("`%s` is not a setting; the nearest one is `%s`.", utils::head(unknown, most_unknown), near),
    sprintf("`%s` is given twice.", twice)
  )
  if (length(problems) > 0) abort_settings(problem_list(problems, where), call = call)
}

refuse_findings <- function(checked, where, call) {
  problems <- unlist(lapply(checked, `[[`, "problem"))
  if (length(problems) > 0) abort_settings(problem_list(problems, where), call = call)
}

problem_list <- function(problems, where) {
  place <- if (is.null(where)) "These settings" else sprintf("Settings in '%s'", where)
  head <- paste(place, "cannot be used.")
  verbatim(c(head, problems), bullet = "x")
}

#' @rdname fate_settings
#' @export
format.fatebias_settings <- function(x, ...) {
  rows <- as.data.table.fatebias_settings(x)
  lines <- setting_lines(rows)
  by_stage <- lapply(intersect(names(stage_titles), rows$stage), function(name) {
    c(stage_titles[[name]], lines[rows$stage == name])
  })
  c("<fatebias_settings> (*: not the default of its preset)", unlist(by_stage))
}

setting_lines <- function(rows) {
  sprintf("%s %-20s %s", ifelse(rows$changed, "*", " "), rows$setting, rows$value)
}

#' @rdname fate_settings
#' @export
print.fatebias_settings <- function(x, all = FALSE, ...) {
  lines <- format(x)
  if (all || length(lines) <= screen_rows) {
    cat(lines, sep = "\n")
    return(invisible(x))
  }
  changed <- summary(x)
  print_lines(c(
    sprintf("<fatebias_settings> preset %s, %d of %d keys changed", x$preset, nrow(changed), length(x)),
    setting_lines(changed), "All keys: print(x, all = TRUE), as.data.table(x); ?settings_reference."
  ))
  invisible(x)
}

#' @rdname fate_settings
#' @export
summary.fatebias_settings <- function(object, ...) {
  rows <- as.data.table.fatebias_settings(object)
  rows[rows$changed]
}

#' @rdname fate_settings
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_settings <- function(x, ...) {
  table <- settings_table()[names(x)]
  default <- lapply(defaults_of(settings_table(), x$preset)[names(x)], show_value)
  data.table::data.table(
    stage = vapply(table, `[[`, character(1), "stage", USE.NAMES = FALSE), setting = names(x),
    value = vapply(unclass(x), value_text, character(1), USE.NAMES = FALSE),
    changed = !mapply(identical, lapply(unclass(x), show_value), default, USE.NAMES = FALSE)
  )
}

value_text <- function(value) if (is.list(value)) "a block" else yaml_value(value)

#' @rdname fate_settings
#' @export
as.data.frame.fatebias_settings <- function(x, row.names = NULL, # nolint: object_name_linter.
                                            optional = FALSE, ...) {
  as.data.frame(as.data.table.fatebias_settings(x))
}
