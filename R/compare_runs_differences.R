# What differs between two runs besides their effects: settings, data, versions, by the manifests of the fits.

# of the screen's description: what tells one set of data from another, in the order in which it is read
data_fields <- c(
  "path", "guide_map", "n_cells", "n_cells_file", "n_genes", "n_guides", "n_ntc", "days", "day_values",
  "replicates", "fates", "covariates", "n_clusters"
)
digest_fields <- c("cells_by_day_replicate", "burden_counts", "fate_means_by_day_replicate")

#' Settings, data and versions that differ
#' @returns list `settings_kind` (which settings are known of both, in words), and `settings`, `data`,
#'   `versions`: data.table `name`, `a`, `b` (texts); NULL where it is not known of both.
#' @noRd
runs_differences <- function(a, b) {
  known <- function(part) {
    parts <- lapply(list(a, b), part)
    if (all(lengths(parts) > 0)) differing(parts[[1]], parts[[2]])
  }
  settings <- list(
    fit = known(function(side) side$manifest$settings),
    mash = known(function(side) unclass(side$mash_settings))
  )
  settings <- Filter(Negate(is.null), settings)
  list(
    settings_kind = if (identical(names(settings), "fit")) "Settings of the fit" else "Settings",
    settings = if (length(settings) > 0) data.table::rbindlist(settings),
    data = known(function(side) if (!is.null(side$manifest)) data_of(side$manifest)),
    versions = known(function(side) if (!is.null(side$manifest)) versions_in(side$manifest))
  )
}

#' Sizes, names and a digest of the data that a fit has seen
#'
#' The digest is of the cells by day and replicate, of those by number of guides, and of the mean fate
#' probabilities: other cells or labels have another.
#' @noRd
data_of <- function(manifest) {
  counts <- manifest$screen[intersect(digest_fields, names(manifest$screen))]
  digest <- substr(cli::hash_sha256(to_json(counts)), 1, id_letters)
  fields <- manifest$screen[intersect(data_fields, names(manifest$screen))]
  c(fields, if (length(counts) > 0) list(digest = digest))
}

versions_in <- function(manifest) c(list(fatebias = manifest$fatebias_version), as.list(manifest$versions))

#' Values of two named lists that are not the same, as texts
#' @noRd
differing <- function(a, b) {
  names <- union(names(a), names(b))
  texts <- function(values) vapply(names, setting_words, character(1), values = values, USE.NAMES = FALSE)
  table <- data.table::data.table(name = names, a = texts(a), b = texts(b))
  table[table$a != table$b]
}

#' A value as it would stand in a configuration file; "-" where it is not among the values
#' @noRd
setting_words <- function(name, values) {
  if (!name %in% names(values)) {
    return("-")
  }
  value <- values[[name]]
  if (is.list(value)) {
    return(to_json(value))
  }
  if (is.logical(value)) value <- tolower(value)
  if (is.numeric(value)) value <- vapply(value, format, character(1), digits = 15)
  if (length(value) == 0) "null" else toString(value)
}
