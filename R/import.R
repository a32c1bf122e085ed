# A screen put together from files: cells and fate probabilities of one, guides from elsewhere.

#' Assemble a screen from its parts
#'
#' Joins cells, days and replicates from an `.h5ad`, `.h5mu` or `.zarr` (as written by scanpy, CellRank or
#' Palantir) with fate probabilities from this file or a table, and with guides from another source. It
#' matches them by cell names and writes a screen file in the standard layout. It does not change the file of
#' the cells, and does not read expression.
#'
#' @param cells path of the file with the cells (`.h5ad`, `.h5mu`), or of the folder of a `.zarr` store.
#' @param guides presence of guides, cells x guides, with names of both: what [read_guides_cellranger()],
#'   [read_guides_anndata()] and [read_guides_table()] return.
#' @param guide_map data frame with the columns `guide_name`, `gene_name`, `is_ntc`, one row a guide, or in
#'   another layout that [read_screen()] knows; it is written beside the screen. Or the path of such a file.
#' @param min_umi,min_probability as in [fate_screen()], where `guides` are counts or probabilities.
#' @param path where to write the screen file.
#' @param day,replicate names of columns of its `obs`; `replicate = NULL` where there is one replicate.
#' @param fate_probs key in its `obsm`: `"lineages_fwd"` for CellRank 2, `"palantir_fate_probabilities"` for
#'   Palantir; or keys of several label sets of the same fates (see `vignette("label-sets")`); or a matrix
#'   with names of cells and fates, as [read_fate_table()] returns.
#' @param fates names of the columns in order, where they are a plain array of which the file does not say it.
#' @param rescale divide rows of probabilities that sum to 1 within 0.05 by their sum? See
#'   [read_fate_table()].
#' @param drop_suffix match cells without what programs put around a barcode, such as `-1`? See
#'   [match_cells()].
#' @param modality of MuData, the modality of the cells.
#' @param settings,... as in [read_screen()], but for the names of keys, which are those of the standard
#'   layout. The columns that `covariates` and `cluster_key` name are those of the `obs` of `cells`.
#' @returns A `fatebias_screen`, see [read_screen()].
#' @section Errors: `fatebias_error_screen` and `fatebias_warning_screen` as in [match_cells()], and all of
#'   [read_screen()]. The screen file is written whole or not at all.
#' @seealso `vignette("from-cellrank-or-cellranger", "fatebias")`; [fate_screen()] for a screen of R objects.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' # 700 blood cells as CellRank saved them, and guides that are made up
#' example <- function(name) system.file("extdata", name, package = "fatebias")
#' guides <- read_guides_cellranger(example("cellranger_guides"))
#' assemble_screen(
#'   example("cellrank_pbmc68k.h5ad"), guides, example("cellranger_guide_map.csv"),
#'   path = tempfile(fileext = ".h5ad"), replicate = "sample", ref_fate = "CD19+ B",
#'   contrast_fate = "Dendritic"
#' )
#' @export
assemble_screen <- function(cells, guides, guide_map, path, day = "day", replicate = NULL,
                            fate_probs = "lineages_fwd", fates = NULL, rescale = FALSE, drop_suffix = FALSE,
                            settings = fate_settings(), min_umi = NULL, min_probability = NULL,
                            modality = NULL, ...) {
  validate_arg(cells, check_path)
  validate_arg(path, check_file_name)
  validate_arg(day, checkmate::check_string)
  validate_arg(replicate, checkmate::check_string, null.ok = TRUE)
  validate_arg(fates, checkmate::check_character, any.missing = FALSE, min.len = 1, null.ok = TRUE)
  validate_arg(rescale, checkmate::check_flag)
  validate_arg(drop_suffix, checkmate::check_flag)
  validate_arg(modality, checkmate::check_string, null.ok = TRUE)
  is_key <- is.character(fate_probs) && is.null(dim(fate_probs))
  if (is_key) {
    validate_arg(fate_probs, checkmate::check_character, any.missing = FALSE, min.len = 1, unique = TRUE)
  } else {
    validate_arg(fate_probs, check_two_dims)
  }
  settings <- update_settings(settings, ...)
  guides <- as_presence(
    guides, min_umi %||% settings$min_umi, min_probability %||% settings$min_probability
  )
  modality <- modality %||% settings$modality
  settings <- standard_settings(settings)
  if (is_key && length(fate_probs) > 1) settings <- update_settings(settings, fate_prob_key = fate_probs)
  validate_cell_names(rownames(guides), "guides")
  is_map <- is.data.frame(guide_map)
  if (is_map) validate_guide_map(guide_map) else validate_arg(guide_map, check_path)
  table <- if (!is_key) read_fate_table(fate_probs, rescale)
  if (!is.null(table)) {
    if (!is.null(fates)) abort_screen("{.arg fates} is for a key of {.arg cells}; a table has its own names.")
    fates <- colnames(table)
  }
  all_or_nothing(c(path, if (is_map) guide_map_beside(path)), { # what is refused when read leaves no files
    found <- py_call(
      "assemble_screen",
      h5ad = path.expand(cells), out = path.expand(path), day = day, replicate = replicate,
      guide_cells = I(rownames(guides)), guide_names = I(colnames(guides)),
      fate_probs = if (is.null(table)) fate_probs, fate_cells = as_array(rownames(table)),
      fates = as_array(fates), rescale = rescale, drop_suffix = drop_suffix,
      covariates = as_array(named_columns(settings)), modality = modality,
      objects = c(list(presence = guides), if (!is.null(table)) list(fate_table = table))
    )
    burden <- paste(vapply(found$guides_per_cell, count, character(1)), collapse = ", ")
    cli::cli_inform(c(
      matched_lines(found$n_cells, found$unmatched), i = "Cells with 0, 1, .. guides: {burden}"
    ))
    map_path <- if (is_map) write_guide_map(guide_map, path) else guide_map
    read <- function() read_screen(path, map_path, settings)
    if (is_map) with_map_as_argument(read(), map_path) else read()
  })
}
