# Prior covariances of mash. A family is a name and a builder, a function from mash data to a named
# list of matrices; a specification is a list of families that grows with `c()`. Size, symmetry,
# positive semi-definiteness and names are checked at one door, `build_covariances()`.

psd_tolerance <- 1e-8 # smallest eigenvalue allowed, relative to the largest

#' Prior covariances of mash
#'
#' A specification of covariance matrices over days, for [run_mash()]. Specifications compose with
#' `c()`. For now there is one built-in family.
#'
#' `canonical_covariances()`: those of [mashr::cov_canonical()]: effects independent over days, on
#' one day only, equal on all days, and equally correlated at .25, .5 and .75.
#'
#' @param name name of a family; it leads the names of its matrices.
#' @param build function of mash data (see [mashr::mash_set_data()]) that returns a named list of days x
#'   days covariance matrices.
#' @param ... specifications to join.
#' @returns A `fatebias_covariances`.
#' @references Urbut et al. (2019), Nature Genetics 51, 187-195.
#' @examples
#' canonical_covariances()
#' # a family of one's own: an effect that grows linearly over the days
#' linear <- covariance_family("linear", function(data) {
#'   days <- seq_len(ncol(data$Bhat))
#'   list(growing = tcrossprod(days / max(days)))
#' })
#' c(canonical_covariances(), linear)
#' @export
canonical_covariances <- function() {
  covariance_family("canonical", function(data) mashr::cov_canonical(data))
}

#' @rdname canonical_covariances
#' @export
covariance_family <- function(name, build) {
  checkmate::assert_string(name, min.chars = 1)
  checkmate::assert_function(build)
  structure(list(list(name = name, build = build)), class = "fatebias_covariances")
}

#' @rdname canonical_covariances
#' @export
c.fatebias_covariances <- function(...) {
  families <- unlist(lapply(list(...), unclass), recursive = FALSE)
  structure(families, class = "fatebias_covariances")
}

family_names <- function(x) vapply(unclass(x), `[[`, character(1), "name")

#' @export
print.fatebias_covariances <- function(x, ...) {
  cat("<fatebias_covariances>", paste(family_names(x), collapse = " + "), "\n")
  invisible(x)
}

#' The specification that a word of the settings stands for
#' @noRd
covariance_spec <- function(x, call = rlang::caller_env()) {
  if (inherits(x, "fatebias_covariances")) {
    return(x)
  }
  if (rlang::is_string(x, "canonical")) {
    return(canonical_covariances())
  }
  if (is.list(x) && rlang::is_named(x)) {
    return(covariance_family("given", function(data) x))
  }
  if (rlang::is_string(x, "days")) {
    abort_not_available(
      "The covariances {.val days} are not available yet in this version of fatebias.", call = call
    )
  }
  abort_mash(c(
    "{.arg covariances} must be {.val canonical}, a named list of matrices, or a specification.",
    i = "See {.help fatebias::canonical_covariances}."
  ), call = call)
}

#' All matrices of a specification, checked and named family.matrix
#' @noRd
build_covariances <- function(spec, data, call = rlang::caller_env()) {
  built <- lapply(unclass(spec), function(family) {
    matrices <- family$build(data)
    validate_family(family$name, matrices, ncol(data$Bhat), call)
    rlang::set_names(matrices, paste(family$name, names(matrices), sep = "."))
  })
  matrices <- unlist(built, recursive = FALSE)
  twice <- unique(names(matrices)[duplicated(names(matrices))])
  if (length(twice) > 0) abort_mash("Two covariance matrices are called {.val {twice}}.", call = call)
  matrices
}

validate_family <- function(name, matrices, n_days, call) {
  if (!is.list(matrices) || length(matrices) == 0 || !rlang::is_named(matrices)) {
    abort_mash("The covariance family {.val {name}} must give a named list of matrices.", call = call)
  }
  problem <- vapply(matrices, covariance_problem, character(1), n_days = n_days)
  bad <- which(!is.na(problem))
  if (length(bad) > 0) {
    which <- paste(name, names(matrices)[bad[[1]]], sep = ".")
    what <- problem[[bad[[1]]]]
    abort_mash("The covariance matrix {.val {which}} {what}.", call = call)
  }
}

#' What is wrong with a covariance matrix, or NA
#' @noRd
covariance_problem <- function(u, n_days) {
  if (!is.matrix(u) || !is.numeric(u) || any(dim(u) != n_days)) {
    return(sprintf("is not a %d x %d matrix", n_days, n_days))
  }
  if (any(!is.finite(u)) || !isSymmetric(unname(u))) {
    return("is not finite and symmetric")
  }
  values <- eigen(u, symmetric = TRUE, only.values = TRUE)$values
  if (min(values) < -psd_tolerance * max(abs(values))) "is not positive semi-definite" else NA_character_
}
