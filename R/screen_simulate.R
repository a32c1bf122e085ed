# Simulated screens with known truth.

#' Simulate a screen
#'
#' Writes a screen with known effects: the files that [read_screen()] reads, the truth, and the
#' arguments.
#'
#' @param out_dir folder to write to; it is created.
#' @param preset size and labels of the screen: `"weak"` (6,000 cells, 100 genes), `"strong"` (25,000
#'   cells, 100 genes), `"real"` (100,000 cells, the real guide library), `"real500k"`, `"genome"`, or
#'   `"life"` and `"life_none"` (8,000 cells, 100 genes with and without effects; see "Screens of life").
#' @param seed integer, the seed; the same arguments give the same screen.
#' @param x a `fatebias_simulation`.
#' @param row.names,optional not used.
#' @param ... arguments that override the preset: `cells`, `genes`, `guides_per_gene`, `ntc` (numbers),
#'   `moi` (mean guides a cell), `days`, `replicates` (numbers), `fates` (their number, 2 or more, the
#'   reference counted: any components that sum to 1, such as clusters or programs), `fate_names` (their
#'   names, the reference first), `concentration` (of Dirichlet labels), `labels` (`"dirichlet"`,
#'   `"onehot"`, `"logitnormal"`, `"smoothed"`), `effects` (`"sparse"`, `"sparse_normal"`,
#'   `"single"`, `"random_walk"`, `"none"`), `library` (path of a guide map to take genes and guides from),
#'   and those of "Screens of life".
#' @details
#' `effects = "sparse"` and `"sparse_normal"`: on each day a few genes are active, with the same theta for
#' every fate but the reference. So the difference of two such fates (`contrast_fate = "MES - NEU"`) has no
#' effects at all. `"single"`: each gene moves one fate, which may be the reference, against all others.
#' `"random_walk"` draws every fate on its own.
#'
#' # Screens of life
#' The other presets have labels, guides and replicates as the model takes them to be. These arguments add
#' what real screens have besides; each is absent unless given, and changes nothing but what it names.
#' `preset = "life"` sets those with a value in brackets.
#'
#' * `guide_sd` (0.1): SD of guides around their gene. They are not centred within the gene, and theta is the
#'   mean of the population of its guides. Without it guides have SD 0.2 and are centred.
#' * `off_target` (0.05): share of genes of which one guide has an effect of its own, 0.5 to 1.2 in size.
#' * `dead`: share of guides without an effect on their gene; the truth is the mean over such guides.
#' * `clones`, `clone_sd`: mean number of cells a clone, or `c(least, most)`, and the SD of their shifts of
#'   the logits (default 0.5). Cells of a clone share guides and replicate; `obs$clone` names it.
#' * `sample_sd` (0.1): SD of intercepts by day and replicate.
#' * `replicate_sd` (0.08): SD of a gene's effect between replicates, by day, also of genes without effects.
#' * `burden_day_sd` (0.04): SD of the burden slope between days.
#' * `day_dispersion` (`c(40, 20, 12, 8)`): Dirichlet concentration of each day.
#' * `rare`: `TRUE` makes all fates but the contrast's rare (0.3 to 3 % a day).
#' * `day0_flat`: `TRUE` makes the labels of the first day nearly flat.
#' @returns A `fatebias_simulation`: a list of paths, `screen`, `guide_map`, `truth` (CSV: gene and
#'   theta by day for the first fate beside the reference) and others, and `preset`, `seed`. `tidy()`,
#'   `as.data.table()`, `as.data.frame()`: the truth, one row a gene and day: `gene`, `day` (number, as in
#'   `d0`), `truth` (theta).
#' @section Errors: `fatebias_error_simulation` for arguments that are unknown, contradict each other or
#'   are out of range.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' simulate_screen(tempfile(), cells = 2000, genes = 20)
#' simulate_screen(tempfile(), cells = 2000, genes = 20, fate_names = c("other", "T cell", "B cell", "NK"))
#' @export
simulate_screen <- function(out_dir, preset = "weak", seed = 1, ...) {
  validate_arg(out_dir, check_path)
  validate_arg(preset, checkmate::check_string)
  validate_arg(seed, checkmate::check_count)
  given <- rlang::list2(...)
  if (!rlang::is_named2(given)) {
    abort_simulation("Every argument of a simulation must be named, as in {.code cells = 2000}.")
  }
  for (name in names(given)) {
    value <- given[[name]]
    validate_arg(value, check_simulation_argument, arg = name)
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

#' TRUE for words, finite numbers, TRUE, FALSE or NULL; or what is wrong
#' @noRd
check_simulation_argument <- function(x) {
  fine <- is.null(x) || (is.atomic(x) && !anyNA(x) && (!is.numeric(x) || all(is.finite(x))))
  if (fine) TRUE else "Must be words, finite numbers or TRUE or FALSE, none missing"
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
  wide <- read_csv_file(x$truth, texts = "gene")
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
