# Preflight of a screen: what is there, what is wrong, how to mend it, all at once and in seconds.

#' Check a screen before a fit
#'
#' Checks a screen and its guide map and lists all faults at once, each with its remedy ([read_screen()] stops
#' at the first fault). If a key is missing, it names the entries that resemble it, and checks the rest with
#' the likeliest one. It also warns of weaknesses: one replicate, genes with one guide, or under 10
#' effective cells of a gene on a day (the summed probability of the contrast's rarer fate over the gene's
#' cells). It never reads expression: 100,000 cells take less than a second once Python has started.
#'
#' @param path screen file (.h5ad, .h5mu, .zarr), see [read_screen()].
#' @param guide_map guide map, see [read_screen()]; NULL: that of the screen's own file is looked at, if it
#'   has one.
#' @param settings [fate_settings()]; the stages Screen and Fit are used, the latter for what a fit would
#'   refuse and how much memory it takes. Where `out_dir` is given, that folder is looked at as well: could a
#'   fit write there?
#' @param ... settings by name, such as `fate_prob_key = "lineages_fwd"`.
#' @returns A `fatebias_screen_check`, a list with
#'   - `table`: data.table `item` (what was looked at), `status` (`ok`, `warning`, `problem`), `found`, `fix`
#'     (what to do, empty where nothing is);
#'   - `ok`: is there no problem? Where a guide map was looked at, [read_screen()] then accepts the screen;
#'   - `settings`: named list of settings that are suggested: lines for `config.yaml`, or
#'     `fate_settings(!!!check$settings)`. They are guesses: look at them;
#'   - `given`: named list of the settings given that are not defaults;
#'   - `path`, `guide_map`.
#' @section Errors: `fatebias_error_settings`, `fatebias_error_environment`. A file that is missing or cannot
#'   be read is a row of the table.
#' @seealso [read_screen()]; on the command line `python -m fatebias check screen.h5ad --guides
#'   guide_map.csv`.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' files <- simulate_screen(tempfile(), cells = 2000, genes = 20)
#' check_screen(files$screen, files$guide_map, day_key = "time")
#' @export
check_screen <- function(path, guide_map = NULL, settings = fate_settings(), ...) {
  validate_arg(path, check_path)
  validate_arg(guide_map, check_path, null.ok = TRUE)
  settings <- update_settings(settings, ...)
  given <- c(settings_list(settings, c("screen", "fit")), list(contrasts = settings$contrasts))
  out_dir <- if ("out_dir" %in% names(attr(settings, "given"))) path.expand(settings$out_dir)
  settings <- settings_for(settings, "screen")
  found <- py_call(
    "check_screen",
    screen_path = path.expand(path), guide_map = if (!is.null(guide_map)) path.expand(guide_map),
    settings = given, out_dir = out_dir
  )
  structure(
    list(
      table = data.table::rbindlist(found$rows), ok = found$ok, settings = as.list(found$settings),
      given = changed_settings(settings), path = path, guide_map = guide_map
    ),
    class = "fatebias_screen_check"
  )
}

#' @export
format.fatebias_screen_check <- function(x, ..., width = cli::console_width()) {
  rows <- Map(check_lines, x$table$item, x$table$status, x$table$found, x$table$fix, width)
  c(
    paste("<fatebias_screen_check>", x$path),
    unlist(rows, use.names = FALSE),
    check_result(x)
  )
}

#' Lines of one row: a mark, the item and what was found, and below what to do
#' @noRd
check_lines <- function(item, status, found, fix, width) {
  mark <- switch(status, ok = cli::symbol$tick, warning = "!", problem = cli::symbol$cross)
  colour <- switch(status, ok = cli::col_green, warning = cli::col_yellow, problem = cli::col_red)
  wrap <- function(text, first) strwrap(text, width, initial = first, prefix = strrep(" ", 4))
  lines <- wrap(paste0(item, ": ", found), paste(mark, ""))
  lines[[1]] <- sub(mark, colour(mark), lines[[1]], fixed = TRUE)
  c(lines, if (nzchar(fix)) wrap(fix, paste0("  ", cli::symbol$arrow_right, " ")))
}

#' How many problems, and what to do next
#' @noRd
check_result <- function(x) {
  n <- vapply(c("problem", "warning"), function(status) sum(x$table$status == status), integer(1))
  counts <- c(cli::pluralize("{n[[1]]} problem{?s}"), cli::pluralize("{n[[2]]} warning{?s}"))
  values <- vapply(x$settings, show_value, character(1))
  c(
    paste0(paste(counts, collapse = ", "), "."),
    if (length(values) > 0) {
      c(
        "Lines for config.yaml (or arguments of read_screen()), after a look:",
        sprintf("%s: %s", names(values), values),
        "Each replaces the line of the same key, where there is one."
      )
    },
    if (x$ok && "ok" %in% x$table$status[x$table$item == "Guide map"]) next_call(x)
  )
}

#' The call that reads the screen as it was looked at
#' @noRd
next_call <- function(x) {
  values <- vapply(x$given, function(value) paste(deparse(value), collapse = " "), character(1))
  arguments <- c(dQuote(c(x$path, x$guide_map), FALSE), sprintf("%s = %s", names(values), values))
  sprintf("Next: read_screen(%s)", paste(arguments, collapse = ", "))
}

#' Those of some settings that differ from the defaults of the calibrated preset
#' @noRd
changed_settings <- function(settings) {
  defaults <- defaults_of(settings_table())
  changed <- vapply(names(settings), function(key) {
    !identical(show_value(settings[[key]]), show_value(defaults[[key]]))
  }, logical(1))
  unclass(settings)[names(settings)[changed]]
}

#' @export
print.fatebias_screen_check <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}
