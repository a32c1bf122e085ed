# Posterior draws of a fit, for the package posterior and everything that works on its formats.

draws_file <- "posterior_draws.npz"
draws_variables <- c("theta", "delta", "beta")

#' Posterior draws of a fit
#'
#' `r lifecycle::badge("experimental")`
#'
#' Reads the draws of a fit with `save_draws = "contrast"` (for the contrast fate) or `"all"` (for every fate
#' beside the reference), without Python. Draws are independent of each other, in one chain. They are joint
#' within a gene with its guides; the fit keeps no covariances between genes.
#'
#' @param fit,x a `fatebias_fit`, or a part of one: `fit["KDR"]`.
#' @param variables some of `"theta"` (effects of genes), `"delta"` (deviations of guides) and `"beta"`
#'   (effects of guides: theta of the guide's gene plus delta, draw by draw). All of a large library's beta
#'   take much memory: draws x guides x days x 8 bytes.
#' @param ... not used.
#' @returns `posterior_draws()`: a named list of arrays with dimension names, in log odds: `theta` draws x
#'   genes x days, `delta` draws x guides, `beta` draws x guides x days; with `save_draws = "all"` there is
#'   one more axis, fate, before the days. The methods for [posterior::as_draws()] give its formats with
#'   variables `theta[gene,day]`, `delta[guide]`, `beta[guide,day]` (`theta[gene,fate,day]` and so on with
#'   all fates).
#' @section Errors: `fatebias_error_export` when the fit has no draws (it says how to get them), when their
#'   file is gone, or belongs to a later fit in the same folder, or when they are of another contrast
#'   ([contrast_fit()]).
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' draws <- posterior_draws(fit["GENE00002"])
#' str(draws)
#' # probability that the effect grows from the first to the last day
#' mean(draws$theta[, 1, "d3"] > draws$theta[, 1, "d0"])
#' @examplesIf requireNamespace("posterior", quietly = TRUE)
#' posterior::summarise_draws(posterior::as_draws(fit["GENE00002"], variables = "theta"))
#' @export
posterior_draws <- function(fit, variables = c("theta", "delta", "beta")) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_export)
  validate_arg(variables, checkmate::check_subset, draws_variables, empty.ok = FALSE)
  raw <- read_npz(draws_path(fit), c("theta", "delta", "gene_names", "guide_names", "fates"))
  theta <- part_of_draws(raw$theta, raw$gene_names, fit$gene$gene, list(raw$fates, fit$days))
  delta <- part_of_draws(raw$delta, raw$guide_names, fit$guide$guide, list(raw$fates))
  beta <- if ("beta" %in% variables) beta_draws(theta, delta, match(fit$guide$gene, fit$gene$gene))
  list(theta = theta, delta = delta, beta = beta)[variables]
}

#' Where the draws of a fit are; or why there are none
#' @noRd
draws_path <- function(fit, call = rlang::caller_env()) {
  how <- "Fit again with {.code save_draws = \"contrast\"} (or {.code \"all\"}, of every fate)."
  path <- array_path(fit, draws_file, "posterior draws", how, call)
  drawn <- read_manifest(dirname(path), call)$contrast
  if (!identical(fit$manifest$settings$save_draws, "all") && !identical(drawn, fit$manifest$contrast)) {
    abort_export(c(
      "The posterior draws are of {.val {drawn}}, not of {.val {fit$manifest$contrast}}.",
      i = "Fit again with {.code save_draws = \"all\"}, which keeps draws of every fate."
    ), call = call)
  }
  path
}

#' Draws of the names wanted, second axis, with names for the axes after it (the fate's only where it is
#' there)
#' @noRd
part_of_draws <- function(draws, names, wanted, labels) {
  at <- match(wanted, names)
  labels <- utils::tail(labels, length(dim(draws)) - 2L)
  dims <- c(dim(draws)[[1]], length(at), lengths(labels))
  by_name <- array(draws, c(dim(draws)[1:2], prod(lengths(labels))))
  array(by_name[, at, ], dims, c(list(NULL, wanted), labels))
}

#' beta = theta of the gene + delta, which is the same on all days
#' @noRd
beta_draws <- function(theta, delta, gene) {
  names <- dimnames(theta)
  n_days <- utils::tail(dim(theta), 1)
  flat <- array(theta, c(dim(theta)[1:2], prod(dim(theta)[-(1:2)])))
  # delta's axes are the first ones, so that its numbers repeat day by day
  sum <- array(flat[, gene, ], c(dim(delta), n_days)) + as.vector(delta)
  array(sum, dim(sum), c(list(NULL, dimnames(delta)[[2]]), names[-(1:2)]))
}

#' Draws x variables, named as in `theta[gene,day]`
#' @noRd
draws_matrix_of <- function(fit, variables, call = rlang::caller_env()) {
  blocks <- posterior_draws(fit, variables)
  flat <- Map(function(block, name) {
    labels <- do.call(expand.grid, c(dimnames(block)[-1], KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE))
    columns <- paste0(name, "[", do.call(paste, c(unname(labels), sep = ",")), "]")
    matrix(block, nrow = dim(block)[[1]], dimnames = list(NULL, columns))
  }, blocks, names(blocks))
  posterior::as_draws_matrix(do.call(cbind, unname(flat)))
}

#' @rdname posterior_draws
#' @exportS3Method posterior::as_draws
as_draws.fatebias_fit <- function(x, variables = c("theta", "delta", "beta"), ...) {
  as_draws_rvars.fatebias_fit(x, variables)
}

#' @rdname posterior_draws
#' @exportS3Method posterior::as_draws_rvars
as_draws_rvars.fatebias_fit <- function(x, variables = c("theta", "delta", "beta"), ...) {
  blocks <- posterior_draws(x, variables)
  do.call(posterior::draws_rvars, lapply(blocks, function(block) {
    posterior::rvar(block, dim = dim(block)[-1], dimnames = dimnames(block)[-1])
  }))
}

#' @rdname posterior_draws
#' @exportS3Method posterior::as_draws_matrix
as_draws_matrix.fatebias_fit <- function(x, variables = c("theta", "delta", "beta"), ...) {
  draws_matrix_of(x, variables)
}

#' @rdname posterior_draws
#' @exportS3Method posterior::as_draws_array
as_draws_array.fatebias_fit <- function(x, variables = c("theta", "delta", "beta"), ...) {
  posterior::as_draws_array(draws_matrix_of(x, variables))
}

#' @rdname posterior_draws
#' @exportS3Method posterior::as_draws_df
as_draws_df.fatebias_fit <- function(x, variables = c("theta", "delta", "beta"), ...) {
  posterior::as_draws_df(draws_matrix_of(x, variables))
}
