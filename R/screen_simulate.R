# Simulated screens with known truth.

#' Simulate a screen
#'
#' Writes a screen of known truth: a layout that [read_screen()] reads, the truth, and the arguments
#' used.
#'
#' @param out_dir folder to write to; it is created.
#' @param preset size and labels of the screen: `"weak"` (6,000 cells, 100 genes), `"strong"` (25,000
#'   cells, 100 genes), `"real"` (100,000 cells, the real guide library), `"real500k"` or `"genome"`.
#' @param seed integer, the seed; the same arguments give the same screen.
#' @param x a `fatebias_simulation`.
#' @param row.names,optional not used.
#' @param ... arguments that override the preset: `cells`, `genes`, `guides_per_gene`, `ntc` (numbers),
#'   `moi` (mean guides a cell), `days`, `replicates` (numbers), `concentration` (of Dirichlet labels),
#'   `labels` (`"dirichlet"`, `"onehot"`, `"logitnormal"`, `"smoothed"`), `effects` (`"sparse"`,
#'   `"sparse_normal"`, `"random_walk"`, `"none"`), `library` (path of a guide map to take genes and
#'   guides from).
#' @details
#' `effects = "sparse"` and `"sparse_normal"`: on each day a few genes are active, with the same theta for
#' every fate but the reference. So the difference of two such fates (`contrast_fate = "MES - NEU"`) has no
#' effects at all; `"random_walk"` draws every fate on its own.
#' @returns A `fatebias_simulation`: a list of paths, `screen`, `guide_map`, `truth` (CSV: gene and
#'   theta by day for the contrast MES) and others, and `preset`, `seed`. `tidy()`, `as.data.table()`,
#'   `as.data.frame()`: the truth, one row a gene and day: `gene`, `day` (number, as in `d0`), `truth`
#'   (theta).
#' @section Errors: `fatebias_error_simulation` for arguments that are unknown, contradict each other or
#'   are out of range.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' simulate_screen(tempfile(), cells = 2000, genes = 20)
#' @export
simulate_screen <- function(out_dir, preset = "weak", seed = 1, ...) {
  validate_arg(out_dir, checkmate::check_string)
  validate_arg(preset, checkmate::check_string)
  validate_arg(seed, checkmate::check_count)
  given <- rlang::list2(...)
  if (!rlang::is_named2(given)) {
    abort_simulation("Every argument of a simulation must be named, as in {.code cells = 2000}.")
  }
  validate_writable(out_dir)
  if (!is.null(given$library)) given$library <- path.expand(given$library)
  paths <- py_call(
    "simulate_to",
    out_dir = path.expand(out_dir), given = c(list(preset = preset, seed = seed), given),
    progress = show_progress()
  )
  structure(c(paths, list(preset = preset, seed = seed)), class = "fatebias_simulation")
}

#' @export
format.fatebias_simulation <- function(x, ...) {
  paths <- unclass(x)[setdiff(names(x), c("preset", "seed"))]
  c(
    sprintf("<fatebias_simulation> preset %s, seed %s", x$preset, x$seed),
    sprintf("%-12s %s", names(paths), unlist(paths)),
    "Next: read_screen(x$screen, x$guide_map); tidy() has the truth."
  )
}

#' @export
print.fatebias_simulation <- function(x, ...) {
  cat(format(x), sep = "\n") # paths are not wrapped
  invisible(x)
}

#' @rdname simulate_screen
#' @export
tidy.fatebias_simulation <- function(x, ...) {
  wide <- data.table::fread(x$truth, colClasses = list(character = "gene"))
  long <- data.table::melt(
    wide,
    id.vars = "gene", variable.name = "day", value.name = "truth", variable.factor = FALSE
  )
  data.table::set(long, j = "day", value = sub("^theta_", "", long$day))
  long[]
}

#' @rdname simulate_screen
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_simulation <- function(x, ...) tidy(x)

#' @rdname simulate_screen
#' @export
as.data.frame.fatebias_simulation <- function(x, row.names = NULL, # nolint: object_name_linter.
                                              optional = FALSE, ...) {
  as.data.frame(tidy(x))
}
