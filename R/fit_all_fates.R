# What a fit knows of all fates at once: its archive, from which any contrast follows.

all_fates_file <- "effects_all_fates.npz"

#' The archive of all fates of a fit
#'
#' Needs no Python. Values are log odds of each fate against the reference. The design ("All fates") says
#' what each array holds. Raises `fatebias_error_export` where the fit has no such file.
#'
#' @param fit a `fatebias_fit`, or a part of one, which has the arrays of its genes and guides.
#' @returns Named list of arrays with dimension names (gene, guide, day, fate, replicate), among them
#'   `theta` gene x day x fate, `noise` and `model_noise` gene x day x fate x day x fate, and of the posterior
#'   `theta_mean`, `theta_cov`, `beta_mean`, `beta_cov`. NA on a day without a cell that carries the gene.
#'   Besides the names `genes`, `guides`, `guide_gene` (gene of each guide), `days`, `fates` (beside the
#'   reference), `ref_fate`, `replicates`, and `estimand`.
#' @noRd
all_fates <- function(fit, call = rlang::caller_env()) {
  path <- array_path(fit, all_fates_file, "effects of all fates", "Fit again.", call)
  raw <- read_npz(path, call = call)
  if (!is_of_fit(raw, fit)) {
    abort_export("{.path {path}} is not the effects of all fates of this fit; fit again.", call = call)
  }
  raw <- raw[!startsWith(names(raw), "baseline_")] # where the engine stands, in its own order
  axes <- axes_of(raw$axes)
  raw$guide_gene <- raw$genes[raw$guide_gene + 1]
  labels <- raw[c("genes", "guides", "days", "fates", "replicates")]
  names(labels) <- c("gene", "guide", "day", "fate", "replicate")
  labels$`any fate` <- c(raw$ref_fate, raw$fates)
  kept <- list(gene = fit$gene$gene, guide = fit$guide$guide)
  for (name in intersect(names(axes), names(raw))) {
    raw[[name]] <- part_of_array(raw[[name]], labels[axes[[name]]], kept[axes[[name]]])
  }
  raw$guide_gene <- as.vector(raw$guide_gene)
  raw[c("genes", "guides")] <- unname(kept)
  raw[setdiff(names(raw), "axes")]
}

#' Has an archive the effects of this fit's genes and days?
#' @noRd
is_of_fit <- function(raw, fit) {
  names <- c("axes", "theta", "noise", "genes", "guides", "guide_gene", "days", "fates", "ref_fate")
  shape <- c(length(raw$genes), length(raw$days), length(raw$fates))
  all(names %in% names(raw)) && setequal(raw$days, fit$days) && all(fit$gene$gene %in% raw$genes) &&
    isTRUE(all.equal(dim(raw$theta), shape)) && isTRUE(all.equal(dim(raw$noise), shape[c(1, 2, 3, 2, 3)]))
}

#' Names of axes by array, from lines such as "theta, noise: gene, day"
#' @noRd
axes_of <- function(lines) {
  sides <- strsplit(lines, ": ", fixed = TRUE)
  words <- function(text) strsplit(text, ", ", fixed = TRUE)[[1]]
  arrays <- lapply(sides, function(side) words(side[[1]]))
  axes <- lapply(sides, function(side) words(side[[2]]))
  rlang::set_names(rep(axes, lengths(arrays)), unlist(arrays))
}

#' An array with dimension names, and of some axes the entries kept only
#' @noRd
part_of_array <- function(values, labels, kept) {
  if (is.null(dim(values))) values <- array(values, length(values))
  values[is.nan(values)] <- NA
  dimnames(values) <- unname(labels)
  at <- Map(function(label, keep) if (is.null(keep)) seq_along(label) else match(keep, label), labels, kept)
  do.call(`[`, c(list(values), unname(at), drop = FALSE))
}
